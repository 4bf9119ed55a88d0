"""Metrics from a Python file that the experiment names as ``file.py:name``.

The file is run: it is as trusted as the experiment itself.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from polyarena.tasks.errors import DataError, ExperimentError, PolyarenaError
from polyarena.tasks.metrics.answered import answer_text
from polyarena.tasks.metrics.metric import Metric
from polyarena.tasks.suggest import unknown
from polyarena.tasks.text import comparable

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion


def is_metric_file(name: str) -> bool:
    """Return whether a metric is named by a Python file."""
    return name.partition(":")[0].endswith(".py")


def load_metric(name: str, base: Path, *, where: str = "") -> Metric:
    """Load a metric from a Python file.

    Args:
        name: ``file.py:name``. The name is that of a :class:`~polyarena.tasks.metrics.metric.Metric` with a
            ``measure``, or of a function ``(answer, references) -> value`` that returns a share from 0 to 1, or
            ``None`` where it does not apply. Both texts are as :func:`polyarena.tasks.text.comparable` returns them.
        base: The folder that the file is relative to.
        where: The place of the name in the user's file, for messages.

    Returns:
        The metric; its settings contain a digest of the file, so that an edit changes the signature.

    Raises:
        PolyarenaError: The file is missing or fails, or has no such function or metric.
    """
    file, _, member = name.partition(":")
    path = base / Path(file).expanduser()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError as error:
        why = error.strerror or str(error)
        raise PolyarenaError(
            "the file with the metric cannot be read", where=where or path, why=f"{path}: {why}", fix="check the path"
        ) from error
    module = _run(path, digest)
    public = [each for each, value in vars(module).items() if _is_metric(value, module) and not each.startswith("_")]
    if not member and len(public) == 1:
        member = public[0]
    if not member and public:
        raise ExperimentError(
            f"{file} has several metrics, and none is named",
            where=where or path,
            fix=f"write `metric: {file}:NAME` with one of: {', '.join(sorted(public))}",
        )
    if member not in public:
        raise unknown(f"metric of {file}", member, public, where=where)
    found: Any = getattr(module, member)
    if isinstance(found, Metric):
        return replace(found, settings="|".join(filter(None, (found.settings, f"file:{digest}"))))
    description = (found.__doc__ or f"{member} of {path.name}").strip().partition("\n")[0]
    return Metric(member, description, settings=f"file:{digest}", measure=_measure(found, member, str(path)))


def _run(path: Path, digest: str) -> ModuleType:
    name = f"_polyarena_metrics_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    # It is the user's code, and may raise anything.
    except Exception as error:
        del sys.modules[name]
        raise PolyarenaError(
            "the file with the metric cannot be run",
            where=path,
            why=f"{type(error).__name__}: {error}",
            fix=f"`python {path.name}` must run without an error",
        ) from error
    return module


def _is_metric(value: object, module: ModuleType) -> bool:
    if isinstance(value, Metric):
        return value.measure is not None
    return callable(value) and getattr(value, "__module__", "") == module.__name__ and not isinstance(value, type)


def _measure(
    function: Callable[[str, tuple[str, ...]], float | None], name: str, path: str
) -> Callable[[Item, Completion], float | None]:
    def measure(item: Item, completion: Completion) -> float | None:
        answer, references = answer_text(completion), tuple(map(comparable, item.references))
        place = f"{path}:{name}, {completion.language}, {completion.item_id}"
        try:
            value = function(answer, references)
            number = None if value is None else float(value)
        except Exception as error:
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
            line = f" (line {frames[-1].lineno} of {Path(path).name})" if frames else ""
            why = f"{type(error).__name__}: {error}{line}"
            raise DataError("the metric failed", where=place, why=why, fix="correct the function") from error
        if number is not None and not (math.isfinite(number) and 0 <= number <= 1):
            raise DataError(
                "the metric returned a value outside 0 to 1",
                where=place,
                why=f"it is {number}",
                fix="return a share, or define a polyarena.tasks.metrics.metric.Metric with its own unit and range",
            )
        return number

    return measure
