"""Delimiters around what a judge is shown, and the codes in them.

Each text that a judge is shown stands between delimiters that carry a *fence*: 16 hexadecimal digits of a SHA-256. The
fence of the answers is taken over the judge's seed, the template and all texts of the match, the answers themselves
included: whoever writes an answer would have to find one that contains its own hash. The fence of the request is taken
over the request alone, so that all games about one request begin with the same bytes, which providers can cache; it
delimits no answer. Fences are functions of the texts, not random numbers, so that the same question is the same bytes
on every run and is found in the call cache. A fence that occurs in one of the texts is replaced by the next in line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def fence(texts: Iterable[str], absent_from: Iterable[str] = ()) -> str:
    """Return a fence: 16 hexadecimal digits that depend on every text and occur in none.

    Args:
        texts: What the fence is taken over.
        absent_from: Further texts in which it must not occur.
    """
    own = list(texts)
    others = [*own, *absent_from]
    seed = hashlib.sha256()
    for text in own:
        encoded = text.encode("utf-8")
        seed.update(len(encoded).to_bytes(8, "big") + encoded)
    code = seed.hexdigest()[:16]
    while any(code in text for text in others):
        seed.update(b"next")
        code = seed.hexdigest()[:16]
    return code


def block(what: str, text: str, code: str) -> str:
    """Return a text between its delimiters; one without text is stated to be empty."""
    body = text if text.strip() else f"<<<empty: there is no text {code}>>>"
    return f"<<<{what} {code}>>>\n{body}\n<<<end of {what} {code}>>>"


def truncate_middle(text: str, limit: int, code: str) -> str:
    """Return a text of at most ``limit`` characters of its own, its middle replaced by a visible mark."""
    if len(text) <= limit:
        return text
    head, tail = (limit + 1) // 2, limit // 2
    mark = f"<<<{len(text) - limit} characters left out here {code}>>>"
    return f"{text[:head]}\n{mark}\n{text[len(text) - tail :]}"
