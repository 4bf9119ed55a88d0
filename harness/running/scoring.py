"""Scores stored completions; scores are cheap, so they are recomputed if they are missing or stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from polyarena.harness.lock.digest import digest
from polyarena.harness.planning import Plan
from polyarena.harness.planning.items import load_items
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.harness.store import RunFolder, read_shard, shard_metadata, write_shard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError
from polyarena.tasks.finish_reasons import is_refused_by_host
from polyarena.tasks.hooks import metric_signature_of, statistics_of
from polyarena.tasks.item import Item
from polyarena.tasks.records import SCORE_SCHEMA, Completion, Score
from polyarena.tasks.signature import Signature


def scores_key(task: ResolvedTask, language: str, content: str) -> str:
    """Return the key of the scores of a cell with this content."""
    signatures = [str(metric_signature(task, metric)) for metric in task.metrics(language)]
    return digest([task.card.name, task.card.version, signatures, content])


def metric_signature(task: ResolvedTask, metric: str) -> Signature:
    """Return how the task computes a metric (see :class:`polyarena.tasks.hooks.HasMetricSignature`)."""
    return metric_signature_of(task.task, metric)


class ScoredCell(Protocol):
    """A cell by its names."""

    @property
    def system(self) -> str:
        """Name of the system."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def language(self) -> str:
        """``lang_Script``."""


def store_scores(
    folder: RunFolder,
    cell: ScoredCell,
    task: ResolvedTask,
    items: Sequence[Item],
    completions: Sequence[Completion],
    content: str,
) -> None:
    """Score the completions of one cell and store the scores; tasks without metrics store nothing.

    A prompt that the host refused has no score: nothing was generated for it.

    Args:
        folder: The run folder.
        cell: The cell.
        task: Its task.
        items: All items of the cell, those without an answer included.
        completions: The answers.
        content: Digest of the completions, for the key of the scores.
    """
    metrics = task.metrics(cell.language)
    if not metrics:
        return
    by_id = {item.item_id: item for item in items}
    signatures = {metric: str(metric_signature(task, metric)) for metric in task.card.metrics}
    scores = [
        Score(
            system=completion.system,
            task=completion.task,
            language=completion.language,
            item_id=completion.item_id,
            sample_index=completion.sample_index,
            source_id=completion.source_id,
            metric=metric,
            value=float(value),
            signature=signatures[metric],
            statistics=statistics.get(metric),
            category=by_id[completion.item_id].category,
        )
        for completion in completions
        if not is_refused_by_host(completion.text, completion.finish_reason) or completion.loglikelihoods
        for statistics in [_statistics(task, by_id[completion.item_id], completion)]
        for metric, value in metric_values(task, by_id[completion.item_id], completion).items()
        if metric not in task.unscored.get(cell.language, ())
    ]
    path = folder.scores(cell.system, cell.task, cell.language)
    write_shard(path, scores, SCORE_SCHEMA, {"key": scores_key(task, cell.language, content)})


def metric_values(task: ResolvedTask, item: Item, completion: Completion) -> Mapping[str, float]:
    """Return the value of each metric of an answer.

    Raises:
        DataError: The task returns a metric that its card does not list.
    """
    values = task.task.score(item, completion)
    for metric in values:
        if metric not in task.card.metrics:
            raise DataError(
                f"the task {task.card.name!r} returns the metric {metric!r}, which its card does not list",
                where=f"{completion.language}, {completion.item_id}",
                why=f"the card lists: {', '.join(task.card.metrics) or 'no metric'}",
                fix="report it to the authors of the task",
            )
    return values


def _statistics(task: ResolvedTask, item: Item, completion: Completion) -> dict[str, tuple[float, ...]]:
    summed = statistics_of(task.task)(item, completion)
    return {metric: tuple(map(float, values)) for metric, values in summed.items()}


def restore_scores(plan: Plan) -> None:
    """Score stored cells whose scores are missing or of another version of the task; needs the data, no model."""
    data = DataSource(plan.data_root)
    for cell in plan.cells:
        task = plan.task(cell.task)
        if not cell.stored or not task.metrics(cell.language):
            continue
        path = plan.folder.cell(cell.system, cell.task, cell.language)
        content = shard_metadata(path)["content"]
        if shard_metadata(plan.folder.scores(cell.system, cell.task, cell.language)).get("key") != scores_key(
            task, cell.language, content
        ):
            items = load_items(task, cell.language, data)
            store_scores(plan.folder, cell, task, items, read_shard(path, Completion), content)
