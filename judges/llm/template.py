"""Judge templates: what a judge is told and shown, and how its verdict is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from polyarena.judges.llm.parse import read_verdict
from polyarena.judges.records import Label

TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z_]+)\}|[{}]")
"""A placeholder, a doubled brace, or a brace that is neither."""


class TemplateKind(StrEnum):
    """What a template's judge looks at."""

    PAIRWISE = "pairwise"
    """Two answers at once; its verdicts are labels."""
    ANSWER = "answer"
    """One answer alone; its verdicts are ``bad`` and ``good``."""


@dataclass(frozen=True, slots=True)
class JudgeTemplate:
    """A judge template.

    Attributes:
        name: As the file declares it.
        version: Likewise; raised by its author whenever a verdict could change.
        labels: The verdicts that a pairwise judge may give; empty for a judge of one answer.
        system: System text, with placeholders.
        user: User text, with placeholders.
        digest: First 12 hexadecimal digits of the SHA-256 of the file, which also catches edits without a new version.
        kind: Two answers, or one.
        words: How each verdict is written, in the order of the file.
        marker: What the line of the verdict begins with; ``None`` if verdicts stand in brackets.
        plain: How to reply, in free text; takes the place of ``{reply}``.
        json: How to reply by a JSON object; takes the place of ``{reply}`` where output is structured. Empty if the
            template has no such text.
        again: What a judge is told whose reply held no usable verdict.
        reference_heading: What is said above a reference answer.
    """

    name: str
    version: str
    labels: tuple[Label, ...]
    system: str
    user: str
    digest: str
    kind: TemplateKind
    words: Mapping[str, str]
    marker: str | None
    plain: str
    json: str
    again: str
    reference_heading: str

    def read(self, reply: str, *, cut_off: bool = False) -> str | None:
        """Return the verdict of a reply as a key of ``words``, or ``None`` if it has no usable one.

        Args:
            reply: What the judge wrote to one question; see :mod:`polyarena.judges.llm.parse`.
            cut_off: Whether the reply reached a limit of length.
        """
        return read_verdict(reply, self.words, self.marker, cut_off=cut_off)

    def verdict(self, reply: str) -> Label:
        """Return the label of a reply to a pairwise template, or ``INVALID``."""
        said = self.read(reply)
        return Label.INVALID if said is None else Label(said)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace placeholders in one pass: braces inside a value are text and are never expanded."""
    doubled = {"{{": "{", "}}": "}"}
    return TOKEN.sub(lambda token: doubled.get(token[0]) or values[token["name"]], text)
