"""Each public function has an example, and what examples show is what comes out."""

from __future__ import annotations

import doctest
import inspect
from importlib import import_module

import numpy as np
import pandas as pd
from every_case import every_case

from polyarena.reports import stats

FUNCTIONS = sorted(name for name in stats.__all__ if inspect.isfunction(getattr(stats, name)))
MODULES = sorted({getattr(stats, name).__module__ for name in stats.__all__})


def test_there_is_something_to_look_at() -> None:
    assert len(FUNCTIONS) >= 30
    assert {"win_rates", "compare", "rank", "adjust", "power"} <= {*FUNCTIONS}


@every_case("name", FUNCTIONS)
def test_a_public_function_has_an_example_that_calls_it(name: str) -> None:
    text = inspect.getdoc(getattr(stats, name)) or ""
    examples = doctest.DocTestParser().get_examples(text)
    assert any(f"{name}(" in each.source for each in examples)


@every_case("name", MODULES)
def test_examples_show_what_comes_out(name: str) -> None:
    module = import_module(name)
    known = {"np": np, "pd": pd} | {each: getattr(stats, each) for each in stats.__all__}
    tried = doctest.testmod(module, extraglobs={each: known[each] for each in known if not hasattr(module, each)})
    assert tried.failed == 0
