"""Texts come from anywhere; this makes them safe to store and to send."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "�"


def sanitize_text(text: str) -> str:
    """Replace NUL characters and lone surrogates by U+FFFD.

    Neither survives UTF-8 encoding, Arrow or most HTTP servers; everything else is kept as it is.
    """
    try:
        text.encode("utf-8")  # Much faster than to look for surrogates, and nearly always enough.
    except UnicodeEncodeError:
        return _UNSTORABLE.sub(REPLACEMENT, text)
    return text.replace("\x00", REPLACEMENT)
