"""The pytest plugin, in real pytest processes."""

import subprocess
import sys

import pytest

FILE = """
import pytest

@pytest.mark.polyarena_gate(baseline={baseline!r}, candidate={candidate!r}, config="gate.yaml")
def test_gate():
    pass

@pytest.mark.polyarena_gate(baseline={baseline!r}, candidate={candidate!r}, config="gate.yaml")
def test_result(polyarena_gate):
    assert polyarena_gate.outcome in ("passed", "regressed")
"""


def run_pytest(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_marked_test_fails_where_the_gate_does(good, lost_all, tmp_path):
    (tmp_path / "gate.yaml").write_text("rounds: 999\n", encoding="utf-8")
    test = tmp_path / "test_model.py"
    test.write_text(FILE.format(baseline=str(good), candidate=str(lost_all)), encoding="utf-8")
    red = run_pytest(tmp_path)
    assert red.returncode == 1
    assert "1 failed, 1 passed" in red.stdout
    assert "regressed: " in red.stdout
    assert "Traceback" not in red.stdout
    test.write_text(FILE.format(baseline=str(good), candidate=str(good)), encoding="utf-8")
    assert run_pytest(tmp_path, "--strict-markers").returncode == 0


def test_the_plugin_imports_nothing_of_the_project_until_it_is_used(tmp_path):
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    own = {name for name in sys.modules if name.startswith('polyarena')}\n"
        "    allowed = {'polyarena', 'polyarena.harness', 'polyarena.harness.gate',"
        " 'polyarena.harness.gate.pytest_plugin'}\n"
        "    assert own <= allowed, own\n",
        encoding="utf-8",
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
