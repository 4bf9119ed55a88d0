"""Whether a device has instructions for bfloat16; one that has not takes several times as long as in float32."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""What the kernel calls them: on x86, and on ARM."""


def has_bfloat16(device: str) -> bool:
    """Return whether a device computes in bfloat16 by itself.

    Args:
        device: ``cpu``, ``cuda``, ...; GPUs are taken to have it.
    """
    return not device.startswith("cpu") or bool(CPU_FLAGS & _flags())


def in_bfloat16(setting: bool | None, device: str) -> bool:
    """Return whether a stage computes in bfloat16: as it says, or where the device has it.

    Args:
        setting: ``bf16`` of the stage; ``None`` if left out.
        device: ``cpu``, ``cuda``, ...
    """
    return has_bfloat16(device) if setting is None else setting


@cache
def _flags() -> frozenset[str]:
    # Other systems than Linux do not say; their processors are taken to have no bfloat16.
    if platform.system() != "Linux":
        return frozenset()
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return frozenset()
    return flags_of(text)


def flags_of(cpuinfo: str) -> frozenset[str]:
    """Return the flags of the first processor in the text of ``/proc/cpuinfo``."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip().casefold() in ("flags", "features"):
            return frozenset(value.split())
    return frozenset()
