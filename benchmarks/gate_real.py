"""The gate on real verdicts: two games of a jury on 500 Korean Arena-Hard prompts, 38 models against one baseline.

    python benchmarks/gate_real.py FOLDER [--splits 200]    # FOLDER/verdicts/ko-arena-hard

- **Halves of one model** are two runs of the same model: one of the two games of each prompt, at random, is the old
  run, the other the new one. Each split is a gate of one language that fails.
- **Pairs of models**, ordered by win rate: the better is the old system and the worse the new one, and the other way
  round. Close pairs are neighbours, far pairs are ten places apart.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyarena.judges.collapse import SCORES
from polyarena.judges.records import Label
from polyarena.reports.gate import Action, GateSettings, ItemDifferences, Level, Verdict, decide

SETTINGS = GateSettings(rounds=1_999, actions={**dict.fromkeys(Level, Action.OFF), Level.CELL: Action.FAIL})
FAR = 10
"""Places between the models of a far pair."""


@dataclass(frozen=True)
class Games:
    """The verdicts on one model.

    Attributes:
        prompts: The n prompts with two verdicts.
        values: Shape (n, 2): the model's score in each game.
    """

    prompts: tuple[str, ...]
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]]

    @property
    def win_rate(self) -> float:
        """In percent."""
        return 100 * float(self.values.mean())


def read(folder: Path) -> dict[str, Games]:
    """Return the games of each model, the best model first; in the second game the model is shown first."""
    found = {}
    for path in sorted((folder / "verdicts" / "ko-arena-hard" / "ensemble").glob("*.jsonl")):
        rows = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            labels = [game["score"] for game in row["games"]]
            if len(labels) == 2 and all(label in set(Label) - {Label.INVALID} for label in labels):
                first, second = (SCORES[Label(label)] for label in labels)
                if first is not None and second is not None:
                    rows[row["question_id"]] = (1 - first, second)
        prompts = tuple(sorted(rows))
        found[path.stem] = Games(prompts, np.array([rows[prompt] for prompt in prompts]))
    return dict(sorted(found.items(), key=lambda entry: -entry[1].win_rate))


def verdict(prompts: tuple[str, ...], old: np.ndarray, new: np.ndarray) -> Verdict:
    """Return the gate's verdict on one language with these values of items."""
    n = len(prompts)
    change = (100 * (new - old))[:, None]
    ones, whole = np.ones((n, 1)), np.array([n])
    pair = ItemDifferences(
        "ko-arena-hard", "win_rate", "ensemble", prompts, ("kor_Hang",), change, ones, (change != 0).astype(float),
        old.mean(keepdims=True), new.mean(keepdims=True), 0 * whole, whole, np.array([False]),
    )  # fmt: skip
    (found,) = decide([pair], SETTINGS).verdicts
    return found


def halves(games: Games, splits: int, rng: np.random.Generator) -> Counter[str]:
    """Return how many splits of one model have each status."""
    found: Counter[str] = Counter()
    places = np.arange(len(games.prompts))
    for _ in range(splits):
        side = rng.integers(0, 2, len(places))
        found[verdict(games.prompts, games.values[places, side], games.values[places, 1 - side]).status] += 1
    return found


def compare(old: Games, new: Games) -> Verdict:
    """Return the verdict on two models, on the prompts that both have."""
    both = tuple(sorted(set(old.prompts) & set(new.prompts)))
    sides = [dict(zip(each.prompts, each.values.mean(axis=1), strict=True)) for each in (old, new)]
    before, after = (np.array([side[prompt] for prompt in both]) for side in sides)
    return verdict(both, before, after)


def pairs(models: Mapping[str, Games]) -> Iterator[tuple[str, int, list[Verdict]]]:
    """Yield, for close and far pairs in both directions, the distance in places and the verdicts."""
    ranked = list(models.values())
    for name, distance in (("close", 1), ("far", FAR)):
        better, worse = ranked[:-distance], ranked[distance:]
        yield f"{name}, new is worse", distance, [compare(a, b) for a, b in zip(better, worse, strict=True)]
        yield f"{name}, new is better", distance, [compare(b, a) for a, b in zip(better, worse, strict=True)]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--models", type=int, default=8, help="models that are split, from the best to the worst")
    options = parser.parse_args()
    models = read(options.folder)
    rng = np.random.default_rng(0)
    total: Counter[str] = Counter()
    worst = 0.0
    chosen = list(models.values())[:: max(1, len(models) // options.models)][: options.models]
    for games in chosen:
        found = halves(games, options.splits, rng)
        total += found
        worst = max(worst, found["regressed"] / options.splits)
    count = options.splits * len(chosen)
    red, unsettled = (100 * total[status] / count for status in ("regressed", "inconclusive"))
    green = 100 * (total["ok"] + total["improved"]) / count
    print(f"halves of one model, {len(chosen)} models x {options.splits} splits: red {red:.1f}%, "
          f"inconclusive {unsettled:.1f}%, green {green:.1f}%; red of the worst model {100 * worst:.1f}%")  # fmt: skip
    print("| pairs | number | median difference | red | inconclusive | green |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, _, verdicts in pairs(models):
        shares = Counter(each.status for each in verdicts)
        n = len(verdicts)
        middle = float(np.median([each.difference or 0.0 for each in verdicts]))
        good = shares["ok"] + shares["improved"]
        cells = " | ".join(f"{100 * each / n:.0f}%" for each in (shares["regressed"], shares["inconclusive"], good))
        print(f"| {name} | {n} | {middle:+.1f} | {cells} |")


if __name__ == "__main__":
    main()
