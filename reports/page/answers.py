"""How many answers came in another language than asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.tasks.identify import Agreement, Identified, agreement

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """The answers of one system to one task, by whether they are in the language that was asked.

    Attributes:
        system: Its name.
        task: The task's name.
        answers: Generated texts.
        same: In the language that was asked for: the item's, or the one it is to be translated into.
        other: In another language or script.
        unknown: Too short, or in a language that the identifier does not know.
        empty: Without any text.
        worst: Up to three languages with the largest share of ``other``, with their counts: ``(code, other, answers)``.
    """

    system: str
    task: str
    answers: int
    same: int
    other: int
    unknown: int
    empty: int
    worst: tuple[tuple[str, int, int], ...]


def answer_counts(
    completions: pd.DataFrame, answered_in: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[AnswerCount, ...]:
    """Count the answers of each system and task, sorted by task and system; multiple choice has none.

    Args:
        completions: Rows of :class:`polyarena.tasks.records.Completion`.
        answered_in: By task and language of the item, the language in which the answer is expected where it is another
            one, as in translation.
    """
    texts = completions[completions["text"].notna()]
    found = []
    for (task, system), part in texts.groupby(["task", "system"], sort=True):
        kinds: Counter[str] = Counter()
        answers: Counter[str] = Counter()
        others: Counter[str] = Counter()
        columns = ("language", "text", "identified_language", "identified_probability", "identified_script")
        expected = (answered_in or {}).get(str(task), {})
        for language, text, *identified in zip(*(part[name] for name in columns), strict=True):
            kind = _kind(expected.get(str(language), str(language)), str(text), *identified)
            kinds[kind] += 1
            answers[str(language)] += 1
            others[str(language)] += kind == "other"
        shares = sorted((-others[code] / answers[code], code) for code in answers if others[code])
        worst = tuple((code, others[code], answers[code]) for _, code in shares[:3])
        found.append(
            AnswerCount(
                system=str(system),
                task=str(task),
                answers=kinds.total(),
                same=kinds["same"],
                other=kinds["other"],
                unknown=kinds["unknown"],
                empty=kinds["empty"],
                worst=worst,
            )
        )
    return tuple(found)


def _kind(language: str, text: str, identified: object, probability: object, script: object) -> str:
    if not text.strip():
        return "empty"
    found = Identified(
        identified if isinstance(identified, str) else None,
        float(probability) if isinstance(probability, float) and probability == probability else 0.0,
        script if isinstance(script, str) else None,
    )
    match agreement(found, language):
        case Agreement.SAME:
            return "same"
        case Agreement.UNKNOWN:
            return "unknown"
        case _:
            return "other"
