"""What the page notes of a run once all its games and answers are read, which takes seconds in large runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from polyarena.harness.reporting.constant_judges import constant_judges
from polyarena.harness.results import RunRecords
from polyarena.tasks.counts import count_of

_Place = tuple[str, int]
"""An item and a sample of it."""


@dataclass(frozen=True, slots=True)
class RunNotes:
    """What reading all games and answers of a run shows.

    Attributes:
        constant_judges: What a judge nearly always says, in words; others are left out.
        pairs: Sentences on answers without a counterpart and on systems with the same answers.
    """

    constant_judges: Mapping[str, str]
    pairs: tuple[str, ...]


def run_notes(records: RunRecords) -> RunNotes:
    """Read all games and answers of a run and return what the page notes of them.

    Raises:
        StoreError: A shard cannot be read.
    """
    return RunNotes(constant_judges(records), tuple(_pairs(records)))


def _pairs(records: RunRecords) -> list[str]:
    """Say of compared systems which answers have no counterpart, and whether all answers are the same.

    A judge never sees answers without a counterpart. Two systems that answer all alike may be one under two names.
    """
    found: dict[tuple[str, str, str], _Compared] = {}
    by_cells: dict[tuple[str, str], dict[str, list[str]]] = {}
    for pair in records.pairs():
        candidates = by_cells.setdefault((pair.task, pair.language), {}).setdefault(pair.baseline, [])
        if pair.candidate not in candidates:
            candidates.append(pair.candidate)
    for (task, language), opponents in by_cells.items():
        for baseline, candidates in opponents.items():
            other = records.texts(baseline, task, language)
            for candidate in candidates:
                compared = found.setdefault((candidate, baseline, task), _Compared())
                if other:
                    compared.add(records.texts(candidate, task, language), other)
    notes = []
    for (candidate, baseline, task), compared in sorted(found.items()):
        if compared.alone:
            notes.append(
                f"Not judged: {count_of(compared.alone, 'answer')} of {candidate} or {baseline} to {task} without a "
                "counterpart."
            )
        if compared.both and compared.equal == compared.both:
            notes.append(
                f"{candidate} and {baseline} gave the very same answers to {task}, {compared.both} of them; they may "
                "be one system under two names."
            )
    return notes


@dataclass(slots=True)
class _Compared:
    """How the answers of two systems to one task compare.

    Attributes:
        alone: Answers that only one of them gave, in languages that both have.
        both: Items and samples that both answered.
        equal: Those among them with the same text.
    """

    alone: int = 0
    both: int = 0
    equal: int = 0

    def add(self, one: Mapping[_Place, str | None], other: Mapping[_Place, str | None]) -> None:
        """Add the answers of one language."""
        if one:
            shared = one.keys() & other.keys()
            self.alone += len(one) + len(other) - 2 * len(shared)
            self.both += len(shared)
            self.equal += sum(one[place] == other[place] for place in shared)
