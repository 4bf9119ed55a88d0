"""The C library's memory allocator, for one batch after another of the same sizes on a processor."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of glibc's ``mallopt``."""
KEPT_BYTES = 512 << 20
"""Free memory at the end of the heap that is not returned to the system."""
LARGEST_BYTES = 32 << 20
"""Blocks up to this size are taken from the heap: the most that glibc allows."""


def keep_freed_memory() -> None:
    """Let glibc reuse the memory of freed tensors.

    By default it returns such blocks to the system, and each operation waits for the system to clear new pages.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGEST_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
