"""Times arena-rank, LMArena's package, on the battles of a run, and measures the coverage of its intervals.

    python benchmarks/arena_rank_times.py --battles battles.csv --draws 200

It needs the package ``arena-rank`` and nothing of polyarena: install it into an environment of its own. The file has
the columns ``model_a``, ``model_b`` and ``winner`` (``model_a``, ``model_b`` or ``tie``). Coverage is measured on two
systems that answer the same 100 prompts in each language, with a correlation of 0.3 between languages; the clustered
interval beside it takes a prompt in all its languages as one observation. The range after each rate is Wilson's 95%
interval for the number of draws.
"""

import argparse
import math
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.utils.data_utils import PairDataset

PROMPTS = 100
RATE = 0.6
CORRELATION = 0.3
SCALE = 400 / math.log(10)


def times(path: Path) -> None:
    """Print how long arena-rank takes on battles, and its intervals."""
    frame = pd.read_csv(path)
    for run in ("first, with compilation", "second"):
        start, spent = time.perf_counter(), time.process_time()
        data = PairDataset.from_pandas(frame)
        found = BradleyTerry(n_competitors=len(data.competitors)).compute_ratings_and_cis(data)
        elapsed = time.perf_counter() - start
        print(f"arena-rank, {run}: {elapsed:.2f} s, {time.process_time() - spent:.2f} s of processor time")
    names = ("competitors", "ratings", "rating_lower", "rating_upper")
    table = pd.DataFrame({name: np.asarray(found[name]) for name in names}).sort_values("ratings", ascending=False)
    half = (table["rating_upper"] - table["rating_lower"]) / 2
    apart = (table["rating_lower"].to_numpy()[:-1] > table["rating_upper"].to_numpy()[1:]).sum()
    print(f"median half-width {half.median():.1f}; {apart} of {len(table) - 1} neighbours do not overlap")


def coverage(languages: int, draws: int) -> tuple[int, int]:
    """Return in how many draws arena-rank's interval and the clustered one contain the truth."""
    generator = np.random.default_rng(languages)
    mean = NormalDist().inv_cdf(RATE)
    least, most = covering_wins(PROMPTS * languages)
    inside = []
    for _ in range(draws):
        shared = generator.normal(size=(PROMPTS, 1)) * math.sqrt(CORRELATION)
        wins = shared + generator.normal(size=(PROMPTS, languages)) * math.sqrt(1 - CORRELATION) > -mean
        values = wins.mean(axis=1)
        ours = abs(values.mean() - RATE) <= 1.984 * values.std(ddof=1) / math.sqrt(PROMPTS)
        inside.append((least <= wins.sum() <= most, ours))
    both = np.sum(inside, axis=0)
    return int(both[0]), int(both[1])


def covering_wins(battles: int) -> tuple[int, int]:
    """Return the fewest and the most wins whose interval contains the truth: both of its ends rise with the wins."""
    truth = SCALE * math.log(RATE / (1 - RATE)) / 2

    def first(reached: Callable[[tuple[float, float]], bool]) -> int:
        few, many = 1, battles - 1
        while few < many:
            middle = (few + many) // 2
            few, many = (few, middle) if reached(interval(middle, battles)) else (middle + 1, many)
        return few

    return first(lambda ends: ends[1] >= truth), first(lambda ends: ends[0] > truth) - 1


@cache
def interval(wins: int, battles: int) -> tuple[float, float]:
    """Return arena-rank's interval for the first of two systems; it depends on the number of wins alone."""
    winners = ["model_a"] * wins + ["model_b"] * (battles - wins)
    data = PairDataset.from_pandas(pd.DataFrame({"model_a": "a", "model_b": "b", "winner": winners}))
    found = BradleyTerry(n_competitors=2, init_rating=0.0).compute_ratings_and_cis(data)
    place = list(found["competitors"]).index("a")
    return float(found["rating_lower"][place]), float(found["rating_upper"][place])


def share(inside: int, draws: int) -> str:
    """Return a rate with Wilson's 95% interval."""
    z, rate = 1.96, inside / draws
    middle = (rate + z * z / (2 * draws)) / (1 + z * z / draws)
    half = z * math.sqrt(rate * (1 - rate) / draws + z * z / (4 * draws * draws)) / (1 + z * z / draws)
    return f"{100 * rate:.1f}% ({100 * (middle - half):.1f} to {100 * (middle + half):.1f})"


def main() -> None:
    """Print times and coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--battles", type=Path, help="a CSV file to be timed")
    parser.add_argument("--draws", type=int, default=2000, help="simulated experiments for each number of languages")
    parser.add_argument("--languages", type=int, nargs="+", default=[1, 5, 23])
    chosen = parser.parse_args()
    if chosen.battles:
        times(chosen.battles)
    print("| languages | arena-rank | clustered |\n| ---: | ---: | ---: |")
    for languages in chosen.languages:
        theirs, ours = coverage(languages, chosen.draws)
        print(f"| {languages} | {share(theirs, chosen.draws)} | {share(ours, chosen.draws)} |", flush=True)


if __name__ == "__main__":
    main()
