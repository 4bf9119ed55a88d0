"""Limits BLAS, which multiplies matrices, to one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy's BLAS use one thread while the block runs.

    BLAS sums in another order with another number of threads, so that last digits would depend on the machine, and
    it shares even small products among its threads, which takes longer than they do.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Return what knows the libraries that are loaded; finding them takes milliseconds."""
    return ThreadpoolController()
