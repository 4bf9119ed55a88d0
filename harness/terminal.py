"""What may be shown on a terminal: letters of every script, and nothing that a terminal obeys."""

from __future__ import annotations

import re

_ORDERS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for the tab and the line feed
    "\u2028-\u202e"  # line and paragraph separators, bidirectional embeddings and overrides
    "\u2060-\u206f"  # invisible operators, bidirectional isolates, deprecated format characters
    "\ufeff\ufff9-\ufffb"  # byte order mark, interlinear annotation
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # layout of hieroglyphs, shorthand and music
    "\U000e0000-\U000e007f"  # tags: a text that nobody sees
)
"""What scripts need stays: joiners and non-joiners, U+200B between words of Khmer or Thai, soft hyphens, the marks LRM,
RLM and ALM, the Mongolian vowel separator, and the signs that Arabic, Syriac and Kaithi put around numbers."""
_ORDER = re.compile(f"[{_ORDERS}]")


def printable(text: str) -> str:
    """Replace characters that a terminal obeys by U+FFFD: texts come from models, servers and files.

    These are control characters, and format characters with which a text could show itself in another order or hide a
    part of it.
    """
    return _ORDER.sub("\N{REPLACEMENT CHARACTER}", text)


def printable_json(document: str) -> str:
    """Return a JSON document with these characters escaped by their code units, which every reader reads as before."""
    return _ORDER.sub(lambda found: _escape(found[0]), document)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
