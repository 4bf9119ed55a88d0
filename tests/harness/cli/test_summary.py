"""The end of a run on the terminal: tables by length, sentences, files, what is missing and what failed."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness import open_run, plan, run, write_report
from polyarena.harness.cli.summary import (
    MOST_LANGUAGES,
    MOST_TABLES,
    print_failures,
    print_silent,
    print_summary,
)
from polyarena.harness.events import CellFailed, GamesFailed
from polyarena.harness.silent_judges import silent_judges
from polyarena.tasks.languages import all_languages

CODES = [language.code for language in all_languages()]


@pytest.fixture
def imported(tmp_path, import_games):
    """Imports games in so many languages; of each pair, ``ours`` wins one and loses one."""

    def imported(many):
        rows = [
            {"item_id": str(item), "system_a": a, "system_b": b, "judge": "j", "language": code, "task": "t",
             "label": "A>B" if (a == "ours") == (item == 0) else "B>A"}
            for code in CODES[:many] for item in range(2) for a, b in (("ours", "base"), ("base", "ours"))
        ]  # fmt: skip
        return open_run(import_games(tmp_path, rows)).folder

    return imported


def said(folder, capsys, **options):
    files = write_report(folder)
    capsys.readouterr()
    print_summary(folder, files, **options)
    return capsys.readouterr().out


def test_a_short_table_has_every_language(imported, capsys):
    out = said(imported(3), capsys)
    assert "t: win rate of ours against base in %, judge j " in out
    names = [language.name for language in all_languages()][:3]
    assert all(name in out for name in [*names, "Average", "no verdict", "own name", "wins/ties/losses"])
    assert "each of them is in the report" not in out


def test_a_long_table_has_the_averages_and_counts_the_languages(imported, capsys):
    many = MOST_LANGUAGES + 1
    out = said(imported(many), capsys)
    assert f"({many} languages; each of them is in the report)" in " ".join(out.split())
    table = out.partition("Inconclusive:")[0]
    assert "Average" in table
    assert CODES[0] not in table
    autonyms = [language.autonym for language in all_languages()[:many]]
    assert not any(f" {autonym} " in table for autonym in autonyms)


@pytest.fixture
def crowded(tmp_path, import_games):
    """Imports one game of each of so many systems against a baseline; every second of them wins."""

    def crowded(many):
        rows = [
            {"item_id": "1", "system_a": f"s{n}", "system_b": "base", "judge": "j", "language": code, "task": "t",
             "label": "B>A" if n % 2 else "A>B"} for n in range(many) for code in CODES[:2]
        ]  # fmt: skip
        return open_run(import_games(tmp_path, rows)).folder

    return crowded


def test_many_tables_are_one_table_of_averages(crowded, capsys):
    out = said(crowded(MOST_TABLES + 1), capsys)
    assert f"averages of {MOST_TABLES + 1} tables" in out
    lines = [line for line in out.splitlines() if "wins against base, judge j" in line]
    assert [line.split()[0] for line in lines] == ["t"] * (MOST_TABLES + 1)
    assert "100.0 [" in lines[0]
    assert "0.0 [" in lines[1]
    assert "polyarena rank" in out
    assert "own name" not in out


def test_few_tables_are_each_shown(crowded, capsys):
    out = said(crowded(MOST_TABLES), capsys)
    assert "averages of" not in out
    assert out.count("win rate of s") == MOST_TABLES


@pytest.fixture
def scored(tmp_path, toys):
    """Runs so many systems with long names on a scored task in these languages."""

    def scored(many, languages):
        (tmp_path / "prompts.jsonl").write_text(
            "".join(
                json.dumps({"language": code, "prompt": "Ja?", "references": ["Ja."], "id": "1"}) + "\n"
                for code in languages
            )
        )
        for n in range(many):
            (tmp_path / f"s{n}").mkdir()
            for code in languages:
                row = {"item_id": "1", "text": "Ja." if n % 2 else "Nein."}
                (tmp_path / f"s{n}" / f"{code}.jsonl").write_text(json.dumps(row) + "\n")
        systems = [
            {"name": f"checkpoint-at-step-{n}000", "model": "completions", "args": {"path": str(tmp_path / f"s{n}")}}
            for n in range(many)
        ]
        task = {"path": str(tmp_path / "prompts.jsonl"), "metric": "exact_match"}
        ready = plan(
            {"name": "x", "systems": systems, "tasks": [{"task": task}], "statistics": {"rounds": 100}},
            output=tmp_path / "run",
        )
        run(ready)
        return ready.folder

    return scored


def test_a_table_of_more_systems_than_the_terminal_is_wide_has_a_row_for_each(scored, capsys):
    out = said(scored(14, CODES[:4]), capsys)
    for n in range(14):
        (line,) = [line for line in out.splitlines() if line.strip().startswith(f"checkpoint-at-step-{n}000 ")]
        assert ("100.0 [" if n % 2 else " 0.0 [") in line
    assert "exact_match in %; single languages are in the report" in out
    assert ": band" not in out


def test_a_row_for_each_system_has_few_languages_beside_the_averages(scored, capsys):
    out = said(scored(14, CODES[:2]), capsys)
    heading = next(line for line in out.splitlines() if line.strip().startswith("system "))
    assert all(language.name in heading for language in all_languages()[:2])


def test_a_table_that_is_a_little_too_wide_leaves_columns_out_in_place_of_breaking_numbers(scored, capsys):
    out = said(scored(6, ["ind_Latn", "deu_Latn"]), capsys)
    table = out[: out.index("exact_match on")]
    assert all(f"checkpoint-at-step-{n}000" in table for n in range(6))
    assert "own name" not in table
    assert [line.count("]") for line in table.splitlines() if "Average: All" in line] == [6]


def test_a_judge_without_any_verdict_is_silent_and_one_with_few_is_not(capsys):
    battles = pd.DataFrame(
        {"judge": ["mute", "mute", "shy", "shy"], "n_games": [2, 2, 2, 2], "n_invalid": [2, 2, 2, 1]}
    )
    assert silent_judges(battles) == {"mute": 4}
    assert silent_judges(battles.iloc[:0]) == {}
    print_silent({"mute": 4})
    err = capsys.readouterr().err
    assert "the judge 'mute' gave no verdict in any of its 4 games" in err
    assert "max_tokens" in err


def test_the_result_is_said_in_words_with_the_judge(imported, capsys):
    folder = imported(2)
    out = said(folder, capsys)
    assert "Inconclusive: ours has a win rate of 50.0% against base" in out
    assert f"Judge: {folder.read_lock().judges['j'].description}." in out


def test_the_files_are_counted_and_named(imported, capsys):
    folder = imported(2)
    files = write_report(folder)
    out = said(folder, capsys)
    assert f"page      {files.page}\n" in out
    assert f"({len(files.tables)} files: CSV, LaTeX, Markdown)" in out
    assert f"results   {folder.results}" in out
    assert files.page.exists()
    assert folder.results.is_dir()


def test_a_file_that_was_edited_since_the_report_before_is_named(imported, capsys):
    folder = imported(2)
    edited = write_report(folder).results[0]
    edited.write_bytes(b"mine")
    out = said(folder, capsys)
    assert f"yours     {edited}.edited  (changed since the report before; renamed)" in out
    assert edited.with_name(f"{edited.name}.edited").read_bytes() == b"mine"
    assert "yours" not in said(folder, capsys)


def test_json_has_the_same_rows_as_the_results_and_no_number_that_is_none(imported, capsys):
    folder = imported(2)
    data = json.loads(said(folder, capsys, as_json=True))
    estimates = open_run(folder).estimates()
    assert data["folder"] == str(folder.path)
    assert [row["group"] for row in data["estimates"]] == list(estimates["group"])
    for row, value in zip(data["estimates"], estimates["value"], strict=True):
        assert row["value"] == (None if value != value else pytest.approx(value))


EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": "one", "model": "toy"}, {"name": "two", "model": "toy", "args": {"voice": "two"}}],
    "tasks": ["toy_open"],
    "languages": ["deu_Latn", "swh_Latn"],
    "statistics": {"rounds": 100},
}


@pytest.fixture
def finished(toys, tmp_path):
    return lambda **changes: run(plan({**EXPERIMENT, **changes}, output=tmp_path / "toy")).folder


def test_without_any_number_it_is_said_what_is_lacking(finished, capsys):
    out = said(finished(), capsys)
    assert "There is no number to report" in out
    assert "Judged tasks need `judges`, a `baseline`" in out
    assert "page      " in out
    assert "Incomplete" not in out
    assert "apply to none" not in out


def test_a_metric_that_applies_to_no_answer_is_named_not_the_judges(tmp_path, capsys):
    """Nothing is judged here, so that advice about judges would only mislead."""
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "de.jsonl").write_text('{"id": "a", "text": "Hallo"}\n', encoding="utf-8")
    (tmp_path / "mine.jsonl").write_text('{"id": "a", "language": "de", "prompt": "Hallo?"}\n', encoding="utf-8")
    (tmp_path / "metrics.py").write_text("def never(answer, references):\n    return None\n", encoding="utf-8")
    (tmp_path / "x.yaml").write_text(
        "name: x\nsystems: [{name: one, model: completions, args: {path: answers}}]\n"
        "tasks: [{task: {name: mine, path: mine.jsonl, metric: 'metrics.py:never'}}]\n",
        encoding="utf-8",
    )
    out = said(run(plan(tmp_path / "x.yaml", output=tmp_path / "run")).folder, capsys)
    assert "The metrics of mine apply to none of the answers." in " ".join(out.split())
    assert "`judges`" not in out


def test_answers_without_a_counterpart_are_counted(tmp_path, toys, capsys):
    """Two stored systems of which one answered two items and the other two, with one in common."""
    for system, answered in (("one", (0, 1)), ("two", (1, 2)), ("far", (3, 4))):
        rows = [{"item_id": str(n), "completion": "Ja."} for n in answered]
        (tmp_path / system).mkdir()
        (tmp_path / system / "deu_Latn.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def stored(*names):
        systems = [
            {"name": name, "model": "completions", "args": {"path": str(tmp_path / name), "missing": "leave_out"}}
            for name in names
        ]
        experiment = {**EXPERIMENT, "systems": systems, "languages": ["deu_Latn"], "baseline": names[0]}
        experiment["judges"] = [{"name": "long", "judge": "toy_length"}]
        return plan(experiment, output=tmp_path / "-".join(names))

    ready = stored("one", "two")
    run(ready)
    assert "Not judged: 2 answers of two or one to toy_open without a counterpart." in said(ready.folder, capsys)
    disjoint = stored("one", "far")
    run(disjoint)
    out = " ".join(said(disjoint.folder, capsys).split())
    assert "Not judged: 4 answers of far or one to toy_open" in out
    assert "two systems that answered the same items in the same language" in out


@pytest.mark.parametrize("lost", [1, 2])
def test_what_has_no_result_is_counted_and_named(finished, capsys, lost):
    folder = finished(tasks=["toy_choice"])
    for code in EXPERIMENT["languages"][:lost]:
        folder.cell("two", "toy_choice", code).unlink()
    out = said(folder, capsys)
    assert f"Incomplete: {lost} cell" in out
    assert "two · toy_choice · deu_Latn" in out
    assert "Running the experiment again does only these." in out


def test_scores_are_in_percent_and_have_a_column_for_each_system(finished, capsys):
    out = said(finished(tasks=["toy_choice"]), capsys)
    assert "toy_choice: acc in %" in out
    heading = next(line for line in out.splitlines() if "own name" in line)
    assert heading.index("one") < heading.index("two")
    assert "no verdict" not in out


def cell(number=0, error="broken", exit_code=3):
    return CellFailed("one", "t", f"lang{number}", 1, error, exit_code)


def test_failures_are_gathered_by_reason_and_three_of_them_named(capsys):
    print_failures(
        [
            *(cell(n) for n in range(5)),
            cell(9, "another\nwith a fix"),
            GamesFailed("j", "two", "base", "t", "x", 1, "broken"),
        ]
    )
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.split("\n") == [
        "polyarena: failed: one · t · lang0, one · t · lang1, one · t · lang2 and 3 more",
        "  broken",
        "polyarena: failed: one · t · lang9",
        "  another",
        "  with a fix",
        "polyarena: no number of this run includes these; run the same command again to do only them",
        "",
    ]


def test_games_are_named_by_judge_and_candidate(capsys):
    print_failures([GamesFailed("j", "two", "base", "t", "tha_Thai", 1, "no answer")])
    assert "failed: j judges two against base · t · tha_Thai\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("codes", "fix"),
    [
        ([3], "run the same command again to do only them"),
        ([2], "fix what is named above, then run the same command again"),
        ([2, 2], "fix what is named"),
        ([5], "fix what is named"),
        ([2, 3], "run the same command again to do only them"),
    ],
)
def test_what_helps_depends_on_what_failed(capsys, codes, fix):
    print_failures([cell(n, f"error {n}", code) for n, code in enumerate(codes)])
    assert fix in capsys.readouterr().err.splitlines()[-1]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_every_failure_is_named_or_counted(reasons):
    import io
    from contextlib import redirect_stderr

    with redirect_stderr(io.StringIO()) as stream:
        print_failures([cell(n, f"reason {'abcd'[reason]}") for n, reason in enumerate(reasons)])
    lines = [line for line in stream.getvalue().splitlines() if "failed:" in line]
    assert len(lines) == len(set(reasons))
    counted = [int(line.split(" and ")[1].split()[0]) for line in lines if " more" in line]
    assert sum(line.count(" · t · ") for line in lines) + sum(counted) == len(reasons)
