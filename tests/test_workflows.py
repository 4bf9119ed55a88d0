"""The workflow files can be read, and what they run is sound shell."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / ".github").rglob("*.yml"), *(ROOT / ".github").rglob("*.yaml")])
SCRIPTS = sorted(path for path in (ROOT / ".ci").iterdir() if path.is_file())

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def steps(path):
    content = yaml.safe_load(path.read_text())
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    return [step for job in jobs for step in job["steps"]]


def complaints(text):
    return subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True).stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_steps_use_an_action_or_run_sound_shell(path):
    found = steps(path)
    assert found
    for step in found:
        assert ("uses" in step) != ("run" in step)
        assert complaints(step.get("run", "")) == ""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_executable_and_sound(path):
    text = path.read_text()
    assert path.stat().st_mode & 0o111
    if "bash" in text.partition("\n")[0]:
        assert complaints(text) == ""
    else:
        compile(text, str(path), "exec")


def test_the_suite_runs_on_every_python_that_the_docs_name():
    content = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    assert content["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_a_broken_step_is_noticed():
    assert "syntax error" in complaints("if true; then\n")
