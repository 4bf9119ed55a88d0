"""Results and samples of lm-eval (EleutherAI lm-evaluation-harness 0.4), one folder of one or several models."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.result import ImportResult
from polyarena.harness.importing.rows import files, lines
from polyarena.harness.importing.task_languages import field_language, task_language, without_language
from polyarena.harness.lock import digest
from polyarena.reports.metric_facts import metric_facts
from polyarena.tasks.errors import DataError
from polyarena.tasks.finish_reasons import is_refused_by_host
from polyarena.tasks.identify import identify
from polyarena.tasks.item import Kind
from polyarena.tasks.records import Completion, Score
from polyarena.tasks.signature import Signature
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import split_thought

_RESULTS = re.compile(r"results_(?P<date>.+)\.json")
_KINDS = {"multiple_choice": Kind.MULTIPLE_CHOICE, "generate_until": Kind.GENERATIVE}
_NOT_OF_THE_MEASUREMENT = ("metadata", "task", "dataset_kwargs")
"""Keys of a task's configuration that name the model, the task or a place on a disk."""
_TOLERANCE = 1e-6


@dataclass
class ImportedCell:
    """What one task of lm-eval gives in one language, under lm-eval's names.

    Attributes:
        system: The model.
        lm_task: lm-eval's name of the task.
        task: The same without the language.
        language: ``lang_Script``.
        kind: How items are answered.
        version: Of the task, with the number of examples shown.
        dataset: Path of the data set.
        limit: Items that were asked, where not all were; else ``None``.
        metrics: That could be represented, in lm-eval's order.
        completions: One of each item.
        scores: One of each item and metric.
        digests: Of the task's configuration and of its items.
    """

    system: str
    lm_task: str
    task: str
    language: str
    kind: Kind
    version: str
    dataset: str
    limit: int | None
    metrics: tuple[str, ...]
    completions: list[Completion] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


@dataclass
class LmEvalResult:
    """What a folder of lm-eval has.

    Attributes:
        cells: In the order of the files.
        facts: What is known of each model's run, by model.
        files: The files that were read.
        left_out: What is not imported, counted and named.
    """

    cells: list[ImportedCell] = field(default_factory=list)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    left_out: ImportResult = field(default_factory=ImportResult)


def read(path: Path, language: str | None = None) -> LmEvalResult:
    """Read a folder that lm-eval wrote.

    Args:
        path: A folder with ``results_*.json`` and ``samples_*.jsonl``, of one or several models.
        language: ``lang_Script`` of tasks of which no rule finds the language.

    Raises:
        DataError: There are no results, nothing in them can be represented, or a file is not what lm-eval writes.
    """
    result = LmEvalResult()
    taken: set[tuple[str, str]] = set()
    for file, content in results_files(path):
        _read_results(file, content, language, result, taken)
    if not result.cells:
        raise result.left_out.first_error or DataError("there is nothing to import", where=path)
    result.cells = _named_apart(result.cells)
    return result


def results_files(path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the files ``results_*.json`` with their contents, the newest first: of a task run twice, the later counts.

    Args:
        path: Such a file, or a folder that lm-eval wrote.

    Raises:
        DataError: There is none, or a file is not what lm-eval writes.
    """
    found = [file for file in files(path, (".json",)) if _RESULTS.fullmatch(file.name)]
    if not found:
        raise DataError("there are no results of lm-eval", where=path, why="no file is named results_*.json",
                        fix="give the folder that lm_eval --output_path wrote")  # fmt: skip
    for file in sorted(found, key=_date, reverse=True):
        content = read_json(file)
        if not isinstance(content, dict) or not isinstance(content.get("results"), dict):
            raise DataError("the file is no result of lm-eval", where=file, why="it has no object 'results'",
                            fix="give the folder that lm_eval --output_path wrote")  # fmt: skip
        yield file, content


def model_name(file: Path, content: Mapping[str, Any]) -> str:
    """Return the name of the model whose results a file contains."""
    config = _object(content.get("config"))
    return str(content.get("model_name") or config.get("model") or file.parent.name)


def averages(
    content: Mapping[str, Any], default: str | None, *, groups: bool
) -> Iterator[tuple[str, str | None, str, float, object]]:
    """Yield the averages of a file: task without its language, language, metric, value and standard error as printed.

    A group of tasks has no language of its own. A metric of a filter has its name behind it, as in ``read``.

    Args:
        content: Of a file ``results_*.json``.
        default: ``lang_Script`` of tasks of which no rule finds the language.
        groups: Whether to yield the averages of groups too.
    """
    for name, values in content["results"].items():
        config = _object(_object(content.get("configs")).get(name))
        if not config and not groups:
            continue
        general = (
            field_language(_object(config.get("metadata"))) or task_language(name, config.get("dataset_name")).code
        )
        language = (general or default) if config else None
        task = _short_name(name, language, config) if language else name
        for printed, value in _object(values).items():
            metric, comma, filtered = printed.partition(",")
            if comma and not metric.endswith("_stderr") and isinstance(value, (int, float)) and math.isfinite(value):
                shown = metric if filtered == "none" else f"{metric}-{filtered}"
                yield task, language, shown, float(value), values.get(f"{metric}_stderr,{filtered}")


def _date(file: Path) -> str:
    found = _RESULTS.fullmatch(file.name)
    return found["date"] if found else ""


def _read_results(
    file: Path, content: Mapping[str, Any], language: str | None, result: LmEvalResult, taken: set[tuple[str, str]]
) -> None:
    result.files.append(file)
    config = _object(content.get("config"))
    system = model_name(file, content)
    configs, groups = _object(content.get("configs")), _object(content.get("group_subtasks"))
    left_out = result.left_out
    for name, values in content["results"].items():
        task_config = configs.get(name)
        if not isinstance(task_config, dict):
            left_out.skip("an average over a group (its tasks are imported, and averaged here)" if groups.get(name)
                          else "a task without a configuration", name)  # fmt: skip
            continue
        samples = file.with_name(f"samples_{name}_{_date(file)}.jsonl")
        if not samples.is_file():
            left_out.skip_row("a task without samples: only its averages are there, without the scores of items", name,
                DataError(
                    f"the results of {name} have no samples",
                    where=file,
                    why="averages alone have no items: no interval that resamples items, no paired comparison and no "
                    "gate can be computed from them",
                    fix="run lm_eval again with --log_samples, and import the folder that it writes; or import the "
                    "averages as published values, with an --output that ends in .csv",
                ))  # fmt: skip
            continue
        if (system, name) in taken:
            left_out.skip("an older run of the same model and task", f"{name}, {file.name}")
            continue
        before = len(result.cells)
        _read_samples(samples, file, name, system, content, _object(values), language, result)
        if len(result.cells) > before:
            taken.add((system, name))
            result.files.append(samples)
            result.facts.setdefault(system, _facts(content, config))


def _facts(content: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    template = content.get("chat_template_sha")
    return {
        "lm-eval": str(content.get("lm_eval_version") or "unknown"),
        "model type": str(config.get("model") or "unknown"),
        "model arguments": str(config.get("model_args") or "none"),
        "generation arguments": str(config.get("gen_kwargs") or "those of the task"),
        "chat template": str(template)[:12] if template else "none",
        **({"model revision": str(config["model_sha"])} if config.get("model_sha") else {}),
    }


def _read_samples(
    samples: Path, file: Path, name: str, system: str, content: Mapping[str, Any], values: Mapping[str, Any],
    language: str | None, result: LmEvalResult,
) -> None:  # fmt: skip
    left_out, config = result.left_out, content["configs"][name]
    kind = _KINDS.get(str(config.get("output_type")))
    if kind is None:
        why = f"its output type is {config.get('output_type')!r}"
        left_out.skip_row("a task with an output type that has no counterpart", f"{name}: {config.get('output_type')}",
                          DataError(f"the task {name} cannot be imported", where=file, why=why))  # fmt: skip
        return
    rows = list(lines(samples, ("doc_id", "doc", "resps", "arguments")))
    by_filter: defaultdict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for where, row in rows:
        by_filter[str(row.get("filter", "none"))].append((where, row))
    first = next(iter(by_filter.values()))
    _check_unique(by_filter.values())
    effective = _object(_object(content.get("n-samples")).get(name)).get("effective")
    whole = effective is None or effective == len(first)
    if not whole:
        left_out.skip("a task whose samples are not all there (those that are there are imported)",
                      f"{name}: {len(first)} of {effective} items")  # fmt: skip
    spoken = _languages(name, config, first, language, left_out, samples)
    if not spoken:
        return
    metrics = _metrics(name, content, values, by_filter, whole, left_out)
    if not metrics:
        why = "none of its metrics can be represented: " + "; ".join(each.what for each in left_out.unmapped)
        left_out.skip_row("a task of which no metric can be represented", name,
                          DataError(f"the task {name} cannot be imported", where=file, why=why))  # fmt: skip
        return
    short = {code: _short_name(name, code, config) for code in set(spoken.values())}
    shots = _object(content.get("n-shot")).get(name, config.get("num_fewshot")) or 0
    version = f"lm-eval-{_object(content.get('versions')).get(name, 'unknown')},{shots}-shot"
    original = _object(_object(content.get("n-samples")).get(name)).get("original")
    configuration = digest({key: each for key, each in config.items() if key not in _NOT_OF_THE_MEASUREMENT})
    for code in sorted(set(spoken.values())):
        own = {doc for doc, said in spoken.items() if said == code}
        cell = ImportedCell(
            system=system, lm_task=name, task=short[code], language=code, kind=kind, version=version,
            dataset=str(config.get("dataset_path") or "unknown"),
            limit=len(first) if original is not None and len(first) < original else None, metrics=tuple(metrics),
        )  # fmt: skip
        chosen = [(where, row) for where, row in first if str(row["doc_id"]) in own]
        cell.completions = [_completion(cell, row, where, config, left_out) for where, row in chosen]
        cell.digests = {
            "configuration": configuration,
            "items": digest([[str(row["doc_id"]), row["doc"], row.get("target")] for _, row in chosen]),
        }
        signature = {"lm_eval": content.get("lm_eval_version") or "unknown"}
        unanswered = {c.item_id for c in cell.completions if is_refused_by_host(c.text, c.finish_reason)}
        cell.scores = [
            Score(system=system, task=cell.task, language=code, item_id=str(row["doc_id"]), sample_index=0,
                  source_id=str(row["doc_id"]), metric=metric, value=float(row[key]),
                  signature=str(Signature({"metric": key, "filter": filtered, **signature})))
            for metric, (key, filtered) in metrics.items()
            for _, row in by_filter[filtered]
            if str(row["doc_id"]) in own - unanswered
        ]  # fmt: skip
        result.cells.append(cell)


def _check_unique(filters: Any) -> None:
    for rows in filters:
        places: dict[str, str] = {}
        for where, row in rows:
            earlier = places.setdefault(str(row["doc_id"]), where)
            if earlier != where:
                raise DataError(f"the item {row['doc_id']} appears twice", where=where, why=f"it is also at {earlier}",
                                fix="keep one of the two")  # fmt: skip


def _languages(
    name: str, config: Mapping[str, Any], rows: Sequence[tuple[str, dict[str, Any]]], default: str | None,
    left_out: ImportResult, where: Path,
) -> dict[str, str]:  # fmt: skip
    """Return the language of each item: its own field, else the task's metadata, name or data, else the default."""
    of_task = task_language(name, config.get("dataset_name"))
    general = field_language(_object(config.get("metadata"))) or of_task.code or default
    found: dict[str, str] = {}
    for _, row in rows:
        code = field_language(_object(row["doc"])) or general
        if code is not None:
            found[str(row["doc_id"])] = code
            continue
        left_out.skip_row(f"an item of {name}, whose language could not be found: {of_task.why}", row["doc_id"],
                          DataError(f"the language of {name} could not be found", where=where, why=of_task.why,
                                    fix="give it with --language CODE"))  # fmt: skip
    return found


def _metrics(
    name: str, content: Mapping[str, Any], values: Mapping[str, Any],
    by_filter: Mapping[str, Sequence[tuple[str, dict[str, Any]]]], whole: bool, left_out: ImportResult,
) -> dict[str, tuple[str, str]]:  # fmt: skip
    """Return lm-eval's metric and filter by our name, for each metric whose item values make its average."""
    found: dict[str, tuple[str, str]] = {}
    better = _object(_object(content.get("higher_is_better")).get(name))
    means = {
        str(each.get("metric")): str(each.get("aggregation", "mean"))
        for each in content["configs"][name].get("metric_list") or ()
        if isinstance(each, dict)
    }
    for published, value in values.items():
        metric, comma, filtered = published.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        shown = f"{name}: {published}"
        items = [row.get(metric) for _, row in by_filter.get(filtered, ())]
        facts = metric_facts(metric)
        numbers = [float(each) for each in items if isinstance(each, (int, float)) and math.isfinite(each)]
        mean = math.fsum(numbers) / len(numbers) if numbers else math.nan
        low = -math.inf if facts.low is None else facts.low
        high = math.inf if facts.high is None else facts.high
        if not items or len(numbers) < len(items):
            reason = "has no finite number for each item"
        elif facts.aggregation == "corpus" or (not whole and means.get(metric) != "mean"):
            reason = "is not known to be the mean over items"
        elif whole and not (isinstance(value, (int, float)) and abs(mean - value) <= _TOLERANCE):
            reason = "is not the mean of its values of items"
        elif better.get(metric, True) != facts.higher_is_better:
            reason = "has another direction than polyarena knows of it (lower is better)"
        elif min(numbers) < low or max(numbers) > high:
            reason = f"has values outside of {low:g} to {high:g}"
        else:
            found[metric if filtered == "none" else f"{metric}-{filtered}"] = (metric, filtered)
            continue
        left_out.skip(f"a metric that {reason}", shown)
    return found


def _completion(
    cell: ImportedCell, row: Mapping[str, Any], where: str, config: Mapping[str, Any], left_out: ImportResult
) -> Completion:
    item = str(row["doc_id"])
    base = Completion(
        system=cell.system,
        task=cell.task,
        language=cell.language,
        item_id=item,
        sample_index=0,
        source_id=item,
        prompt="",
    )
    requests = list(_object(row["arguments"]).values())
    try:
        prompt = sanitize_text(_text(requests[0]["arg_0"]))
        if cell.kind is Kind.MULTIPLE_CHOICE:
            likelihoods = tuple(float(each[0][0]) for each in row["resps"])
            delimiter = str(config.get("target_delimiter", " "))
            choices = [_text(each["arg_1"]).removeprefix(delimiter) for each in requests]
            if any(metric == "acc_mutual_info" for metric in row.get("metrics") or ()):
                half = len(choices) // 2
                choices, likelihoods = choices[:half], likelihoods[:half]
            if len(choices) != len(likelihoods):
                raise ValueError(f"{len(choices)} choices have {len(likelihoods)} likelihoods")
            return replace(base, prompt=prompt, loglikelihoods=likelihoods,
                              choice_bytes=tuple(len(each.encode()) for each in choices))  # fmt: skip
        texts = row["resps"][0]
        split = split_thought(sanitize_text(_text(texts[0])))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataError("the sample is not what lm-eval writes", where=where, why=repr(error),
                        fix="run lm_eval again with --log_samples") from error  # fmt: skip
    for text in texts[1:]:
        left_out.skip("a further answer to the same item (the first is kept; scores are those of lm-eval)", text)
    found = identify(split.answer)
    return replace(base, prompt=prompt, text=split.answer, thought=split.thought,
        thought_ended=None if split.thought is None else split.ended,
        identified_language=found.language, identified_probability=found.probability, identified_script=found.script,
    )  # fmt: skip


def _short_name(name: str, code: str, config: Mapping[str, Any]) -> str:
    found = task_language(name, config.get("dataset_name"))
    return without_language(name, found.text) if found.in_name and found.code == code else name


def _named_apart(cells: list[ImportedCell]) -> list[ImportedCell]:
    """Let tasks keep their whole names where two of them would be one task in one language."""
    sources: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    kinds: defaultdict[str, set[object]] = defaultdict(set)
    for cell in cells:
        sources[cell.task, cell.language].add(cell.lm_task)
        kinds[cell.task].add((cell.kind, cell.version, cell.dataset, cell.metrics, cell.limit))
    clashing = {task for (task, _), names in sources.items() if len(names) > 1}
    clashing |= {task for task, different in kinds.items() if len(different) > 1}
    for cell in cells:
        if cell.task in clashing:
            cell.task = cell.lm_task
    return cells


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
