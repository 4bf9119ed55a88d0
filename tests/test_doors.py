"""The four rooms, their one-way doors, and the wheel that carries them."""

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from every_case import every_case

ROOT = Path(__file__).parent.parent
ROOMS = ("tasks", "judges", "reports", "harness")
MAY_IMPORT = {
    "tasks": {"tasks"},
    "judges": {"judges", "tasks"},
    "reports": {"reports", "tasks", "judges"},
    "harness": set(ROOMS),
}
OUTSIDE_WORLD = {
    "aiohttp", "asyncio", "ftplib", "http", "httpcore", "httpx", "multiprocessing", "openai", "requests", "smtplib",
    "socket", "socketserver", "ssl", "subprocess", "urllib", "urllib3", "xmlrpc",
}  # fmt: skip
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff", "tools"}
LONGEST = 500


def sources(*folders):
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "_build" not in path.parts)


def imports(path):
    """Yield each imported name with its line and level; ``from a import b`` is both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.lineno, node.level
            yield from ((f"{node.module}.{alias.name}", node.lineno, node.level) for alias in node.names)


def found_in(room, wrong):
    return sorted(
        {
            f"{path.relative_to(ROOT)}:{line} imports {module or '.'}"
            for path in sources(room)
            for module, line, level in imports(path)
            if wrong(module, level)
        }
    )


@every_case("room", ROOMS)
def test_doors_open_one_way(room):
    def wrong(module, level):
        name, _, rest = module.partition(".")
        return name == "polyarena" and rest != "" and rest.split(".")[0] not in MAY_IMPORT[room]

    assert found_in(room, wrong) == []


@every_case("room", ROOMS)
def test_every_import_within_the_project_goes_through_its_namespace(room):
    assert found_in(room, lambda module, level: level > 0 or module.split(".")[0] in ROOMS) == []


@pytest.mark.parametrize("room", ["judges", "reports"])
def test_judges_and_reports_reach_nothing_outside(room):
    def wrong(module, level):
        # urllib.parse only takes addresses apart.
        return module.split(".")[0] in OUTSIDE_WORLD and not module.startswith("urllib.parse")

    assert found_in(room, wrong) == []


def test_the_door_check_sees_imports_of_every_form(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text("import a.b\ndef f():\n    from c import d\nif True:\n    from .e import g\n", encoding="utf-8")
    assert set(imports(path)) == {("a.b", 1, 0), ("c", 3, 0), ("c.d", 3, 0), ("e", 5, 1), ("e.g", 5, 1)}


def graph(root, rooms):
    """Return the modules of some folders, each with those that it imports anywhere, also within functions.

    ``from package import name`` counts as the submodule where there is one, else as the package itself. Imports for
    type checkers alone are left out.
    """
    files = {}
    for path in sorted(path for room in rooms for path in (root / room).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(("polyarena", *(parts[:-1] if parts[-1] == "__init__" else parts)))] = path
    return {name: _imported(path, files) - {name} for name, path in files.items()}


def _imported(path, modules):
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for statement in block.body
        for node in ast.walk(statement)
    }
    found = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules.keys() or {node.module}
            found |= {node.module} if names - modules.keys() else set()
    return found & modules.keys()


def circles(imported):
    """Return the groups of modules that import one another, directly or through others (Tarjan 1972)."""
    order, low, stack, found = {}, {}, [], []

    def visit(name):
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(imported[name]):
            if other not in order:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            found.append(sorted(group))

    for name in imported:
        if name not in order:
            visit(name)
    return [group for group in found if len(group) > 1]


def test_no_module_imports_itself_through_others():
    assert circles(graph(ROOT, ROOMS)) == []


@pytest.mark.parametrize(
    ("second", "closed"),
    [
        ("from polyarena.room.one import f\n", True),
        ("def g():\n    from polyarena.room.one import f\n", True),
        ("from polyarena.room import one\n", True),
        ("import polyarena.room.one\n", True),
        ("if True:\n    from polyarena.room import two, one\n", True),
        ("from polyarena.room import name\n", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from polyarena.room.one import f\n", False),
    ],
    ids=str,
)
def test_the_check_for_circles_sees_imports_of_every_form(tmp_path, second, closed):
    (tmp_path / "room").mkdir()
    for name, text in {"__init__": "name = 1\n", "one": "from polyarena.room import two\n", "two": second}.items():
        (tmp_path / "room" / f"{name}.py").write_text(text, encoding="utf-8")
    found = circles(graph(tmp_path, ["room"]))
    assert found == ([["polyarena.room.one", "polyarena.room.two"]] if closed else [])


def test_no_file_is_long():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*ROOMS, "tests", "docs")}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST} == {}


def test_most_files_of_the_rooms_are_short():
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*ROOMS))
    assert lengths[len(lengths) // 2] < 150


def test_names_say_what_a_file_holds():
    paths = [path for path in sources(*ROOMS, "tests", "docs") if SAYS_NOTHING & {path.stem, path.parent.name}]
    assert [str(path.relative_to(ROOT)) for path in paths] == []


def package_data():
    """The files of the rooms that are no code and travel with them, as they are named under ``polyarena/``."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts:
                yield str(PurePosixPath("polyarena", *path.relative_to(ROOT).parts))


def modules():
    for path in sources(*ROOMS):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(("polyarena", *(parts[:-1] if parts[-1] == "__init__" else parts)))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built of a copy so that nothing is left in the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_has_one_top_level_name(wheel):
    names = {PurePosixPath(name).parts[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"polyarena"}


def test_the_wheel_has_all_data_files(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = set(package_data())
    assert any(name.endswith(".jsonl") for name in expected)
    assert expected - names == set()


def test_the_wheel_has_its_licence_and_entry_points(wheel):
    archive = zipfile.ZipFile(wheel)
    (licence,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    assert archive.read(licence).decode() == (ROOT / "LICENSE").read_text(encoding="utf-8")
    (points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "polyarena = polyarena.harness.cli:main" in archive.read(points).decode()


NOT_WITH_TESTS = {"trl", "peft", "ray"}
"""Packages of extras that the extra `test` does not bring; the modules that need them are imported late."""

IMPORT_ALL = """
import importlib, importlib.util, json, sys
site, rooms, extras, modules = json.load(sys.stdin)
# An editable installation of the same project must not stand in for the wheel.
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
sys.path.insert(0, site)
files = {}
for name in modules:
    try:
        files[name] = importlib.import_module(name).__file__
    except ModuleNotFoundError as error:
        if error.name not in extras:
            raise
print(json.dumps({"files": files, "shadowed": [room for room in rooms if importlib.util.find_spec(room)]}))
"""


def test_every_module_imports_from_the_wheel_and_shadows_nothing(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    asked = json.dumps([str(site), ROOMS, sorted(NOT_WITH_TESTS), list(modules())])
    ran = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT_ALL], cwd=tmp_path, input=asked, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["shadowed"] == []
    assert [name for name, path in found["files"].items() if not path.startswith(str(site))] == []
    assert len(found["files"]) > 100
