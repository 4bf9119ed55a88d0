"""``polyarena rank``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    import pandas as pd

MOST_ROUNDS = 1_000_000
"""As in an experiment."""

MOST_NAMED = 5
"""Systems that a note names."""


def command(
    folder: Path,
    *,
    baseline: str | None = None,
    ties: str = "davidson",
    rounds: int | None = None,
    seed: int | None = None,
    style: bool = False,
    length_control: Annotated[bool, Parameter(negative="")] = False,
    difficulties: Path | None = None,
    gamed: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    json: Json = False,
) -> int:
    """Rate and rank the systems of a run folder from its battles, over languages and by language.

    Parameters
    ----------
    folder
        A run folder with results.
    baseline
        The system whose rating is 1000. Default: the most common baseline of the battles.
    ties
        Model of ties: davidson (a tie parameter) or half (a tie is half a win).
    rounds
        Bootstrap rounds. Default: those of the experiment.
    seed
        Seed of the bootstrap. Default: that of the experiment.
    style
        Also estimate win rates that control for length and Markdown, from the stored answers; at most 1,000 rounds.
    length_control
        Also estimate win rates at equal length by a model of each system with the difficulty of the instructions, as
        AlpacaEval 2 does; at most 1,000 rounds.
    difficulties
        CSV file of the difficulties of instructions, with the columns item_id and difficulty. Default: estimated.
    gamed
        The baseline told to be verbose or concise, whose battles regularize the model of length.
    json
        Print JSON: the ranking, cycles, and the results of --style and --length-control.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.cli.style import (
        at_equal_length,
        at_equal_style,
        print_length_control,
        print_style,
        rows_of,
        style_data,
    )
    from polyarena.harness.results import open_run
    from polyarena.reports.stats.cycles import cycle_sentence, significant_cycles
    from polyarena.reports.stats.ranking import rank
    from polyarena.reports.stats.seed_summaries import average_seeds
    from polyarena.tasks.errors import DataError, UnknownNameError

    if (difficulties is not None or gamed) and not length_control:
        raise UnknownNameError("--difficulties and --gamed belong to --length-control", fix="add --length-control")
    if ties not in {"davidson", "half"}:
        raise UnknownNameError(f"unknown model of ties {ties!r}", fix="--ties is davidson or half")
    records = open_run(folder)
    chosen = records.settings | {
        name: value for name, value in {"rounds": rounds, "seed": seed}.items() if value is not None
    }
    if not 2 <= chosen["rounds"] <= MOST_ROUNDS or chosen["seed"] < 0:
        why = f"--rounds must be 2 to {MOST_ROUNDS:,}, --seed not negative"
        raise DataError("no such bootstrap", why=why)
    battles = average_seeds(records.battles(), records.lock.seed_groups)
    ranking = rank(battles, baseline=baseline, ties=ties == "davidson", **chosen)
    if ranking.empty:
        raise DataError(
            "there is nothing to rank",
            where=folder,
            why="no battle of this run has a verdict",
            fix="run an experiment with judges, a baseline and another system",
        )
    controlled = at_equal_style(records, battles, **chosen) if style else None
    lengths = (
        at_equal_length(records, battles, difficulties=difficulties, gamed=gamed, **chosen) if length_control else None
    )
    significant = significant_cycles(battles, confidence=chosen["confidence"])
    if json:
        found = [
            {"judge": judge, "task": task, "systems": list(cycle.systems), "margin": cycle.margin}
            for task, judge, cycle in significant
        ]
        told = {"folder": str(folder), "ranking": rows_of(ranking), "cycles": found}
        told |= {} if controlled is None else style_data(controlled)
        told |= {} if lengths is None else {"length_controlled": rows_of(lengths)}
        print_json(told)
        return 0
    _print(ranking, [cycle_sentence(*each) for each in significant], chosen["confidence"])
    if controlled is not None:
        print_style(controlled)
    if lengths is not None:
        print_length_control(lengths)
    return 0


def _print(ranking: pd.DataFrame, cycles: Sequence[str], confidence: float) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten

    columns = (
        "languages", "rank", "range", "system", "rating", "interval", "win % vs baseline", "wins/ties/losses", "first",
        "battles",
    )  # fmt: skip
    for (task, judge), own in ranking.groupby(["task", "judge"], sort=True):
        base = own["baseline"].iloc[0]
        if len(set(own.loc[own["level"] == "language", "group"])) == 1:
            own = own[own["level"] == "macro"]  # One language is all there is, and says the same.
        shown, left = shorten(own.itertuples(), lambda row: bool(row.level == "language"))
        print_table(
            f"{task}: systems by judge {judge}, {base} at 1000",
            columns,
            [_cells(row) for row in shown],
            right=(1, 2, 4, 5, 6, 7, 8, 9),
            spare=(9, 8, 5, 7, 0),
            whole=(3,),
        )
        print_omitted(left)
        print_lines(*_notes(shown))
    print_lines(
        f"Ranges of ranks hold at {100 * confidence:g}% for all comparisons together. The win rate is that of the "
        "battles against the baseline alone; wins, ties and losses are against all systems, so that the two need not "
        "agree. In the average, each language has the same weight."
    )
    print_lines(*cycles)


def _notes(rows: Sequence[Any]) -> list[str]:
    """Return the notes of rows, each once with the systems that it is about."""
    about: dict[str, list[str]] = {}
    for row in rows:
        if row.note and row.system not in about.setdefault(row.note, []):
            about[row.note].append(row.system)
    return [f"{_some(systems)}: {note}." for note, systems in about.items()]


def _some(systems: list[str]) -> str:
    left = len(systems) - MOST_NAMED
    return ", ".join(systems) if left < 2 else f"{', '.join(systems[:MOST_NAMED])} and {count_of(left, 'more system')}"


def _cells(row: Any) -> tuple[str, ...]:
    import pandas as pd

    from polyarena.reports.labels import language_label

    def shown(value: Any, form: str, scale: float = 1.0) -> str:
        return "" if pd.isna(value) else format(value * scale, form)

    could = "" if pd.isna(row.rank_low) else f"{row.rank_low}–{row.rank_high}"
    ends = ""
    # One end may be open; where both are missing there is no interval, and the note says why.
    known = not (pd.isna(row.rating_low) and pd.isna(row.rating_high))
    if known and not pd.isna(row.rating) and row.system != row.baseline:
        ends = f"{shown(row.rating_low, '.0f') or 'open'} to {shown(row.rating_high, '.0f') or 'open'}"
    win = shown(row.win_rate, ".1f", 100)
    if not pd.isna(row.low):
        win = f"{win} [{shown(row.low, '.1f', 100)}, {shown(row.high, '.1f', 100)}]"
    return (
        "all" if row.level == "macro" else language_label(str(row.group)).name,
        shown(row.rank, "d", 1),
        could,
        row.system,
        shown(row.rating, ".0f"),
        ends,
        win,
        f"{row.wins:,}/{row.ties:,}/{row.losses:,}",
        shown(row.p_best, ".2f"),
        f"{row.n:,}",
    )
