"""Our metrics for generated answers under lm-eval.

A metric of a whole corpus gives its statistics for each document, and its formula makes the number of their sum; every
other metric is the mean over documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyarena.harness.lm_eval_tasks.documents import item_of
from polyarena.tasks.hooks import statistics_of
from polyarena.tasks.item import Item
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.records import Completion
from polyarena.tasks.registry import find_task
from polyarena.tasks.thinking import split_thought

_AGGREGATE = "aggregate "


def process_results(doc: dict[str, Any], results: Sequence[str]) -> Mapping[str, Any]:
    """Score one generated answer with the task's own metrics; empty for tasks that are only judged.

    A thought before the answer is dropped, as in a run of ours; lm-eval's ``think_end_token`` need not be set.
    """
    item, task = item_of(doc), find_task(doc["polyarena_task"])
    completion = replace(_unanswered(item, doc["polyarena_task"]), text=split_thought(results[0]).answer)
    return {**task.score(item, completion), **statistics_of(task)(item, completion)}


def process_choices(doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> Mapping[str, float]:
    """Score the log-likelihoods of the choices of one item with the task's own metrics: credit for ties is shared."""
    item, task = item_of(doc), find_task(doc["polyarena_task"])
    completion = replace(
        _unanswered(item, doc["polyarena_task"]),
        loglikelihoods=tuple(float(loglikelihood) for loglikelihood, _ in results),
        choice_bytes=tuple(len(choice.encode()) for choice in item.choices),
    )
    return task.score(item, completion)


def _unanswered(item: Item, task: str) -> Completion:
    return Completion(
        system="lm-eval",
        task=task,
        language=item.language,
        item_id=item.item_id,
        sample_index=0,
        source_id=item.source_id,
        prompt=item.full_prompt,
    )


def __getattr__(name: str) -> Callable[[Sequence[Any]], float]:
    """Return the aggregation of the metric that a task file names as ``aggregate <metric>``."""
    if not name.startswith(_AGGREGATE):
        raise AttributeError(name)
    metric = name.removeprefix(_AGGREGATE)

    def aggregate(values: Sequence[Any]) -> float:
        import numpy as np

        if values and isinstance(values[0], Sequence):
            formula = find_metric(metric).corpus
            if formula is None:
                raise ValueError(f"{metric} has no formula for a corpus")
            return float(formula(np.asarray(values, dtype=np.float64).sum(axis=0)))
        return float(np.mean(values))

    return aggregate
