"""Keeps lm-eval and transformers from writing over the run's progress.

Progress bars and prints go away; warnings stay, as records of ``logging`` under the libraries' own names.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import ModuleType
from typing import Any

_BARS = ("tqdm", "tqdm_asyncio")
_ALSO = ("transformers.modeling_gguf_pytorch_utils",)
_LOG = logging.getLogger(__name__)


@contextmanager
def quiet() -> Iterator[None]:
    """Switch off the progress bars and prints of the backends that are imported by now, and on again at the end."""
    for name in ("lm_eval", "transformers", "accelerate"):
        _without_last_resort(name)
    if "transformers" in sys.modules:
        _quieten_transformers()
    with ExitStack() as stack:
        for module in [m for n, m in list(sys.modules.items()) if n.startswith("lm_eval.models.") or n in _ALSO]:
            for bar in _BARS:
                if isinstance(getattr(module, bar, None), type):
                    _replace(stack, module, bar, _silent(getattr(module, bar)))
            _replace(stack, module, "print", _logged)
        yield


def _replace(stack: ExitStack, module: ModuleType, name: str, value: Any) -> None:
    missing = object()
    before = vars(module).get(name, missing)
    setattr(module, name, value)
    if before is missing:
        stack.callback(lambda: vars(module).pop(name, None))
    else:
        stack.callback(setattr, module, name, before)


@cache
def _silent(bar: type[Any]) -> type[Any]:
    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        bar.__init__(self, *args, **{**kwargs, "disable": True})

    return type(bar.__name__, (bar,), {"__init__": start})


def _logged(*words: object, **_: object) -> None:
    _LOG.info(" ".join(str(word) for word in words))


@cache
def _without_last_resort(name: str) -> None:
    """Without any handler, Python prints warnings to stderr; a library's are for whoever listens."""
    logging.getLogger(name).addHandler(logging.NullHandler())


@cache
def _quieten_transformers() -> None:
    settings = importlib.import_module("transformers.utils.logging")
    settings.disable_progress_bar()
    settings.disable_default_handler()
    settings.enable_propagation()
    importlib.import_module("transformers.modeling_gguf_pytorch_utils")
