"""Which answers are missing, cut off or withheld, and the warnings that follow: they belong above every number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.reports.labels import language_label
from polyarena.tasks.finish_reasons import is_cut, is_withheld

if TYPE_CHECKING:
    import pandas as pd

MOST_LANGUAGES = 6
"""Languages that a warning names one by one."""

_GENERATE_AGAIN = "The answers were generated elsewhere: generate these again with a higher token limit."


@dataclass(frozen=True, slots=True)
class MissingAnswers:
    """The answers of one system to one task in one language that are no whole answers.

    Attributes:
        system: Its name.
        task: The task's name.
        language: ``lang_Script`` of the items.
        answers: Generated answers, the missing ones included.
        empty: Without any text, for whatever reason.
        in_thought: Of the empty ones, those whose thought never ended.
        withheld: Of the empty ones, those that the host withheld: it refused the prompt, or its filter the answer.
        cut: Answers with a text that was cut at the limit of tokens.
    """

    system: str
    task: str
    language: str
    answers: int
    empty: int
    in_thought: int
    withheld: int
    cut: int


def count_missing(completions: pd.DataFrame) -> tuple[MissingAnswers, ...]:
    """Count missing and cut answers of each system, task and language; only those that have any, sorted.

    Args:
        completions: Rows of :class:`polyarena.tasks.records.Completion`; those without a text (choices) do not count.
    """
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 5)
    texts = completions[completions["text"].notna()]
    columns = ("system", "task", "language", "text", "finish_reason", "thought_ended")
    for system, task, language, text, reason, ended in zip(*(texts[name] for name in columns), strict=True):
        row = counts[system, task, language]
        reason = reason if isinstance(reason, str) else None
        empty = not text.strip()
        row[0] += 1
        row[1] += empty
        row[2] += empty and ended is False
        row[3] += empty and is_withheld(reason)
        row[4] += not empty and is_cut(reason)
    return tuple(MissingAnswers(*place, *row) for place, row in sorted(counts.items()) if row[1] or row[4])


def missing_warnings(counts: Sequence[MissingAnswers], stored: Collection[str] = ()) -> tuple[str, ...]:
    """Return one sentence for each system and task whose answers are missing or cut in a way that readers must know.

    They are: languages in which every answer is empty, languages in which every answer was cut at the limit, thoughts
    that never ended, and prompts that the host refused.

    Args:
        counts: From :func:`count_missing`.
        stored: Systems whose answers were generated elsewhere, so that no setting of the experiment changes them.
    """
    groups: dict[tuple[str, str], list[MissingAnswers]] = defaultdict(list)
    for row in counts:
        groups[row.system, row.task].append(row)
    found = []
    for (system, task), rows in sorted(groups.items()):
        again = system in stored
        silent = [row for row in rows if row.empty == row.answers]
        if silent:
            found.append(
                f"{system} gave no answer at all to {task} in {_languages(silent, 'empty')}. {_reasons(silent)} "
                f"{_remedy(silent, again)}"
            )
        cut = [row for row in rows if row.cut and row.cut + row.empty == row.answers]
        if cut:
            found.append(
                f"Every answer of {system} to {task} was cut off at the token limit in {_languages(cut, 'cut')}. "
                f"{_GENERATE_AGAIN if again else 'Raise `max_tokens` under `sampling`.'}"
            )
        refused = [row for row in rows if row.withheld and row not in silent]
        if refused:
            found.append(
                f"The host refused prompts of {task} to {system} in {_languages(refused, 'withheld')}. They "
                "are neither scored nor judged."
            )
        thoughts = [row for row in rows if row.in_thought and row not in silent]
        if thoughts:
            found.append(
                f"Thoughts of {system} on {task} never ended and count as no answer in "
                f"{_languages(thoughts, 'in_thought')}. {_remedy(thoughts, again)}"
            )
    return tuple(found)


def _languages(rows: Sequence[MissingAnswers], what: str) -> str:
    ordered = sorted(rows, key=lambda row: (-getattr(row, what) / row.answers, row.language))
    named = [
        f"{language_label(row.language).name} ({getattr(row, what)} of {row.answers})"
        for row in ordered[:MOST_LANGUAGES]
    ]
    rest = ordered[MOST_LANGUAGES:]
    if rest:
        lost, asked = sum(getattr(row, what) for row in rest), sum(row.answers for row in rest)
        languages = "language" if len(rest) == 1 else "languages"
        named.append(f"and {len(rest)} more {languages} ({lost} of {asked})")
    return ", ".join(named)


def _reasons(rows: Sequence[MissingAnswers]) -> str:
    total = sum(row.empty for row in rows)
    parts = {
        "cut off inside the thought": sum(row.in_thought for row in rows),
        "withheld by the host": sum(row.withheld for row in rows),
    }
    other = total - sum(parts.values())
    named = [f"{count} {reason}" for reason, count in parts.items() if count]
    named += [f"{other} empty"] if other or not named else []
    return f"Of these {total}: {', '.join(named)}."


def _remedy(rows: Sequence[MissingAnswers], stored: bool) -> str:
    if any(row.in_thought for row in rows):
        return _GENERATE_AGAIN if stored else "Set or raise `budget` under `thinking`."
    if all(row.withheld == row.empty for row in rows):
        return "The host's filter decides; ask another host."
    if stored:
        return "The answers were generated elsewhere: check their files."
    return (
        "See `finish_reason` in cells/: if it is `length`, the model was still thinking at the token limit; set "
        "`thinking: on` or raise `max_tokens`."
    )
