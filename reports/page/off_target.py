"""How many answers came in another language than asked, by task and by language."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.tasks.finish_reasons import is_refused_by_host
from polyarena.tasks.identify import IDENTIFIER, MIN_PROBABILITY, Agreement, Identified, agreement

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class OffTargetCount:
    """The answers of one system to one task, by whether they are in the language that was asked.

    Attributes:
        system: Its name.
        task: The task's name.
        answers: Generated texts.
        same: In the language that was asked for: the item's, or the one it is to be translated into.
        other: In another language or script.
        unknown: Too short, or in a language that the identifier does not know.
        empty: Without any text.
        refused: Refused by the host; nothing was generated, so these are not among the empty ones.
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
    refused: int = 0


@dataclass(frozen=True, slots=True)
class OffTargetByLanguage:
    """The answers of one system to one task in one language.

    Attributes:
        system: Its name.
        task: The task's name.
        language: ``lang_Script`` of the items.
        expected: ``lang_Script`` of the answers: the items' own, or the one they are to be translated into.
        answers: Generated texts.
        same: In the expected language.
        other: In another language or script.
        unknown: Too short, or in a language that the identifier does not know.
        empty: Without any text.
        refused: Refused by the host; nothing was generated, so these are not among the empty ones.
        other_share: ``other`` divided by ``answers``.
        identifier: Who named the languages, and from which probability on its word counts.
    """

    system: str
    task: str
    language: str
    expected: str
    answers: int
    same: int
    other: int
    unknown: int
    empty: int
    other_share: float
    identifier: str
    refused: int = 0


def off_target_by_language(
    completions: pd.DataFrame, answered_in: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[OffTargetByLanguage, ...]:
    """Count the answers of each system, task and language, sorted by task, system and language.

    Args:
        completions: Rows of :class:`polyarena.tasks.records.Completion`; those without a text (choices) do not count.
        answered_in: By task and language of the item, the language in which the answer is expected where it is another
            one, as in translation.
    """
    texts = completions[completions["text"].notna()]
    columns = ("text", "finish_reason", "identified_language", "identified_probability", "identified_script")
    found = []
    for (task, system, language), part in texts.groupby(["task", "system", "language"], sort=True):
        expected = (answered_in or {}).get(str(task), {}).get(str(language), str(language))
        kinds = Counter(
            _kind(expected, str(text), reason, *identified)
            for text, reason, *identified in zip(*(part[name] for name in columns), strict=True)
        )
        found.append(
            OffTargetByLanguage(
                system=str(system),
                task=str(task),
                language=str(language),
                expected=expected,
                answers=kinds.total(),
                same=kinds["same"],
                other=kinds["other"],
                unknown=kinds["unknown"],
                empty=kinds["empty"],
                other_share=kinds["other"] / kinds.total(),
                identifier=f"{IDENTIFIER}@{MIN_PROBABILITY:g}",
                refused=kinds["refused"],
            )
        )
    return tuple(found)


def off_target_counts(counts: Iterable[OffTargetByLanguage]) -> tuple[OffTargetCount, ...]:
    """Add the languages up: the answers of each system and task, sorted by task and system.

    Args:
        counts: From :func:`off_target_by_language`.
    """
    grouped: defaultdict[tuple[str, str], list[OffTargetByLanguage]] = defaultdict(list)
    for count in counts:
        grouped[count.task, count.system].append(count)
    found = []
    for (task, system), languages in sorted(grouped.items()):
        worst = sorted((row for row in languages if row.other), key=lambda row: (-row.other_share, row.language))
        found.append(
            OffTargetCount(
                system=system,
                task=task,
                answers=sum(row.answers for row in languages),
                same=sum(row.same for row in languages),
                other=sum(row.other for row in languages),
                unknown=sum(row.unknown for row in languages),
                empty=sum(row.empty for row in languages),
                worst=tuple((row.language, row.other, row.answers) for row in worst[:3]),
                refused=sum(row.refused for row in languages),
            )
        )
    return tuple(found)


def _kind(language: str, text: str, reason: object, identified: object, probability: object, script: object) -> str:
    if is_refused_by_host(text, reason if isinstance(reason, str) else None):
        return "refused"
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
