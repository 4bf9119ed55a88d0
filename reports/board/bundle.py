"""The site's modules as one classic script: a browser runs no module that a page on a disk refers to.

Modules use few forms only: ``import { a, b } from "./x.js";``, ``import * as x from "./x.js";`` and ``export`` before a
declaration or with a list of names. Each becomes a function that returns what it exports, in the order in which they
need each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./([a-z_]+)\.js";$', re.MULTILINE)
_NAMESPACE = re.compile(r'^import \* as (\w+) from "\./([a-z_]+)\.js";$', re.MULTILINE)
_DECLARED = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) ([A-Za-z_$][\w$]*)", re.MULTILINE)
_LISTED = re.compile(r"^export \{([^{}]*)\};$", re.MULTILINE)
_LEFT = re.compile(r"^[ \t]*(?:import|export)\b", re.MULTILINE)
ENTRY = "main"


def read_modules() -> dict[str, str]:
    """Return the text of each module by its name."""
    folder = files("polyarena.reports.board") / "site"
    found = {
        each.name.removesuffix(".js"): each.read_text(encoding="utf-8")
        for each in folder.iterdir()
        if each.name.endswith(".js")
    }
    return dict(sorted(found.items()))


def bundle(modules: Mapping[str, str], entry: str = ENTRY) -> str:
    """Return one classic script that runs a module and all that it imports.

    Args:
        modules: Their texts by name.
        entry: The module to run.

    Raises:
        ValueError: A module imports one that does not exist or, directly or not, itself; or uses another form.
    """
    order: list[str] = []
    _visit(entry, modules, order, ())
    parts = [f"const {_holder(name)} = (() => {{\n{_wrapped(name, modules[name])}\n}})();" for name in order]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"


def _visit(name: str, modules: Mapping[str, str], order: list[str], above: tuple[str, ...]) -> None:
    if name not in modules:
        raise ValueError(f"{above[-1] if above else 'the bundle'} imports {name}, which does not exist")
    if name in above:
        raise ValueError(f"modules import each other: {' -> '.join((*above, name))}")
    if name in order:
        return
    for _, needed in [*_IMPORT.findall(modules[name]), *_NAMESPACE.findall(modules[name])]:
        _visit(needed, modules, order, (*above, name))
    order.append(name)


def _wrapped(name: str, text: str) -> str:
    exported = _DECLARED.findall(text)
    for names in _LISTED.findall(text):
        exported += [each.strip() for each in names.split(",") if each.strip()]
    inner = _IMPORT.sub(lambda found: f"const {{{_bound(found[1])}}} = {_holder(found[2])};", text)
    inner = _NAMESPACE.sub(lambda found: f"const {found[1]} = {_holder(found[2])};", inner)
    inner = _LISTED.sub(
        "", re.sub(r"^export (?=(?:async )?(?:function|class|const|let))", "", inner, flags=re.MULTILINE)
    )
    wrong = _LEFT.search(inner)
    if wrong:
        line = inner[wrong.start() :].lstrip().splitlines()[0]
        raise ValueError(f"{name}.js: {line!r} is a form that the bundle does not know")
    return f"{inner}\nreturn {{ {', '.join(exported)} }};"


def _bound(names: str) -> str:
    return re.sub(r"\b(\w+) as (\w+)", r"\1: \2", names)


def _holder(name: str) -> str:
    return f"module_{name}"
