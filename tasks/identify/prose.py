r"""Extracts the prose of a text: code, formulas, addresses and mark-up say nothing about the language of an answer.

Left out, in this order:

1. everything after the first :data:`SCANNED` characters;
2. fenced code blocks; one that is never closed (a truncated answer) runs to the end;
3. formulas: ``$$...$$``, ``\[...\]``, ``\(...\)``, ``\begin{...}...\end{...}``, and ``$...$`` within a line when
   it does not look like two amounts of money;
4. inline code, addresses of pages and of mail, HTML tags and entities;
5. notation in ASCII letters (chords, ABC music, units, abbreviations): words with a digit in them, and words of up to
   three capitals.

Code without a fence cannot be distinguished from prose and is kept.
"""

from __future__ import annotations

import re
from functools import lru_cache

SCANNED = 20_000
"""Characters of an answer that are looked at; the rest of a longer one is never read."""

# Every repetition is bounded, so that a hostile text (thousands of openings without an end) costs linear time. Before
# each pattern stands what every match of it contains: most texts have no formula, address or digit, and that is seen
# faster than with the pattern.
_RULES = (
    (r"```|~~~", r"^[ \t]{0,8}(?P<fence>```|~~~)[^`\n]{0,200}(?:\n.*?)?(?:^[ \t]{0,8}(?P=fence)[`~]*[ \t]*$|\Z)"),
    (r"\$\$", r"\$\$.{1,2000}?\$\$"),
    (r"\\\[", r"\\\[.{1,2000}?\\\]"),
    (r"\\\(", r"\\\(.{1,1000}?\\\)"),
    (r"\\begin", r"\\begin\{[^{}\n]{1,40}\}.{0,2000}?\\end\{[^{}\n]{1,40}\}"),
    (r"\$", r"\$(?![\s$])[^$\n]{0,300}?(?<!\s)\$(?!\d)"),
    ("`", r"`{1,2}[^`\n]{1,500}`{1,2}"),
    (r"://|www\.", r"\b(?:https?|ftp)://[^\s<>\"'）】」]{1,2000}|\bwww\.[^\s<>\"'）】」]{1,2000}"),
    ("@", r"\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}\b"),
    ("[<&]", r"</?[A-Za-z][^<>\n]{0,300}>|&#?\w{1,10};"),
    ("[0-9]", r"[A-Za-z]{0,40}[0-9][A-Za-z0-9]{0,40}"),
    ("[A-Z]", r"(?<![A-Za-zÀ-ɏ])[A-Z]{1,3}(?![A-Za-zÀ-ɏ])"),
)
_NEEDED = tuple(re.compile(needed) for needed, _ in _RULES)
_LEFT_OUT = tuple(re.compile(pattern, re.DOTALL | re.MULTILINE) for _, pattern in _RULES)


@lru_cache(maxsize=64)
def prose(text: str) -> str:
    """Return the prose of a text in one line; empty if there is none."""
    text = text[:SCANNED].replace("\r\n", "\n")
    for needed, pattern in zip(_NEEDED, _LEFT_OUT, strict=True):
        if needed.search(text):
            text = pattern.sub(" ", text)
    return " ".join(text.split())
