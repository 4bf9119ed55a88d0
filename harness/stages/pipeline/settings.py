"""Settings that several types of stages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from polyarena.harness.experiment.schema import Name, Selector
from polyarena.harness.experiment.strict import Strict

StageName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/round-[1-9][0-9]*)?$", max_length=120)]
"""A stage, or one round of an ``online`` stage: ``online/round-2``."""

Rate = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class LoraSettings(Strict):
    """Low-rank adapters; they are merged into the weights when the stage ends.

    Attributes:
        rank: Rank of the update.
        alpha: Scale; the update is multiplied by ``alpha / rank``.
        dropout: Dropout of the adapters' input.
        targets: Names of the modules to adapt; all linear ones but the head if left out.
    """

    rank: Annotated[int, Field(gt=0)] = 16
    alpha: Annotated[float, Field(gt=0)] = 32.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: tuple[str, ...] | None = None


def _typed(schema: dict[str, Any]) -> None:
    """Write into the JSON Schema of a stage that a file must give its type, which code that makes one can leave out."""
    properties = schema["properties"]
    first = {key: properties.pop(key) for key in ("name", "type") if key in properties}
    first.get("type", {}).pop("default", None)
    schema["properties"] = {**first, **properties}
    schema["required"] = [*first, *(key for key in schema.get("required", ()) if key not in first)]


class StageSettings(Strict):
    """What every stage has.

    Attributes:
        name: Unique within the pipeline; the name of its folder.
        type: What it does.
    """

    model_config = ConfigDict(json_schema_extra=_typed)

    name: Name

    version: ClassVar[int] = 1
    """Raised when the code of this type of stage changes its output."""
    not_in_digest: ClassVar[frozenset[str]] = frozenset({"name"})
    """Settings that cannot change the output."""
    added_later: ClassVar[frozenset[str]] = frozenset()
    """Settings that count in the digest only where they are set, so that older outputs are still found."""
    makes_checkpoint: ClassVar[bool] = False
    """Whether the output is a model."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the stages that it reads, each once."""
        return tuple(dict.fromkeys(reference.split("/")[0] for reference in self.references))

    @property
    def references(self) -> tuple[str, ...]:
        """The stages, or rounds of stages, that it reads."""
        return ()


class TrainSettings(StageSettings):
    """What every training stage has.

    Attributes:
        model: The stage whose checkpoint training starts from.
        languages: Train on the rows of these languages only, such as those of a cluster.
        steps: Optimizer steps; ``epochs`` decides if left out.
        epochs: Passes over the data.
        batch_size: Rows, or pairs, of each process and step.
        gradient_accumulation: Batches whose gradients are added before a step.
        learning_rate: Peak of the schedule.
        schedule: Of the learning rate.
        warmup_steps: Steps over which the learning rate rises.
        weight_decay: Of AdamW.
        clip: Greatest norm of the gradient.
        max_length: Most tokens of prompt and completion together. Longer completions are cut; rows whose prompt alone
            is that long are left out and named by language. A ``reward`` stage leaves out each pair with a text that is
            longer.
        lora: Train low-rank adapters; all weights are trained if left out.
        bf16: Compute in bfloat16 with float32 weights. If left out, where the device has instructions for it: GPUs, and
            processors with AVX-512 BF16 or AMX. Others take several times as long as in float32.
        activation_checkpointing: Recompute activations: less memory, a third more time.
        optimizer: As transformers names it.
        keep_steps: Steps whose checkpoints are kept beside the last one, as whole models, for a merge within the run
            (``steps_of``).
        save_steps: Steps between the checkpoints that an interrupted stage continues from.
        seed: Of this stage; the pipeline's if left out.
        report_to: Where the trainer reports to, by a library that is installed: ``tensorboard`` (into the folder
            ``logs`` of the output), ``wandb``, ... Runs are named after the stage.
        trainer: Further arguments of TRL's configuration class, such as ``fsdp``.
        diverged_above: The stage stops when the loss is farther from 0 than this; it always stops when the loss is no
            number.
    """

    model: StageName
    languages: Selector | None = None
    steps: Annotated[int, Field(gt=0)] | None = None
    epochs: Annotated[float, Field(gt=0)] = 1.0
    batch_size: Annotated[int, Field(gt=0)] = 8
    gradient_accumulation: Annotated[int, Field(gt=0)] = 1
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    clip: Annotated[float, Field(gt=0)] = 1.0
    max_length: Annotated[int, Field(gt=1)] = 1024
    lora: LoraSettings | None = None
    bf16: bool | None = None
    activation_checkpointing: bool = False
    optimizer: str = "adamw_torch_fused"
    keep_steps: tuple[Annotated[int, Field(gt=0)], ...] = ()
    save_steps: Annotated[int, Field(gt=0)] = 100
    seed: Annotated[int, Field(ge=0)] | None = None
    report_to: tuple[str, ...] = ()
    trainer: Mapping[str, Any] = {}
    diverged_above: Annotated[float, Field(gt=0)] = 50.0

    not_in_digest: ClassVar[frozenset[str]] = frozenset({"name", "save_steps", "report_to"})
    makes_checkpoint: ClassVar[bool] = True
    is_shared: ClassVar[bool] = True
    """Whether several processes can share the training (``hardware: {processes: ...}``)."""


class ArbiterSettings(Strict):
    """Who scores completions, one at a time; with several arbiters, the weighted sum of their scores decides.

    Attributes:
        judge: ``reward`` for a reward model, ``rules`` for the faults that the rules judge sees (0 is best, -1 is
            empty).
        stage: Of ``reward``: the stage that trained it.
        model: Of ``reward``: a checkpoint's folder or hub name, where no stage trained it.
        weight: Factor of its scores.
        bf16: Whether a reward model computes in bfloat16; if left out, one that a stage trained does where the device
            has instructions for it, and another is as its checkpoint says.
    """

    judge: Literal["reward", "rules"]
    stage: StageName | None = None
    model: str | None = None
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    bf16: bool | None = None


class SamplingSettings(Strict):
    """How completions are sampled. Teachers with ``model`` take ``max_tokens`` and ``temperature`` alone.

    Attributes:
        max_tokens: Longest completion.
        temperature: 0 is greedy.
        top_k: The most likely tokens that are drawn from. Nucleus sampling is left out: sorting a vocabulary at every
            step costs more than the model on a processor.
        batch_size: Prompts times samples that are generated at once.
    """

    max_tokens: Annotated[int, Field(gt=0)] = 256
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.8
    top_k: Annotated[int, Field(gt=0)] = 50
    batch_size: Annotated[int, Field(gt=0)] = 32
