"""Commands, model types and judges."""

from __future__ import annotations

import inspect
from importlib import import_module

from extension.markdown import code, table
from polyarena.harness.cli.app import COMMANDS
from polyarena.harness.models.backends import BACKENDS, SPEED_ARGUMENTS
from polyarena.judges.llm import load_template
from polyarena.judges.rules.settings import POINTS


def faults() -> str:
    """Return what the ``rules`` judge weighs."""
    return table(("fault", "points"), [(fault.value, str(points)) for fault, points in POINTS.items()])


def template() -> str:
    """Return the texts of the ``llm`` judge's template."""
    shown = load_template("pairwise")
    return f"System text:\n\n````text\n{shown.system}\n````\n\nUser text:\n\n````text\n{shown.user}\n````\n"


def explanation(module: str) -> str:
    """Return the docstring of a module."""
    return "```{eval-rst}\n" + (inspect.getdoc(import_module(module)) or "").partition("\n\n")[2] + "\n```\n"


def commands() -> str:
    """Return the commands with what they do."""
    return table(("command", "does"), [(code(f"polyarena {name}"), what) for name, what in COMMANDS.items()])


def model_types() -> str:
    """Return the model types of lm-eval: the argument they need and whether they can score choices."""
    rows = [
        (
            code(name),
            ", ".join(" or ".join(map(code, names.split("|"))) for names in backend.required),
            "yes" if backend.loglikelihood else "",
            "the server's" if backend.messages else "yours to choose",
        )
        for name, backend in sorted(BACKENDS.items())
    ]
    return table(("model type", "needs", "multiple choice", "chat template"), rows)


def speed_arguments() -> str:
    """Return the arguments that are no part of a cell's key."""
    return ", ".join(map(code, sorted(SPEED_ARGUMENTS))) + "."
