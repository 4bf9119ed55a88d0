"""One test of many cases, which runs all of them and then names those that fail."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet

MOST_SHOWN = 20


def every_case(names: str | Iterable[str], cases: Iterable[Any], ids: Any = None) -> Callable[[Any], Any]:
    """Run a test for each case, as ``pytest.mark.parametrize`` does, but as one test.

    For tests of thousands of cases that need no state of their own: each case as a test of its own costs more than the
    case. All cases run; the error names every one that fails, and has the traceback of the first.

    Args:
        names: As of ``pytest.mark.parametrize``.
        cases: Likewise; ``pytest.param`` may name a case.
        ids: Likewise: what a case is called in the error.
    """
    split = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    listed = [_case(case, place, split, ids) for place, case in enumerate(cases)]

    def decorate(test: Any) -> Any:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            results = [(name, _result(test, {**fixtures, **arguments})) for name, arguments in listed]
            failed = [(name, error) for name, error in results if error and not _is_skip(error)]
            if failed:
                shown = "\n".join(f"  {name}: {error}".split("\n", 2)[0] for name, error in failed[:MOST_SHOWN])
                raise AssertionError(f"{len(failed)} of {len(listed)} cases fail:\n{shown}") from failed[0][1]
            for _, error in results[:1] if all(error for _, error in results) else ():
                raise error

        left = [parameter for name, parameter in signature.parameters.items() if name not in split]
        run.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return run

    return decorate


def _case(case: Any, place: int, names: list[str], ids: Any) -> tuple[str, dict[str, Any]]:
    """Return what a case is called, and its arguments."""
    named = isinstance(case, ParameterSet)
    values = case.values if named else (case,) if len(names) == 1 else tuple(case)
    if named and case.id is not None:
        name = str(case.id)
    elif ids is not None and not callable(ids):
        name = str(list(ids)[place])
    else:
        name = ", ".join(str(ids(value)) if callable(ids) else repr(value) for value in values)[:200]
    return name, dict(zip(names, values, strict=True))


def _result(test: Any, arguments: dict[str, Any]) -> BaseException | None:
    try:
        test(**arguments)
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:  # noqa: BLE001 (each is reported)
        return error
    return None


def _is_skip(error: BaseException) -> bool:
    return isinstance(error, pytest.skip.Exception)
