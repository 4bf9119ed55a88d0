"""Measures the coverage of rank intervals; prints docs/coverage-of-ranks.md.

    python benchmarks/rank_coverage.py > docs/coverage-of-ranks.md

With ``--quick`` a tenth of the data sets are drawn. It takes about 3 minutes of processor time.
"""

import math
import sys

import numpy as np
from scipy.special import ndtr

from polyarena.reports.board.standings import significant_differences
from polyarena.reports.stats.resampling import Floats, Integers

CONFIDENCE = 0.95
ROUNDS = 400
DRAWS = 400

TEXT = """# Measured coverage of rank intervals

A system's rank interval should contain its true rank in 95% of experiments. `python benchmarks/rank_coverage.py`
generates this page.

All systems answer the same items; a shared difficulty gives two systems a correlation of {shared} between the latent
qualities of their answers to one item. True scores lie evenly between 45% and 55%, or are equal in pairs. A true rank
is one more than the number of systems that are truly better; with equals, every rank from there to the number of
systems that are not truly worse counts as true, and all of them must be inside. {draws} data sets each (standard error
of a coverage of 95%: {noise:.1f} points, more where systems of one data set agree):

- **Holm**: the board's method, by Holm's procedure on t statistics of paired differences.
- **max-T**: that of rankings in reports, by the largest studentised difference over {rounds} bootstrap rounds
  (Mogstad, Romano, Shaikh and Wilhelm 2024).

Coverage is of a system's own interval; width is the mean number of ranks in it.

Both cover more than 95%, because a system is told from all others at once and few pairs are close to the edge. Widths
differ by 0.2 ranks or less, so boards use Holm's procedure, which needs no bootstrap and which a browser can repeat for
every filter.

"""


def draw(
    generator: np.random.Generator, means: Floats, items: int, languages: int, shared: float, same: float
) -> Floats:
    """Return wins (systems, items): means over languages of wins and losses, correlated over systems and languages."""
    size = len(means)
    hard = generator.normal(size=items) * math.sqrt(shared)
    own = generator.normal(size=(size, items)) * math.sqrt((1 - shared) * same)
    rest = generator.normal(size=(size, languages, items)) * math.sqrt((1 - shared) * (1 - same))
    return (hard + own)[:, None, :] + rest > -means[:, None, None]


def holm(scores: Floats, variances: Floats, items: int) -> Integers:
    """Return what the board tells apart."""
    return significant_differences(scores, variances, items - 1, 1 - CONFIDENCE)


def max_t(generator: np.random.Generator, values: Floats, scores: Floats, variances: Floats) -> Integers:
    """Return what the largest studentised difference over bootstrap rounds tells apart."""
    size, items = values.shape
    weights = generator.multinomial(items, np.full(items, 1 / items), size=ROUNDS) / items
    moved = weights @ values.T - scores
    told = np.zeros((size, size), dtype=int)
    for i in range(size):
        error = np.sqrt(variances[i])
        known = error > 0
        spread = np.abs((moved[:, known] - moved[:, [i]]) / error[known]).max(axis=1)
        critical = np.quantile(spread, CONFIDENCE, method="higher")
        difference = scores[i] - scores[known]
        told[i, known] = np.where(np.abs(difference) > critical * error[known], np.sign(difference), 0)
    return told


def inside(told: Integers, means: Floats) -> tuple[float, float]:
    """Return the share of systems whose interval contains all their true ranks, and the mean width."""
    size = len(means)
    low, high = 1 + (told < 0).sum(axis=1), size - (told > 0).sum(axis=1)
    best = 1 + (means[None, :] > means[:, None] + 1e-12).sum(axis=1)
    worst = size - (means[None, :] < means[:, None] - 1e-12).sum(axis=1)
    return float(((low <= best) & (worst <= high)).mean()), float((high - low + 1).mean())


def measure(
    size: int, items: int, languages: int, equal: bool, *, draws: int, shared: float = 0.3, same: float = 0.5
) -> dict[str, Floats]:
    """Return coverage and width of each method in one setting."""
    generator = np.random.default_rng([size, items, languages, equal])
    rates = np.linspace(0.45, 0.55, size // 2 if equal else size)
    rates = np.repeat(rates, 2) if equal else rates
    quantiles = np.array([_quantile(rate) for rate in rates])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("Holm", "max-T")}
    for _ in range(draws):
        wins = draw(generator, quantiles, items, languages, shared, same)
        values = wins.mean(axis=1)
        scores = values.mean(axis=1)
        pulls = (values - scores[:, None]) / items
        products = pulls @ pulls.T * items / (items - 1)
        squares = np.diag(products)
        variances = np.maximum(squares[:, None] + squares[None, :] - 2 * products, 0)
        found["Holm"].append(inside(holm(scores, variances, items), rates))
        found["max-T"].append(inside(max_t(generator, values, scores, variances), rates))
    return {name: np.mean(each, axis=0) for name, each in found.items()}


def _quantile(rate: float) -> float:
    low, high = -9.0, 9.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if ndtr(middle) < rate else (low, middle)
    return middle


def main() -> None:
    """Print the page."""
    draws = DRAWS // 10 if "--quick" in sys.argv else DRAWS
    print(TEXT.format(shared=0.3, draws=draws, rounds=ROUNDS, noise=100 * math.sqrt(0.95 * 0.05 / draws)))
    print("| systems | items | languages | true scores | Holm | width | max-T | width |")
    print("| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    for size, items, languages, equal in (
        (6, 30, 1, False), (6, 30, 1, True), (6, 100, 1, True), (10, 100, 5, False), (10, 100, 5, True),
        (10, 500, 1, False), (10, 500, 5, True), (38, 100, 1, False),
    ):  # fmt: skip
        found = measure(size, items, languages, equal, draws=draws)
        cells = " | ".join(f"{100 * share:.1f}% | {width:.1f}" for share, width in found.values())
        print(f"| {size} | {items} | {languages} | {'equal pairs' if equal else 'distinct'} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
