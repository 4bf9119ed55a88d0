"""Measures how often nominal 95% intervals contain the truth, and prints the tables of docs/coverage-of-intervals.md.

    python benchmarks/coverage.py > docs/coverage-of-intervals.md

With ``--quick`` a tenth of the data sets are drawn. It takes about half an hour on one core. The default is measured
with ``batch_intervals.py``, many data sets at once; in each cell the first are compared with the package's intervals.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from batch_intervals import ends
from simulate import PLAIN, REAL, Floats, Judging, draw_battles

from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.contrasts import contrast, contrast_interval
from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.resampling import exact_grid
from polyarena.reports.stats.summary import Settings, summarise

CODES = tuple(f"l{i:02d}" for i in range(23))
SYSTEMS = (("a",), ("b",))
GROUPS = (
    Group("macro", "all", CODES),
    Group("group", "seven", CODES[:7]),
    *(Group("language", code, (code,)) for code in CODES[:6]),
)
ITEMS, CORRELATIONS, RATES = (50, 100, 500), (0.0, 0.3, 0.7), (0.02, 0.2, 0.5)
JUDGES = {"wins and losses": PLAIN, "ties, order effect, noise": REAL}
METHODS = ("wilson", "percentile", "bca", "student")
LOWEST, HIGHEST = 93.5, 96.5
COMPARED = 10
"""Data sets of each cell whose intervals are compared with the package's."""

TEXT = """# Measured coverage of intervals

How often nominal 95% intervals contain the true value in simulations, in percent. `python benchmarks/coverage.py`
generates this page, from {data_sets} data sets in each cell with 23 languages and parallel prompts. The difference
in quality between two answers is normally distributed; its correlation between languages is in the tables. There
are two kinds of judges:

- **Wins and losses**: one game per item, no ties.
- **Ties, order effect, noise**: both orders, 10% ties, the answer shown first wins 56% of even games, and two games
  of an item correlate at .44.

The standard error of the simulation is {error:.1f} points for an average and {language_error:.1f} for languages.
Coverage outside {lowest} to {highest} is **bold**.

## The default intervals

The columns are: one language; the average of 7 languages; the average of all 23; and the difference of two systems
with the same win rate (whose quality correlates at .5), in one language and in the average of 23.
"""

REASONS = """## Where intervals are too wide

No cell is below {lowest}. The cells above {highest} have discrete data:

- **A win rate of .02** with 50 or 100 items: one, two or three wins decide, so the coverage of any interval changes
  in steps. With 50 items, two wins or fewer have a probability of 92.2%, and three or fewer 98.2%; no value is
  between them. For the difference of two such systems, intervals are wider still: with two or three items on which
  they differ, even the most extreme outcome is not significant at 5%.
- **Averages at a win rate of .02**: a few prompts that are won in most languages can decide the average, and 50 or
  100 prompts may contain too few of them to show this. The interval allows for such prompts (correlation .7), and
  is wider than necessary if the languages are uncorrelated (correlation 0).
- **One language, wins and losses, 50 items, win rate .5**: the possible steps are 93.5% and 96.7%.
- **One language, wins and losses, 500 items, win rate .02**: four to sixteen wins are covered, with a probability of
  96.4%; without four or without sixteen it is 94.6% or 94.3%.

## Why this default

Four methods at correlation .3, with {data_sets} data sets (standard error {error:.1f} points for averages) and 999
bootstrap rounds. The studentised interval works on the logit scale. If an interval cannot be computed, because the
sample does not vary, it counts as a miss.
"""


def clustered(scores: Floats) -> Clustered:
    """Return scores of shape (systems, items, languages) as clusters and columns."""
    systems, items, languages = scores.shape
    flat = np.moveaxis(scores, 1, 0).reshape(items, systems * languages)
    return Clustered(
        clusters=tuple(f"s{i:03d}" for i in range(items)),
        labels=np.zeros(items, dtype=np.int64),
        columns=tuple((series, code) for series in SYSTEMS[:systems] for code in CODES[:languages]),
        sums=exact_grid(flat),
        counts=np.ones_like(flat),
        bounded=np.ones(systems * languages, dtype=bool),
    )


def held(scores: Floats, rate: float, settings: Settings) -> Iterator[tuple[str, bool]]:
    """Yield which intervals contain the true value in one data set."""
    data = clustered(scores)
    for _, group, summary in summarise(data, {SYSTEMS[0]: GROUPS}, settings):
        around = summary.interval
        yield group.level, around.low is not None and around.high is not None and around.low <= rate <= around.high
    many = len(CODES)
    pairs = {"difference": [{0: 1.0, many: -1.0}, {1: 1.0, many + 1: -1.0}, {2: 1.0, many + 2: -1.0}]}
    pairs["macro difference"] = [{i + side * many: (1 - 2 * side) / many for side in (0, 1) for i in range(many)}]
    for name, each in pairs.items():
        for weights in each:
            ends = contrast_interval(data, contrast(data, weights), settings)
            yield name, ends.low is not None and ends.high is not None and ends.low <= 0 <= ends.high


def coverage(
    judging: Judging, items: int, correlation: float, rate: float, settings: Settings, data_sets: int
) -> dict[str, float]:
    """Return the share of intervals that contain the true value, in percent, by estimate."""
    generator = np.random.default_rng([items, int(100 * correlation), int(100 * rate), len(judging.shifts)])
    hits: dict[str, list[bool]] = defaultdict(list)
    for _ in range(data_sets):
        scores = draw_battles(
            [[rate] * len(CODES)] * 2, items, generator, correlation=correlation, between_systems=0.5, judging=judging
        )
        for name, hit in held(scores, rate, settings):
            hits[name].append(hit)
    return {name: 100 * float(np.mean(found)) for name, found in hits.items()}


def default_coverage(judging: Judging, items: int, correlation: float, rate: float, data_sets: int) -> dict[str, float]:
    """Return the same of the default interval, from many data sets at once.

    Raises:
        AssertionError: An interval is not the package's, in one of the first :data:`COMPARED` data sets.
    """
    generator = np.random.default_rng([items, int(100 * correlation), int(100 * rate), len(judging.shifts)])
    many, hits = len(CODES), defaultdict(list)
    mean, rates = float(judging.mean(rate)), [[rate] * many] * 2
    step = max(COMPARED, 4_000_000 // (2 * items * many))
    for start in range(0, data_sets, step):
        drawn = [
            draw_battles(
                rates,
                items,
                generator,
                correlation=correlation,
                between_systems=0.5,
                judging=judging,
                mean=mean,
            )
            for _ in range(min(step, data_sets - start))
        ]
        scores = np.array(drawn)
        found = {name: (ends(values, *settings), truth) for name, values, settings, truth in _targets(scores, rate)}
        if start == 0:
            _compare(drawn[:COMPARED], found)
        for name, ((low, high), truth) in found.items():
            hits[name.partition(":")[0]].append((low <= truth) & (truth <= high))
    return {name: 100 * float(np.concatenate(held).mean()) for name, held in hits.items()}


def _targets(scores: Floats, rate: float) -> Iterator[tuple[str, Floats, tuple[object, ...], float]]:
    """Yield name, values by cluster, settings of the interval and truth of everything that is estimated.

    Args:
        scores: Shape (data sets, systems, items, languages).
        rate: The true win rate.
    """
    ours, theirs = scores[:, 0], scores[:, 1]
    items, many = ours.shape[1:]
    yield "macro", ours.mean(axis=2), (items * many,), rate
    yield "group", ours[:, :, :7].mean(axis=2), (items * 7,), rate
    smoothed = (items * scores.mean(axis=2) + 0.5) / (items + 1)
    spreads = smoothed * (1 - smoothed)  # data sets, systems, languages
    for i in range(6):
        yield f"language:{CODES[i]}", ours[:, :, i], (items,), rate
    for i in range(3):
        difference = ours[:, :, i] - theirs[:, :, i]
        yield f"difference:{i}", difference, (items, (-1.0, 1.0), spreads[:, :, i].sum(axis=1)), 0.0
    added = many**-0.5 * spreads.mean(axis=2).sum(axis=1)
    yield "macro difference", (ours - theirs).mean(axis=2), (items * many, (-1.0, 1.0), added), 0.0


def _compare(drawn: Sequence[Floats], found: dict[str, tuple[Floats, float]]) -> None:
    """Refuse intervals that are not those of the package."""
    many, settings = len(CODES), Settings()
    for place, scores in enumerate(drawn):
        data = clustered(scores)
        names = {"macro": "macro", "group": "group"}
        own = {}
        for _, group, summary in summarise(data, {SYSTEMS[0]: GROUPS}, settings):
            own[names.get(group.level, f"language:{group.name}")] = (summary.interval.low, summary.interval.high)
        contrasts = {f"difference:{i}": {i: 1.0, many + i: -1.0} for i in range(3)}
        contrasts["macro difference"] = {i + side * many: (1 - 2 * side) / many for side in (0, 1) for i in range(many)}
        for name, weights in contrasts.items():
            around = contrast_interval(data, contrast(data, weights), settings)
            own[name] = (around.low, around.high)
        for name, both in own.items():
            np.testing.assert_allclose(found[name][0][:, place], both, atol=1e-7, err_msg=f"{name}, data set {place}")


def row(labels: Sequence[object], found: Sequence[float], *, marked: bool = True) -> str:
    """Return the row of a table; what lies outside of the band is bold if it is to be marked."""
    inside = [LOWEST <= round(value, 1) <= HIGHEST for value in found]
    shown = [
        f"{value:.1f}" if known or not marked else f"**{value:.1f}**"
        for value, known in zip(found, inside, strict=True)
    ]
    return "| " + " | ".join([*map(str, labels), *shown]) + " |"


def main(arguments: Sequence[str]) -> None:
    share = 10 if "--quick" in arguments else 1
    data_sets, few = 4000 // share, 100 // share
    error = (0.95 * 0.05 / data_sets) ** 0.5 * 100
    print(TEXT.format(data_sets=data_sets, error=error, language_error=error / 6**0.5, lowest=LOWEST, highest=HIGHEST))
    names = ("language", "group", "macro", "difference", "macro difference")
    for label, judging in JUDGES.items():
        print(f"**{label.capitalize()}**\n")
        print("| items | correlation | rate | language | 7 languages | 23 languages | difference | of 23 |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for items, correlation, rate in product(ITEMS, CORRELATIONS, RATES):
            found = default_coverage(judging, items, correlation, rate, data_sets)
            print(row((items, correlation, rate), [found[name] for name in names]), flush=True)
        print()
    print(REASONS.format(lowest=LOWEST, highest=HIGHEST, data_sets=few, error=(0.95 * 0.05 / few) ** 0.5 * 100))
    print("| judge | items | rate | of | " + " | ".join(METHODS) + " |")
    print("| --- | ---: | ---: | --- |" + " ---: |" * len(METHODS))
    for (label, judging), items, rate in product(JUDGES.items(), (20, 100), RATES):
        columns = {
            method: coverage(judging, items, 0.3, rate, Settings(rounds=999, method=method), few)  # type: ignore[arg-type]
            for method in METHODS
        }
        for name in ("language", "macro", "macro difference"):
            print(
                row((label, items, rate, name), [columns[method][name] for method in METHODS], marked=False), flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1:])
