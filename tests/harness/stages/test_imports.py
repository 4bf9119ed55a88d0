"""What the training stages import, and when."""

import ast
import importlib
import re
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "trl", "peft", "accelerate")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nothing_imports_the_experimental_part_of_trl(repository):
    sources = [
        path
        for room in ("tasks", "judges", "reports", "harness", "benchmarks")
        for path in (repository / room).rglob("*.py")
    ]
    assert len(sources) > 300
    assert [path for path in sources if any(name.startswith("trl.experimental") for name in imported(path))] == []
    assert [path for path in sources if "trl.experimental" in path.read_text("utf-8")] == []


@pytest.mark.training
def test_no_more_of_the_experimental_part_is_loaded_than_the_stable_trainers_load(repository):
    """A name of `trl` itself, or of another library, may stand for an experimental one."""
    sources = (repository / "harness").rglob("*.py")
    names = {
        name.removeprefix("trl.") for path in sources for name in imported(path) if re.fullmatch(r"trl\.[A-Z]\w*", name)
    }
    assert {"SFTTrainer", "DPOTrainer", "RewardTrainer", "RLOOTrainer", "GRPOTrainer"} <= names
    stages = [
        f"polyarena.{path.relative_to(repository).with_suffix('').as_posix().replace('/', '.')}"
        for path in sorted((repository / "harness" / "stages").rglob("[a-z]*.py"))
    ]
    stable = f"import trl; [getattr(trl, name) for name in {sorted(names)!r}]"
    own = f"import importlib; [importlib.import_module(name) for name in {stages!r}]"
    seen = "import sys; print(*sorted(name for name in sys.modules if name.startswith('trl.experimental')))"
    loaded = [
        set(
            subprocess.run(
                [sys.executable, "-c", f"{code}; {seen}"], capture_output=True, text=True, check=True
            ).stdout.split()
        )
        for code in (stable, f"{stable}; {own}")
    ]
    assert loaded[1] == loaded[0]
    trl = importlib.import_module("trl")
    assert [name for name in names if "experimental" in getattr(trl, name).__module__] == []


@pytest.mark.parametrize(
    "module",
    [
        "polyarena.harness.stages.pipeline.runner",
        "polyarena.harness.stages.pipeline.dry_run",
        "polyarena.harness.stages.outputs",
        "polyarena.harness.models.stage",
        "polyarena.harness.models.reward",
        "polyarena.harness.stages.rows.mixture",
        "polyarena.harness.stages.watch",
        "polyarena.harness.cli.train",
    ],
)
def test_what_plans_and_reads_loads_no_training_library(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_type_of_stage_has_a_module(repository):
    from polyarena.harness.stages.pipeline.schema import STAGE_TYPES
    from polyarena.harness.stages.pipeline.work import WORK

    assert set(WORK) == set(STAGE_TYPES)
    for dotted in WORK.values():
        path = repository.joinpath(*dotted.split(".")[1:]).with_suffix(".py")
        assert "\ndef run(" in path.read_text("utf-8")


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    from polyarena.harness.stages.pipeline import work
    from polyarena.tasks.errors import ModelError

    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="trl")

    monkeypatch.setattr(work.importlib, "import_module", missing)
    with pytest.raises(ModelError, match="needs trl") as refused:
        work.find_stage_work("sft")
    assert "polyarena[train]" in refused.value.fix
