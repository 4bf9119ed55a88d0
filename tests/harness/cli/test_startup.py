"""The command line answers at once: what only a run needs is imported by a run."""

import os
import subprocess
import sys

from every_case import every_case

HEAVY = {
    "accelerate", "datasets", "lm_eval", "matplotlib", "numpy", "openai", "pandas", "polyarena.reports.figures",
    "pyarrow", "scipy", "torch", "transformers",
}  # fmt: skip

PROBE = """
import sys
from polyarena.harness.cli import main
code = main({arguments!r})
print("IMPORTED", *sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
raise SystemExit(code)
"""


def probe(*arguments):
    """Run the command line in a fresh process; return exit code, output, and the heavy modules it imported."""
    code = PROBE.format(arguments=list(arguments), heavy=HEAVY)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "100"},
    )
    (line,) = [line for line in ran.stderr.splitlines() if line.startswith("IMPORTED")]
    return ran.returncode, ran.stdout, line.split()[1:]


@every_case("arguments", [["--help"], ["--version"], []])
def test_help_imports_nothing_heavy(arguments):
    code, output, imported = probe(*arguments)
    assert imported == []
    assert code == 0
    assert output.strip()


@every_case("command", ["run", "plan", "report", "tasks", "languages", "doctor", "schema"])
def test_the_help_of_each_command_imports_nothing_heavy(command):
    code, output, imported = probe(command, "--help")
    assert imported == []
    assert code == 0
    assert f"polyarena {command}" in output


def test_languages_are_listed_without_torch_or_pandas():
    code, output, imported = probe("languages", "aya23", "--json")
    assert imported == []
    assert code == 0
    assert '"code": "arb_Arab"' in output


def test_a_misspelt_experiment_is_refused_without_loading_a_model_library(tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text("name: x\nsystms: []\n", encoding="utf-8")
    code, _, imported = probe("run", str(path))
    assert code == 2
    assert not {"torch", "transformers", "lm_eval", "matplotlib", "openai"} & set(imported)


def test_a_plan_is_made_without_pandas(tmp_path):
    path = tmp_path / "experiment.yaml"
    head = "name: x\nsystems: [{name: a, model: dummy}]\ntasks: [{task: polyarena_mini, languages: [eng_Latn]}]\n"
    path.write_text(f"{head}output: {tmp_path / 'run'}\n", encoding="utf-8")
    code, _, imported = probe("plan", str(path), "--json")
    assert code == 0
    assert "pandas" not in imported
