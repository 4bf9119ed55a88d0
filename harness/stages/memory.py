"""A lack of memory, of a GPU or of the machine, is an error that says which setting to lower."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from polyarena.tasks.errors import ModelError, PolyarenaError

SAMPLING = "lower `sampling.batch_size` or `sampling.max_tokens`"
SCORING = (
    "lower `sampling.max_tokens` of what is scored, set `bf16: true` in the arbiter, or name a smaller reward model"
)
OTHER = "lower `max_length` if the stage has it, or run the stage on a device with more memory"
_SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that a device or the machine lacks memory; torch need not be there."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    said = str(error).casefold()
    return isinstance(error, RuntimeError) and any(sign in said for sign in _SIGNS)


@contextmanager
def memory_errors(where: str, fix: str) -> Iterator[None]:
    """Turn a lack of memory into an error with a fix; what is done is stored, so that the next start goes on.

    Args:
        where: The stage, or the teacher in it.
        fix: Which settings to lower.

    Raises:
        ModelError: The memory does not suffice.
    """
    try:
        yield
    except PolyarenaError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            "the memory of the device does not suffice",
            where=where,
            why=(str(error).splitlines() or [type(error).__name__])[0],
            fix=fix,
        ) from error
