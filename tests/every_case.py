"""One test of many cases, which runs all of them and then names those that fail."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

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
    listed = [case if hasattr(case, "values") and hasattr(case, "id") else _param(case, len(split)) for case in cases]
    given = list(ids) if ids is not None and not callable(ids) else None

    def called(place: int, case: Any) -> str:
        if case.id is not None:
            return str(case.id)
        if given is not None:
            return str(given[place])
        return ", ".join(str(ids(value)) if callable(ids) else repr(value) for value in case.values)[:200]

    def decorate(test: Any) -> Any:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            failed: list[tuple[str, BaseException]] = []
            skipped: list[BaseException] = []
            for place, case in enumerate(listed):
                try:
                    test(**fixtures, **dict(zip(split, case.values, strict=True)))
                except pytest.skip.Exception as skip:
                    skipped.append(skip)
                except (Exception, pytest.fail.Exception) as error:
                    failed.append((called(place, case), error))
            if failed:
                shown = "\n".join(f"  {name}: {error}".split("\n", 2)[0] for name, error in failed[:MOST_SHOWN])
                raise AssertionError(f"{len(failed)} of {len(listed)} cases fail:\n{shown}") from failed[0][1]
            if listed and len(skipped) == len(listed):
                raise skipped[0]

        left = [parameter for name, parameter in signature.parameters.items() if name not in split]
        run.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return run

    return decorate


def _param(case: Any, many: int) -> Any:
    return pytest.param(case) if many == 1 else pytest.param(*case)
