"""Counts the files that a reader of the code opens for three purposes, and prints them.

    python benchmarks/hops.py

`polyarena run` is called in this process on an experiment of toys, report included, while each call of a function of
polyarena is recorded, in all threads. Two counts follow, for the run and for one win rate:

- **path**: the files of the path in docs/code-tour.md. Each of its functions must have been called from the file of a
  step before it, with at most one file between, or the script ends with an error.
- **called**: every file with a function that was called, helpers, errors and records included. For the run it is given
  with the report and without it.
- **pass-through**: called files of which every function that was called only calls one other function.

For adding a task, a reader opens the list in CONTRIBUTING.md, the files that it names, a task like the new one, its
test, and whatever the task imports from polyarena. The count is given over all tasks of the project.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import sys
import tempfile
import threading
from collections import defaultdict
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from types import CodeType, FrameType

ROOT = Path(__file__).resolve().parent.parent
ROOMS = tuple(str(ROOT / room) + os.sep for room in ("tasks", "judges", "reports", "harness"))
TOUR = ROOT / "docs" / "code-tour.md"
EXPERIMENT = {
    "name": "hops",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 200},
}


def local(code: CodeType) -> str | None:
    """Return the path of a function's file within the repository; ``None`` for files of others and for modules."""
    if code.co_name == "<module>" or not code.co_filename.startswith(ROOMS):
        return None
    return os.path.relpath(code.co_filename, ROOT)


class Recorder:
    """Records which functions of polyarena are called, and from which files.

    Attributes:
        callers: By file and qualified name of a function, the files of its callers and of theirs, since a function
            may be handed to another that collects errors, say; comprehensions and the like count as their function.
        codes: By file, the code of the functions that were called.
    """

    def __init__(self) -> None:
        self.callers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.codes: defaultdict[str, set[CodeType]] = defaultdict(set)

    def __enter__(self) -> Recorder:
        threading.setprofile(self._take)
        sys.setprofile(self._take)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _take(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or (file := local(frame.f_code)) is None:
            return
        self.codes[file].add(frame.f_code)
        name = frame.f_code.co_qualname.split(".<locals>")[0]
        before, nearest = frame.f_back, []
        while before is not None and len(nearest) < 2:
            caller = local(before.f_code)
            if caller is not None and caller not in (file, *nearest):
                nearest.append(caller)
            before = before.f_back
        self.callers[file, name].update(nearest)


def tour(heading: str) -> list[tuple[str, str]]:
    """Return file and function of each step under a heading of the tour."""
    _, _, part = TOUR.read_text(encoding="utf-8").partition(f"## {heading}\n")
    return re.findall(r"^\d+\. `([\w/]+\.py)`, `([\w.]+)`", part.partition("\n## ")[0], re.MULTILINE)


def check(steps: list[tuple[str, str]], found: Recorder) -> list[str]:
    """Return what is wrong with the steps of the tour: each must be called from the file of a step before it."""
    wrong = [] if steps else ["the tour has no steps"]
    earlier: set[str] = set()
    for file, name in steps:
        callers = found.callers.get((file, name), set())
        if earlier and not callers & earlier:
            wrong.append(f"{file}: {name} was called from {sorted(callers) or 'nowhere'} and from no step before it")
        earlier.add(file)
    return wrong


def passes_through(file: str, codes: set[CodeType]) -> bool:
    """Return whether every function of a file that was called only calls one other function."""
    lines = {code.co_firstlineno for code in codes if not code.co_name.startswith("<")}
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and {node.lineno, *(decorator.lineno for decorator in node.decorator_list)} & lines
    ]
    return bool(functions) and all(_delegates(node) for node in functions)


def _delegates(node: ast.FunctionDef) -> bool:
    body = [each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or not isinstance(body[0].value, ast.Call):
        return False
    call = body[0].value
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(isinstance(each, ast.Name | ast.Constant | ast.Attribute) for each in given)


def told(what: str, steps: list[tuple[str, str]], found: Recorder) -> list[str]:
    """Print the counts of one purpose; return what is wrong with its steps."""
    path = list(dict.fromkeys(file for file, _ in steps))
    passing = sorted(file for file, codes in found.codes.items() if passes_through(file, codes))
    print(f"{what}: path {len(path)} files, called {len(found.codes)}, pass-through {len(passing)}")
    print("  path:", " ".join(path))
    print("  pass-through:", " ".join(passing) or "none")
    return check(steps, found)


def adding_a_task(example: Path) -> set[str]:
    """Return the files that one reads or changes to add a task like an example.

    Args:
        example: Its module.
    """
    _, _, part = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a task\n")
    part = part.partition("\n## ")[0]
    files = {"CONTRIBUTING.md", str(example.relative_to(ROOT)), f"tests/tasks/benchmarks/test_{example.name}"}
    files |= set(re.findall(r"`([\w./]+\.toml)`", part))
    for module in re.findall(r"`polyarena\.(tasks(?:\.\w+)+)\.\w+`", part):
        files.add(module.replace(".", "/") + ".py")
    for node in ast.walk(ast.parse(example.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("polyarena."):
            module = ROOT / node.module.removeprefix("polyarena.").replace(".", "/")
            files.add(str((module / "__init__.py" if module.is_dir() else module.with_suffix(".py")).relative_to(ROOT)))
    return files


def record(folder: Path) -> tuple[Recorder, Recorder, Recorder]:
    """Return what is called by `polyarena run`, by a run without a report, and by the estimates of a run."""
    from polyarena.harness import open_run, plan, run
    from polyarena.harness.cli.run import command
    from polyarena.harness.reporting.write import write_report

    experiment = folder / "hops.yaml"
    experiment.write_text(json.dumps(EXPERIMENT), encoding="utf-8")
    # Once before, so that what is done once a process (reading plugins, say) is not taken for a part of a run.
    run(plan(experiment, output=folder / "before"), report=False)
    with Recorder() as whole, redirect_stdout(io.StringIO()):
        command(experiment, output=folder / "whole", quiet=True)
    with Recorder() as quick:
        run(plan(experiment, output=folder / "quick"), report=False)
    records = open_run(folder / "quick")
    with Recorder() as estimating:
        write_report(records.folder, results_only=True)
    return whole, quick, estimating


def main() -> int:
    sys.path.insert(0, str(ROOT / "tests" / "toys"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["TOY_LOG"] = str(folder / "toy.log")
        (folder / "toy.log").touch()
        whole, quick, estimating = record(folder)
    wrong = told("polyarena run", tour("How a run flows"), whole)
    print(f"  called without the report: {len(quick.codes)}")
    wrong += told("a win rate", tour("How a win rate is computed"), estimating)
    tasks = {path.stem: len(adding_a_task(path)) for path in sorted((ROOT / "tasks" / "benchmarks").glob("[!_]*.py"))}
    counts = sorted(tasks.values())
    print(f"add a task: least {counts[0]}, median {median(counts):g}, most {counts[-1]} files, of {len(tasks)} tasks")
    least = ROOT / "tasks" / "benchmarks" / f"{min(tasks, key=tasks.__getitem__)}.py"
    print("  least:", " ".join(sorted(adding_a_task(least))))
    for each in wrong:
        print("wrong:", each, file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
