"""docs/command-line.md says what the command line does."""

import re
import subprocess
import sys

import pytest

from polyarena.harness.cli import main
from polyarena.harness.cli.app import COMMANDS
from polyarena.harness.cli.board import SUBCOMMANDS as BOARD
from polyarena.harness.cli.export import SUBCOMMANDS as EXPORT
from polyarena.harness.cli.gate import SUBCOMMANDS as GATE
from polyarena.harness.cli.judge import SUBCOMMANDS as JUDGE
from polyarena.harness.cli.tasks import SUBCOMMANDS as TASKS
from polyarena.tasks import errors
from polyarena.tasks.exit_codes import ExitCode

PAGE = "docs/command-line.md"
SUBCOMMANDS = {"tasks": TASKS, "judge": JUDGE, "gate": GATE, "board": BOARD, "export": EXPORT}


@pytest.fixture(scope="module")
def sections(pages):
    """The text of each command's section."""
    parts = re.split(r"^## `polyarena (\w+)`$", pages[PAGE], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_and_no_other(sections):
    assert list(sections) == list(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_documented_and_no_other(sections, command):
    offered = options_of(command)
    usage = sections[command].partition("## Exit codes")[0]
    # Shell examples show other programs' options.
    usage = re.sub(r"^```bash$.*?^```$", "", usage, flags=re.MULTILINE | re.DOTALL)
    documented = set(re.findall(r"(?<![\w-])--[a-z-]+", usage)) - {"--debug"}
    assert documented == offered


def options_of(command):
    """The options of a command and of its subcommands."""
    subcommands = [(command, name) for name in SUBCOMMANDS.get(command, ())]
    found = set().union(*(_options_of(words) for words in [(command,), *subcommands]))
    return found - {"--debug"}


def _options_of(words):
    code = f"from polyarena.harness.cli import main; main([*{words!r}, '--help'])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    box = ran.stdout.partition("Parameters")[2].partition("Exit codes")[0]
    # What may also stand without its name has it in capitals in front.
    named = [re.sub(r"\b([A-Z-]+) --(?i:\1)(?![a-z-])", "", line[:40]) for line in box.splitlines()]
    return {option for line in named for option in re.findall(r"(?<![\w-])--[a-z-]+", line)}


@pytest.mark.parametrize("command", sorted(SUBCOMMANDS))
def test_every_subcommand_has_a_section_and_no_other(command, sections):
    found = re.findall(rf"^### `polyarena {command} (\w+)`$", sections[command], re.MULTILINE)
    assert found == list(SUBCOMMANDS[command])


def test_the_table_of_exit_codes_is_the_one_in_the_code(pages):
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", pages[PAGE], re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in ExitCode]


@pytest.mark.parametrize("command", [[], ["run"], ["judge", "audit"], ["tasks"], ["tasks", "audit"]])
def test_every_help_ends_with_the_exit_codes(command, capsys):
    assert main([*command, "--help"]) == 0
    help_text = capsys.readouterr().out.rpartition("Exit codes:")[2]
    assert re.findall(r"^\W*(\d+): ", help_text, re.MULTILINE) == [str(code.value) for code in ExitCode]


def test_every_error_ends_with_a_code_of_the_table():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {kind.exit_code for kind in kinds} <= set(ExitCode)
    assert errors.ModelError.exit_code == 3
    assert errors.PolyarenaError.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["schema"], 0),
        (["languages", "swh"], 0),
        (["tasks", "audit", "polyarena_mini"], 0),
        (["tasks", "audit", "--lm-eval", "afrobench/xlsum"], 1),
        (["tasks", "audit", "no_such_task"], 2),
        (["tasks", "coverage", "--suite", "smoke"], 0),
        (["tasks", "coverage", "--suite", "no_such_suite"], 2),
        (["languages", "swahilli"], 2),
        (["plan", "no-such-file.yaml"], 2),
        (["report", "no-such-folder"], 2),
        (["no-such-command"], 2),
        (["run"], 2),
    ],
)
def test_codes_are_what_the_page_says(arguments, code, capsys):
    assert main(arguments) == code


def test_an_interruption_and_a_defect_have_codes_of_their_own(monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    def broken(*args, **kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr("polyarena.harness.cli.output.print_json", interrupted)
    assert main(["schema"]) == 130
    monkeypatch.setattr("polyarena.harness.cli.output.print_json", broken)
    assert main(["schema"]) == 70
    assert "a defect of polyarena" in capsys.readouterr().err
