"""The folder of task files that ``lm-eval --include_path`` reads.

One short YAML file for each task and language: names, and which function of
:mod:`polyarena.harness.lm_eval_tasks.documents` gives the items. The items themselves come from our task when lm-eval
loads it, from ``POLYARENA_DATA`` or the hub; nothing is copied. The tag ``polyarena_<task>`` is all of its languages.
A task with several templates or metrics has the others beside it, such as ``polyarena_xnli.claim``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from polyarena.tasks.errors import StoreError, UnknownNameError
from polyarena.tasks.hooks import has_own_separators, templates_of, variant_of
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.protocol import Task

_DOCUMENTS = "polyarena.harness.lm_eval_tasks.documents"
_SCORING = "polyarena.harness.lm_eval_tasks.scoring"
_LISTED = "polyarena-files.txt"
"""Names the files of the last call, so that those of tasks that are gone can be taken away."""


def default_folder() -> Path:
    """Return ``<user cache>/polyarena/lm-eval-<version>``; the cache is ``XDG_CACHE_HOME`` or ``~/.cache``."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "polyarena" / f"lm-eval-{version('lm-eval')}"


def task_name(task: str, language: str) -> str:
    """Return the name by which lm-eval knows a task in a language, such as ``polyarena_xcopa_swh_Latn``."""
    return f"polyarena_{task}_{language}"


def write_folder(tasks: Iterable[Task], folder: Path) -> Path:
    """Write the task files; what is there already and the same is left alone.

    Args:
        tasks: Those to write, in all of their languages and variants.
        folder: Made if it does not exist.

    Returns:
        The folder.

    Raises:
        StoreError: It cannot be written.
    """
    wanted = {
        f"{task_name(each.card.name, code)}.yaml": _text(each, code)
        for task in tasks
        for each in _variants(task)
        for code in each.card.languages
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        listing = folder / _LISTED
        before = listing.read_text("utf-8").split() if listing.is_file() else []
        for name in set(before) - set(wanted):
            (folder / name).unlink(missing_ok=True)
        for name, text in wanted.items():
            _write(folder / name, text)
        _write(listing, "\n".join(sorted(wanted)) + "\n")
    except OSError as error:
        raise StoreError(
            "the folder of task files cannot be written",
            where=folder,
            why=error.strerror or str(error),
            fix="set XDG_CACHE_HOME to a folder that can be",
        ) from error
    return folder


def _variants(task: Task) -> Iterator[Task]:
    yield task
    for name in templates_of(task)[1:]:
        yield variant_of(task, name)


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_text("utf-8") == text:
        return
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


class _Function(str):
    """The dotted name of a function, which a task file writes as ``!function name``."""


def _text(task: Task, language: str) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    Dumper.add_representer(_Function, lambda dumper, name: dumper.represent_scalar("!function", str(name)))
    return str(yaml.dump(_keys(task, language), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120))


def _keys(task: Task, language: str) -> dict[str, Any]:
    card = task.card
    keys: dict[str, Any] = {
        "task": task_name(card.name, language),
        "tag": f"polyarena_{card.name}",
        "custom_dataset": _function(_DOCUMENTS, "load"),
        "test_split": "test",
        "doc_to_text": "prompt",
        "num_fewshot": 0,
        "metadata": {
            "version": card.version,
            "polyarena_task": card.name,
            "polyarena_language": language,
            "revision": f"{card.dataset.id}@{card.dataset.revision}",
        },
    }
    if card.kind is Kind.MULTIPLE_CHOICE:
        # lm-eval has one separator for all documents of a task; where a task has its own, it goes before each choice.
        own = has_own_separators(task)
        return keys | {
            "output_type": "multiple_choice",
            "doc_to_choice": "continuations" if own else "choices",
            "target_delimiter": "" if own else " ",
            "doc_to_target": "gold",
            "process_results": _function(_SCORING, "process_choices"),
            "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in card.metrics],
        }
    generation = {"until": list(card.generation.stop), "max_gen_toks": card.generation.max_tokens, "do_sample": False}
    return keys | {
        "output_type": "generate_until",
        "doc_to_target": "target",
        "generation_kwargs": generation,
        "process_results": _function(_SCORING, "process_results"),
        "metric_list": [_metric(name) for name in card.metrics] or [{"metric": "bypass"}],
    }


def _metric(name: str) -> dict[str, Any]:
    return {"metric": name, "aggregation": _function(_SCORING, f"aggregate {name}"), "higher_is_better": _higher(name)}


def _higher(metric: str) -> bool:
    try:
        return find_metric(metric).higher_is_better
    except UnknownNameError:
        return True


def _function(module: str, name: str) -> _Function:
    return _Function(f"{module}.{name}")
