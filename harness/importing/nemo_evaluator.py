"""Bundles of NVIDIA's NeMo Evaluator: ``eval-*.json`` beside ``results.jsonl``, one folder a benchmark.

The layout is that of its ``engine/artifacts.py`` (0.3): the bundle has the settings and the averages, the results one
row for each problem and repeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.lm_eval import LmEvalResult
from polyarena.harness.importing.rows import files, lines
from polyarena.harness.importing.scored_items import ScoredItem, add_cells
from polyarena.harness.lock import digest
from polyarena.tasks.errors import DataError

RESULTS = "results.jsonl"
REWARD = "reward"
"""Name of the metric that every row has."""
INFRASTRUCTURE = ("infra_error", "system")
"""Categories of errors that are not the model's; such rows were graded 0 and say nothing of the model."""
_SETTINGS = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens", "seed": "seed",
             "system_prompt": "system prompt"}  # fmt: skip
"""Settings that are carried over, and what they are called among the facts of stored answers."""


def read(path: Path, language: str | None = None) -> LmEvalResult:
    """Read a bundle, or a folder of bundles.

    Rows that the infrastructure failed on are left out and counted: a gate must not take them for wrong answers.

    Args:
        path: A folder with ``eval-*.json`` and ``results.jsonl``, or one such folder for each benchmark.
        language: ``lang_Script`` of benchmarks of which no rule finds the language.

    Raises:
        DataError: There is no bundle, one has no results, a folder has several, or a row is not what the tool writes.
    """
    bundles = [file for file in files(path, (".json",)) if file.name.startswith("eval-")]
    if not bundles:
        raise DataError("there is no bundle of NeMo Evaluator", where=path, why="no file is named eval-*.json",
                        fix="give the output folder of the run")  # fmt: skip
    result = LmEvalResult()
    tasks: dict[tuple[str, str], Path] = {}
    for file in bundles:
        content = read_json(file)
        if not isinstance(content, dict) or not isinstance(content.get("benchmark"), dict):
            raise DataError("the file is no bundle of NeMo Evaluator", where=file, why="it has no object 'benchmark'",
                            fix="remove it, or give the folder of one run")  # fmt: skip
        config = _object(content.get("config"))
        system, task = str(config.get("model") or "unknown"), str(content["benchmark"].get("name") or file.stem)
        earlier = tasks.setdefault((system, task), file)
        if earlier != file:
            raise DataError(f"the benchmark {task} of {system} has two bundles", where=file,
                            why=f"the other is {earlier}", fix="give the folder of one run")  # fmt: skip
        rows = file.parent / RESULTS
        if not rows.is_file():
            raise DataError("the bundle has no results of single problems", where=file,
                            why=f"there is no {RESULTS} beside it, and averages alone cannot be paired",
                            fix="copy the whole folder that the run wrote")  # fmt: skip
        if len([each for each in bundles if each.parent == file.parent]) > 1:
            raise DataError("the folder has several bundles and one file of results", where=file.parent,
                            why="it is not said which bundle the results are of",
                            fix="keep the newest bundle")  # fmt: skip
        result.files += [file, rows]
        version = str(content.get("sdk_version") or "unknown")
        before = len(result.cells)
        items, failed = [*_rows(rows, system, task)], set(_failed(rows))
        for each in sorted(failed):
            result.left_out.skip("a problem that the infrastructure failed on, graded 0 by the tool", f"{task}: {each}")
        asked = digest(sorted({(each.item_id, each.prompt) for each in items}))
        add_cells(
            result,
            [each for each in items if (each.item_id, each.sample) not in failed],
            f"nemo-evaluator {version}",
            language,
            file,
        )
        for cell in result.cells[before:]:
            # What was asked, also where no answer came: two runs with other failures are of the same items.
            cell.digests["items"] = asked
        stated = {name: str(config[key]) for key, name in _SETTINGS.items() if config.get(key) is not None}
        result.facts.setdefault(system, {"nemo-evaluator": version, **stated})
    if not result.cells:
        raise result.left_out.first_error or DataError("there is nothing to import", where=path)
    return result


def _failed(file: Path) -> Iterator[tuple[str, int]]:
    """Yield problem and repeat of the rows that the infrastructure failed on."""
    for _, row in lines(file):
        if _object(row.get("scoring_details")).get("error_category") in INFRASTRUCTURE:
            yield str(row.get("problem_idx")), int(row.get("repeat") or 0)


def _rows(file: Path, system: str, task: str) -> Iterator[ScoredItem]:
    for where, row in lines(file):
        reward, number = row.get(REWARD), row.get("problem_idx")
        if isinstance(number, bool) or not isinstance(number, int) or not _is_number(reward):
            raise DataError("the row is not what NeMo Evaluator writes", where=where,
                            why="it needs a whole number 'problem_idx' and a number 'reward'",
                            fix="give the folder as the run wrote it")  # fmt: skip
        metadata, answer = _object(row.get("metadata")), row.get("model_response")
        yield ScoredItem(
            system=system,
            task=task,
            item_id=str(number),
            prompt=str(row.get("prompt") or metadata.get("question") or metadata.get("problem") or ""),
            scores={REWARD: float(reward), **_scorers(_object(row.get("scorer_rewards")))},
            where=where,
            sample=int(row.get("repeat") or 0),
            text=answer if isinstance(answer, str) else None,
            fields=metadata,
            dataset=str(metadata.get("source") or "unknown"),
        )


def _scorers(rewards: Mapping[str, Any]) -> dict[str, float]:
    return {name.removeprefix("scorer:"): float(value) for name, value in rewards.items() if _is_number(value)}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
