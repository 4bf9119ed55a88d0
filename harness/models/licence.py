"""What the licence of a model is, as far as its files say."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path

LONGEST = 60
"""Characters of a licence's name; longer metadata is the text of a licence."""

_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_LICENCE = re.compile(r"^(license|license_name):\s*['\"]?([^'\"#\r\n]+?)['\"]?\s*$", re.MULTILINE)


def model_licence(value: str, path: Path | None) -> str:
    """Return the licence of a model's weights; empty where nothing on this machine says it.

    A folder says it in the head of its model card (``README.md``), as on the hub; a package in its metadata.

    Args:
        value: What the experiment calls the model.
        path: The file or folder on this machine; ``None`` for a model on the hub.
    """
    if value.startswith("package://"):
        module = value.removeprefix("package://").partition("/")[0]
        names = packages_distributions().get(module) or [module.replace("_", "-")]
        return package_licence(names[0])
    return _of_card(path if path.is_dir() else path.parent) if path is not None else ""


def package_licence(name: str) -> str:
    """Return the licence of an installed package as its metadata names it; empty where it does not."""
    try:
        known = metadata(name)
    except PackageNotFoundError:
        return ""
    for key in ("License-Expression", "License"):
        text = " ".join(str(known[key] or "").split())
        if text and len(text) <= LONGEST and text != "UNKNOWN":
            return text
    every: list[str] = known.get_all("Classifier") or []
    classifiers = [text.rpartition(" :: ")[2] for text in every if "License ::" in text]
    return classifiers[0] if classifiers else ""


def _of_card(folder: Path) -> str:
    try:
        head = _FRONT.match((folder / "README.md").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    found: dict[str, str] = dict(_LICENCE.findall(head[1])) if head else {}
    # A licence without an SPDX identifier is `other`, with its name beside it.
    name = found.get("license", "")
    return (found.get("license_name", name) if name == "other" else name)[:LONGEST]
