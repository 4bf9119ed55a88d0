"""Measures how often an item's value depends on what stands in a batch with it.

Sums of floating-point numbers depend on their order, and the order on the batch. Where two choices or two next tokens
are nearly as likely, that decides between them: such items differ between two runs of one model on another machine,
batch size or engine. A share of the items of each cell is scored or answered once more, in batches of half the size,
and the values are compared. What is stored are the answers of the first time.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from statistics import fmean
from typing import cast

from polyarena.harness.events import FlipsMeasured
from polyarena.harness.models.protocol import BatchingModel, Model
from polyarena.harness.running.open_cell import OpenCell
from polyarena.harness.running.scoring import metric_values
from polyarena.tasks.errors import ModelError
from polyarena.tasks.hooks import statistics_of
from polyarena.tasks.records import Completion

SHARE = 0.05
"""Of the items of a cell that are computed twice: rounded up for multiple choice, down for texts, which cost more."""


def measure_flips(cell: OpenCell, model: Model, completions: Sequence[Completion]) -> Iterator[FlipsMeasured]:
    """Yield how many items of a cell get another value in other batches; nothing where the model has none.

    Args:
        cell: A cell, or a range of its items.
        model: That answered it.
        completions: Its answers.
    """
    part = _part(cell)
    if not part.items or not hasattr(model, "halved_batches"):
        return
    before = _values(part, completions)
    if not cell.is_choice and not any(before.values()):
        # Answers that only a judge can compare, or metrics of a whole corpus.
        return
    batching = cast(BatchingModel, model)
    with batching.halved_batches(texts=not cell.is_choice) as possible, suppress(ModelError):
        if possible:
            yield _compared(part, before, _values(part, part.ask(model)))


def _part(cell: OpenCell) -> OpenCell:
    """Return the share of a cell that is computed twice."""
    count = SHARE * len(cell.items)
    items = cell.items[: math.ceil(count) if cell.is_choice else math.floor(count)]
    chosen = {item.item_id for item in items}
    return replace(cell, items=items, asked=[each for each in cell.asked if each[0].item_id in chosen])


def _values(cell: OpenCell, completions: Sequence[Completion]) -> dict[str, Mapping[str, float]]:
    """Return the values of each item by metric, means over its samples; without metrics of a whole corpus."""
    items = {item.item_id: item for item in cell.items}
    summed = statistics_of(cell.task.task)
    metrics = cell.task.metrics(cell.planned.language)
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in items}
    for completion in completions:
        if completion.item_id not in items:
            continue
        item = items[completion.item_id]
        whole = summed(item, completion)
        for metric, value in metric_values(cell.task, item, completion).items():
            if metric in metrics and metric not in whole:
                found[item.item_id][metric].append(value)
    return {name: {metric: fmean(each) for metric, each in values.items()} for name, values in found.items()}


def _compared(
    cell: OpenCell, before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> FlipsMeasured:
    metrics = [
        name for name in cell.task.metrics(cell.planned.language) if any(name in each for each in before.values())
    ]
    flips = {
        metric: sum(values[metric] != after[name].get(metric) for name, values in before.items() if metric in values)
        for metric in metrics
    }
    planned = cell.planned
    return FlipsMeasured(planned.system, planned.task, planned.language, len(cell.items), flips)
