"""From scored answers of any tool, one a row, to cells of a run: languages, tasks, metrics that can be used."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyarena.harness.importing.lm_eval import ImportedCell, LmEvalResult
from polyarena.harness.importing.task_languages import field_language, task_language, without_language
from polyarena.harness.lock import digest
from polyarena.reports.metric_facts import metric_facts
from polyarena.tasks.errors import DataError
from polyarena.tasks.identify import identify
from polyarena.tasks.item import Kind
from polyarena.tasks.records import Completion, Score
from polyarena.tasks.signature import Signature
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import split_thought


@dataclass(frozen=True)
class ScoredItem:
    """One answer of a system with its scores, as another tool stored it.

    Attributes:
        system: The model.
        task: The tool's name of the task.
        item_id: The item, within task and language.
        prompt: What was asked; empty if it is not stored.
        scores: Value by metric.
        where: File and place, for messages.
        sample: Counts repeated answers to one item.
        source_id: Shared by all translations of the item; the item if left out.
        text: The answer; ``None`` if it is not stored.
        fields: Fields that may name a language.
        config: Name of the configuration of the data set.
        dataset: Name of the data set.
        version: Of the task.
        language: Code, where the tool says it outright.
        statistics: Of metrics of a corpus, by metric.
    """

    system: str
    task: str
    item_id: str
    prompt: str
    scores: Mapping[str, float]
    where: str
    sample: int = 0
    source_id: str = ""
    text: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    config: str = ""
    dataset: str = "unknown"
    version: str = "unknown"
    language: str = ""
    statistics: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def add_cells(result: LmEvalResult, rows: Sequence[ScoredItem], tool: str, default: str | None, path: Path) -> None:
    """Add the cells of rows to a result; what cannot be used is counted there.

    Args:
        result: Takes the cells.
        rows: In any order.
        tool: With its version, such as ``inspect 0.3.285``; part of the signature of each score.
        default: Code of the language of rows of which no rule finds it.
        path: For messages.

    Raises:
        DataError: An item appears twice.
    """
    cells: defaultdict[tuple[str, str, str], list[ScoredItem]] = defaultdict(list)
    for row in rows:
        named = task_language(row.task, row.config or None)
        code = row.language or field_language(row.fields) or named.code or default
        if code is None:
            result.left_out.skip_row(
                f"an item of {row.task}, whose language could not be found: {named.why}",
                row.item_id,
                DataError(
                    f"the language of {row.task} could not be found",
                    where=path,
                    why=named.why,
                    fix="give it with --language CODE",
                ),
            )
            continue
        cells[row.system, row.task, code].append(row)
    for (system, task, code), own in cells.items():
        _add_cell(result, system, task, code, own, tool, path)


def _add_cell(
    result: LmEvalResult, system: str, task: str, code: str, rows: Sequence[ScoredItem], tool: str, path: Path
) -> None:
    seen: dict[tuple[str, int], str] = {}
    for row in rows:
        earlier = seen.setdefault((row.item_id, row.sample), row.where)
        if earlier != row.where:
            raise DataError(
                f"the item {row.item_id} of {task} appears twice",
                where=row.where,
                why=f"it is also at {earlier}",
                fix="keep one of the two",
            )
    metrics = _metrics(result, task, rows)
    if not metrics:
        result.left_out.skip_row(
            "a task of which no metric can be represented",
            task,
            DataError(f"the task {task} cannot be imported", where=path, why="it has no scores that can be used"),
        )
        return
    named = task_language(task, rows[0].config or None)
    short = without_language(task, named.text) if named.in_name and named.code == code else task
    cell = ImportedCell(
        system=system,
        lm_task=task,
        task=short,
        language=code,
        kind=Kind.GENERATIVE,
        version=f"{tool.split()[0]}-{rows[0].version}",
        dataset=rows[0].dataset,
        limit=None,
        metrics=tuple(metrics),
    )
    cell.completions = [_completion(cell, row) for row in rows]
    cell.scores = [
        Score(
            system=system,
            task=short,
            language=code,
            item_id=row.item_id,
            sample_index=row.sample,
            source_id=row.source_id or row.item_id,
            metric=metric,
            value=float(row.scores[metric]),
            signature=str(Signature({"metric": metric, "tool": tool})),
            statistics=row.statistics.get(metric),
        )
        for metric in metrics
        for row in rows
        if metric in row.scores
    ]
    cell.digests = {"items": digest(sorted({(row.item_id, row.prompt) for row in rows}))}
    result.cells.append(cell)


def _metrics(result: LmEvalResult, task: str, rows: Sequence[ScoredItem]) -> list[str]:
    """Return the metrics of which every item has a finite value in the range."""
    found = []
    for metric in dict.fromkeys(name for row in rows for name in row.scores):
        facts = metric_facts(metric)
        values = [row.scores.get(metric, math.nan) for row in rows]
        low = -math.inf if facts.low is None else facts.low
        high = math.inf if facts.high is None else facts.high
        corpus = any(metric in row.statistics for row in rows)
        if not all(math.isfinite(value) for value in values):
            result.left_out.skip("a metric that has no finite number for each item", f"{task}: {metric}")
        elif not corpus and (min(values) < low or max(values) > high):
            result.left_out.skip(f"a metric that has values outside of {low:g} to {high:g}", f"{task}: {metric}")
        else:
            found.append(metric)
    return found


def _completion(cell: ImportedCell, row: ScoredItem) -> Completion:
    base = Completion(
        system=cell.system,
        task=cell.task,
        language=cell.language,
        item_id=row.item_id,
        sample_index=row.sample,
        source_id=row.source_id or row.item_id,
        prompt=sanitize_text(row.prompt),
    )
    if row.text is None:
        return base
    split = split_thought(sanitize_text(row.text))
    found = identify(split.answer)
    return Completion(
        **{name: getattr(base, name) for name in ("system", "task", "language", "item_id", "sample_index", "source_id",
                                                  "prompt")},
        text=split.answer,
        thought=split.thought,
        thought_ended=None if split.thought is None else split.ended,
        identified_language=found.language,
        identified_probability=found.probability,
        identified_script=found.script,
    )  # fmt: skip
