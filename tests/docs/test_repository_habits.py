"""What the README and its neighbours claim holds; continuous integration does what it says."""

import os
import re
import shutil
import stat
import subprocess
import tomllib

import pytest
import yaml
from every_case import every_case

from polyarena.harness.cli.app import COMMANDS
from polyarena.judges.registry import judge_plugins
from polyarena.tasks.languages import all_languages
from polyarena.tasks.registry import find_task, task_plugins


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def targets(repository):
    return set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text("utf-8"), re.MULTILINE))


def own(plugins):
    return {name for name, point in plugins.points.items() if point.value.startswith("polyarena.")}


def row(text, title):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| **{title}**")]
    return line


def test_the_readme_lists_what_there_is(pages):
    text = pages["README.md"]
    tasks = own(task_plugins())
    assert f" {len(tasks)}, by name" in row(text, "Tasks")
    assert set(re.findall(r"`(\w+)`", row(text, "Tasks"))) - {"tasks"} <= tasks
    assert own(judge_plugins()) == set(re.findall(r"`(\w+)`", row(text, "Judges")))
    assert set(re.findall(r"`(?:polyarena )?(\w+)`", row(text, "Commands"))) == set(COMMANDS)
    assert f" {len(all_languages())}, written" in row(text, "Languages")


def test_the_readme_counts_languages_and_prompts_right(pages):
    line = row(pages["README.md"], "Tasks")
    mini, arena = find_task("polyarena_mini"), find_task("m_arenahard")
    prompts = len(list(mini.items("deu_Latn", None)))
    assert f"`polyarena_mini`: {prompts} prompts in {len(mini.card.languages)} languages" in line
    assert f"`m_arenahard`: 500 prompts in {len(arena.card.languages)} languages" in line


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/quickstart.md"])
def test_commands_for_make_are_targets(page, pages, targets):
    asked = set(re.findall(r"`?make ([a-z]+)", "\n".join(re.findall(r"`make [a-z]+`|^make [a-z]+", pages[page], re.M))))
    assert asked
    assert asked <= targets


def test_the_rooms_are_where_the_readme_says(pages, repository):
    folders = re.findall(r"`([a-z]+)/`", pages["README.md"].partition("## Layout")[2])
    assert {"tasks", "judges", "reports", "harness", "tests", "docs", "examples"} <= set(folders)
    assert all((repository / folder).is_dir() for folder in folders)


def test_one_version_everywhere(repository, project):
    citation = yaml.safe_load((repository / "CITATION.cff").read_text("utf-8"))
    changes = (repository / "CHANGELOG.md").read_text("utf-8")
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert re.findall(r"^## \[(.+?)\]", changes, re.MULTILINE)[:2] == ["Unreleased", project["version"]]


def test_the_licence_is_whole(repository):
    text = (repository / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text
    assert text.rstrip().endswith("limitations under the License.")


def test_hooks_before_a_commit_call_make_and_nothing_remote(repository, targets):
    config = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"lint", "types"}
    for hook in hooks:
        assert hook["entry"].split()[0] == "make"
        assert hook["entry"].split()[-1] in targets
        assert hook["language"] == "system"


MAKE = """#!/bin/bash
echo "$@" >> {log}
if [ "$1" = test-fonts ]; then exit {status}; fi
if [ "$1" = test-all ]; then echo "{costly}"; exit {costly_status}; fi
echo "{first}"
echo "{closing}"
echo "something after it"
exit {status}
"""


def continuous_integration(
    repository,
    folder,
    closing,
    status,
    *,
    first="5 passed in 0.10s",
    installed=True,
    costly="no tests ran in 0.00s",
    costly_status=0,
):
    """Run .ci/run with stand-ins for make and apt; return the finished process and what the stand-ins were asked."""
    log = folder / "log"
    log.touch()
    for name, text in {
        "make": MAKE.format(
            log=log, first=first, closing=closing, status=status, costly=costly, costly_status=costly_status
        ),
        "apt-get": f'#!/bin/bash\necho "apt-get $@" >> {log}\n',
        "dpkg-query": f"#!/bin/bash\n{'echo installed' if installed else 'exit 1'}\n",
        "sudo": '#!/bin/bash\n[ "$1" = -n ] && shift\nexec "$@"\n',
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    ran = subprocess.run(
        [str(repository / ".ci" / "run")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    return ran, log.read_text()


@pytest.mark.parametrize(
    ("closing", "status", "costly", "costly_status", "last"),
    [
        ("=== 321 passed, 4 skipped in 200.01s (0:03:20) ===", 0, "3 passed, 321 deselected in 5.50s", 0,
         "324 passed, 1 skipped in 205.51s"),
        ("1 failed, 320 passed in 200.01s", 2, "3 passed in 1.00s", 0, "1 failed, 323 passed in 201.01s"),
        ("320 passed, 2 skipped in 200.01s", 0, "1 failed, 1 passed, 1 warning in 1.00s", 1,
         "1 failed, 321 passed, 1 warning in 201.01s"),
        ("1 error in 2.01s", 2, "no tests ran in 0.00s", 5, "1 error in 2.01s"),
    ],
)  # fmt: skip
def test_integration_ends_with_the_sum_of_both_runs_and_fails_if_either_did(
    closing, status, costly, costly_status, last, repository, tmp_path
):
    ran, asked = continuous_integration(
        repository, tmp_path, closing, status, costly=costly, costly_status=costly_status
    )
    assert ran.returncode == (status or costly_status)
    assert ran.stdout.splitlines()[-1] == last
    assert asked == "test\ntest-all\ntest-fonts\n"


def test_integration_says_so_when_the_tests_never_started(repository, tmp_path):
    ran, _ = continuous_integration(
        repository, tmp_path, "make: *** [lint] Error 1", 2, first="Found 1 error.", costly=""
    )
    assert ran.returncode == 2
    assert ran.stdout.splitlines()[-1] == "make test ended before pytest did (exit 2)"


def test_integration_installs_fonts_where_they_are_missing(repository, tmp_path):
    ran, asked = continuous_integration(repository, tmp_path, "1 passed in 0.1s", 0, installed=False)
    assert ran.returncode == 0
    update, install, *targets = asked.splitlines()
    assert update.startswith("apt-get update")
    assert install.endswith(
        "fonts-noto-core fonts-noto-cjk chromium texlive-latex-recommended texlive-fonts-recommended"
    )
    assert targets == ["test", "test-all", "test-fonts"]


@every_case("script", ["run", "try-wheel", "bump-version"])
def test_scripts_of_integration_can_be_executed(script, repository):
    path = repository / ".ci" / script
    assert path.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_a_release_has_one_version_everywhere(repository, tmp_path):
    for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md", ".ci/bump-version"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(repository / name, tmp_path / name)
    subprocess.run([str(tmp_path / ".ci/bump-version"), "9.8.7"], check=True)
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]["version"] == "9.8.7"
    assert "\nversion: 9.8.7\n" in (tmp_path / "CITATION.cff").read_text()
    assert "## [Unreleased]\n\n## [9.8.7]\n" in (tmp_path / "CHANGELOG.md").read_text()
    refused = subprocess.run([str(tmp_path / ".ci/bump-version"), "9.8"], check=False, capture_output=True)
    assert refused.returncode == 2


def test_each_direct_dependency_is_explained(project, pages):
    page = pages["docs/dependencies.md"]
    named = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]
    for name in [*named, *project["optional-dependencies"]]:
        assert f"`{name}`" in page, name


def test_jobs_of_readers_install_polyarena_and_not_their_own_project(repository):
    for path in (repository / "docs" / "tutorial-ci.md", *(repository / "examples" / "ci").iterdir()):
        installs = re.findall(r"pip install (\S+)", path.read_text(encoding="utf-8"))
        assert installs, path
        assert "." not in installs, f"{path}: `pip install .` installs the project of the reader"
