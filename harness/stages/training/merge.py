"""The stage ``merge``: one checkpoint from several."""

from __future__ import annotations

from polyarena.harness.stages.merging import MergeMethod, MergeSettings
from polyarena.harness.stages.merging.merge import merge_checkpoints
from polyarena.harness.stages.pipeline.training_stages import MergeStage
from polyarena.harness.stages.protocol import StageContext


def run(stage: MergeStage, context: StageContext) -> None:
    """Merge the checkpoints of the input stages, tensor by tensor.

    Raises:
        DataError: They are not of one architecture and vocabulary.
    """
    context.report("merging", 0, 1, {})
    merge_checkpoints(
        {name: context.inputs[name] for name in stage.models},
        context.folder,
        MergeSettings(
            method=MergeMethod(stage.method),
            weights=stage.weights,
            density=stage.density,
            normalize=stage.normalize,
            rescale=stage.rescale,
            scale=stage.scale,
            dtype=stage.dtype,
        ),
        base=context.inputs[stage.base] if stage.base else None,
        seed=context.seed,
    )
