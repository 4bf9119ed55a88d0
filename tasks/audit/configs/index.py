"""All tasks, groups and tags of a folder of lm-eval task files, as lm-eval would find them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from polyarena.tasks.audit.configs.loading import ConfigReader, UnreadableFileError
from polyarena.tasks.errors import DataError


@dataclass(frozen=True)
class Config:
    """One task or group file with its includes merged in.

    Attributes:
        name: The name that lm-eval registers.
        path: The file.
        keys: What it says.
    """

    name: str
    path: Path
    keys: dict[str, Any] = field(repr=False)

    def get(self, key: str) -> Any:
        """Return the value of a key, ``None`` where there is none."""
        return self.keys.get(key)


@dataclass
class ConfigIndex:
    """What a folder of task files registers.

    Attributes:
        tasks: By name; of two files with one name, lm-eval keeps the first in the order of paths, and so does this.
        groups: Likewise.
        tags: Names of the tasks that carry each tag.
        unreadable: The reason for each file that cannot be read.
        hidden: Files that register a name which another file already has, with that name.
    """

    tasks: dict[str, Config] = field(default_factory=dict)
    groups: dict[str, Config] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)
    hidden: dict[Path, str] = field(default_factory=dict)

    def leaves(self, group: Config) -> list[Config]:
        """Return the tasks that a group aggregates, with the keys that the group lays over theirs."""
        return list({leaf.name: leaf for leaf in self._leaves(group.keys, (group.name,))}.values())

    def _leaves(self, keys: dict[str, Any], above: tuple[str, ...]) -> Iterator[Config]:
        members = keys.get("task") or []
        for member in members if isinstance(members, list) else [members]:
            over = {key: value for key, value in member.items() if key != "group"} if isinstance(member, dict) else {}
            name = str((member.get("group") or member.get("task")) if isinstance(member, dict) else member)
            if name in self.groups and name not in above:
                yield from self._leaves(self.groups[name].keys, (*above, name))
            elif name in self.tasks:
                yield _over(self.tasks[name], over)
            elif name in self.tags:
                yield from (_over(self.tasks[task], over) for task in self.tags[name] if task in self.tasks)
            elif isinstance(member, dict) and "group" in member:
                yield from self._leaves(member, (*above, name))
            elif "dataset_path" in over:
                yield Config(name, Path(), over)


def _over(task: Config, keys: dict[str, Any]) -> Config:
    return replace(task, keys=task.keys | {key: value for key, value in keys.items() if key != "task"})


def shipped_folder() -> Path:
    """Return the folder of the task files that the installed lm-eval ships, without importing it.

    Raises:
        DataError: lm-eval is not installed.
    """
    spec = find_spec("lm_eval")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "tasks"
        if folder.is_dir():
            return folder
    raise DataError("lm-eval's task files cannot be found", where="lm_eval/tasks", fix="pip install lm-eval")


def read_configs(folders: Sequence[Path]) -> ConfigIndex:
    """Read all task files below some folders, in the order of their paths.

    Args:
        folders: Read one after the other; a file that lies in two of them counts once.
    """
    index, reader = ConfigIndex(), ConfigReader()
    paths = {path for folder in folders for path in folder.resolve().glob("**/*.yaml")}
    for path in sorted(paths, key=Path.as_posix):
        try:
            _register(index, path, reader.read(path))
        except UnreadableFileError as error:
            index.unreadable[path] = str(error)
    return index


def _register(index: ConfigIndex, path: Path, keys: dict[str, Any]) -> None:
    group = "group" in keys and "class" not in keys
    name = keys.get("group" if group else "task")
    if not isinstance(name, str):
        # A base for others to include.
        return
    if name in index.tasks or name in index.groups:
        index.hidden[path] = name
        return
    (index.groups if group else index.tasks)[name] = Config(name, path, keys)
    tags = keys.get("tag") or []
    if not group:
        for tag in tags if isinstance(tags, list) else [tags]:
            index.tags.setdefault(str(tag), []).append(name)
