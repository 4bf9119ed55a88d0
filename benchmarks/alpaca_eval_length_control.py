"""Compare length control with the published column of AlpacaEval 2.

    python benchmarks/alpaca_eval_length_control.py CLONE

CLONE is a clone of the public repository tatsu-lab/alpaca_eval. Its list of difficulties is not part of it, and is
recovered from the predictions that two models' annotations contain (``glm_preference``) and these models' published
coefficients: both give the same 805 difficulties to 5e-8.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats.length_control import length_control

JUDGE = "weighted_alpaca_eval_gpt4_turbo"
BASELINE = "gpt4_1106_preview"
PLACE = {"task": "alpaca_eval", "language": "eng_Latn"}


def main(clone: Path) -> None:
    """Print the agreement of each variant with the published column."""
    board = pd.read_csv(
        clone / "src/alpaca_eval/leaderboards/data_AlpacaEval_2" / f"{JUDGE}_leaderboard.csv", index_col=0
    )
    weights = pd.read_csv(
        clone / "src/alpaca_eval/metrics/weights" / JUDGE / f"length_controlled_v1/baseline_{BASELINE}.csv", index_col=0
    )
    battles, lengths, difficulty = [], {}, {}
    for path in sorted(clone.glob(f"results/*/{JUDGE}/annotations.json")):
        system = path.parts[-3]
        if system not in board.index or system == BASELINE:
            continue
        for row in json.loads(path.read_text("utf-8")):
            if row["preference"] is None:
                continue
            # 1 is the baseline, 2 the model, between them a probability; 0 was a tie in early files.
            score = (float(row["preference"]) or 1.5) - 1
            item = row["instruction"]
            game = {"item_id": item, "source_id": item, "candidate": system, "baseline": BASELINE, "score": score}
            battles.append({**PLACE, **game, "judge": JUDGE, "n_games": 1, "n_invalid": 0})
            lengths[system, item] = len(row["output_2"])
            lengths[BASELINE, item] = len(row["output_1"])
            if row.get("glm_preference"):
                odds = np.log(row["glm_preference"] / (1 - row["glm_preference"]))
                _, slope, intercept = weights.loc[system]
                difficulty[item] = (odds - intercept) / slope
    frame = pd.DataFrame(battles).reindex(columns=BATTLE_SCHEMA.names)
    measured = pd.DataFrame(
        [{**PLACE, "system": system, "item_id": item, "characters": n} for (system, item), n in lengths.items()]
    )
    known = pd.DataFrame({"item_id": list(difficulty), "difficulty": list(difficulty.values())})
    for name, given in (("published difficulties", known), ("estimated difficulties", None)):
        found = length_control(frame, measured, difficulties=given, rounds=20)
        found = found[found["level"] == "macro"].set_index("candidate")
        published = board.loc[found.index, "length_controlled_winrate"]
        if given is not None:
            _print("raw", 100 * found["raw"], published)
        _print(name, 100 * found["controlled"], published)
        print("  extrapolated:", ", ".join(found.index[found["extrapolated"]]) or "none")


def _print(name: str, values: pd.Series, published: pd.Series) -> None:
    gap = (values - published).abs()
    print(
        f"{name}: {len(values)} models, Spearman {spearmanr(values, published).statistic:.4f}, "
        f"Pearson {pearsonr(values, published).statistic:.4f}, mean difference {gap.mean():.2f}, "
        f"largest {gap.max():.2f} ({gap.idxmax()})"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
