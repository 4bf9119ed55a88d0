"""What a pipeline will take: rows, steps, tokens, memory and device hours, computed without loading a model.

Floating-point operations follow Kaplan et al. 2020 (arXiv 2001.08361, section 2.1): 2 per weight and token forwards,
twice that backwards; activation checkpointing adds a forward pass, and adapters save the gradients of the weights.
The reference of preference training takes a forward pass, and so does a reward model for each text that it scores.
Attention over the sequence adds ``4 x layers x hidden x length`` per token forwards. Memory is weights, gradients, the
two moments of AdamW, and activations; the activations of a layer take about 34 bytes per hidden unit and token in half
precision (Korthikanti et al. 2022, arXiv 2205.05198, section 4.1, without the attention matrix, which fused kernels do
not store), and the logits 4 bytes per word of the vocabulary and token, three times over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from polyarena.harness.models.locations import locate
from polyarena.harness.models.precision import in_bfloat16
from polyarena.harness.stages.files import RESULTS
from polyarena.harness.stages.pipeline.data_stages import (
    MixtureStage,
    PairsStage,
    PoolStage,
    SafetyStage,
    TranslatedPairsStage,
    teachers_of,
)
from polyarena.harness.stages.pipeline.graph import base_of
from polyarena.harness.stages.pipeline.keys import processes_of
from polyarena.harness.stages.pipeline.schema import AnyStage, HardwareSettings, Pipeline
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.pipeline.status import StageStatus, stage_statuses
from polyarena.harness.stages.pipeline.teacher_requests import TeacherRequests, requests_of_stage
from polyarena.harness.stages.pipeline.training_stages import (
    DpoStage,
    MergeStage,
    ModelShape,
    OnlineStage,
    RewardStage,
    SftStage,
)
from polyarena.harness.stages.protocol import StageEstimate
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages

GIB = 1024**3
ACTIVATION_BYTES = 34
CHECKPOINTED_BYTES = 2
LOGIT_COPIES = 3
MERGE_TENSORS = {"linear": (1.1, 0.0), "slerp": (1.1, 0.0), "ties": (7.0, 0.25), "dare_ties": (2.1, 1.0)}
"""Tensors of the largest size that a merge computes with beside those that it reads: so many, and so many more for each
checkpoint (``benchmarks/merging.py``)."""
TOKENS_WITHOUT_ROWS = 0.5
"""Share of ``max_length`` that a row is taken to have where its text is not known."""

ROWS_UNKNOWN = "the number of rows is known once the data stages have run"
SHAPE_UNKNOWN = "the size of the model is not known: give `shape` in the stage base"
NOT_COUNTED = frozenset({ROWS_UNKNOWN, SHAPE_UNKNOWN})
"""Why a stage that takes time has no hours."""
EVERY_COMPLETION_LONG = "every completion reaches max_tokens"

COUNTED = {
    "mixture": "rows", "arbitrage": "rows", "safety": "rows", "pairs": "pairs", "preferences": "pairs",
    "translated_pairs": "pairs",
}  # fmt: skip
"""What the results of a data stage call its size."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage in a dry run.

    Attributes:
        status: Where it stands.
        estimate: What it takes; all zero for stages that load no model.
        device_hours: Time of all devices together; ``None`` where the hardware has no ``peak_tflops``.
        processes: That share the work.
        fits: Whether the memory suffices; ``None`` where it is not known.
        requests: What each teacher behind an endpoint is asked.
    """

    status: StageStatus
    estimate: StageEstimate
    device_hours: float | None
    processes: int
    fits: bool | None
    requests: tuple[TeacherRequests, ...] = ()

    @property
    def wall_hours(self) -> float | None:
        """Hours until the stage is done: the device time, divided by the processes that share it."""
        return None if self.device_hours is None else self.device_hours / self.processes


def dry_run(pipeline: Pipeline, until: str | None = None) -> list[StagePlan]:
    """Return what every stage takes.

    Args:
        pipeline: The pipeline.
        until: Only this stage and what it needs.
    """
    statuses = {status.stage.name: status for status in stage_statuses(pipeline, until)}
    rows: dict[str, int | None] = {}
    plans = []
    for name, status in statuses.items():
        languages = _languages(status.stage, statuses)
        rows[name] = _rows_of(status, rows, languages)
        shape = _shape(pipeline, status.stage, statuses)
        processes = processes_of(pipeline, status.stage)
        estimate = _estimate(status.stage, shape, rows, pipeline, languages)
        estimate = _with_arbiters(estimate, status.stage, rows, pipeline, statuses)
        requests = requests_of_stage(pipeline, status, statuses, _limited(status.stage, rows, languages))
        capacity = pipeline.hardware.memory_gib
        fits = None if capacity is None or not estimate.memory_gib else estimate.memory_gib <= capacity
        plans.append(StagePlan(status, estimate, _hours(estimate, pipeline.hardware), processes, fits, requests))
    return plans


def _hours(estimate: StageEstimate, hardware: HardwareSettings) -> float | None:
    if hardware.peak_tflops is None:
        return None
    trained = (estimate.flop - estimate.sampling_flop) / hardware.utilization
    sampled = estimate.sampling_flop / hardware.generation_utilization
    return (trained + sampled) / (hardware.peak_tflops * 1e12) / 3600


def _languages(stage: AnyStage, statuses: Mapping[str, StageStatus]) -> frozenset[str] | None:
    """Return the languages of the first mixture that a stage's rows come from, or ``None`` if it does not name them."""
    if isinstance(stage, MixtureStage):
        return None if stage.languages is None else codes_of(stage.languages)
    sources = stage.data if isinstance(stage, SftStage) else stage.inputs
    if isinstance(stage, RewardStage | DpoStage):
        sources = (stage.data,)
    found = (_languages(statuses[name.split("/")[0]].stage, statuses) for name in sources)
    return next((languages for languages in found if languages), None)


def codes_of(selector: str | Sequence[str]) -> frozenset[str]:
    """Return the codes of the languages that a selector means."""
    return frozenset(language.code for language in select_languages(selector))


def _rows_of(status: StageStatus, rows: Mapping[str, int | None], languages: frozenset[str] | None) -> int | None:
    """Return the rows or pairs that a stage makes, or ``None`` where only running it tells."""
    stage = status.stage
    if status.manifest is not None and (status.folder / RESULTS).is_file():
        results = json.loads((status.folder / RESULTS).read_text("utf-8"))
        name = COUNTED.get(stage.type)
        if name in results:
            return int(results[name])
    if isinstance(stage, MixtureStage):
        return stage.budget
    if isinstance(stage, PairsStage):
        return stage.limit
    if isinstance(stage, PoolStage):
        return _limited(stage, rows, languages)
    if isinstance(stage, SafetyStage):
        known = rows.get(stage.rows)
        return None if known is None else round(known * 100 / (100 - stage.weight))
    return rows.get(stage.inputs[0]) if stage.inputs else None


def _limited(stage: AnyStage, rows: Mapping[str, int | None], languages: frozenset[str] | None) -> int | None:
    """Return the most prompts that a stage asks its teachers, or ``None`` where only running it tells."""
    if not isinstance(stage, PoolStage | SafetyStage | TranslatedPairsStage):
        return None
    known = rows.get(stage.prompts)
    limit = None if isinstance(stage, SafetyStage) else stage.limit
    most = limit * len(languages) if limit and languages else None
    return min((count for count in (known, most) if count is not None), default=None)


def _shape(pipeline: Pipeline, stage: AnyStage, statuses: Mapping[str, StageStatus]) -> ModelShape | None:
    """Return the size of the model that a stage loads: measured, declared, or from a config on this machine."""
    base = base_of(pipeline, stage)
    if base is None:
        return None
    status = statuses[base.name]
    if status.manifest is not None:
        return ModelShape(**json.loads((status.folder / RESULTS).read_text("utf-8"))["shape"])
    if base.shape is not None:
        return base.shape
    found = locate(base.pretrained, str(pipeline.base), pipeline.where_stage(base.name, "pretrained"))
    path = found.path / "config.json" if found else None
    if path is None or not path.is_file():
        return None
    try:
        config = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(
            "the configuration of the base model is not JSON",
            where=path,
            why=str(error),
            fix="copy or download the model again",
        ) from error
    hidden, layers, vocabulary = (config.get(key) for key in ("hidden_size", "num_hidden_layers", "vocab_size"))
    if not (hidden and layers and vocabulary):
        return None
    inner = config.get("intermediate_size") or 4 * hidden
    heads = config.get("num_attention_heads") or 1
    shared = (config.get("num_key_value_heads") or heads) / heads
    block = hidden * hidden * (2 + 2 * shared) + 3 * hidden * inner
    tied = 1 if config.get("tie_word_embeddings") else 2
    return ModelShape(
        parameters=layers * block + tied * vocabulary * hidden, layers=layers, hidden=hidden, vocabulary=vocabulary
    )


def _estimate(
    stage: AnyStage,
    shape: ModelShape | None,
    rows: Mapping[str, int | None],
    pipeline: Pipeline,
    languages: frozenset[str] | None,
) -> StageEstimate:
    if isinstance(stage, MergeStage) and shape is not None:
        merged = _merged_count(stage, pipeline)
        own, each = MERGE_TENSORS[stage.method]
        tensors = merged + (stage.base is not None) + own + merged * each
        memory = 4 * shape.vocabulary * shape.hidden * tensors
        return StageEstimate(memory_gib=max(memory, 4 * shape.parameters if stage.search else 0) / GIB)
    if not isinstance(stage, PoolStage | SafetyStage | TranslatedPairsStage | TrainSettings):
        return StageEstimate(rows=rows.get(stage.name))
    if not isinstance(stage, TrainSettings) and not any(teacher.stage for teacher in teachers_of(stage).values()):
        return StageEstimate(rows=rows.get(stage.prompts))
    if shape is None:
        # Rows, steps and tokens do not depend on it.
        one = ModelShape(parameters=1, layers=1, hidden=1, vocabulary=1)
        known = _estimate(stage, one, rows, pipeline, languages)
        unknown = (SHAPE_UNKNOWN, *known.assumptions)
        return replace(known, memory_gib=0.0, flop=0.0, sampling_flop=0.0, assumptions=unknown)
    if not isinstance(stage, TrainSettings):
        count = rows.get(stage.name if isinstance(stage, PoolStage) else stage.prompts)
        memory = 2 * shape.parameters / GIB
        if count is None:
            return StageEstimate(memory_gib=memory, assumptions=(ROWS_UNKNOWN,))
        tokens = sum(count * teacher.sampling.max_tokens for teacher in teachers_of(stage).values() if teacher.stage)
        flop = 2.0 * shape.parameters * tokens
        assumptions = [EVERY_COMPLETION_LONG]
        if isinstance(stage, PoolStage) and count != rows.get(stage.prompts):
            assumptions.append("every language has as many prompts as `limit`")
        return StageEstimate(count, 0, tokens, memory, flop, flop, tuple(assumptions))
    return _training(stage, shape, rows, pipeline, languages)


def _with_arbiters(
    estimate: StageEstimate,
    stage: AnyStage,
    rows: Mapping[str, int | None],
    pipeline: Pipeline,
    statuses: Mapping[str, StageStatus],
) -> StageEstimate:
    """Add what it takes to score completions with the reward models of a stage."""
    if not isinstance(stage, PoolStage | OnlineStage):
        return estimate
    if isinstance(stage, PoolStage):
        longest = max(teacher.sampling.max_tokens for teacher in stage.teachers)
        count = (rows.get(stage.name) or 0) * len(stage.teachers)
    else:
        longest, count = stage.sampling.max_tokens, _sampled(stage)
    for arbiter in stage.arbiters:
        if arbiter.judge != "reward":
            continue
        own = statuses.get(arbiter.stage or "")
        shape = _shape(pipeline, own.stage, statuses) if own is not None else None
        if shape is None:
            note = "the size of a reward model is not known, and scoring with it is left out"
            estimate = replace(estimate, assumptions=(*estimate.assumptions, note))
            continue
        width = 2 if in_bfloat16(arbiter.bf16, pipeline.hardware.device) else 4
        note = "prompts that a reward model scores are as long as the longest completions"
        estimate = replace(
            estimate,
            assumptions=tuple(dict.fromkeys((*estimate.assumptions, note))),
            flop=estimate.flop + 2.0 * shape.parameters * count * 2 * longest,
            memory_gib=max(estimate.memory_gib, width * shape.parameters / GIB),
        )
    return estimate


def _sampled(stage: OnlineStage) -> int:
    """Return how many completions the rounds sample, those to the held-out prompts included."""
    held_out = (stage.rounds + 1) * stage.held_out_prompts
    return (stage.rounds * stage.prompts_per_round + held_out) * stage.samples


def _merged_count(stage: MergeStage, pipeline: Pipeline) -> int:
    """Return how many checkpoints are read at once."""
    run = next((each for each in pipeline.stages if each.name == stage.steps_of), None)
    return len(run.keep_steps) if isinstance(run, TrainSettings) else len(stage.models)


def _training(
    stage: TrainSettings,
    shape: ModelShape,
    rows: Mapping[str, int | None],
    pipeline: Pipeline,
    languages: frozenset[str] | None,
) -> StageEstimate:
    data, texts, references, times = _load(stage, rows)
    processes = processes_of(pipeline, stage)
    assumptions = []
    if stage.languages and data is not None:
        if languages:
            data = round(data * len(codes_of(stage.languages) & languages) / len(languages))
            assumptions.append("every language has equally many rows")
        else:
            assumptions.append("all rows of `data` are trained on, though `languages` takes only some")
    batch = stage.batch_size * stage.gradient_accumulation * processes
    if stage.steps is None and data is None:
        return StageEstimate(assumptions=(ROWS_UNKNOWN,))
    steps = times * (stage.steps or ceil((data or 0) / batch * stage.epochs))
    length = stage.max_length * (1.0 if isinstance(stage, SftStage) and stage.packing else TOKENS_WITHOUT_ROWS)
    tokens = int(steps * batch * texts * length)
    forward = 2 * shape.parameters + 4 * shape.layers * shape.hidden * length
    passes = 2.0 if stage.lora else 3.0
    passes += 1.0 if stage.activation_checkpointing else 0.0
    flop = tokens * forward * (passes + references)
    sampling_flop = 0.0
    if length != stage.max_length:
        assumptions.append(f"a text has {length:,.0f} tokens, half of max_length")
    if isinstance(stage, OnlineStage):
        sampled = _sampled(stage)
        tokens += sampled * stage.sampling.max_tokens
        sampling_flop = 2.0 * shape.parameters * sampled * stage.sampling.max_tokens
        flop += sampling_flop
        assumptions.append(EVERY_COMPLETION_LONG)
    shards = processes if stage.trainer.get("fsdp") else 1
    memory = _memory(stage, shape, texts, _models(stage), shards, pipeline.hardware.device)
    return StageEstimate(data, steps, tokens, memory, flop, sampling_flop, tuple(assumptions))


def _load(stage: TrainSettings, rows: Mapping[str, int | None]) -> tuple[int | None, int, int, int]:
    """Return rows of one training, texts of a row, forward passes of a reference, and how often it trains."""
    if isinstance(stage, SftStage):
        known = [rows.get(name) for name in stage.data]
        return (None if None in known else sum(count or 0 for count in known)), 1, 0, 1
    if isinstance(stage, RewardStage):
        return rows.get(stage.data), 2, 0, 1
    # With adapters the policy without them is the reference: no second model, but a pass of its own.
    if isinstance(stage, DpoStage):
        return rows.get(stage.data), 2, 1, 1
    if isinstance(stage, OnlineStage):
        return stage.prompts_per_round, 2 if stage.algorithm == "dpo" else stage.samples, 1, stage.rounds
    return None, 1, 0, 1


def _models(stage: TrainSettings) -> int:
    """Return how many models a training has in memory: its own, and the reference where it is another one."""
    if isinstance(stage, OnlineStage):
        adapted = stage.lora is not None and stage.reference in (None, stage.model)
        return 1 if adapted and stage.rounds == 1 else 2
    if isinstance(stage, DpoStage):
        return 1 if stage.lora is not None and stage.reference in (None, stage.model) else 2
    return 1


def _memory(stage: TrainSettings, shape: ModelShape, texts: int, models: int, shards: int, device: str) -> float:
    trained = shape.parameters
    if stage.lora is not None:
        # Seven matrices of a block, whose sides sum to about 20 hidden sizes.
        trained = shape.layers * stage.lora.rank * 20 * shape.hidden
    weights = 4 * shape.parameters * models / shards
    optimizer = 12 * trained / shards
    tokens = stage.batch_size * texts * stage.max_length
    each = (
        CHECKPOINTED_BYTES
        if stage.activation_checkpointing
        else ACTIVATION_BYTES * (1 if in_bfloat16(stage.bf16, device) else 2)
    )
    activations = tokens * (shape.layers * shape.hidden * each + 4 * LOGIT_COPIES * shape.vocabulary)
    return (weights + optimizer + activations) / GIB
