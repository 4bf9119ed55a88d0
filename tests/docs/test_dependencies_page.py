"""The page of dependencies explains each one that `pyproject.toml` names, with its bounds."""

import re
import tomllib

import pytest

PAGE = "docs/dependencies.md"
EXPLAINED_AS_A_WHOLE = {"test", "docs"}
"""Extras that only developers need."""


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]


def parsed(requirement):
    """The name of a requirement and the version that it must stay below."""
    name = re.match(r"[\w-]+", requirement)[0]
    below = re.search(r"<([\d.]+)", requirement)
    return name, below and below[1]


def rows(text):
    """The tables of the page: what is written of each name in the first column."""
    found = {}
    for names, what in re.findall(r"^\| (`[^|]+`) \| (.+) \|$", text, re.MULTILINE):
        found |= dict.fromkeys(re.findall(r"`([\w-]+)`", names), what)
    return found


def test_every_core_dependency_and_its_upper_bound_is_explained(pages, project):
    explained = rows(pages[PAGE])
    required = dict(map(parsed, project["dependencies"]))
    assert set(required) | set(project["optional-dependencies"]) == set(explained)
    for name, below in required.items():
        assert (f"elow {below}" in explained[name]) == (below is not None), name


def test_every_dependency_of_an_extra_and_its_upper_bound_is_explained(pages, project):
    explained = rows(pages[PAGE])
    for extra, requirements in project["optional-dependencies"].items():
        if extra in EXPLAINED_AS_A_WHOLE:
            continue
        for name, below in map(parsed, requirements):
            if name not in ("polyarena", "lm-eval") and name != extra:
                assert f"`{name}`" in explained[extra], (extra, name)
            if below is not None:
                assert f"elow {below}" in explained[extra], (extra, name)


def test_the_page_claims_no_python_as_tested_that_was_not(pages, project):
    """A classifier tells package indexes that a version of Python was tested."""
    tested = re.search(r"The test suite was run with Python ([\d., and]+) on", pages[PAGE])[1]
    named = {line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert set(re.findall(r"3\.\d+", tested)) == named


def test_constraints_pin_every_dependency(repository, project):
    pinned = set(re.findall(r"^([\w.-]+)==", (repository / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    assert {parsed(each)[0].lower() for each in project["dependencies"]} <= pinned
