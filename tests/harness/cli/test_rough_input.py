"""Input that nobody would write on purpose ends in a message, never as a defect."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from polyarena.harness.cli import main
from polyarena.harness.cli.output import print_lines, print_table

HEAD = "name: x\n"
SYSTEMS = "systems: [{name: a, model: toy}]\n"
TASKS = "tasks: [toy_choice]\n"


@pytest.fixture
def complain(tmp_path, toys, capsys):
    def complain(text, code=2):
        path = tmp_path / "x.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        assert main(["plan", str(path), "-o", str(tmp_path / "run")]) == code
        err = capsys.readouterr().err
        assert "defect" not in err
        assert "Traceback" not in err
        return err

    return complain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + SYSTEMS + "tasks: [{task: toy_choice, limit: 99999999999999999999999}]\n", "x.yaml:3"),
        (HEAD + 'systems: [{name: a, model: toy, system_prompt: "\\ud800"}]\n' + TASKS, "x.yaml:2"),
        (HEAD + "systems: [{name: a, model: toy, sampling: {temperature: .inf}}]\n" + TASKS, "finite"),
        (HEAD + "systems: &a [*a]\n" + TASKS, "without end"),
        (HEAD + "systems: " + "[" * 5000 + "\n", "without end"),
        (HEAD + SYSTEMS + "tasks: toy_choice\n", "expected a list"),
        (HEAD + "systems: []\n" + TASKS, "at least one element"),
        ("name: 123\n" + SYSTEMS + TASKS, "put it in quotes"),
        (b"name: \x00x\n", "not valid YAML"),
        ("name:\t[x\n", "x.yaml"),
    ],
)
def test_is_refused_with_its_place(complain, text, says):
    assert says in complain(text)


def test_a_name_of_a_folder_that_is_too_long_is_refused(tmp_path, toys, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(HEAD + SYSTEMS + TASKS)
    assert main(["plan", str(path), "-o", str(tmp_path / ("y" * 300))]) == 2
    assert "cannot be a run folder" in capsys.readouterr().err


def test_parts_left_empty_are_as_good_as_left_out(complain):
    assert complain(HEAD + SYSTEMS + TASKS + "judges:\nstatistics:\nlanguages:\nbaseline:\n", code=0) == ""


JUDGED = HEAD + SYSTEMS + "baseline: a\ntasks: [toy_open]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "judges: [{name: j, judge: llm, endpoint: {modl: x, base_url: 'http://127.0.0.1:1/v1'}}]",
            "did you mean 'model'",
        ),
        ("judges: [{name: j, judge: rules, args: {max_repeatd: 1}}]", "did you mean 'max_repeated'"),
        ("judges: [{name: j, judge: llm, endpoint: {model: m, api_key_env: 'sk-abc-LEAK'}}]", "api_key_env"),
    ],
)
def test_a_judges_settings_are_checked_with_file_and_line(complain, text, says):
    err = complain(JUDGED + text)
    assert says in err
    assert "x.yaml:5" in err
    assert "LEAK" not in err


def test_a_misspelt_setting_of_an_endpoint_system_is_helped(complain):
    err = complain(HEAD + "systems: [{name: a, model: endpoint, args: {modl: x}}]\ntasks: [toy_open]\n")
    assert "did you mean 'model'" in err


def test_a_plan_without_anything_to_compare_says_so(tmp_path, toys, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(HEAD + SYSTEMS + "tasks: [toy_open]\n")
    assert main(["plan", str(path), "-o", str(tmp_path / "run")]) == 0
    assert "will not be judged" in capsys.readouterr().out
    assert main(["run", str(path), "-o", str(tmp_path / "run"), "-q"]) == 0
    assert "no number to report" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_the_letters_gets_marks(encoding):
    command = [sys.executable, "-c", "import sys; from polyarena.harness.cli import main; sys.exit(main())"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    table = subprocess.run([*command, "languages", "hin"], env=environment, capture_output=True, check=False)
    assert table.returncode == 0
    assert b"?" in table.stdout
    data = subprocess.run([*command, "languages", "hin", "--json"], env=environment, capture_output=True, check=True)
    assert json.loads(data.stdout)[0]["autonym"] == "हिन्दी"


def test_a_reader_that_goes_away_is_no_error(repository):
    code = "import sys; from polyarena.harness.cli import main; sys.exit(main(['languages', 'all']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(("width", "shown"), [("200", ["who", "what", "where", "why"]), ("30", ["who", "what"])])
def test_a_narrow_terminal_does_without_spare_columns(monkeypatch, width, shown):
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("NO_COLOR", "1")
    row = ["somebody", "something", "somewhere far away", "for some reason"]
    print_table("", ["who", "what", "where", "why"], [row], spare=(3, 2))
    assert [word for word in ("who", "what", "where", "why") if word in stream.getvalue().splitlines()[1]] == shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_narrow_terminal_breaks_no_number_and_no_heading_for_a_long_name(monkeypatch, width):
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    rows = [
        ("rules judges a-model-with-a-long-name-of-its-own · prompts", "80/99", "12", "0"),
        ("short · prompts", "1/99", "0", "0"),
    ]
    print_table("", ("work", "languages done", "stored before", "failed"), rows, right=(1, 2, 3), whole=(0,))
    text = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert all(len(line) <= width for line in text.splitlines())
    words = text.split()
    for word in ("languages", "done", "stored", "before", "failed", "80/99", "1/99", "12"):
        assert word in words


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_gets_sentences_broken_between_words(monkeypatch, is_terminal):
    stream = Terminal()
    stream.isatty = lambda: is_terminal
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", "40")
    sentence = "process 26079 on a machine has written it since noon: polyarena [red] run experiment.yaml"
    print_lines(sentence)
    assert stream.getvalue().split() == sentence.split()
    assert max(map(len, stream.getvalue().splitlines())) <= 40 or not is_terminal
    assert stream.getvalue().count("\n") == (3 if is_terminal else 1)


def test_a_path_is_not_broken_and_spaces_stay(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", "40")
    path = "/a/long/folder/" + "x" * 60 + "/index.html"
    print_lines(f"page      {path}", "  fix: be brief", "", "ह" * 30 + " 語" * 30)
    lines = stream.getvalue().splitlines()
    assert path in lines
    assert lines[2:4] == ["  fix: be brief", ""]
    assert lines[-1].startswith("語")
