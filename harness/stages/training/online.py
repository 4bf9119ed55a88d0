"""The stage ``online``: iterative DPO on the policy's own samples (Aya Expanse, section 3).

A round samples several completions of fresh prompts from the current policy, scores them, pairs the best with the worst
of each prompt, and trains the policy of the round before on these pairs, held to the first policy. Rounds start from
the policy of the round before, keep the first one as reference, and never see a prompt twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from polyarena.harness.stages.files import HELD_OUT_SCORES, PAIRS, RESULTS, read_rows, write_json, write_records
from polyarena.harness.stages.folders import CARD
from polyarena.harness.stages.memory import SAMPLING, memory_errors
from polyarena.harness.stages.parts import PARTS
from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import HeldOutScores
from polyarena.harness.stages.rounds import best_against_worst, split_prompts, unique_prompts
from polyarena.harness.stages.training.arbiters import Candidate, reward, rules_scores
from polyarena.harness.stages.training.lengths import as_results
from polyarena.harness.stages.training.models import load_sampler, load_tokenizer, release, save_model
from polyarena.harness.stages.training.policy_gradient import train_on_rewards
from polyarena.harness.stages.training.preference_data import character_lengths, pairs_within
from polyarena.harness.stages.training.preference_training import train_on_pairs
from polyarena.harness.stages.training.sampling import Sample, sample
from polyarena.harness.stages.training.sft import of_languages, rows_within
from polyarena.harness.stages.training.trainers import finish_training, prepare
from polyarena.harness.stages.watch import SampleFacts, Snapshot, as_plain, paired_gain, snapshot, warnings
from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow

HELD_OUT_SAMPLES = "held_out_samples.json"
ROUND_DONE = "round.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """A policy on the held-out prompts: the mean reward and rules score of each, and the sum of all."""

    rewards: list[float]
    judge: list[float]
    snapshot: Snapshot


def run(stage: OnlineStage, context: StageContext) -> None:
    """Train the rounds; the folder's own checkpoint is that of the best or last round.

    ``results.json`` has what each round did and how the policy after it is on the held-out prompts, and
    ``held_out_scores.jsonl`` the scores of each prompt.

    Raises:
        DataError: There are too few prompts for fresh ones in every round, or no pair differs in reward.
        ModelError: A reward is no number, or training diverged.
    """
    prepare(context)
    first = context.inputs[stage.model]
    tokenizer = load_tokenizer(first)
    rows, table = rows_within(
        of_languages(unique_prompts(read_rows(context.inputs[stage.prompts])), stage), tokenizer, stage
    )
    held_out, fresh = split_prompts(rows, stage, context.seed)
    measured = [_measured(stage, context, first, tokenizer, held_out, context.folder / "round-0", "the first policy")]
    rounds: list[dict[str, Any]] = []
    policy, best, since_best, stopped = first, 0, 0, ""
    for number in range(1, stage.rounds + 1):
        folder = context.folder / f"round-{number}"
        record = _round(stage, context, policy, tokenizer, fresh[number - 1], folder, number)
        measured.append(_measured(stage, context, folder, tokenizer, held_out, folder, f"round {number}"))
        gain, error = paired_gain(measured[-2].rewards, measured[-1].rewards)
        signs = warnings(measured[0].snapshot, measured[-1].snapshot, stage.watch)
        rounds.append(
            {**record, "gain": gain, "gain_error": error, "warnings": signs, **as_plain(measured[-1].snapshot)}
        )
        policy = folder
        if stage.watch.stop and signs:
            stopped = f"round {number} showed signs of reward hacking: {'; '.join(signs)}"
            break
        # The gain is judged against the best round so far, not the last, or two falling rounds would look like one.
        rise, noise = paired_gain(measured[best].rewards, measured[-1].rewards)
        if rise > stage.least_gain * noise:
            best, since_best = number, 0
        else:
            since_best += 1
        if stage.patience and since_best >= stage.patience and number < stage.rounds:
            stopped = f"no gain over round {best} for {since_best} rounds"
            break
    last = len(rounds) if not (stopped or (since_best and stage.patience)) else best
    _adopt(first if last == 0 else context.folder / f"round-{last}", context.folder)
    shutil.rmtree(context.folder / "round-0")
    write_json(
        context.folder / RESULTS,
        {
            "prompts": {"held_out": len(held_out), "per_round": [len(each) for each in fresh]},
            "lengths": as_results(table),
            "first_policy": as_plain(measured[0].snapshot),
            "rounds": rounds,
            "kept_round": last,
            "stopped": stopped,
        },
    )
    scores = [
        (tuple(each.rewards[at] for each in measured), tuple(each.judge[at] for each in measured))
        for at in range(len(held_out))
    ]
    write_records(
        context.folder / HELD_OUT_SCORES,
        (HeldOutScores(row.row_id, row.language, *each) for row, each in zip(held_out, scores, strict=True)),
    )


def _round(
    stage: OnlineStage,
    context: StageContext,
    policy: Path,
    tokenizer: Any,
    rows: Sequence[TrainingRow],
    folder: Path,
    number: int,
) -> dict[str, Any]:
    """Sample, pair and train, or train on rewards; a finished round is read back."""
    done = folder / ROUND_DONE
    if done.is_file():
        return dict(json.loads(done.read_text("utf-8")))
    folder.mkdir(exist_ok=True)
    overall = stage.first_round + number - 1
    if stage.algorithm != "dpo":
        return _rewarded_round(stage, context, policy, tokenizer, rows, folder, number)
    samples, rewards = _scored(stage, context, policy, tokenizer, rows, 1000 * overall, folder, f"round {number}")
    texts = [[each.text for each in row] for row in samples]
    pairs = best_against_worst(rows, texts, rewards, stage.least_gap, f"{stage.name}:round-{overall}")
    if not pairs:
        raise DataError(
            f"no prompt of round {number} has two completions with different rewards",
            where=stage.name,
            fix="raise `samples` or the temperature, lower `least_gap`, or use another arbiter",
        )
    write_records(folder / PAIRS, pairs)
    pairs, _ = pairs_within(pairs, tokenizer, stage.model_copy(update={"languages": None}))
    reference = context.inputs[stage.reference or stage.model]
    inner = replace(context, folder=folder, seed=context.seed + overall)
    prepare(inner)
    model, log = train_on_pairs(stage, inner, policy, reference, tokenizer, pairs, f"round {number}: training")
    save_model(model, tokenizer, folder)
    del model
    release()
    record = {
        "round": overall,
        "pairs": len(pairs),
        "prompts_without_pair": len(rows) - len(pairs),
        "mean_reward": mean(score for each in rewards for score in each),
        "best_reward": mean(max(each) for each in rewards),
        "worst_reward": mean(min(each) for each in rewards),
        **character_lengths(pairs),
        "first_loss": log[0]["loss"],
        "last_loss": log[-1]["loss"],
        "first_margin": log[0].get("rewards/margins"),
        "last_margin": log[-1].get("rewards/margins"),
    }
    finish_training(inner, log)
    write_atomically(done, json.dumps(record, indent=1).encode())
    return record


def _rewarded_round(
    stage: OnlineStage,
    context: StageContext,
    policy: Path,
    tokenizer: Any,
    rows: Sequence[TrainingRow],
    folder: Path,
    number: int,
) -> dict[str, Any]:
    """Train on the rewards of the policy's samples: the control."""
    overall = stage.first_round + number - 1
    inner = replace(context, folder=folder, seed=context.seed + overall)
    prepare(inner)
    model, log = train_on_rewards(stage, inner, policy, tokenizer, rows, f"round {number}: {stage.algorithm}")
    save_model(model, tokenizer, folder)
    del model
    release()
    record = {
        "round": overall,
        "algorithm": stage.algorithm,
        "prompts": len(rows),
        "first_loss": log[0]["loss"],
        "last_loss": log[-1]["loss"],
        "first_reward": log[0].get("reward"),
        "last_reward": log[-1].get("reward"),
    }
    finish_training(inner, log)
    write_atomically(folder / ROUND_DONE, json.dumps(record, indent=1).encode())
    return record


def _measured(
    stage: OnlineStage,
    context: StageContext,
    policy: Path,
    tokenizer: Any,
    rows: Sequence[TrainingRow],
    folder: Path,
    who: str,
) -> Measured:
    """Sample and score the held-out prompts, always with the same seed; what is on the disk is read back."""
    path = folder / HELD_OUT_SAMPLES
    if path.is_file():
        facts = [SampleFacts(**each) for each in json.loads(path.read_text("utf-8"))]
    else:
        folder.mkdir(exist_ok=True)
        samples, rewards = _scored(stage, context, policy, tokenizer, rows, 1, folder, f"held-out prompts, {who}")
        judged = rules_scores(
            [
                Candidate(row.prompt, each.text, row.language, each.ended)
                for row, texts in zip(rows, samples, strict=True)
                for each in texts
            ]
        )
        flat = [
            (row, each, score)
            for row, texts, scores in zip(rows, samples, rewards, strict=True)
            for each, score in zip(texts, scores, strict=True)
        ]
        facts = [
            SampleFacts(row.language, each.text, each.tokens, each.ended, score, judge)
            for (row, each, score), judge in zip(flat, judged, strict=True)
        ]
        write_atomically(path, json.dumps([asdict(each) for each in facts], ensure_ascii=False, indent=1).encode())
    of_prompts = [facts[start : start + stage.samples] for start in range(0, len(facts), stage.samples)]
    means = [mean(each.reward for each in part) for part in of_prompts]
    judge = [mean(each.judge for each in part) for part in of_prompts]
    return Measured(means, judge, snapshot(facts, means))


def _scored(
    stage: OnlineStage,
    context: StageContext,
    policy: Path,
    tokenizer: Any,
    rows: Sequence[TrainingRow],
    draw: int,
    folder: Path,
    what: str,
) -> tuple[list[list[Sample]], list[list[float]]]:
    """Sample and score completions of prompts; what is done is stored in the folder of the round, by draw."""
    parts = folder / PARTS / str(draw)
    prompts = [row.prompt for row in rows]
    with memory_errors(stage.name, SAMPLING):
        model = load_sampler(policy, context.device)
        samples = sample(
            model, tokenizer, prompts, stage.samples, stage.sampling, context.seed + draw,
            report=context.report, activity=f"{what}: sampling", parts=parts / "samples.jsonl",
        )  # fmt: skip
    del model
    release()
    candidates = [
        Candidate(row.prompt, each.text, row.language, each.ended)
        for row, texts in zip(rows, samples, strict=True)
        for each in texts
    ]
    scores = reward(candidates, stage.arbiters, context, stage.name, parts, f"{what}: scoring")
    grouped = [scores[start : start + stage.samples] for start in range(0, len(scores), stage.samples)]
    return samples, grouped


def _adopt(checkpoint: Path, folder: Path) -> None:
    """Copy the files of a checkpoint into the folder, by hard links where the disk has them."""
    for path in sorted(checkpoint.iterdir()):
        own = path.suffix in (".safetensors", ".json", ".jinja", ".model", ".txt")
        notes = path.name in (
            CARD,
            HELD_OUT_SAMPLES,
            ROUND_DONE,
            RESULTS,
            "training_log.json",
            "stage.json",
            "licences.json",
        )
        if path.is_file() and own and not notes:
            (folder / path.name).unlink(missing_ok=True)
            shutil.copyfile(path, folder / path.name)
