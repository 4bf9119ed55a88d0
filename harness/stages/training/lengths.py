"""How long rows are in tokens, by language, and which of them a limit removes.

A trainer cuts rows at ``max_length`` and leaves out those whose prompt alone is that long, without a word. With a
tokenizer made for English that can be every row of a language, so it is counted and said, and a language that is left
without rows is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from polyarena.tasks.errors import DataError

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class LanguageLengths:
    """What a limit does to one language.

    Attributes:
        language: ``lang_Script``.
        rows: Before the limit.
        left_out: Whose prompt alone reaches the limit.
        cut: Whose completion is cut.
        mean_tokens: Of prompt and completion, before the limit.
        tokens: Of all rows that stay, after the limit.
    """

    language: str
    rows: int
    left_out: int
    cut: int
    mean_tokens: float
    tokens: int


def limit_lengths(
    rows: Sequence[Row],
    language: Callable[[Row], str],
    lengths: Sequence[tuple[int, int]],
    max_length: int,
    where: str,
    *,
    whole: bool = False,
) -> tuple[list[Row], list[LanguageLengths]]:
    """Leave out the rows that a limit would leave nothing of, and count what it does by language.

    Args:
        rows: The rows, or pairs.
        language: Of a row.
        lengths: Tokens of each row's prompt, and of prompt and completion together; for a pair, of the longer one.
        max_length: The limit.
        where: The stage, for messages.
        whole: Whether rows that are too long as a whole are left out too, in place of being cut.

    Returns:
        The rows that stay, in order, and the counts, by language in order of code.

    Raises:
        DataError: There are no rows, or a language is left without any.
    """
    if not rows:
        raise DataError(
            "there is nothing to train on", where=where, fix="look at the card of the stage that made the rows"
        )

    def fits(prompt: int, total: int) -> bool:
        return total <= max_length if whole else prompt < max_length

    stay: list[Row] = []
    counted: dict[str, list[tuple[int, int]]] = {}
    for row, (prompt, total) in zip(rows, lengths, strict=True):
        counted.setdefault(language(row), []).append((prompt, total))
        if fits(prompt, total):
            stay.append(row)
    table = [
        LanguageLengths(
            language=code,
            rows=len(pairs),
            left_out=sum(not fits(prompt, total) for prompt, total in pairs),
            cut=sum(fits(prompt, total) and max_length < total for prompt, total in pairs),
            mean_tokens=round(sum(total for _, total in pairs) / len(pairs), 1),
            tokens=sum(min(total, max_length) for prompt, total in pairs if fits(prompt, total)),
        )
        for code, pairs in sorted(counted.items())
    ]
    lost = [entry for entry in table if entry.left_out == entry.rows]
    if lost:
        raise DataError(
            f"max_length {max_length} leaves nothing of {', '.join(entry.language for entry in lost)}",
            where=where,
            why=f"every {'text' if whole else 'prompt'} of these languages is longer: "
            + ", ".join(f"{entry.language} has {entry.mean_tokens:.0f} tokens a row" for entry in lost),
            fix="raise max_length, or name the other languages under `languages`",
        )
    return stay, table


def as_results(table: Sequence[LanguageLengths]) -> list[dict[str, Any]]:
    """Return the counts as plain data for the card."""
    return [asdict(entry) for entry in table]
