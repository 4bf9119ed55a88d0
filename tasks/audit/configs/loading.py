"""Reads lm-eval's task files as data: nothing is imported, nothing that they name is run.

A ``!function`` becomes a :class:`Function`, the place where its source would be; other tags become ``None``. An
``include`` is followed as lm-eval follows it: the included keys first, the file's own over them, ``task_list`` not
inherited. lm-eval drops files that it cannot read without a word; here each is kept with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """A ``!function`` of a task file.

    Attributes:
        folder: Of the file that names it; ``utils.score`` is ``score`` in ``utils.py`` there.
        dotted: As the file names it.
    """

    folder: Path
    dotted: str

    @property
    def name(self) -> str:
        """The function's own name, under which lm-eval reports a metric."""
        return self.dotted.rpartition(".")[2]

    @property
    def module(self) -> Path:
        """The file that defines it, if it is defined beside the task file."""
        return self.folder / (self.dotted.rpartition(".")[0].replace(".", "/") + ".py")


class UnreadableFileError(Exception):
    """A task file that lm-eval could not read either; the text says why."""


class ConfigReader:
    """Reads task files; a file that many others include is parsed once."""

    def __init__(self) -> None:
        self._parsed: dict[Path, dict[str, Any]] = {}

    def read(self, path: Path) -> dict[str, Any]:
        """Return the keys of a task file with its includes merged in.

        Raises:
            UnreadableFileError: It, or what it includes, is missing, is not YAML or no mapping, or includes itself.
        """
        return self._read(path, ())

    def _read(self, path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
        if path in above:
            raise UnreadableFileError(f"{path.name} includes itself")
        own = dict(self._parse(path))
        merged: dict[str, Any] = {}
        included = own.pop("include", [])
        for name in included if isinstance(included, list) else [included]:
            base = self._read((path.parent / str(name)).resolve(), (*above, path))
            merged |= {key: value for key, value in base.items() if key != "task_list"}
        return merged | own

    def _parse(self, path: Path) -> dict[str, Any]:
        if path not in self._parsed:
            self._parsed[path] = _parse(path)
        return self._parsed[path]


def _parse(path: Path) -> dict[str, Any]:
    import yaml

    try:
        loader = _loader()(path.read_bytes())
        loader.folder = path.parent
        found = loader.get_single_data()
    except OSError as error:
        raise UnreadableFileError(f"{path.name}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise UnreadableFileError(f"{path.name} holds no mapping")
    return {str(key): value for key, value in found.items()}


@cache
def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]  # the C loader is there or not
        folder = Path()

    def function(loader: Any, node: Any) -> Function:
        return Function(loader.folder, str(node.value))

    Loader.add_constructor("!function", function)
    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)  # noqa: ARG005
    return Loader
