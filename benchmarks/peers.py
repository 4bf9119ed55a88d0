"""Measures how far the intervals of other harnesses are off on the same data; prints tables as JSON.

    POLYARENA_TEST_DATA=<folder> python benchmarks/peers.py [--redraws N]

The others' formulas are written anew from what their sources do:

* arena-hard-auto v0.1: rows are verdicts, strong ones three times over; rows are drawn as if they were independent, 100
  times; 2.5th and 97.5th percentile. With one baseline its model is the weighted mean, so nothing is fitted here.
* arena-hard-auto v2: the same with the 5th and 95th percentile.
* lm-eval: the standard error of a group pools its tasks' items as if all were independent; times 1.96.

First the real Korean verdicts are taken as the population and its prompts drawn again with replacement. Then prompts
that 23 languages share are made up, for averages over languages.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
from simulate import draw_battles

from polyarena.reports.stats.intervals import interval
from polyarena.reports.stats.score_interval import equal_clusters
from polyarena.reports.stats.sequential import stop_early

SCORES = {"A>>B": 0.0, "A>B": 0.0, "A=B": 0.5, "B>A": 1.0, "B>>A": 1.0}
"""Of the candidate in the first game, where the baseline is shown first."""


def verdicts(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and weights of a model's two games; shapes (prompts, 2)."""
    games = [json.loads(line)["games"] for line in path.read_text("utf-8").splitlines()]
    labels = [[game["score"] for game in pair] for pair in games]
    scores = np.array([[SCORES[first], 1 - SCORES[second]] for first, second in labels])
    weights = np.array([[3.0 if ">>" in label else 1.0 for label in pair] for pair in labels])
    return scores, weights


def by_rows(scores: np.ndarray, weights: np.ndarray, generator: np.random.Generator, tail: float) -> np.ndarray:
    """Return the ends that resampled rows give, as arena-hard-auto does it."""
    rows = np.repeat(scores.ravel(), weights.ravel().astype(int))
    drawn = rows[generator.integers(0, len(rows), (100, len(rows)))].mean(axis=1)
    return np.quantile(drawn, [tail, 1 - tail])


def by_prompts(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return our ends for the same weighted mean, with whole prompts."""
    points, total = (scores * weights).sum(axis=1), weights.sum(axis=1)
    value = points.sum() / total.sum()
    pull, labels = (points - value * total) / total.sum(), np.zeros(len(points), dtype=np.int64)
    found = interval(
        value,
        pull,
        labels,
        None,
        items=len(points),
        bounded=True,
        confidence=0.95,
        clusters=equal_clusters(total),
    )
    return np.array([found.low, found.high])


def korean(folder: Path, redraws: int) -> dict[str, object]:
    """Redraw prompts of the Korean verdicts and count how often each interval holds their own weighted mean."""
    generator = np.random.default_rng(0)
    held: dict[str, list[float]] = {"arena_hard_auto_v0_1": [], "arena_hard_auto_v2": [], "polyarena": []}
    widths: dict[str, list[float]] = {name: [] for name in held}
    for path in sorted((folder / "ensemble").glob("*.jsonl")):
        scores, weights = verdicts(path)
        truth = (scores * weights).sum() / weights.sum()
        if not 0.1 <= truth <= 0.9:
            continue
        ends: dict[str, list[np.ndarray]] = {name: [] for name in held}
        for _ in range(redraws):
            drawn = generator.integers(0, len(scores), len(scores))
            ends["arena_hard_auto_v0_1"].append(by_rows(scores[drawn], weights[drawn], generator, 0.025))
            ends["arena_hard_auto_v2"].append(by_rows(scores[drawn], weights[drawn], generator, 0.05))
            ends["polyarena"].append(by_prompts(scores[drawn], weights[drawn]))
        for name, found in ends.items():
            low, high = np.array(found).T
            held[name].append(float(((low <= truth) & (truth <= high)).mean()))
            widths[name].append(float((high - low).mean()))
    return {
        name: {
            "coverage": float(np.mean(held[name])),
            "least": float(np.min(held[name])),
            "width_over_ours": float(np.median(np.array(widths[name]) / widths["polyarena"])),
            "models": len(held[name]),
        }
        for name in held
    }


def shared_prompts(redraws: int) -> list[dict[str, float]]:
    """Count how often intervals for the average of 23 languages hold the truth, when languages share prompts."""
    rows = []
    for correlation in (0.0, 0.3, 0.7):
        generator = np.random.default_rng(1)
        held, width = np.zeros(2), np.zeros(2)
        for _ in range(redraws):
            values = draw_battles([[0.5] * 23], 100, generator, correlation=correlation)[0]
            pooled = 1.96 * values.std(ddof=1) / np.sqrt(values.size)
            mean, own = values.mean(), values.mean(axis=1)
            labels = np.zeros(len(own), dtype=np.int64)
            ours = interval(
                mean, (own - mean) / len(own), labels, None, items=values.size, bounded=True, confidence=0.95
            )
            ends = np.array([[mean - pooled, mean + pooled], [ours.low, ours.high]])
            held += (ends[:, 0] <= 0.5) & (ends[:, 1] >= 0.5)
            width += ends[:, 1] - ends[:, 0]
        rows.append(
            {
                "correlation": correlation,
                "lm_eval_coverage": float(held[0] / redraws),
                "polyarena_coverage": float(held[1] / redraws),
                "lm_eval_width_over_ours": float(width[0] / width[1]),
            }
        )
    return rows


def early(folder: Path, orders: int) -> dict[str, float]:
    """Return the share of games that early stopping saves on the Korean verdicts, and how often it says otherwise."""
    generator = np.random.default_rng(2)
    saved: list[float] = []
    whole: list[float] = []
    wrong = 0
    for path in sorted((folder / "ensemble").glob("*.jsonl")):
        values = verdicts(path)[0].mean(axis=1)
        truth = np.sign(values.mean() - 0.5)
        for _ in range(orders):
            mixed = generator.permutation(values)
            endless, finite = stop_early(mixed), stop_early(mixed, population=len(values))
            saved.append(1 - endless.n / len(values))
            whole.append(1 - finite.n / len(values))
            said = {"better": 1, "worse": -1}.get(finite.outcome.value, truth)
            wrong += said != truth
    return {
        "saved_about_any_prompts": float(np.mean(saved)),
        "saved_about_these_prompts": float(np.mean(whole)),
        "models_never_stopped_early": float(np.mean(np.array(whole).reshape(-1, orders).max(axis=1) == 0)),
        "wrong_about_these_prompts": wrong / len(whole),
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--redraws", type=int, default=400)
    given = options.parse_args()
    folder = Path(os.environ.get("POLYARENA_TEST_DATA", "")) / "verdicts" / "ko-arena-hard"
    if not folder.is_dir():
        print(f"there is no {folder}; set POLYARENA_TEST_DATA to a folder that has it", file=sys.stderr)
        return 2
    found = {
        "korean_verdicts": korean(folder, given.redraws),
        "shared_prompts": shared_prompts(given.redraws),
        "early_stopping": early(folder, 20),
    }
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
