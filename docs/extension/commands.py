"""Commands, model types and judges."""

from __future__ import annotations

import inspect
from importlib import import_module

from extension.markdown import code, table
from polyarena.harness.cli.app import COMMANDS
from polyarena.harness.models.lm_eval.backends import BACKENDS, SPEED_ARGUMENTS
from polyarena.judges.llm import TemplateKind, load_template, template_names
from polyarena.judges.rules.settings import POINTS
from polyarena.tasks.thought_marks import FAMILIES


def faults() -> str:
    """Return what the ``rules`` judge weighs."""
    return table(("fault", "points"), [(fault.value, str(points)) for fault, points in POINTS.items()])


def template() -> str:
    """Return the texts of the ``llm`` judge's template."""
    shown = load_template("pairwise")
    texts = {"System text": shown.system, "User text": shown.user, "In place of `{reply}`": shown.plain}
    texts["In place of `{reply}`, where a JSON object is asked for"] = shown.json
    return "\n".join(f"{what}:\n\n````text\n{text}\n````\n" for what, text in texts.items())


def judge_templates() -> str:
    """Return the templates that come with polyarena, by what they judge and how their verdicts are written."""
    rows = []
    for name in template_names():
        shown = load_template(name)
        judged = "both answers" if shown.kind is TemplateKind.PAIRWISE else "one answer"
        words = ", ".join(code(word) for word in shown.words.values())
        rows.append((code(name), shown.version, judged, words, code(shown.marker) if shown.marker else "brackets"))
    return table(("template", "version", "judges", "verdicts", "written in or behind"), rows)


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


def thought_marks() -> str:
    """Return the marks of thoughts by model family."""
    rows = [(code(family.start), code(family.end), family.models) for family in FAMILIES]
    return table(("opens", "ends", "models"), rows)


def speed_arguments() -> str:
    """Return the arguments that are no part of a cell's key."""
    return ", ".join(map(code, sorted(SPEED_ARGUMENTS))) + "."
