"""Standard output is for data: JSON that every program reads, tables that no text can break."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.cli.output import print_json, print_lines, print_table
from polyarena.harness.terminal import printable

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=10)


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "ไทย"), ("UTF8", "ไทย"), ("ascii", "\\u0e44"), (None, "\\u0e44")]
)
def test_json_has_the_letters_that_the_terminal_has(monkeypatch, encoding, shown):
    class Stream(io.StringIO):
        pass

    Stream.encoding = encoding
    stream = Stream()
    monkeypatch.setattr("sys.stdout", stream)
    print_json({"name": "ไทย"})
    assert shown in stream.getvalue()
    assert json.loads(stream.getvalue()) == {"name": "ไทย"}
    assert stream.getvalue().endswith("}\n")


def test_what_json_does_not_know_is_its_text(capsys, tmp_path):
    print_json({"path": tmp_path})
    assert json.loads(capsys.readouterr().out) == {"path": str(tmp_path)}


@pytest.mark.parametrize(
    "control",
    ["\x1b[2J", "\x07", "\x9b31m", "\r", "\x00", "\x7f", "\u202e", "\u2066", "\u2028", "\ufeff", "\U000e0041"],
)
def test_a_terminal_is_given_no_orders_by_what_models_and_files_say(capsys, control):
    print_table("", ["name"], [[f"a{control}b"]])
    print_lines(f"a{control}b")
    out = capsys.readouterr().out
    assert control not in out.replace("\n", "")
    assert out.count("a\N{REPLACEMENT CHARACTER}") == 2


@pytest.mark.parametrize("order", ["\x1b[2J", "\u202e"])
def test_titles_and_headings_give_no_orders_either(capsys, order):
    print_table(f"t{order}", [f"h{order}"], [["x"]])
    out = capsys.readouterr().out
    assert order not in out
    assert "t\N{REPLACEMENT CHARACTER}" in out
    assert "h\N{REPLACEMENT CHARACTER}" in out


@pytest.mark.parametrize("text", ["a\u202eb", "\x9b2J", "\U000e0041", "\u2028", "می\u200cخواهم"])
def test_json_means_the_same_and_gives_no_orders(monkeypatch, text):
    class Stream(io.StringIO):
        encoding = "utf-8"

    stream = Stream()
    monkeypatch.setattr("sys.stdout", stream)
    print_json({text: text})
    assert json.loads(stream.getvalue()) == {text: text}
    assert printable(stream.getvalue()) == stream.getvalue()


def test_line_breaks_in_a_cell_stay(capsys):
    print_table("", ["name"], [["one\ntwo"]])
    assert [line.strip() for line in capsys.readouterr().out.splitlines()][-2:] in (["one", "two"], ["two", ""])


@pytest.mark.parametrize("text", ["[bold]x[/bold]", "[/]", "[red", "a | b", "\\[x]", ":smile:"])
def test_markup_in_a_cell_is_text(capsys, text):
    print_table("", ["name"], [[text]])
    assert text in capsys.readouterr().out


def test_a_pipe_gets_whole_lines(capsys):
    row = ["x" * 60, "y" * 60, "z" * 60]
    print_table("", ["one", "two", "three"], [row])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "x" * 60 in line]
    assert all(cell in line for cell in row)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_there_is_a_line_for_each_row(rows):
    from contextlib import redirect_stdout

    stream = io.StringIO()
    with redirect_stdout(stream):
        print_table("", ["one", "two"], rows)
    # A blank line above and below, the headings and a rule.
    assert stream.getvalue().count("\n") == 4 + len(rows)


def test_numbers_stand_on_the_right(capsys):
    print_table("title", ["name", "n"], [["a", 1], ["b", 100]], right=[1])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "title"
    ends = {len(line.rstrip()) for line in lines if line.startswith((" a ", " b "))}
    assert len(ends) == 1


def test_lines_are_printed_as_they_are(capsys):
    print_lines("[x]", "", "ไทย")
    assert capsys.readouterr().out == "[x]\n\nไทย\n"


def test_complaints_give_no_orders_either(capsys, tmp_path):
    from polyarena.harness.cli import main

    (tmp_path / "v.jsonl").write_text(
        json.dumps({"item_id": "1", "system_a": "x\u202e", "system_b": "x\u202e", "vote": "a", "language": "de"})
    )
    assert main(["import", "votes", str(tmp_path / "v.jsonl"), "-o", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "\u202e" not in said
    assert "meets itself" in said


def test_what_was_not_mapped_gives_no_orders_either(capsys, tmp_path):
    from polyarena.harness.cli import main

    vote = {"item_id": "1", "language": "de", "system_a": "x", "system_b": "y", "vote": "a", "mood": "\u202elive"}
    (tmp_path / "v.jsonl").write_text(json.dumps(vote, ensure_ascii=False), encoding="utf-8")
    assert main(["import", "votes", str(tmp_path / "v.jsonl"), "-o", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    assert "\u202e" not in said
    assert "\ufffdlive" in said
