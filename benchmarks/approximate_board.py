"""Half-widths of a board's approximate method relative to the exact ones, over many filters of languages.

    python benchmarks/approximate_board.py RUN... [--made]

For each run and number of languages: the median of the ratios, their 5th and 95th percentile, and how many are within
10% and 20% of 1. Filters are all languages, each family, script, tier and region, and random sets. ``--made``
adds right and wrong answers of four made systems to 7 items in each of 99 languages, as many as
``examples/aya_sample.yaml`` asks of SIB-200, with a correlation of 0.3 between languages.
"""

import argparse
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from polyarena.harness.board.assemble import assemble
from polyarena.harness.board.board_file import BoardFile
from polyarena.harness.board.run_source import run_source
from polyarena.harness.results import open_run
from polyarena.reports.board import Board, BoardSettings, Column, SystemInfo
from polyarena.reports.board.cells import cells_of
from polyarena.reports.board.model import ItemTable
from polyarena.reports.board.standings import standings
from polyarena.reports.board.tables import item_tables
from polyarena.tasks.languages import all_languages, find_language

SIZES = (1, 2, 3, 5, 10, 20)
DRAWS = 12
BINS = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 1000))


def filters(column: Column) -> set[frozenset[str]]:
    """Return sets of languages that a reader could choose."""
    codes = sorted(column.languages)
    facts = {code: find_language(code) for code in codes}
    found = {frozenset(codes), *(frozenset([code]) for code in codes[:40])}
    for facet in ("family", "script", "tier", "region"):
        values = {code: str(getattr(facts[code], facet, "")) for code in codes}
        found |= {frozenset(code for code in codes if values[code] == value) for value in values.values()}
    generator = np.random.default_rng(0)
    for size in SIZES:
        if size < len(codes):
            found |= {frozenset(generator.choice(codes, size, replace=False).tolist()) for _ in range(DRAWS)}
    return found


def ratios(board: Board, column: Column) -> list[tuple[int, float]]:
    """Return the number of languages and the ratio of half-widths, for each filter and system."""
    assert isinstance(column.table, ItemTable)
    cells = replace(column, table=cells_of(column.table))
    found = []
    for chosen in sorted(filters(column), key=sorted):
        exact = {each.system: each for each in standings([column], board.settings, languages=chosen).averages}
        for own in standings([cells], board.settings, languages=chosen).averages:
            other = exact[own.system]
            if None not in (own.low, own.high, other.low, other.high) and other.high > other.low:
                found.append((len(chosen), (own.high - own.low) / (other.high - other.low)))
    return found


def made_board() -> Board:
    """Return a board of four systems on 7 items in each of 99 languages."""
    generator = np.random.default_rng(0)
    codes = [language.code for language in all_languages()][:99]
    frames = []
    for name, limit in (("a", 0.8), ("b", 0.3), ("c", 0.0), ("d", -0.5)):
        shared = generator.normal(size=(7, 1)) * np.sqrt(0.3)
        right = shared + generator.normal(size=(7, len(codes))) * np.sqrt(0.7) > limit
        cells = [(code, f"q{i}", float(right[i, j])) for j, code in enumerate(codes) for i in range(7)]
        frames.append(pd.DataFrame(cells, columns=["language", "source_id", "value"]).assign(system=name))
    rows = pd.concat(frames, ignore_index=True)
    rows = rows.assign(item_id=rows["source_id"], sample_index=0, task="sib200", metric="acc", signature="made")
    ((_, table),) = item_tables(rows.assign(statistics=None)).items()
    column = Column("made", "sib200", "sib200", "acc", "", "", "made", table)
    return Board(BoardSettings(), tuple(SystemInfo(name) for name in "abcd"), (column,))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--made", action="store_true")
    given = parser.parse_args()
    print("| board | column | languages chosen | intervals | median | 5% to 95% | within 10% | within 20% |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    boards = [(run.name, assemble([run_source(open_run(run), BoardFile())], BoardFile())) for run in given.runs]
    for name, board in [*boards, *([("made", made_board())] if given.made else [])]:
        for (task, metric), columns in groupby(board.columns, lambda column: (column.task, column.metric)):
            exact = [column for column in columns if isinstance(column.table, ItemTable)]
            found = [pair for column in exact for pair in ratios(board, column)]
            for low, high in BINS:
                own = np.array([ratio for many, ratio in found if low <= many <= high])
                if len(own):
                    ends = np.quantile(own, [0.05, 0.95])
                    near = [100 * float(np.mean(np.abs(own - 1) <= part + 1e-9)) for part in (0.1, 0.2)]
                    many = f"{low}" if low == high else f"{low} to {high}" if high < 1000 else f"over {low - 1}"
                    what = f"{name} | {task} {metric} | {many} | {len(own)}"
                    spread = f"{np.median(own):.2f} | {ends[0]:.2f} to {ends[1]:.2f}"
                    print(f"| {what} | {spread} | {near[0]:.0f}% | {near[1]:.0f}% |", flush=True)


if __name__ == "__main__":
    main()
