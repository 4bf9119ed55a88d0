"""Keeps training libraries from writing over the progress of a pipeline."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from polyarena.harness.models.lm_eval.quiet import quiet

LIBRARIES = r"(transformers|trl|peft|accelerate|torch|datasets|safetensors)(\.|$)"


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Switch off the progress bars of the libraries that are imported by now, and what they say of their own future.

    Other warnings stay.
    """
    if "datasets" in sys.modules:
        importlib.import_module("datasets").disable_progress_bars()
    with quiet(), warnings.catch_warnings():
        for category in (FutureWarning, DeprecationWarning):
            warnings.filterwarnings("ignore", category=category, module=LIBRARIES)
        yield
