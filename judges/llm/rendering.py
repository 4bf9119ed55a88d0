"""Turns a match into the messages that a judge model is sent.

The answers are hostile data. Each stands between delimiters that carry a *fence*, 16 hexadecimal digits of a hash over
the template and all texts of the match: whoever wrote one answer cannot know it without knowing the other. It is a
function of the texts, not a random number, so that the same question is the same bytes on every run and is found in
the call cache; the price is that somebody who knows every text of the match in advance could compute it. A fence that
occurs in one of the texts is replaced by the next in line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

from polyarena.judges.llm.template import Template, fill
from polyarena.judges.protocol import Match
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import find_language
from polyarena.tasks.text import well_formed

QUOTED_BLOCK = re.compile(
    r"<<<(?P<what>request|answer [AB]) (?P<fence>[0-9a-f]{16})>>>.*?(?:<<<end of (?P=what) (?P=fence)>>>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""A block as it may come back quoted in a reply; one that is never closed with its own fence runs to the end."""


def messages(template: Template, match: Match, max_answer_chars: int) -> tuple[Mapping[str, str], ...]:
    """Return the system and the user message for one match.

    Args:
        template: What to say.
        match: What to compare. The question is never shortened.
        max_answer_chars: Longest answer that is shown whole; of a longer one the middle is left out, and a line that
            carries the fence says how many characters that are.
    """
    question, a, b = (well_formed(text) for text in (match.question, match.a.text, match.b.text))
    code = fence(template.digest, match.language, question, a, b)
    language, autonym = _names(match.language)
    values = {
        "language": language,
        "autonym": autonym,
        "fence": code,
        "question": _block("request", question, code),
        "answer_a": _block("answer A", shortened(a, max_answer_chars, code), code),
        "answer_b": _block("answer B", shortened(b, max_answer_chars, code), code),
    }
    return (
        {"role": "system", "content": fill(template.system, values)},
        {"role": "user", "content": fill(template.user, values)},
    )


def fence(*texts: str) -> str:
    """Return the fence of a match: 16 hexadecimal digits that depend on every text and occur in none."""
    seed = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8")
        seed.update(len(encoded).to_bytes(8, "big") + encoded)
    code = seed.hexdigest()[:16]
    while any(code in text for text in texts):
        seed.update(b"next")
        code = seed.hexdigest()[:16]
    return code


def shortened(text: str, limit: int, code: str) -> str:
    """Return a text of at most ``limit`` characters of its own, its middle replaced by a visible mark."""
    if len(text) <= limit:
        return text
    head, tail = (limit + 1) // 2, limit // 2
    mark = f"<<<{len(text) - limit} characters left out here {code}>>>"
    return f"{text[:head]}\n{mark}\n{text[len(text) - tail :]}"


def _block(what: str, text: str, code: str) -> str:
    body = text if text.strip() else f"<<<empty: there is no text {code}>>>"
    return f"<<<{what} {code}>>>\n{body}\n<<<end of {what} {code}>>>"


@lru_cache(maxsize=1024)
def _names(code: str) -> tuple[str, str]:
    """Return the language's name in English and in the language; its code for one that is not in our table."""
    try:
        language = find_language(code)
    except UnknownNameError:
        return code, code
    return language.name, language.autonym
