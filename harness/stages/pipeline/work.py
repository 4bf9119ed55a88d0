"""Which module does the work of which type of stages; it is imported when such a stage runs, and torch with it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from polyarena.harness.stages.memory import OTHER, memory_errors
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.protocol import StageContext, StageWork
from polyarena.tasks.errors import ModelError

WORK = {
    "base": "polyarena.harness.stages.training.conversion",
    "mixture": "polyarena.harness.stages.rows.mixture",
    "pool": "polyarena.harness.stages.training.pool",
    "arbitrage": "polyarena.harness.stages.rows.routing",
    "pairs": "polyarena.harness.stages.rows.pairs",
    "preferences": "polyarena.harness.stages.rows.preferred",
    "translated_pairs": "polyarena.harness.stages.training.translated_pairs",
    "safety": "polyarena.harness.stages.training.safety",
    "sft": "polyarena.harness.stages.training.sft",
    "reward": "polyarena.harness.stages.training.reward",
    "dpo": "polyarena.harness.stages.training.dpo",
    "online": "polyarena.harness.stages.training.online",
    "merge": "polyarena.harness.stages.training.merge",
}
"""The module of each type; its function ``run`` is a :class:`~polyarena.harness.stages.protocol.StageWork`."""
SETTINGS_CHECK = "polyarena.harness.stages.training.settings_check"
EXTRA = ("torch", "transformers", "trl", "peft", "accelerate")


def find_stage_work(type_name: str) -> StageWork[Any]:
    """Return what does the work of a type of stages.

    Raises:
        ModelError: A library of the extra ``train`` is missing.
    """
    run: StageWork[Any] = _module(type_name, WORK[type_name]).run

    def work(stage: Any, context: StageContext) -> None:
        # What samples, scores or trains names its own settings; this is for the rest, such as held-out rows.
        with memory_errors(stage.name, OTHER):
            run(stage, context)

    return work


def find_settings_check(type_name: str) -> Callable[[TrainSettings, str], None]:
    """Return what checks the settings of a training stage before it runs; errors as above."""
    check: Callable[[TrainSettings, str], None] = _module(type_name, SETTINGS_CHECK).check_training_settings
    return check


def _module(type_name: str, name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in EXTRA:
            raise
        raise ModelError(
            f"a stage of type {type_name!r} needs {error.name}", fix="pip install 'polyarena[train]'"
        ) from error
