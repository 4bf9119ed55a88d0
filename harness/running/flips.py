"""Measures how often an item's value depends on what stands in a batch with it.

Sums of floating-point numbers depend on their order, and the order on the batch. Where two choices are nearly as
likely, that decides between them: such items differ between two runs of one model on another machine, batch size or
engine. A share of the items of each cell of multiple choice is scored once more, in batches of half the size, and the
values are compared. What is stored are the answers of the first time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from polyarena.harness.events import FlipsMeasured
from polyarena.harness.models.protocol import BatchingModel, Model
from polyarena.harness.running.open_cell import OpenCell
from polyarena.harness.running.scoring import metric_values
from polyarena.tasks.errors import ModelError
from polyarena.tasks.hooks import statistics_of
from polyarena.tasks.records import Completion

SHARE = 0.05
"""Of the items of a cell that are scored twice; at least one is."""


def measure_flips(cell: OpenCell, model: Model, completions: Sequence[Completion]) -> Iterator[FlipsMeasured]:
    """Yield how many items of a cell get another value in other batches; nothing where the model has none.

    Args:
        cell: A cell, or a range of its items.
        model: That answered it.
        completions: Its answers.
    """
    if not cell.is_choice or not cell.items or not hasattr(model, "halved_batches"):
        return
    batching = cast(BatchingModel, model)
    part = replace(cell, items=cell.items[: math.ceil(SHARE * len(cell.items))], asked=())
    with batching.halved_batches() as possible, suppress(ModelError):
        if possible:
            again = part.ask(model)
            yield _compared(part, completions[: len(part.items)], again)


def _compared(cell: OpenCell, first: Sequence[Completion], again: Sequence[Completion]) -> FlipsMeasured:
    flips = dict.fromkeys(cell.task.metrics(cell.planned.language), 0)
    summed = statistics_of(cell.task.task)
    for item, one, other in zip(cell.items, first, again, strict=True):
        values = metric_values(cell.task, item, other)
        for metric, value in metric_values(cell.task, item, one).items():
            if metric in summed(item, one):
                # Of the whole corpus: one item has no value of its own.
                flips.pop(metric, None)
            elif metric in flips:
                flips[metric] += values.get(metric) != value
    planned = cell.planned
    return FlipsMeasured(planned.system, planned.task, planned.language, len(cell.items), flips)
