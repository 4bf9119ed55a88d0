"""What the tests of multiple-choice benchmarks share: a small mirror, the real one, and lm-eval's own tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from polyarena.tasks.data import DataSource
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

SPLITS = ("train", "validation", "test", "dev", "eval", "val")


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., list[Any]]:
    """Write rows as a mirror of the task's data set and return the checked items that come of them."""

    def asked(task: Any, language: str, *rows: Any) -> list[Any]:
        split = tmp_path / "mirror" / task.card.dataset.id / task.configs[language] / f"{task.card.dataset.split}.jsonl"
        split.parent.mkdir(parents=True, exist_ok=True)
        split.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return validate_items(task, language, task.items(language, DataSource(tmp_path / "mirror")))

    return asked


@pytest.fixture(scope="session")
def hub(test_data: Path) -> DataSource:
    return DataSource(test_data / "hub")


@pytest.fixture(scope="session")
def real(hub: DataSource) -> Callable[..., list[Any]]:
    """Return the checked items of a task on the real mirror."""
    return lambda task, language: validate_items(task, language, task.items(language, hub))


@pytest.fixture
def lm_eval_pairs(tmp_path: Path) -> Callable[..., list[list[tuple[str, str]]]]:
    """Build one of lm-eval's own tasks on some rows and return the (context, continuation) pairs of each row."""
    tasks = Path(pytest.importorskip("lm_eval").__file__).parent / "tasks"

    def pairs(folder: str, name: str, rows: Sequence[Any]) -> list[list[tuple[str, str]]]:
        import datasets
        from lm_eval.tasks import TaskManager

        datasets.disable_progress_bars()
        data = tmp_path / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        manager = TaskManager(include_path=str(tasks / folder), include_defaults=False)
        override = {
            "task": name,
            "dataset_path": "json",
            "dataset_name": None,
            "dataset_kwargs": {"data_files": dict.fromkeys(SPLITS, str(data)), "cache_dir": str(tmp_path / "cache")},
        }
        task = manager.load([{"group": "polyarena_agreement", "task": [override]}])["tasks"][name]
        found = []
        for number, doc in enumerate(task.eval_docs):
            context = task.fewshot_context(doc, num_fewshot=0)
            requests = task.construct_requests(doc, context, doc_id=number, metadata=(name, number, 1))
            found.append([request.args for request in requests])
        return found

    return pairs


@pytest.fixture
def answer() -> Callable[..., Completion]:
    """Return a completion of an item with these log-likelihoods."""

    def completed(item: Any, *loglikelihoods: float) -> Completion:
        return Completion(
            system="s",
            task="t",
            language=item.language,
            item_id=item.item_id,
            sample_index=0,
            source_id=item.source_id,
            prompt=item.prompt,
            loglikelihoods=loglikelihoods,
            choice_bytes=tuple(len(choice.encode()) for choice in item.choices),
        )

    return completed
