"""Leaderboards and averages of other tools as published values: a CSV file that a board file names under ``published``.

They have no items, so that nothing about their uncertainty can be computed again.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from polyarena.harness.importing import every_eval_ever, lm_eval
from polyarena.harness.importing.rows import find_text, lines, table
from polyarena.harness.importing.task_languages import task_language
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.store.replacing import begins_with, refuse_to_replace, require_suffix
from polyarena.reports.board.model import PublishedValue
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError, StoreError
from polyarena.tasks.languages.lookup import lookup


@dataclass(frozen=True)
class PublishedSummary:
    """What an import of published values did.

    Attributes:
        path: The CSV file.
        systems: Their names.
        values: How many.
        no_language: Benchmarks of which no language could be found, with the number of values; these are ``avg``.
        replaced: Whether it replaced an earlier import of these values.
    """

    path: Path
    systems: tuple[str, ...]
    values: int
    no_language: Mapping[str, int]
    replaced: bool = False


def import_published(format: str, path: Path, output: Path, *, language: str | None = None) -> PublishedSummary:
    """Write published values of another tool into a CSV file.

    Args:
        format: A key of :data:`READERS`.
        path: A file, or a folder of files.
        output: The CSV file; one that is there is replaced if the new one has all values that it has, newer or not.
        language: Code of the language of benchmarks that name none.

    Raises:
        DataError: There is no value, or a file is not of the format.
        ExperimentError: The output has another suffix than ``.csv``.
        StoreError: Another file has the name of the output, or one with other values.
    """
    names = [each.name for each in fields(PublishedValue)]
    require_suffix(output, (".csv",), "a file of published values")
    refuse_to_replace(output, begins_with(",".join(names)), "a file of published values")
    found = [*READERS[format](path, language)]
    if not found:
        raise DataError("there is nothing to import", where=path)
    replaced = output.exists()
    if replaced:
        _refuse_to_lose(output, found)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([repr(each) if isinstance(each, float) else each for each in astuple(value)] for value in found)
    write_atomically(output, buffer.getvalue().encode())
    unknown = Counter(value.benchmark for value in found if value.language == "avg")
    return PublishedSummary(
        output, tuple(sorted({value.system for value in found})), len(found), dict(sorted(unknown.items())), replaced
    )


def _refuse_to_lose(path: Path, found: Sequence[PublishedValue]) -> None:
    """Refuse to replace a file that has values of other systems, benchmarks, languages or metrics."""
    known = {(each.system, each.benchmark, each.language, each.metric) for each in found}
    with path.open(encoding="utf-8", newline="") as file:
        lost = [
            row
            for row in csv.DictReader(file)
            if (row["system"], row["benchmark"], row["language"], row["metric"]) not in known
        ]
    if lost:
        benchmarks = sorted({row["benchmark"] for row in lost})
        raise StoreError(
            "this file has other published values and is not replaced",
            where=path,
            why=f"{count_of(len(lost), 'value')} of {', '.join(benchmarks[:5])} would be lost",
            fix="choose another name with --output (a board file names several files under `published`), or remove it",
        )


def _euroeval(path: Path, language: str | None) -> Iterator[PublishedValue]:
    """Yield values of EuroEval's JSON Lines; ``test_*_se`` is half of a 95% interval there, not a standard error."""
    for where, row in lines(path, ("dataset", "model", "results")):
        spoken = row.get("dataset_languages") or row.get("languages") or []
        named = lookup(str(spoken[0])) if len(spoken) == 1 else None
        code = named.code if named else task_language(str(row["dataset"])).code or language or "avg"
        total = row["results"].get("total") if isinstance(row["results"], dict) else None
        if not isinstance(total, dict):
            raise DataError("the row has no averages", where=where, why="there is no results.total")
        for name, value in total.items():
            if not name.startswith("test_") or name.endswith("_se") or not isinstance(value, int | float):
                continue
            half = total.get(f"{name}_se")
            note = f"EuroEval {row.get('euroeval_version', 'of unknown version')}"
            if isinstance(half, int | float):
                note += f"; printed with ± {half:.2f}"
            yield PublishedValue(str(row["model"]), str(row["dataset"]), code, name.removeprefix("test_"), float(value),
                                 f"EuroEval: {_file(where)}", note)  # fmt: skip


def _alpaca_eval(path: Path, language: str | None) -> Iterator[PublishedValue]:
    code = language or "eng_Latn"
    for where, row in table(path):
        system = find_text(row, ("name", "model", ""), where)
        for metric in ("length_controlled_winrate", "win_rate"):
            if metric in row:
                yield PublishedValue(system, "AlpacaEval", code, metric, _number(row[metric], where),
                                     f"AlpacaEval: {_file(where)}")  # fmt: skip


def _arena_hard(path: Path, language: str | None) -> Iterator[PublishedValue]:
    for where, row in table(path):
        system = find_text(row, ("model", "Model"), where)
        score = find_text(row, ("score", "Score", "Scores (%)"), where)
        interval = str(row.get("CI") or row.get("CI (%)") or "")
        yield PublishedValue(system, "Arena-Hard", language or "avg", "score", _number(score, where),
                             f"Arena-Hard: {_file(where)}",
                             f"printed with {interval}" if interval else "")  # fmt: skip


def _every_eval_ever(path: Path, language: str | None) -> Iterator[PublishedValue]:
    for file, record in every_eval_ever.records(path):
        source = record.get("source_metadata") or {}
        for entry in record["evaluation_results"]:
            code, task = every_eval_ever.language_of(entry)
            config, score = entry.get("metric_config") or {}, (entry.get("score_details") or {}).get("score")
            if not isinstance(score, int | float):
                raise DataError("the result has no score", where=file, why=f"{task}: {score!r}")
            metric = str(config.get("metric_id") or config.get("metric_name") or "score")
            known = code or task_language(task).code or language or "avg"
            yield PublishedValue(every_eval_ever.system_of(record), task, known, metric,
                                 float(score), str(source.get("source_name") or file.name))  # fmt: skip


def _lm_eval(path: Path, language: str | None) -> Iterator[PublishedValue]:
    taken: set[tuple[str, str, str, str]] = set()
    seen: set[str] = set()
    for file, content in lm_eval.results_files(path):
        system, version = lm_eval.model_name(file, content), content.get("lm_eval_version") or "of unknown version"
        # Of an older run, a group's average may be over tasks that were run again since.
        found = [*lm_eval.averages(content, language, groups=system not in seen)]
        seen.add(system)
        for task, code, metric, value, error in found:
            key = (system, task, code or "avg", metric)
            if key in taken:  # by a newer run
                continue
            taken.add(key)
            known = isinstance(error, int | float) and math.isfinite(error)
            note = f"lm-eval {version}" + (f"; printed with a standard error of {error:.4g}" if known else "")
            yield PublishedValue(*key, value, f"lm-eval: {file.name}", note)


def _file(where: str) -> str:
    """Return the file of a place, ``file:line``."""
    return Path(where.rpartition(":")[0]).name


def _number(value: object, where: str) -> float:
    try:
        return float(str(value).rstrip("%"))
    except ValueError as error:
        raise DataError("the value is not a number", where=where, why=f"it is {value!r}") from error


READERS: Mapping[str, Callable[[Path, str | None], Iterator[PublishedValue]]] = {
    "alpaca-eval": _alpaca_eval,
    "arena-hard": _arena_hard,
    "euroeval": _euroeval,
    "every-eval-ever": _every_eval_ever,
    "lm-eval": _lm_eval,
}
"""Readers of published values by format; ``-o`` names a CSV file."""
