"""Times arena-rank, LMArena's package, on the battles of a run, and measures the coverage of its intervals.

    python benchmarks/arena_rank_times.py battles.csv

It needs the package ``arena-rank`` and nothing of polyarena: install it into an environment of its own. The file has
the columns ``model_a``, ``model_b`` and ``winner`` (``model_a``, ``model_b`` or ``tie``). Coverage is measured on two
systems that answer the same 100 prompts in each language, with a correlation of 0.3 between languages; the clustered
interval beside it takes a prompt in all its languages as one observation.
"""

import math
import sys
import time
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.utils.data_utils import PairDataset

PROMPTS = 100
RATE = 0.6
CORRELATION = 0.3
DRAWS = 100
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


def coverage(languages: int) -> tuple[float, float]:
    """Return the coverage of arena-rank's interval and of the clustered one."""
    generator = np.random.default_rng(languages)
    mean = NormalDist().inv_cdf(RATE)
    truth = SCALE * math.log(RATE / (1 - RATE)) / 2
    inside = []
    for _ in range(DRAWS):
        shared = generator.normal(size=(PROMPTS, 1)) * math.sqrt(CORRELATION)
        wins = shared + generator.normal(size=(PROMPTS, languages)) * math.sqrt(1 - CORRELATION) > -mean
        frame = pd.DataFrame({"model_a": "a", "model_b": "b", "winner": np.where(wins.ravel(), "model_a", "model_b")})
        data = PairDataset.from_pandas(frame)
        found = BradleyTerry(n_competitors=2, init_rating=0.0).compute_ratings_and_cis(data)
        place = list(found["competitors"]).index("a")
        theirs = float(found["rating_lower"][place]) <= truth <= float(found["rating_upper"][place])
        values = wins.mean(axis=1)
        ours = abs(values.mean() - RATE) <= 1.984 * values.std(ddof=1) / math.sqrt(PROMPTS)
        inside.append((theirs, ours))
    both = np.mean(inside, axis=0)
    return float(both[0]), float(both[1])


def main() -> None:
    """Print times and coverage."""
    if len(sys.argv) > 1:
        times(Path(sys.argv[1]))
    print("| languages | arena-rank | clustered |\n| ---: | ---: | ---: |")
    for languages in (1, 5, 23):
        theirs, ours = coverage(languages)
        print(f"| {languages} | {100 * theirs:.0f}% | {100 * ours:.0f}% |", flush=True)


if __name__ == "__main__":
    main()
