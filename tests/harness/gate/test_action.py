"""The GitHub action and the GitLab job: their own shell steps, run in a folder of their own with the real command."""

import os
import stat
import subprocess
import sys

import pytest
import yaml

ACTION = ".github/actions/gate/action.yml"
GITLAB = "examples/ci/gitlab.yml"


@pytest.fixture
def shell(tmp_path):
    """Return a function that runs shell steps with this installation's `polyarena` and `python` on the path."""
    tools = tmp_path / "tools"
    tools.mkdir()
    entry = f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; from polyarena.harness.cli import main; ' \
            'sys.exit(main(sys.argv[1:]))" "$@"\n'  # fmt: skip
    for name, text in (("polyarena", entry), ("python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'),
                       ("pip", '#!/bin/sh\necho "pip $*" >> pip.log\n')):  # fmt: skip
        path = tools / name
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "repository"
    folder.mkdir()

    def run(script, **variables):
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        own = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=folder,
            env={**own, "PATH": path, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, folder

    return run


@pytest.fixture(scope="module")
def action(repository):
    return yaml.safe_load((repository / ACTION).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def job(repository):
    return yaml.safe_load((repository / GITLAB).read_text(encoding="utf-8"))["polyarena-gate"]


@pytest.fixture
def step(action, shell, tmp_path):
    """Return a function that runs the action's step with its inputs, and gives exit status, outputs and summary."""
    (found,) = action["runs"]["steps"]
    defaults = {name: str(each.get("default", "")) for name, each in action["inputs"].items()}

    def run(**inputs):
        values = {**defaults, **inputs}
        environment = {}
        for variable, expression in found["env"].items():
            name = expression.removeprefix("${{ inputs.").removesuffix(" }}")
            assert name in values, expression
            environment[variable] = values[name]
        outputs, summary = tmp_path / "outputs", tmp_path / "summary.md"
        outputs.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        done, folder = shell(
            found["run"], **environment, GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(outputs),
            GITHUB_STEP_SUMMARY=str(summary),
        )  # fmt: skip
        written = dict(line.split("=", 1) for line in outputs.read_text(encoding="utf-8").splitlines())
        return done, written, summary.read_text(encoding="utf-8"), folder

    return run


def test_a_green_and_a_red_run_of_the_action(step, good, lost_all):
    done, outputs, summary, folder = step(baseline=str(good), candidate=str(good))
    assert (done.returncode, outputs) == (0, {"outcome": "passed"}), done.stderr
    assert "polyarena gate: No regression found" in summary
    assert {path.name for path in (folder / "gate").iterdir()} == {"gate.json", "gate.xml", "comment.md"}
    done, outputs, summary, folder = step(baseline=str(good), candidate=str(lost_all))
    assert (done.returncode, outputs) == (1, {"outcome": "regressed"})
    assert "❌" in summary
    assert "::error title=" in done.stdout
    assert (folder / "gate" / "comment.md").read_text(encoding="utf-8").startswith("<!-- polyarena gate -->")


def test_an_input_is_never_a_command(step, good, tmp_path):
    done, outputs, _, folder = step(baseline=str(good), candidate='x"; touch hacked; $(touch hacked) `touch hacked`')
    assert (done.returncode, outputs) == (2, {})
    assert not (folder / "hacked").exists()


def test_no_input_is_pasted_into_a_shell_step(action):
    assert all("${{" not in step["run"] for step in action["runs"]["steps"])


def test_outputs_name_what_the_step_writes(action):
    (step,) = action["runs"]["steps"]
    assert action["outputs"]["outcome"]["value"] == f"${{{{ steps.{step['id']}.outputs.outcome }}}}"
    assert "comment.md" in action["outputs"]["comment"]["value"]
    assert step["shell"] == "bash"


def test_the_jobs_script_runs_the_gate_and_keeps_its_files(job, shell, good, lost_all):
    install, experiment, check = job["script"]
    assert install == "pip install polyarena"
    assert experiment.startswith("polyarena run ")
    for candidate, code in ((good, 0), (lost_all, 1)):
        done, folder = shell(f"{install}\n{check}", BASELINE=str(good), CANDIDATE=str(candidate))
        assert done.returncode == code, done.stderr
        named = [job["artifacts"]["reports"]["junit"], *job["artifacts"]["paths"]]
        assert all((folder / name).is_file() for name in named)
    assert job["artifacts"]["when"] == "always"


def test_the_job_runs_for_the_project_itself_and_not_for_forks(job):
    (own, fork) = job["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in own["if"]
    assert "when" not in own
    assert fork == {"when": "never"}


def test_the_notice_for_forks_succeeds_without_any_secret(repository, shell):
    jobs = yaml.safe_load((repository / GITLAB).read_text(encoding="utf-8"))
    notice = jobs["polyarena-gate-skipped"]
    assert "!= $CI_PROJECT_ID" in notice["rules"][0]["if"]
    done, _ = shell("\n".join(notice["script"]))
    assert done.returncode == 0
    assert "skipped" in done.stdout
    workflow = yaml.safe_load((repository / "examples/ci/github.yml").read_text(encoding="utf-8"))
    gate, skipped = workflow["jobs"]["gate"], workflow["jobs"]["skipped"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert gate["if"] == own
    assert skipped["if"] == own.replace("==", "!=")
    assert workflow["on"] == {"pull_request": None}
    done, _ = shell("\n".join(step["run"] for step in skipped["steps"]))
    assert done.returncode == 0
    assert done.stdout.startswith("::notice")
