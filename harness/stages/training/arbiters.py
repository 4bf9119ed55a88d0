"""Arbiters: they score completions one at a time, and the weighted sum of their scores is the reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from polyarena.harness.models.locations import locate
from polyarena.harness.models.precision import in_bfloat16
from polyarena.harness.models.reward import RewardModel, RewardSettings
from polyarena.harness.stages.finite_rewards import require_finite
from polyarena.harness.stages.memory import SCORING, memory_errors
from polyarena.harness.stages.parts import in_parts
from polyarena.harness.stages.pipeline.settings import ArbiterSettings
from polyarena.harness.stages.protocol import Report, StageContext, ignore_progress
from polyarena.judges.protocol import Answer
from polyarena.judges.rules.findings import examine
from polyarena.judges.rules.settings import POINTS, RulesSettings


@dataclass(frozen=True, slots=True)
class Candidate:
    """A completion to score.

    Attributes:
        prompt: What it answers.
        completion: The text.
        language: ``lang_Script`` that is expected.
        ended: Whether it ended by itself; ``None`` if that is not known.
    """

    prompt: str
    completion: str
    language: str
    ended: bool | None = None


def reward(
    candidates: Sequence[Candidate],
    arbiters: Sequence[ArbiterSettings],
    context: StageContext,
    where: str,
    parts: Path | None = None,
    activity: str = "scoring",
) -> list[float]:
    """Return the reward of each completion.

    Args:
        candidates: The completions.
        arbiters: Who scores, with weights.
        context: The inputs with the arbiters' checkpoints, and the device.
        where: The stage, for messages.
        parts: Folder for the batches that are done, see :func:`polyarena.harness.stages.parts.in_parts`.
        activity: For progress.

    Raises:
        ModelError: A score is not finite, or the memory does not suffice.
    """
    total = [0.0] * len(candidates)
    for number, arbiter in enumerate(arbiters):
        if arbiter.judge == "rules":
            scores = rules_scores(candidates)
        else:
            checkpoint = _checkpoint(arbiter, context, where)
            asked = [(each.prompt, each.completion) for each in candidates]
            with memory_errors(where, SCORING):
                scores = score_with_checkpoint(
                    checkpoint, asked, context.device, dtype=_dtype(arbiter, context.device),
                    parts=parts / f"scores-{number}.jsonl" if parts else None, report=context.report, activity=activity,
                )  # fmt: skip
        total = [one + arbiter.weight * other for one, other in zip(total, scores, strict=True)]
    require_finite(total, lambda place: f"the completion {candidates[place].completion[:60]!r}", where=where)
    return total


def _checkpoint(arbiter: ArbiterSettings, context: StageContext, where: str) -> str:
    """Return the folder of a reward model, or its name on the hub; relative paths start from the pipeline file."""
    if arbiter.stage:
        return str(context.inputs[arbiter.stage])
    found = locate(str(arbiter.model), str(context.base), where)
    return str(found.path if found else arbiter.model)


def rules_scores(candidates: Sequence[Candidate]) -> list[float]:
    """Return minus the points of fault that the rules judge gives, divided by those of an empty answer: -1 to 0."""
    settings, worst = RulesSettings(), max(POINTS.values())
    reasons = {True: "stop", False: "length", None: None}
    return [
        -examine(Answer(each.completion, finish_reason=reasons[each.ended]), each.language, settings).points / worst
        for each in candidates
    ]


def score_with_checkpoint(
    checkpoint: str,
    asked: Sequence[tuple[str, str]],
    device: str,
    max_length: int = 4096,
    *,
    dtype: str | None = None,
    parts: Path | None = None,
    report: Report = ignore_progress,
    activity: str = "scoring",
) -> list[float]:
    """Score (prompt, completion) pairs with a reward model.

    Args:
        checkpoint: Folder of the reward model, or its name on the hub.
        asked: Prompt and completion of each.
        device: ``cpu``, ``cuda``, ...
        max_length: In tokens; longer texts are cut.
        dtype: Of the weights, such as ``bfloat16``; as in the checkpoint if left out.
        parts: File for the batches that are done.
        report: Receives progress.
        activity: For progress.

    Returns:
        One reward each, in the model's own unit and in the order given.

    Raises:
        ModelError: The checkpoint cannot be used, or a score is not finite.
    """
    model = RewardModel(RewardSettings(model=checkpoint, device=device, max_length=max_length, dtype=dtype))
    scores = [0.0] * len(asked)
    batches = model.divided(asked)
    starts = [0, *accumulate(len(batch) for batch in batches)]

    def score(number: int, batch: Sequence[int]) -> list[float]:
        report(activity, starts[number], len(asked), {})
        found = model([asked[place] for place in batch])
        require_finite(found, lambda at: f"the completion {asked[batch[at]][1][:60]!r}", where=checkpoint)
        return found

    for batch, found in zip(batches, in_parts(parts, batches, score), strict=True):
        for place, value in zip(batch, found, strict=True):
            scores[place] = value
    return scores


def _dtype(arbiter: ArbiterSettings, device: str) -> str | None:
    """Return the type of the weights of a reward model; ``None`` for that of its checkpoint."""
    if arbiter.bf16 is None and arbiter.stage is None:
        return None
    return "bfloat16" if in_bfloat16(arbiter.bf16, device) else "float32"
