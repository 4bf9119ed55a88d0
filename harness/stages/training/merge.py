"""The stage ``merge``: one checkpoint from several."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from polyarena.harness.stages.files import HELD_OUT, RESULTS, read_rows, write_json
from polyarena.harness.stages.merging import MergeMethod, MergeSettings
from polyarena.harness.stages.merging.merge import merge_checkpoints
from polyarena.harness.stages.merging.run_checkpoints import run_checkpoints
from polyarena.harness.stages.merging.weight_search import search_weights, weight_grid
from polyarena.harness.stages.parts import PARTS
from polyarena.harness.stages.pipeline.training_stages import MergeStage, SearchSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.training.logprobs import loss_by_language
from polyarena.harness.stages.training.models import load_model, load_tokenizer, release
from polyarena.harness.stages.training.trainers import KEPT, prepare
from polyarena.tasks.errors import DataError

TRIALS = "trials"


def run(stage: MergeStage, context: StageContext) -> None:
    """Merge the checkpoints of the input stages, or those within one run, tensor by tensor.

    Raises:
        DataError: They are not of one architecture and vocabulary, or there are no held-out rows to search weights on.
    """
    context.report("merging", 0, 1, {})
    folders = {name: context.inputs[name] for name in stage.models}
    if stage.steps_of is not None:
        folders = run_checkpoints(context.inputs[stage.steps_of] / KEPT)
    if stage.search is None:
        _merge(stage, context, folders, stage.weights, context.folder)
        return
    prepare(context)
    weights, results = _searched(stage, stage.search, context, folders)
    _merge(stage, context, folders, weights, context.folder)
    write_json(context.folder / RESULTS, results)


def _merge(
    stage: MergeStage, context: StageContext, folders: Mapping[str, Path], weights: Mapping[str, float], output: Path
) -> None:
    merge_checkpoints(
        folders,
        output,
        MergeSettings(
            method=MergeMethod(stage.method),
            weights=dict(weights),
            density=stage.density,
            normalize=stage.normalize,
            rescale=stage.rescale,
            scale=stage.scale,
            dtype=stage.dtype,
        ),
        base=context.inputs[stage.base] if stage.base else None,
        seed=context.seed,
    )


def _searched(
    stage: MergeStage, search: SearchSettings, context: StageContext, folders: Mapping[str, Path]
) -> tuple[Mapping[str, float], dict[str, object]]:
    """Return the best weights and what every trial scored."""
    rows = read_rows(context.inputs[search.measure_on], HELD_OUT)
    if not rows:
        raise DataError(
            "there are no held-out rows to search weights on",
            where=stage.name,
            fix=f"set `held_out` in the stage {search.measure_on}",
        )
    candidates = weight_grid(list(folders), search.parts)
    trials = context.folder / TRIALS

    def score(folder: Path) -> dict[str, float]:
        context.report("searching weights", int(folder.name.rpartition("-")[2]), len(candidates), {})
        model = load_model(folder, context.device)
        losses = loss_by_language(model, load_tokenizer(folder), rows, search.max_length)
        del model
        release()
        for path in folder.iterdir():
            path.unlink()
        return {language: -each["loss"] for language, each in losses.items()}

    found = search_weights(candidates, lambda weights, folder: _merge(stage, context, folders, weights, folder), score,
                           trials, context.folder / PARTS / "trials.jsonl")  # fmt: skip
    shutil.rmtree(trials, ignore_errors=True)
    best = found.best_average if search.by == "average" else found.best_minimum
    return best.weights, {
        "weights": dict(best.weights),
        "by": search.by,
        "best_average": {"weights": dict(found.best_average.weights), "average": found.best_average.average},
        "best_lowest": {"weights": dict(found.best_minimum.weights), "lowest": found.best_minimum.lowest},
        "trials": json.loads(found.table().to_json(orient="records")),
    }
