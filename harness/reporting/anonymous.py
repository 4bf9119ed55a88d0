"""A copy of a run in which systems have neutral names, and nothing tells which models they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from polyarena.harness.lock import Lock
from polyarena.harness.results import RunRecords
from polyarena.harness.store import RunFolder, read_shard
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.store.shard import shard_metadata, write_shard
from polyarena.judges.records import GAME_SCHEMA, RATING_SCHEMA, Game, Rating
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA, Completion, Score

COLUMNS = frozenset({"system", "system_a", "system_b"})
"""Fields of records that hold the name of a system."""

WITHHELD = "withheld"
NOWHERE = "https://withheld.invalid/v1"
"""In place of the address of a judge's endpoint, which the experiment must have."""

_ADDRESS = re.compile(r"\b\w+://\S+|(?<![\w/])~?(?:/[\w.@+-]+){2,}/?|\b[A-Za-z]:\\\S+|(?:\.\./)+\S*")
"""Addresses of servers and paths of files within a text."""

_KEYS = frozenset({"base_url", "data_root", "output", "cache", "path", "pretrained", "system_prompt", "api_key_env"})
"""Keys of the experiment whose texts are left out."""


def system_names(lock: Lock) -> dict[str, str]:
    """Return a new name for each system, numbered in the order of the experiment."""
    return {system.name: f"system-{i}" for i, system in enumerate(lock.settings.systems, start=1)}


def anonymous_run(records: RunRecords, target: RunFolder, names: Mapping[str, str]) -> RunFolder:
    """Write a copy of a run with other names of systems.

    Answers and replies of judges are copied as they are, and so are prompts, but for systems with a system prompt.

    Args:
        records: Of the run.
        target: An empty folder.
        names: From :func:`system_names`.
    """
    rename = Renamer(names)
    source = records.folder
    for cell in records.lock.all_cells():
        new = (names.get(cell.system, cell.system), cell.task, cell.language)
        # What a system was told of itself is part of the prompts that it received.
        prompt = WITHHELD if records.lock.system(cell.system).system_prompt else None
        _copy(source.cell(*cell), target.cell(*new), Completion, COMPLETION_SCHEMA, names, prompt)
        _copy(source.scores(*cell), target.scores(*new), Score, SCORE_SCHEMA, names)
    for pair in records.pairs():
        place = pair._replace(candidate=names[pair.candidate], baseline=names[pair.baseline])
        _copy(records.games_file(pair), target.games(*place), Game, GAME_SCHEMA, names)
        _copy(records.ratings_file(pair), target.ratings(*place), Rating, RATING_SCHEMA, names)
    lock = Lock.model_validate(_lock(records.lock, rename))
    target.write_lock(lock)
    resolved = lock.settings.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(resolved, allow_unicode=True, sort_keys=False)
    write_atomically(target.experiment, text.encode("utf-8", "replace"))
    return target


class Renamer:
    """Replaces names in texts, wherever a name stands as a word of its own.

    Args:
        names: The new name of each system.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        longest = "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
        begins, ends = r"(?:(?<![\w.\-])|(?<=--))", r"(?:(?![\w.\-])|(?=--)|(?=\.(?:\s|$)))"
        self._pattern = re.compile(f"{begins}({longest}){ends}" if longest else r"(?!)")

    def text(self, text: str) -> str:
        """Return a text with new names."""
        return self._pattern.sub(lambda found: self.names[found[1]], text)

    def value(self, value: Any) -> Any:
        """Return plain data with new names in all texts and keys, and without addresses and paths."""
        if isinstance(value, str):
            return value if value == NOWHERE else _ADDRESS.sub(WITHHELD, self.text(value))
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._entry(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return value

    def _entry(self, key: str, value: Any) -> Any:
        hidden = key in _KEYS and isinstance(value, str) and value not in ("", NOWHERE)
        return WITHHELD if hidden else self.value(value)


def _lock(lock: Lock, rename: Renamer) -> dict[str, Any]:
    """Return the content of a lock with new names, without what tells which models the systems are."""
    content: dict[str, Any] = lock.model_dump(mode="json")
    tasks, data, versions = (content.pop(name) for name in ("tasks", "data", "versions"))
    for system in content["experiment"]["resolved"]["systems"]:
        system["args"], system["system_prompt"] = {}, None
        if isinstance(system["chat_template"], str):
            system["chat_template"] = True
    for judge in content["experiment"]["resolved"]["judges"]:
        if judge.get("endpoint"):
            judge["endpoint"] = {"base_url": NOWHERE, "model": judge["endpoint"]["model"]}
    content |= {"models": {}, "stored_answers": {name: {} for name in content["stored_answers"]}}
    for imported in content["imported"].values():
        imported |= {"files": {}, "renamed": {}, "facts": {}, "unmapped": []}
    mapped: dict[str, Any] = rename.value(content)
    for task in tasks.values():
        task["sampling"] = {rename.text(name): entry for name, entry in task["sampling"].items()}
    return {**mapped, "tasks": tasks, "data": data, "versions": versions}


def _copy(
    source: Path, target: Path, record: type[Any], schema: Any, names: Mapping[str, str], prompt: str | None = None
) -> None:
    if not source.is_file():
        return
    used = [field.name for field in fields(record) if field.name in COLUMNS]
    found = list(_renamed(read_shard(source, record), used, names))
    found = found if prompt is None else [replace(each, prompt=prompt) for each in found]
    write_shard(target, found, schema, shard_metadata(source))


def _renamed(records: list[Any], used: list[str], names: Mapping[str, str]) -> Iterator[Any]:
    for each in records:
        yield replace(each, **{name: names.get(getattr(each, name), getattr(each, name)) for name in used})
