"""Settings of the stages that make checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from polyarena.harness.experiment.strict import Strict
from polyarena.harness.stages.pipeline.settings import (
    ArbiterSettings,
    Rate,
    SamplingSettings,
    StageName,
    StageSettings,
    TrainSettings,
    Weight,
)

DPO_LOSSES = (
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired",
    "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm",
)  # fmt: skip
"""The losses of TRL's DPOTrainer; it looks at the name no earlier than at the first batch."""


class ModelShape(Strict):
    """The size of a model, for the dry run of a model that is not on this machine.

    Attributes:
        parameters: Number of weights.
        layers: Number of blocks.
        hidden: Width of the residual stream.
        vocabulary: Number of tokens.
    """

    parameters: Annotated[float, Field(gt=0)]
    layers: Annotated[int, Field(gt=0)]
    hidden: Annotated[int, Field(gt=0)]
    vocabulary: Annotated[int, Field(gt=0)]


class BaseStage(StageSettings):
    """The model that everything starts from, copied once as float32 safetensors.

    Attributes:
        pretrained: A folder, ``package://NAME``, or a name on the hub.
        gguf_file: The GGUF file in it, where there is one.
        revision: Commit on the hub.
        chat_template: ``own`` keeps the tokenizer's; ``chatml`` has no system text of its own and ends a turn with the
            end token; or a Jinja file.
        licence: Of the weights, for the cards.
        shape: For the dry run, where the model is not on this machine.
    """

    type: Literal["base"] = "base"
    pretrained: str
    gguf_file: str | None = None
    revision: str | None = None
    chat_template: str = "own"
    licence: str = "unknown"
    shape: ModelShape | None = None

    not_in_digest: ClassVar[frozenset[str]] = frozenset({"name", "shape"})
    makes_checkpoint: ClassVar[bool] = True


class SftStage(TrainSettings):
    """Supervised fine-tuning.

    Attributes:
        data: Stages whose rows are trained on, one after the other before shuffling.
        packing: Fill each sequence with several rows, which do not see one another.
        completion_only: Leave the prompt out of the loss.
        measure_on: The mixture whose held-out rows the loss is measured on, before and after, by language. Rows with
            their prompts are not trained on, whatever `data` they come from.
    """

    type: Literal["sft"] = "sft"
    data: Annotated[tuple[StageName, ...], Field(min_length=1)]
    packing: bool = False
    completion_only: bool = True
    measure_on: StageName | None = None

    version: ClassVar[int] = 2

    @property
    def references(self) -> tuple[str, ...]:
        """The starting checkpoint, the rows, and the held-out rows."""
        return (self.model, *self.data, *((self.measure_on,) if self.measure_on else ()))


class RewardStage(TrainSettings):
    """A reward model, trained on preference pairs.

    Attributes:
        data: The stage whose pairs are trained on.
        held_out: Share of the pairs, by prompt, that are kept for measuring its accuracy.
    """

    type: Literal["reward"] = "reward"
    data: StageName
    held_out: Rate = 0.2

    @property
    def references(self) -> tuple[str, ...]:
        """The starting checkpoint and the pairs."""
        return (self.model, self.data)


class DpoStage(TrainSettings):
    """Offline preference training (DPO).

    Attributes:
        data: The stage whose pairs are trained on.
        reference: The stage whose checkpoint is the reference policy; the starting checkpoint if left out.
        beta: Strength of the pull towards the reference.
        loss: TRL's name of the loss.
        held_out: Share of the pairs, by prompt, that are kept for measuring the margin.
    """

    type: Literal["dpo"] = "dpo"
    data: StageName
    reference: StageName | None = None
    beta: Annotated[float, Field(gt=0)] = 0.1
    loss: str = "sigmoid"
    held_out: Annotated[float, Field(ge=0, lt=1)] = 0.1

    @property
    def references(self) -> tuple[str, ...]:
        """The starting checkpoint, the reference and the pairs."""
        return (self.model, *((self.reference,) if self.reference else ()), self.data)


class WatchSettings(Strict):
    """Signs of reward hacking; each is measured on held-out prompts after a round and compared with the first policy.

    Attributes:
        longer: Warn when completions are longer by this factor.
        repetition: Warn when the share of repeated passages rises by this much.
        drift: Warn when the share of completions in the expected language falls by this much.
        stop: Stop at a warning, and keep the round before, in place of going on.
    """

    longer: Annotated[float, Field(gt=1)] = 1.5
    repetition: Annotated[float, Field(gt=0)] = 0.1
    drift: Annotated[float, Field(gt=0)] = 0.1
    stop: bool = False


class OnlineStage(TrainSettings):
    """Online iterative DPO: sample from the policy, rank by reward, train on best against worst, again.

    Attributes:
        prompts: The stage whose rows give the prompts.
        reference: The stage whose checkpoint is the reference of every round; the start of this stage if left out.
        arbiters: Who scores the samples.
        algorithm: ``dpo``, or as a control ``rloo`` or ``grpo``: these train on the rewards of the samples themselves,
            not on pairs, with ``batch_size`` prompts of ``samples`` completions in a step. They take one round, and
            ``beta`` holds the policy to the start of the stage.
        rounds: Number of rounds.
        first_round: Number of the first round, where earlier rounds are stages of their own: prompts are split over
            rounds by number, so that each round has fresh ones.
        prompts_per_round: Prompts that are sampled in a round.
        held_out_prompts: Prompts that no round trains on; every round is measured on them. They are the same for all
            seeds.
        samples: Completions of each prompt.
        sampling: How they are sampled.
        least_gap: Prompts whose best and worst reward differ by less give no pair.
        beta: As in ``dpo``.
        loss: As in ``dpo``.
        patience: Stop when the mean reward on held-out prompts has not risen by ``least_gain`` for so many rounds, and
            keep the best round. 0 turns it off.
        least_gain: Least gain of mean reward, in standard errors of the paired difference.
        watch: Signs of reward hacking.
    """

    type: Literal["online"] = "online"
    prompts: StageName
    reference: StageName | None = None
    arbiters: Annotated[tuple[ArbiterSettings, ...], Field(min_length=1)]
    algorithm: Literal["dpo", "rloo", "grpo"] = "dpo"
    rounds: Annotated[int, Field(gt=0)] = 3
    first_round: Annotated[int, Field(gt=0)] = 1
    prompts_per_round: Annotated[int, Field(gt=0)] = 1000
    held_out_prompts: Annotated[int, Field(gt=1)] = 100
    samples: Annotated[int, Field(gt=1)] = 4
    sampling: SamplingSettings = SamplingSettings()
    least_gap: Annotated[float, Field(ge=0)] = 0.0
    beta: Annotated[float, Field(gt=0)] = 0.1
    loss: str = "sigmoid"
    patience: Annotated[int, Field(ge=0)] = 1
    least_gain: float = 0.0
    watch: WatchSettings = WatchSettings()

    version: ClassVar[int] = 2
    is_shared: ClassVar[bool] = False

    @property
    def references(self) -> tuple[str, ...]:
        """The starting checkpoint, the reference, the prompts and the arbiters' checkpoints."""
        return (
            self.model,
            *((self.reference,) if self.reference else ()),
            self.prompts,
            *(arbiter.stage for arbiter in self.arbiters if arbiter.stage),
        )


class SearchSettings(Strict):
    """A search of the weights of a merge on held-out rows.

    The rows must not be those that are reported: the best of many trials is better there by chance.

    Attributes:
        measure_on: The mixture whose held-out rows score each trial: minus the loss on them, by language.
        parts: Weights are tried in steps of one part of this number, corners included.
        by: ``average`` over languages, or the ``lowest`` language.
        max_length: Most tokens of a row.
    """

    measure_on: StageName
    parts: Annotated[int, Field(gt=0, le=20)] = 4
    by: Literal["average", "lowest"] = "average"
    max_length: Annotated[int, Field(gt=1)] = 1024


class MergeStage(StageSettings):
    """One checkpoint from several; see :class:`polyarena.harness.stages.merging.settings.MergeSettings`.

    Attributes:
        models: The stages whose checkpoints are merged; or
        steps_of: one training stage with ``keep_steps``, whose checkpoints within the run are merged.
        search: Find the weights on held-out rows, in place of stating them.
        base: The common ancestor that ``ties`` and ``dare_ties`` take differences from.
        method: How.
        weights: By model; equal if left out.
        density: Share of each difference that ``ties`` and ``dare_ties`` keep.
        normalize: Whether merged values are divided by the sum of the weights that took part; if left out, yes, but for
            ``dare_ties`` no, as in mergekit.
        rescale: Whether ``dare_ties`` scales what it has drawn back.
        scale: Factor of the merged difference that is added to the base.
        dtype: Of the output; ``float32`` between stages, so that small differences survive.
    """

    type: Literal["merge"] = "merge"
    models: tuple[StageName, ...] = ()
    steps_of: StageName | None = None
    search: SearchSettings | None = None
    base: StageName | None = None
    method: Literal["linear", "slerp", "ties", "dare_ties"] = "linear"
    weights: Mapping[StageName, Weight] = {}
    density: Annotated[float, Field(gt=0, le=1)] = 0.5
    normalize: bool | None = None
    rescale: bool = True
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"

    makes_checkpoint: ClassVar[bool] = True

    @property
    def references(self) -> tuple[str, ...]:
        """The checkpoints and their ancestor."""
        others = (self.steps_of, self.base, self.search.measure_on if self.search else None)
        return (*self.models, *(name for name in others if name))
