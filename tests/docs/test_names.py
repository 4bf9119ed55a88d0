"""Every name of the project's Python that a docstring or a page mentions is there.

The names are read from the sources, so that nothing heavy is imported.
"""

import ast
import builtins
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("tasks", "judges", "reports", "harness")
DOTTED = re.compile(r"(?<![\w./-])polyarena(?:\.[A-Za-z_]\w*)+(?![\w/-])")
ROLE = re.compile(r":(?:func|class|mod|meth|attr|data|exc):`[~!]?([\w.\s]+?)(?:\(\))?`")
GROUPS = {f"polyarena.{group}" for group in ("tasks", "metrics", "judges", "models", "reports")}
"""Entry-point groups, which have the form of module names."""


def bindings(body):
    """Map each name that statements bind to what it is: a dotted name elsewhere, a class, or ``None``."""
    found = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = None
        elif isinstance(node, ast.Assign):
            found |= {
                name.id: None for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)
            }
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = None
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.If | ast.Try | ast.With):
            found |= bindings([*node.body, *getattr(node, "orelse", [])])
    return found


def own_attributes(cls):
    """Return the names that the methods of a class assign to ``self``."""
    return {
        node.attr
        for node in ast.walk(cls)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


class Names:
    """The names of all modules below some folders."""

    def __init__(self, root, rooms):
        self.trees, self.modules = {}, {}
        for path in sorted(path for room in rooms for path in (root / room).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = ".".join(("polyarena", *(parts[:-1] if parts[-1] == "__init__" else parts)))
            self.trees[module] = ast.parse(path.read_text(encoding="utf-8"), str(path))
            self.modules[module] = bindings(self.trees[module].body)

    def has(self, name):
        """Whether a dotted name is a module, or leads to something that a module or a class has."""
        if name in self.modules:
            return True
        module, _, last = name.rpartition(".")
        if module in self.modules:
            bound = self.modules[module]
            return last in bound or "__getattr__" in bound
        owner = self.class_of(module) if module else None
        return owner is not None and self.member(owner, last)

    def class_of(self, name):
        """Return the module and the definition of the class that a dotted name leads to, through imports."""
        module, _, last = name.rpartition(".")
        found = self.modules.get(module, {}).get(last)
        if isinstance(found, ast.ClassDef):
            return module, found
        return self.class_of(found) if isinstance(found, str) and found != name else None

    def member(self, owner, name):
        """Whether a class or one of its bases has a member; a base from another package may have any."""
        module, cls = owner
        if name in bindings(cls.body) or name in own_attributes(cls):
            return True
        for base in cls.bases:
            dotted = ast.unparse(base).partition("[")[0]
            parent = self.class_of(f"{module}.{dotted}")
            if dotted not in ("Protocol", "Generic") and (parent is None or self.member(parent, name)):
                return True
        return False

    def dangling(self):
        """Yield where each docstring is that mentions something that is not there, and the name."""
        for module, tree in self.trees.items():
            for owner in ast.walk(tree):
                if not isinstance(owner, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                for text in docstrings(owner):
                    yield from ((module, name) for name in self.lost(module, text))

    def lost(self, module, text):
        """Yield the names in a docstring of a module that lead nowhere."""
        roles = {"".join(name.split()) for name in ROLE.findall(text)}
        for name in {*roles, *DOTTED.findall(text)} - GROUPS:
            if name.startswith("polyarena."):
                known = self.has(name)
            else:
                classes = [each.name for each in ast.walk(self.trees[module]) if isinstance(each, ast.ClassDef)]
                near = [f"{module}.{name}", *(f"{module}.{each}.{name}" for each in classes)]
                known = any(map(self.has, near)) or self.elsewhere(module, name)
            if not known:
                yield name

    def elsewhere(self, module, name):
        """Whether a name is Python's own, or begins with another package that the module need not import."""
        first = name.partition(".")[0]
        bound = self.modules[module].get(first)
        foreign = isinstance(bound, str) and not bound.startswith("polyarena")
        return hasattr(builtins, first) or foreign or (bound is None and bool(first) and find_spec(first) is not None)


def docstrings(owner):
    """Yield the docstring of a module, class or function, and those of the names that it binds."""
    for node in owner.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


@pytest.fixture(scope="module")
def names():
    return Names(ROOT, ROOMS)


def test_every_name_in_a_docstring_is_there(names):
    assert sorted(set(names.dangling())) == []


def test_every_name_on_a_page_is_there(names, pages):
    found = {(page, name) for page, text in pages.items() for name in DOTTED.findall(text)}
    assert len(found) > 100
    assert sorted((page, name) for page, name in found if name not in GROUPS and not names.has(name)) == []


ONE = '''"""See :func:`f`, :class:`C`, :meth:`C.m`, :attr:`field`, :class:`dict`, :mod:`os.path`, polyarena.room.two."""

import os
from polyarena.room.two import f

class C:
    field: int = 0

    def m(self):
        self.own = 1
'''
TWO = '''"""See :meth:`polyarena.room.one.C.own`."""

def f():
    """See :func:`polyarena.room.one.f`."""
'''


@pytest.mark.parametrize(
    "name", ["polyarena.room.three", "polyarena.room.one.g", "polyarena.room.one.C.n", "polyarena.room.C"]
)
def test_a_name_that_is_nowhere_is_found(tmp_path, name):
    (tmp_path / "room").mkdir()
    for module, text in {"__init__": "", "one": ONE, "two": TWO, "lost": f'"""See :func:`{name}`."""\n'}.items():
        (tmp_path / "room" / f"{module}.py").write_text(text, encoding="utf-8")
    assert set(Names(tmp_path, ["room"]).dangling()) == {("polyarena.room.lost", name)}


@pytest.mark.parametrize("name", ["g", "C.n", ".one"])
def test_a_short_name_that_is_nowhere_is_found(tmp_path, name):
    (tmp_path / "room").mkdir()
    text = f'"""See :func:`{name}`."""\nclass C:\n    pass\n'
    (tmp_path / "room" / "one.py").write_text(text, encoding="utf-8")
    assert set(Names(tmp_path, ["room"]).dangling()) == {("polyarena.room.one", name)}
