"""A training stage as a system: the checkpoint of one stage of a pipeline, answered by the ``hf`` model type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.harness.models.lm_eval.hf_arguments import CLASS_ARGUMENTS, OWN_ARGUMENTS
from polyarena.harness.models.lm_eval.model_type import LmEvalType
from polyarena.harness.models.protocol import Model, ModelContext
from polyarena.harness.stages.outputs import Output, stage_output
from polyarena.tasks.errors import ExperimentError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.suggest import closest

ARGUMENTS = ("pipeline", "stage")
"""Arguments of its own; all others are those of ``hf``."""
DECIDED = ("pretrained", "tokenizer", "gguf_file", "revision", "subfolder", "peft")
"""Arguments of ``hf`` that the stage decides."""
PASSED_ON = (
    "attn_implementation", "bnb_4bit_compute_dtype", "device_map", "load_in_4bit", "load_in_8bit", "low_cpu_mem_usage",
    "quantization_config",
)  # fmt: skip
"""Arguments of ``from_pretrained`` that make sense for any checkpoint of a stage."""


@dataclass(frozen=True, slots=True)
class StageType:
    """The model type ``stage``; a :class:`polyarena.harness.models.protocol.ModelType`.

    Arguments: ``pipeline``, the pipeline file, relative to the experiment file; ``stage``, the name of a stage that
    makes a checkpoint, or a round of one (``online/round-2``); and those of ``hf``, such as ``dtype`` and
    ``batch_size``.
    """

    inputs = frozenset({"text"})

    @property
    def _hf(self) -> LmEvalType:
        return LmEvalType("hf")

    def check(self, args: Mapping[str, Any], context: ModelContext, where: str) -> None:
        """Refuse an argument that does not exist, and a stage that does not exist or has not been trained."""
        for name in DECIDED:
            if name in args:
                raise ExperimentError(
                    f"`{name}` is decided by the stage",
                    where=where,
                    fix="take it out, or use `model: hf` for a folder of your own",
                )
        known = {*ARGUMENTS, *OWN_ARGUMENTS, *CLASS_ARGUMENTS, *PASSED_ON} - {*DECIDED}
        for name in args:
            if name not in known:
                near = closest(name, known)
                raise UnknownNameError(
                    f"unknown argument of `stage` {name!r}",
                    where=where,
                    fix=f"did you mean {near[0]!r}?" if near else "take it out; docs/systems.md says what there is",
                )
        self._hf.check(self._arguments(args, context, where), context, where)

    def supports(self, kind: Kind) -> bool:
        """As ``hf``."""
        return self._hf.supports(kind)

    def shares_batches(self, args: Mapping[str, Any]) -> bool:
        """As ``hf``."""
        return self._hf.shares_batches(args)

    def endpoint(self, args: Mapping[str, Any]) -> None:
        """Nobody is asked."""

    def identity(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Mapping[str, str]:
        """Return the identity of ``hf`` with the content digest of the stage's output in the place of its folder.

        The content counts, not the place: a pipeline that was trained again to the same bytes leaves results valid.
        """
        output = _output(args, context, "")
        identity = dict(self._hf.identity(_others(args), context, language))
        return {**identity, "type": "stage", "stage": output.label, "content": f"sha256:{output.content}"}

    def load(self, args: Mapping[str, Any], chat_template: bool | str, context: ModelContext) -> Model:
        """Load the checkpoint."""
        return self._hf.load(self._arguments(args, context, ""), chat_template, context)

    def _arguments(self, args: Mapping[str, Any], context: ModelContext, where: str) -> dict[str, Any]:
        return {**_others(args), "pretrained": str(_output(args, context, where).folder)}


def _others(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if name not in ARGUMENTS}


def _output(args: Mapping[str, Any], context: ModelContext, where: str) -> Output:
    for name in ARGUMENTS:
        if not isinstance(args.get(name), str):
            raise ExperimentError(
                f"the model type 'stage' needs the argument {name!r}",
                where=where,
                fix="args: {pipeline: stages.yaml, stage: NAME}",
            )
    return stage_output(Path(context.base) / args["pipeline"], args["stage"], where)


build = StageType()
"""The entry point."""
