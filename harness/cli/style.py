"""Win rates at equal style or length, for ``polyarena rank --style`` and ``--length-control``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from polyarena.harness.results import RunRecords
    from polyarena.reports.stats.style import StyleControl

MOST_ROUNDS = 1_000
"""Most bootstrap rounds: each round fits the model again, which takes longer than a mean."""


def at_equal_style(
    records: RunRecords, battles: pd.DataFrame, *, confidence: float, rounds: int, seed: int
) -> StyleControl:
    """Estimate the win rates of a run as if both answers had the same length and formatting.

    Args:
        records: The run, with its stored answers.
        battles: Its battles.
        confidence: Nominal coverage of the two-sided intervals.
        rounds: Bootstrap rounds; at most :data:`MOST_ROUNDS` are used.
        seed: Seed of the bootstrap, not negative.

    Raises:
        DataError: No battle has both of its answers stored.
    """
    from polyarena.reports.stats.style import style_control
    from polyarena.reports.stats.text_style import style_features

    features = style_features(_written(records, "--style"))
    return style_control(battles, features, confidence=confidence, rounds=min(rounds, MOST_ROUNDS), seed=seed)


def at_equal_length(
    records: RunRecords,
    battles: pd.DataFrame,
    *,
    difficulties: Path | None,
    gamed: Sequence[str],
    confidence: float,
    rounds: int,
    seed: int,
) -> pd.DataFrame:
    """Estimate the win rates of a run at equal length, with a model for each system, as AlpacaEval 2 does.

    Args:
        records: The run, with its stored answers.
        battles: Its battles.
        difficulties: A CSV file with the columns ``item_id`` and ``difficulty``; estimated if left out.
        gamed: Systems that are the baseline told to be verbose or concise.
        confidence: Nominal coverage of the two-sided intervals.
        rounds: Bootstrap rounds; at most :data:`MOST_ROUNDS` are used.
        seed: Seed of the bootstrap, not negative.

    Raises:
        DataError: No battle has both of its answers stored, or the file cannot be used.
    """
    from polyarena.reports.stats.length_control import answer_lengths, length_control

    lengths = answer_lengths(_written(records, "--length-control"))
    table = None if difficulties is None else _difficulties(difficulties)
    return length_control(
        battles,
        lengths,
        difficulties=table,
        gamed=gamed,
        confidence=confidence,
        rounds=min(rounds, MOST_ROUNDS),
        seed=seed,
    )


def _difficulties(path: Path) -> pd.DataFrame:
    import pandas as pd

    from polyarena.reports.stats.length_control import read_difficulties
    from polyarena.tasks.errors import DataError

    try:
        table = pd.read_csv(path, dtype={"item_id": str, "index": str})
    except (OSError, ValueError) as error:
        raise DataError(
            "the difficulties cannot be read",
            where=path,
            why=str(error),
            fix="give a CSV file with the columns item_id and difficulty",
        ) from error
    return read_difficulties(table)


def _written(records: RunRecords, option: str) -> pd.DataFrame:
    """Return the stored answers that are texts."""
    from polyarena.tasks.errors import DataError

    completions = records.completions()
    written = completions[completions["text"].notna()]
    if written.empty:
        raise DataError(
            f"{option} needs the answers, and the run folder has none",
            where=records.folder.path,
            why="imported verdicts come without answers",
            fix=f"leave out {option}, or import the answers with the verdicts",
        )
    return written


def print_length_control(found: pd.DataFrame) -> None:
    """Print the win rates at equal length beside the raw ones."""
    from polyarena.harness.cli.output import print_lines

    for _, own in found.groupby("method", sort=False):
        _print_rates(own, "length-controlled", f" ({own['method'].iloc[0]})")
    print_lines(
        "length-controlled: what a logistic model of each system, as in AlpacaEval 2, predicts where both answers are "
        "equally long.",
    )


def style_data(found: StyleControl) -> dict[str, Any]:
    """Return both tables as plain data, ready for JSON."""
    return {"controlled": rows_of(found.rates), "style_effects": rows_of(found.effects)}


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain data, ``None`` where a value is missing."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def print_style(found: StyleControl) -> None:
    """Print the controlled win rates beside the raw ones, and the effect of each feature."""
    from polyarena.harness.cli.output import print_lines, print_table

    _print_rates(found.rates, "at equal style")
    print_table(
        "effects of style",
        ("task", "judge", "feature", "effect", "note"),
        [
            (
                row["task"],
                row["judge"],
                row["feature"],
                _ends(row["effect"], row["low"], row["high"], 1, "+.2f"),
                row["note"],
            )
            for row in rows_of(found.effects)
        ],
        right=(3,),
    )
    print_lines(
        "effect: change of the log-odds of winning if a feature exceeds the other answer's by one standard deviation.",
        "Style is not always noise: a better answer may need to be longer. The raw win rate is the main result.",
    )


def _ends(value: float | None, low: float | None, high: float | None, scale: float = 100, form: str = ".1f") -> str:
    if value is None:
        return ""
    text = format(scale * value, form)
    return text if low is None or high is None else f"{text} ({scale * low:{form}} to {scale * high:{form}})"


def _print_rates(rates: pd.DataFrame, controlled: str, method: str = "") -> None:
    from polyarena.harness.cli.output import print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten

    for (task, judge), own in rates.groupby(["task", "judge"], sort=True):
        shown, left = shorten(rows_of(own), lambda row: row["group"] != "all")
        print_table(
            f"{task}: win rates in % by judge {judge}, raw and {controlled}{method}",
            ("system", "against", "group", "raw", controlled, "battles", "note"),
            [
                (row["candidate"], row["baseline"], row["group"], _ends(row["raw"], row["raw_low"], row["raw_high"]),
                 _ends(row["controlled"], row["low"], row["high"]), str(row["n"]), row["note"])
                for row in shown
            ],
            right=(3, 4, 5),
            spare=(5,),
        )  # fmt: skip
        print_omitted(left)
