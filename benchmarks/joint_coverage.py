"""Measures the coverage of max-T bands and of ratings; prints docs/coverage-of-bands-and-ratings.md.

    python benchmarks/joint_coverage.py > docs/coverage-of-bands-and-ratings.md

With ``--quick`` a tenth of the data sets are drawn; with ``--arenas`` the section on arenas alone is printed. The whole
takes about 10 minutes on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
from simulate import REAL, Floats, draw_battles

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats import rank
from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.contrasts import contrast
from polyarena.reports.stats.ranking import ELO_SCALE
from polyarena.reports.stats.resampling import exact_grid
from polyarena.reports.stats.simultaneous import bands
from polyarena.reports.stats.summary import Settings

LANGUAGES = 23
CORRELATIONS = (0.0, 0.3, 0.7)
STRENGTHS = {"a": 0.0, "b": 0.3, "c": -0.4, "d": 1.0}
"""Davidson's, as natural logarithms of odds; ``a`` is the baseline."""

TIES = 0.5
"""Davidson's parameter of ties: 20% of battles between equals are ties."""

TEXT = """# Measured coverage of bands and ratings

[](coverage-of-intervals.md) measures single intervals; this page measures statements about many languages or many
systems at once. `python benchmarks/joint_coverage.py` generates it.

## Bands

The share of data sets, in percent, in which at least one of 23 languages is outside its simultaneous band (nominal:
at most 5), or outside its single interval, which makes no joint claim. {bands} data sets in each cell (standard
error {bands_error:.1f} points), with parallel prompts, ties, an order effect and noise as in
[](coverage-of-intervals.md), and 1,000 bootstrap rounds.

| items | correlation | rate | bands | single intervals |
| ---: | ---: | ---: | ---: | ---: |"""

RATINGS = """
## Ratings

How often nominal 95% intervals of `rank` contain the true value, in percent: of ratings, and of the win rates
against the baseline that they imply, over all languages and for single languages. Four systems are compared with
each other on shared prompts in {languages} languages, with 20% ties between equals; the correlation is that of a
prompt's outcomes between languages. {ratings} data sets in each cell (standard error for all languages
{ratings_error:.1f} points), 400 rounds.

| items | correlation | rating, all | win rate, all | rating, one | win rate, one |
| ---: | ---: | ---: | ---: | ---: | ---: |"""

ARENAS = """
## Ratings of arenas

In an arena, each vote is on a prompt of its own, and two systems may meet once or never. {systems} systems with true
ratings over {spread:.0f} points meet in pairs, as often as a Poisson number says; each vote is in one of the languages.
{sets} data sets in each cell; an end that is open counts as far away. Systems that won or lost everything have no
rating and are left out. The rank is the true rank among all.

| battles of a pair | languages | rating | rank | systems without a rating |
| ---: | ---: | ---: | ---: | ---: |"""

ARENA = np.linspace(-1.0, 1.0, 12)
"""Strengths of the systems of an arena; the sixth is the baseline."""

FEW = 6
"""Number of languages of a league; each is fitted separately in every round."""


def family_errors(items: int, correlation: float, rate: float, data_sets: int) -> tuple[float, float]:
    """Return the share of data sets with a language outside its band, and outside its interval, in percent."""
    generator = np.random.default_rng([items, int(100 * correlation), int(100 * rate)])
    together = single = 0
    for seed in range(data_sets):
        scores = draw_battles([[rate] * LANGUAGES], items, generator, correlation=correlation, judging=REAL)[0]
        data = Clustered(
            clusters=tuple(f"s{i:03d}" for i in range(items)),
            labels=np.zeros(items, dtype=np.int64),
            columns=tuple((("x",), f"l{i:02d}") for i in range(LANGUAGES)),
            sums=exact_grid(scores),
            counts=np.ones_like(scores),
            bounded=np.ones(LANGUAGES, dtype=bool),
        )
        settings = Settings(rounds=1_000, seed=seed)
        found = bands(data, [contrast(data, {i: 1.0}) for i in range(LANGUAGES)], settings)
        together += any(not _holds(each.low, rate, each.high) for each in found.together)
        single += any(not _holds(each.low, rate, each.high) for each in found.pointwise)
    return 100 * together / data_sets, 100 * single / data_sets


def league(items: int, correlation: float, generator: np.random.Generator) -> pd.DataFrame:
    """Draw battles of every system against every other one, by Davidson's model."""
    from scipy.special import ndtri

    parts = []
    for one, other in combinations(STRENGTHS, 2):
        chances = _chances(STRENGTHS[one] - STRENGTHS[other])
        edges = ndtri(np.cumsum(chances)[:2])
        shared = generator.normal(size=(items, 1))
        own = generator.normal(size=(items, FEW))
        scores = _outcomes(correlation**0.5 * shared + (1 - correlation) ** 0.5 * own, edges)
        item, language = (place.ravel() for place in np.indices(scores.shape))
        parts.append(
            pd.DataFrame(
                {
                    "judge": "j",
                    "task": "t",
                    "language": [f"l{i:02d}" for i in language],
                    "item_id": [f"i{i:03d}" for i in item],
                    "source_id": [f"i{i:03d}" for i in item],
                    "candidate": one,
                    "baseline": other,
                    "score": scores.ravel(),
                    "n_games": 2,
                    "n_invalid": 0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def ratings_held(items: int, correlation: float, data_sets: int) -> list[float]:
    """Return the coverage in %: of ratings and win rates, of all languages and of one."""
    generator = np.random.default_rng([items, int(100 * correlation)])
    hits: dict[str, list[bool]] = {f"{kind} {level}": [] for level in ("macro", "language") for kind in ("r", "w")}
    for seed in range(data_sets):
        found = rank(league(items, correlation, generator), baseline="a", rounds=400, seed=seed)
        for row in found[found["system"] != "a"].to_dict("records"):
            strength = STRENGTHS[row["system"]]
            win, tie, _ = _chances(strength)
            rating = 1000 + ELO_SCALE * strength
            hits[f"r {row['level']}"].append(_holds(row["rating_low"], rating, row["rating_high"]))
            hits[f"w {row['level']}"].append(_holds(row["low"], win + tie / 2, row["high"]))
    return [100 * float(np.mean(each)) for each in hits.values()]


def arena(battles: float, languages: int, generator: np.random.Generator) -> pd.DataFrame:
    """Draw votes on prompts of their own, by Davidson's model."""
    rows = []
    for one, other in combinations(range(len(ARENA)), 2):
        for _ in range(generator.poisson(battles)):
            item = f"i{len(rows):05d}"
            score = generator.choice([1.0, 0.5, 0.0], p=_chances(ARENA[one] - ARENA[other]))
            language = f"l{generator.integers(languages)}"
            rows.append(("j", "t", language, item, item, f"s{one:02d}", f"s{other:02d}", score, 1, 0))
    return pd.DataFrame(rows, columns=BATTLE_SCHEMA.names)


def arenas_held(battles: float, languages: int, data_sets: int) -> tuple[float, float, float]:
    """Return the coverage in %, of ratings and of ranks, and the share of systems without a rating."""
    generator = np.random.default_rng([int(100 * battles), languages])
    ratings, ranks, missing = [], [], 0
    for seed in range(data_sets):
        found = rank(arena(battles, languages, generator), baseline="s05", rounds=400, seed=seed)
        found = found[(found["level"] == "macro") & (found["system"] != "s05")]
        missing += len(ARENA) - 1 - int(found["rating"].notna().sum())
        for row in found[found["rating"].notna()].to_dict("records"):
            place = int(row["system"][1:])
            low, high = (
                far if pd.isna(row[end]) else row[end] for end, far in (("rating_low", -1e9), ("rating_high", 1e9))
            )
            ratings.append(_holds(low, 1000 + ELO_SCALE * (ARENA[place] - ARENA[5]), high))
            if not pd.isna(row["rank_low"]):
                ranks.append(_holds(row["rank_low"], len(ARENA) - place, row["rank_high"]))
    share = missing / (data_sets * (len(ARENA) - 1))
    return 100 * float(np.mean(ratings)), 100 * float(np.mean(ranks)), 100 * share


def _chances(difference: float) -> Floats:
    """Return the probabilities of a win, a tie and a loss."""
    odds = np.array([np.exp(difference / 2), TIES, np.exp(-difference / 2)])
    return np.asarray(odds / odds.sum())


def _outcomes(latent: Floats, edges: Floats) -> Floats:
    return np.select([latent < edges[0], latent < edges[1]], [1.0, 0.5], 0.0)


def _holds(low: float | None, truth: float, high: float | None) -> bool:
    return low is not None and high is not None and low <= truth <= high


def main(arguments: Sequence[str]) -> None:
    share = 10 if "--quick" in arguments else 1
    many, few, fewest = 400 // share, 150 // share, 60 // share
    if "--arenas" not in arguments:
        shared_prompts(many, few)
    spread = ELO_SCALE * (ARENA[-1] - ARENA[0])
    print(ARENAS.format(systems=len(ARENA), spread=spread, sets=fewest))
    for battles, languages in product((1.0, 1.5, 3.0, 5.0, 10.0), (1, 2)):
        found = " | ".join(f"{value:.1f}" for value in arenas_held(battles, languages, fewest))
        print(f"| {battles:g} | {languages} | {found} |", flush=True)


def shared_prompts(many: int, few: int) -> None:
    """Print the sections on bands and on ratings of systems that answer the same prompts."""
    print(TEXT.format(bands=many, bands_error=100 * (0.05 * 0.95 / many) ** 0.5))
    errors = []
    for items, correlation, rate in product((50, 100, 500), CORRELATIONS, (0.2, 0.5)):
        together, single = family_errors(items, correlation, rate, many)
        print(f"| {items} | {correlation} | {rate} | {together:.1f} | {single:.1f} |", flush=True)
        errors.append(together)
    print(f"\nThe mean over these cells is {np.mean(errors):.1f}% for bands.")
    # Three ratings of one data set are of the same prompts: their errors are not counted as independent.
    print(RATINGS.format(languages=FEW, ratings=few, ratings_error=100 * (0.05 * 0.95 / few) ** 0.5))
    for items, correlation in product((50, 100, 500), CORRELATIONS):
        found = " | ".join(f"{value:.1f}" for value in ratings_held(items, correlation, few))
        print(f"| {items} | {correlation} | {found} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
