"""Tables for terminals: no longer than a screen, no wider than 80 columns; and what --json prints instead."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from polyarena.harness.cli import main
from polyarena.harness.cli.output import print_json
from polyarena.harness.cli.shorten import MOST_ROWS, print_omitted, shorten
from polyarena.tasks.languages import all_languages

LANGUAGES = [language.code for language in all_languages()][:60]


@given(st.lists(st.booleans(), max_size=80), st.integers(1, 50))
def test_nothing_is_lost_and_nothing_is_longer_than_it_may_be(details, most):
    rows = list(enumerate(details))
    kept, left = shorten(rows, lambda row: row[1], most=most)
    assert len(kept) <= most
    assert len(kept) + left == len(rows)
    assert kept == sorted(kept)
    if left and not all(details):
        assert not any(detail for _, detail in kept)
    if len(rows) <= most:
        assert kept == rows


def test_it_is_said_what_is_missing(capsys):
    print_omitted(0)
    print_omitted(1)
    print_omitted(1234)
    assert capsys.readouterr().out.split("\n") == [
        "1 more row with --json", "", "1,234 more rows with --json", "", "",
    ]  # fmt: skip


@given(st.recursive(st.floats() | st.integers() | st.text() | st.none(), lambda inner: st.lists(inner, max_size=4)))
def test_json_is_always_json(value):
    import io
    from contextlib import redirect_stdout

    def strict(name):
        raise AssertionError(name)

    with redirect_stdout(io.StringIO()) as out:
        print_json({"value": value, "pair": (float("nan"), np.float64("inf"))})
    told = json.loads(out.getvalue(), parse_constant=strict)
    assert told["pair"] == [None, None]


@pytest.fixture(scope="module")
def many(tmp_path_factory, import_games):
    """Two candidates, 60 languages, two judges and people, imported."""
    place = tmp_path_factory.mktemp("many")
    generator = np.random.default_rng(0)
    rows = [
        {"item_id": f"{item}", "system_a": a, "system_b": b, "judge": judge, "language": code, "task": "t",
         "label": str(generator.choice(["A>B", "A=B", "B>A"]))}
        for judge in ("one-judge", "second-judge", "humans") for code in LANGUAGES for item in range(4)
        for model in ("a-candidate-with-a-long-name", "other") for a, b in ((model, "base"), ("base", model))
    ]  # fmt: skip
    folder = import_games(place, rows)
    assert main(["report", str(folder), "--json"]) == 0
    return folder


COMMANDS = {
    "compare": ["compare", "RUN", "a-candidate-with-a-long-name", "base"],
    "rank": ["rank", "RUN", "--rounds", "50"],
    "power": ["power", "--run", "RUN"],
    "judge agreement": ["judge", "agreement", "RUN", "one-judge"],
    "judge audit": ["judge", "audit", "RUN", "one-judge"],
    "judge panel": ["judge", "panel", "RUN", "one-judge", "second-judge"],
}


def called(name, folder, *more):
    return [str(folder) if word == "RUN" else word for word in COMMANDS[name]] + list(more)


def tables(out):
    """The numbers of lines of the tables in an output."""
    return [len(part.splitlines()) for part in re.split(r"\n\s*\n", out)]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_table_fits_on_a_screen_of_80_columns(name, many, capsys, monkeypatch):
    monkeypatch.setattr("polyarena.harness.cli.output._console", lambda: Console(width=80))
    capsys.readouterr()
    assert main(called(name, many)) == 0
    out = capsys.readouterr().out
    drawn = [line for line in out.splitlines() if "─" in line or line.startswith(" ")]
    assert all(len(line) <= 80 for line in drawn)
    # Rows of a narrow table may be folded; there are never more of them than MOST_ROWS.
    assert max(tables(out)) <= 3 * MOST_ROWS
    # Sixty languages are too many for each but power, which has a row for each comparison.
    assert bool(re.search(r"^\d+ more rows with --json$", out, re.MULTILINE)) == (name != "power")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_json_has_every_language(name, many, capsys):
    capsys.readouterr()
    assert main(called(name, many, "--json")) == 0
    out = capsys.readouterr().out
    json.loads(out)
    if name != "power":
        assert all(code in out for code in LANGUAGES)


@pytest.fixture(scope="module")
def documented(request):
    """The keys that the page names, by command."""
    root = request.getfixturevalue("repository")
    text = (root / "docs" / "command-line.md").read_text(encoding="utf-8").partition("## What `--json` prints")[2]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.MULTILINE)
    found = {}
    for commands, said in rows:
        for command in re.findall(r"`([^`]+)`", commands):
            found[command] = set(re.findall(r"(?<!`polyarena\.)`([a-z_]+)`", said))
    return found


@pytest.mark.parametrize("name", ["judge agreement", "judge panel", "rank"])
def test_the_page_names_the_keys_of_objects(name, many, capsys, documented):
    capsys.readouterr()
    assert main(called(name, many, "--json")) == 0
    told = set(json.loads(capsys.readouterr().out))
    assert told == documented[name] - {"controlled", "style_effects", "length_controlled", "corrected"}


def test_the_page_names_the_keys_of_reports_and_imports(many, tmp_path, capsys, documented):
    game = {"item_id": "1", "system_a": "x", "system_b": "y", "label": "A>B", "language": "de"}
    path = tmp_path / "g.jsonl"
    path.write_text(json.dumps(game), encoding="utf-8")
    capsys.readouterr()
    assert main(["import", "polyarena", str(path), "-o", str(tmp_path / "run"), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == documented["import"]
    assert main(["report", str(tmp_path / "run"), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == documented["report"] == documented["run"]


def test_lists_are_of_the_rows_that_the_functions_return(many, capsys):
    from polyarena.reports.stats.comparison_record import Comparison

    capsys.readouterr()
    assert main(called("compare", many, "--json")) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {tuple(row) for row in rows} == {tuple(Comparison.__slots__)}
    assert main(called("power", many, "--json")) == 0
    assert all({"design", "items", "detectable"} <= set(row) for row in json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["rank", "no-such-run"], 2),
        (["compare", "RUN", "base", "nobody"], 2),
        (["power", "--run", "no-such-run"], 2),
        (["judge", "agreement", "RUN", "nobody"], 2),
        (["judge", "audit", "RUN", "nobody"], 2),
        (["judge", "panel", "RUN", "one-judge"], 2),
        (["judge", "reparse", "RUN", "one-judge"], 2),
        (["judge", "preferences", "no-such-file.yaml", "x", "y"], 2),
        (["import", "no-such-format", "x", "-o", "RUN"], 2),
        (["report", "RUN", "--strong-weight", "-1"], 2),
        (["rank", "RUN", "--rounds", "many"], 2),
    ],
)
def test_what_cannot_be_done_ends_in_two_with_nothing_on_standard_output(words, code, many, capsys):
    capsys.readouterr()
    assert main([str(many) if word == "RUN" else word for word in words] + ["--json"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_battles_of_the_fixture_are_many(many):
    assert len(pd.read_parquet(many / "results" / "battles.parquet")) == 3 * 60 * 4 * 2
