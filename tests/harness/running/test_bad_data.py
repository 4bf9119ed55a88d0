"""Faults in data sets and stored completions: a message with file, line and fix; no traceback, no half shard."""

import json

import pytest

from polyarena.harness.cli import main
from polyarena.harness.results import open_run

PROMPTS = 5


def jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))


def prompt(number, **changes):
    row = {"question_id": f"q{number}", "cluster": "c", "category": "m", "prompt": f"Frage {number}?"}
    return {**row, **changes}


def answer(number, **changes):
    return {"question_id": f"q{number}", "completion": f"Das ist die Antwort auf die Frage {number}.", **changes}


@pytest.fixture
def folder(tmp_path):
    jsonl(tmp_path / "hub/CohereLabs/m-ArenaHard/de/test.jsonl", [prompt(n) for n in range(PROMPTS)])
    for system in ("one", "two"):
        jsonl(tmp_path / system / "de.jsonl", [answer(n) for n in range(PROMPTS)])
    (tmp_path / "experiment.yaml").write_text(
        "name: stored\ndata_root: hub\noutput: run\nbaseline: one\njudges: [rules]\nstatistics: {rounds: 200}\n"
        "systems:\n"
        "  - {name: one, model: completions, args: {path: one}}\n"
        "  - {name: two, model: completions, args: {path: two}}\n"
        "tasks: [{task: m_arenahard, languages: [de]}]\n"
    )
    return tmp_path


@pytest.fixture
def go(folder, capsys):
    def go():
        code = main(["run", str(folder / "experiment.yaml"), "-q"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "defect" not in captured.err
        assert not list(folder.rglob("*.tmp"))
        return code, captured.err

    return go


def hub(folder):
    return folder / "hub/CohereLabs/m-ArenaHard/de/test.jsonl"


def test_the_good_case_runs(go, folder):
    assert go() == (0, "")
    assert len(open_run(folder / "run").battles()) == PROMPTS


def test_a_missing_mirror_file_is_named(go, folder):
    hub(folder).unlink()
    code, err = go()
    assert code == 2
    assert "CohereLabs/m-ArenaHard" in err
    assert "de" in err


def test_a_missing_mirror_is_named(go, folder):
    text = (folder / "experiment.yaml").read_text()
    (folder / "experiment.yaml").write_text(text.replace("data_root: hub", "data_root: hubb"))
    code, err = go()
    assert code == 2
    assert "hubb" in err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{not json}\n", "test.jsonl:3"),
        ('["a list"]\n', "test.jsonl:3"),
        ('{"question_id": "x", "cluster": "c", "category": "m"}\n', "prompt"),
        ('{"question_id": "q0", "cluster": "c", "category": "m", "prompt": "again"}\n', "q0"),
        ('{"question_id": "x", "cluster": "c", "category": "m", "prompt": ""}\n', "prompt"),
        ('{"question_id": "x", "cluster": "c", "category": "m", "prompt": 7}\n', "prompt"),
    ],
)
def test_a_faulty_line_of_the_data_is_named(go, folder, line, says):
    jsonl(hub(folder), [prompt(0), prompt(1), line, prompt(3)])
    code, err = go()
    assert code == 2
    assert says in err
    assert not (folder / "run" / "cells").exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{not json}\n", "de.jsonl:3"),
        ('{"question_id": "q2"}\n', "de.jsonl:3"),
        ('{"question_id": "q0", "completion": "again"}\n', "q0"),
        ("", "1 of 5"),
    ],
)
def test_a_faulty_line_of_the_completions_is_named(go, folder, line, says):
    jsonl(folder / "two" / "de.jsonl", [answer(0), answer(1), line, answer(3), answer(4)])
    code, err = go()
    assert code == 2
    assert says in err
    assert not list((folder / "run" / "games").rglob("*.parquet"))


def test_a_missing_language_names_those_that_exist(go, folder):
    (folder / "two" / "de.jsonl").rename(folder / "two" / "fr.jsonl")
    code, err = go()
    assert code in (2, 3)
    assert "deu_Latn" in err
    assert "languages" in err


def test_empty_completions_lose_and_are_shown(go, folder):
    jsonl(folder / "two" / "de.jsonl", [answer(n, completion="") for n in range(PROMPTS)])
    assert go() == (0, "")
    battles = open_run(folder / "run").battles()
    assert set(battles["score"]) == {0.0}
    assert "Empty" in (folder / "run/report/index.html").read_text()


def test_nul_and_lone_surrogates_are_replaced_everywhere(go, folder):
    jsonl(hub(folder), [prompt(n, prompt="Was \x00 ist \ud800 das?") for n in range(PROMPTS)])
    jsonl(folder / "two" / "de.jsonl", [answer(n, completion="Das \x00 ist \udfff nichts.") for n in range(PROMPTS)])
    assert go() == (0, "")
    texts = open_run(folder / "run").completions().query("system == 'two'")["text"]
    assert set(texts) == {"Das \ufffd ist \ufffd nichts."}


def test_changed_completions_are_read_again(go, folder):
    go()
    jsonl(folder / "two" / "de.jsonl", [answer(n, completion="") for n in range(PROMPTS)])
    go()
    assert set(open_run(folder / "run").battles()["score"]) == {0.0}
