"""Counts the rows that a length limit removes, by language.

A tokenizer writes some languages with several times the tokens of English. A row whose prompt alone reaches the limit
has nothing left to learn and is dropped by trainers, in silence; a longer completion is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow

CountTokens = Callable[[str, str | None], int]
"""Tokens of a prompt with the chat template around it and, if it is not ``None``, of its completion."""


def length_losses(rows: Iterable[TrainingRow], count: CountTokens, max_length: int) -> pd.DataFrame:
    """Return what a length limit does to each language.

    Args:
        rows: The rows.
        count: Counts tokens.
        max_length: Most tokens of prompt and completion.

    Returns:
        One row for each language, sorted: ``language``, ``rows``, ``mean_tokens``, ``lost`` (rows whose prompt alone
        reaches the limit), ``cut`` (rows whose completion is cut), ``lost_share``.
    """
    found: dict[str, list[int]] = {}
    for row in rows:
        counts = found.setdefault(row.language, [0, 0, 0, 0])
        total = count(row.prompt, row.completion)
        lost = count(row.prompt, None) >= max_length
        counts[0] += 1
        counts[1] += total
        counts[2] += lost
        counts[3] += not lost and total > max_length
    return pd.DataFrame(
        [
            (language, rows, tokens / rows, lost, cut, lost / rows)
            for language, (rows, tokens, lost, cut) in sorted(found.items())
        ],
        columns=["language", "rows", "mean_tokens", "lost", "cut", "lost_share"],
    )


def refuse_lost_languages(losses: pd.DataFrame, max_length: int) -> None:
    """Refuse a limit that leaves nothing of a language.

    Args:
        losses: Of :func:`length_losses`.
        max_length: The limit, for the message.

    Raises:
        DataError: All rows of a language are lost.
    """
    gone = losses[losses["lost"] == losses["rows"]]
    if len(gone):
        named = ", ".join(f"{row.language} ({row.mean_tokens:.0f} tokens on average)" for row in gone.itertuples())
        raise DataError(
            f"a limit of {max_length} tokens leaves no row of {count_of(len(gone), 'language')}",
            why=named,
            fix="raise the limit, or leave them out by name",
        )
