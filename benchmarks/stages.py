"""Measures what training stages bring on held-out data, over seeds, with the model of examples/stages-mini.yaml.

    python benchmarks/stages.py --output FOLDER [--only sft,routing,dpo,online] [--seeds 3] [--scale 1.0]

Needs the extra `train` and a mirror of the hub in POLYARENA_DATA, as `make stages`. Interrupted, it continues where it
was. Parts:

- `sft`: the loss on held-out answers by people, before and after, by language (lower is better);
- `dpo`: the implicit reward margin on held-out pairs, before and after;
- `routing`: a student of reward-routed answers against one of randomly routed answers, by held-out loss and by the
  rules judge on fresh answers to held-out prompts (the mean reward of routed answers is higher by construction: it is
  not shown);
- `online`: on 100 held-out prompts, the same for all seeds, the mean reward after each round, and the gain of each
  round over the one before and over the first policy, by reward and by the rules judge, with a 95% interval for seeds
  and prompts that were not drawn.

At scale 1, an arm of `sft`, `dpo` or `routing` takes about 5 minutes and one of `online` about 15 on two idle cores:
three seeds of everything take about 2 hours. `--scale 0.1` runs everything with a tenth of the steps, as a check.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import yaml

from polyarena.harness.stages.files import HELD_OUT, HELD_OUT_SCORES, read_rows
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import StageDone, train
from polyarena.harness.stages.pipeline.settings import SamplingSettings
from polyarena.harness.stages.progress import training_listener
from polyarena.harness.stages.watch import paired_gain
from polyarena.reports.stats.quantiles import student_quantile
from polyarena.reports.stats.seed_groups import seed_group_estimate

EXAMPLE = Path(__file__).parent.parent / "examples" / "stages-mini.yaml"
COUNTS = ("steps", "prompts_per_round", "held_out_prompts", "limit")
"""Settings that `--scale` multiplies."""


class Bench:
    """Runs variants of the example pipeline in one folder, where they share what is equal.

    Args:
        output: The folder.
        scale: Factor of steps and prompts.
    """

    def __init__(self, output: Path, scale: float) -> None:
        self.output = output
        self.scale = scale
        self.data: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))

    def run(
        self, until: str, changes: Mapping[str, Mapping[str, Any]], extra: Sequence[dict[str, Any]] = ()
    ) -> StageDone:
        """Train one stage and what it needs; returns the stage."""
        stages = [{**stage, **changes.get(stage["name"], {})} for stage in [*self.data["stages"], *extra]]
        for stage in stages:
            for name in COUNTS:
                if name in stage:
                    stage[name] = max(4, round(stage[name] * self.scale))
            if stage["type"] == "reward" and self.scale < 1:
                stage["steps"] = max(4, round(60 * self.scale))
            for source in stage.get("sources", ()):
                if "path" in source:
                    source["path"] = str(EXAMPLE.parent / source["path"])
        path = self.output / "pipeline.yaml"
        self.output.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump({**self.data, "output": str(self.output.absolute() / "stages"), "stages": stages})
        path.write_text(text, "utf-8")
        with training_listener() as listener:
            return train(load_pipeline(path), until=until, listener=listener)[-1]


def results(done: StageDone) -> dict[str, Any]:
    """Return what a stage measured."""
    found: dict[str, Any] = json.loads((done.folder / "results.json").read_text("utf-8"))
    return found


def prompt_scores(done: StageDone) -> list[dict[str, Any]]:
    """Return the scores of each held-out prompt of online rounds."""
    lines = (done.folder / HELD_OUT_SCORES).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def shown(values: Sequence[float]) -> str:
    """Return mean and standard deviation over seeds."""
    spread = f" (sd {stdev(values):.3f})" if len(values) > 1 else ""
    return f"{mean(values):.3f}{spread}"


def sft(bench: Bench, seeds: Sequence[int]) -> None:
    """Print the loss on held-out answers by people, before and after, by language."""
    found = [results(bench.run("sft-romance", {"sft-romance": {"seed": seed}}))["held_out"] for seed in seeds]
    print(f"\n## SFT: loss on held-out answers by people, {len(seeds)} seeds\n\n| language | rows | before | after |")
    print("| --- | --- | --- | --- |")
    for language in found[0]:
        before, after = ([each[language][key] for each in found] for key in ("before", "after"))
        print(f"| {language} | {found[0][language]['rows']} | {shown(before)} | {shown(after)} |")


def dpo(bench: Bench, seeds: Sequence[int]) -> None:
    """Print the margin on held-out pairs, before and after."""
    found = [results(bench.run("dpo-trained", {"dpo-trained": {"seed": seed}})) for seed in seeds]
    before, after = (
        [each["held_out_margin"][key].get("mean", math.nan) for each in found] for key in ("before", "after")
    )
    print(f"\n## DPO: margin on {found[0]['held_out_pairs']} held-out pairs, {len(seeds)} seeds\n")
    print(f"before {shown(before)}, after {shown(after)}; the chosen is longer in {found[0]['chosen_is_longer']:.0%}")


def routing(bench: Bench, seeds: Sequence[int]) -> None:
    """Print a student of reward-routed answers against one of randomly routed answers."""
    losses: dict[str, list[float]] = {"reward": [], "random": []}
    wins = []
    for seed in seeds:
        folders = {}
        for router in losses:
            student = next(stage for stage in bench.data["stages"] if stage["name"] == "sft-others")
            extra = [
                {"name": "by-chance", "type": "arbitrage", "pool": "pool", "router": "random"},
                {**student, "name": "student", "data": ["routed" if router == "reward" else "by-chance"], "seed": seed},
            ]
            done = bench.run("student", {}, extra)
            losses[router].append(mean(each["after"] for each in results(done)["held_out"].values()))
            folders[router] = done.folder
        wins.append(_rules_win_rate(bench, folders["reward"], folders["random"], seed))
    print(f"\n## Routing: students of reward-routed and of randomly routed answers, {len(seeds)} seeds\n")
    print(f"held-out loss: reward {shown(losses['reward'])}, random {shown(losses['random'])}")
    difference = [one - other for one, other in zip(losses["reward"], losses["random"], strict=True)]
    print(f"difference {shown(difference)}; win rate by rules {shown(wins)} (0.5: no difference)")


def _rules_win_rate(bench: Bench, one: Path, other: Path, seed: int) -> float:
    # torch is loaded only here: `--help` should be quick.
    from polyarena.harness.stages.training.arbiters import Candidate, rules_scores
    from polyarena.harness.stages.training.models import load_sampler, load_tokenizer
    from polyarena.harness.stages.training.sampling import sample

    people = sorted((bench.output / "stages" / "people").glob("*/" + HELD_OUT))[0].parent
    rows = read_rows(people, HELD_OUT)
    settings = SamplingSettings(max_tokens=32, temperature=0.7, batch_size=32)
    scores = []
    for folder in (one, other):
        model = load_sampler(folder, "cpu")
        texts = sample(model, load_tokenizer(folder), [row.prompt for row in rows], 1, settings, seed)
        candidates = [
            Candidate(row.prompt, each[0].text, row.language, each[0].ended)
            for row, each in zip(rows, texts, strict=True)
        ]
        scores.append(rules_scores(candidates))
    return mean((a > b) + 0.5 * (a == b) for a, b in zip(*scores, strict=True))


def online(bench: Bench, seeds: Sequence[int]) -> None:
    """Print the gain of each online round on held-out prompts."""
    changes = {"rounds": 3, "model": "dpo", "reference": "dpo", "patience": 0, "held_out_prompts": 100}
    done = [bench.run("online-1-trained", {"online-1-trained": {**changes, "seed": seed}}) for seed in seeds]
    found, scored = [results(each) for each in done], [prompt_scores(each) for each in done]
    prompts = len(scored[0])
    print(f"\n## Online DPO: mean reward on {prompts} held-out prompts, {len(seeds)} seeds\n")
    print(
        "| seed | round | reward | gain | standard error | tokens | in language | rules | warnings |\n"
        + "| --- " * 9
        + "|"
    )
    for seed, each in zip(seeds, found, strict=True):
        first = each["first_policy"]
        tokens, judge = f"{first['tokens']:.1f}", f"{first['judge']:.3f}"
        print(f"| {seed} | 0 | {first['reward']:.3f} | | | {tokens} | {_share(first)} | {judge} | |")
        for number, row in enumerate(each["rounds"], 1):
            print(
                f"| {seed} | {number} | {row['reward']:.3f} | {row['gain']:+.3f} | {row['gain_error']:.3f} | "
                f"{row['tokens']:.1f} | {_share(row)} | {row['judge']:.3f} | {len(row['warnings'])} |"
            )
    print(
        f"\nGains over {len(seeds)} seeds and {prompts} prompts, with 95% intervals\n\n"
        "| round | reward, over the round before | reward, over the first policy | rules, over the round before | "
        "rules, over the first policy |\n" + "| --- " * 5 + "|"
    )
    for number in range(1, len(found[0]["rounds"]) + 1):
        cells = [
            gain(
                [[each[score][number] for each in prompts_of_seed] for prompts_of_seed in scored],
                [[each[score][at] for each in prompts_of_seed] for prompts_of_seed in scored],
            )
            for score in ("rewards", "judge")
            for at in (number - 1, 0)
        ]
        print(f"| {number} | {' | '.join(cells)} |")


def gain(after: Sequence[Sequence[float]], before: Sequence[Sequence[float]]) -> str:
    """Return a mean gain over seeds (rows) and prompts (columns) with its 95% interval.

    With several seeds the interval has the variation between seeds and between prompts; with one, that of prompts.
    """
    if len(after) == 1:
        value, error = paired_gain(before[0], after[0])
        half = student_quantile(0.975, len(after[0]) - 1) * error
        return f"{value:+.3f} [{value - half:+.3f}, {value + half:+.3f}]"
    estimate = seed_group_estimate(np.array(after) - np.array(before))
    return f"{estimate.value:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]"


def _share(row: Mapping[str, Any]) -> str:
    return "" if row["on_target"] is None else f"{row['on_target']:.0%}"


PARTS: dict[str, Callable[[Bench, Sequence[int]], None]] = {
    "sft": sft,
    "dpo": dpo,
    "routing": routing,
    "online": online,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    bench = Bench(options.output, options.scale)
    for part in options.only.split(","):
        started = time.monotonic()
        PARTS[part](bench, range(options.seeds))
        print(f"\n{part}: {(time.monotonic() - started) / 60:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
