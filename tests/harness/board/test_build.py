"""Building a board, adding to it, and what is refused."""

import datetime
import json

import pytest

from polyarena.harness.board import add_run, build_board
from polyarena.harness.board.source import read_source
from polyarena.harness.cli import main
from polyarena.reports.stats import win_rates
from polyarena.tasks.errors import DataError, ExperimentError, StoreError, UnknownNameError

DAY = datetime.date(2026, 11, 28)


def content(site):
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def board_file(tmp_path, text):
    path = tmp_path / "board.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def document(site, read_data):
    return read_data(site / "data" / "board.js")


def test_a_run_becomes_a_site_that_shows_its_win_rates(first, tmp_path, read_data):
    done = build_board([first], tmp_path / "site", today=DAY)
    board = document(tmp_path / "site", read_data)
    assert (done.systems, done.columns, done.languages, done.method) == (1, 1, 3, "exact")
    from polyarena.harness import open_run

    expected = win_rates(open_run(first).battles(), groupings={}).query("level == 'macro'").iloc[0]
    (average,) = board["overview"][""]["averages"]
    assert average["system"] == "model"
    for name, column in (("value", "value"), ("low", "low"), ("high", "high"), ("error", "standard_error")):
        assert average[name] == pytest.approx(expected[column], abs=1e-12)
    (column,) = board["columns"]
    assert column["provenance"]["deu_Latn"]
    assert (column["metric"], column["judge"], column["baseline"]) == ("win_rate", "rules", "fixed")
    assert (tmp_path / "site" / column["file"]).is_file()


def test_the_same_runs_give_the_same_bytes(first, second, tmp_path):
    for name in ("one", "two"):
        build_board([first, second], tmp_path / name, today=DAY)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_two_runs_of_one_measurement_share_a_column(first, second, tmp_path, read_data):
    done = build_board([first, second], tmp_path / "site")
    assert (done.columns, done.systems, done.neighbours) == (1, 2, 1)
    systems = {each["name"]: each["runs"] for each in document(tmp_path / "site", read_data)["systems"]}
    assert systems == {"model": ["first"], "other": ["second"]}


def test_a_folder_of_runs_stands_for_them(make_run, tmp_path, read_data):
    run = make_run("alone")
    build_board([run.parent], tmp_path / "site")
    assert [each["name"] for each in document(tmp_path / "site", read_data)["systems"]] == ["model"]


def test_adding_a_run_is_building_with_it(first, second, tmp_path):
    build_board([first, second], tmp_path / "whole", today=DAY)
    build_board([first], tmp_path / "grown", today=DAY)
    done = add_run(second, tmp_path / "grown", today=DAY)
    whole, grown = content(tmp_path / "whole"), content(tmp_path / "grown")
    # The grown one remembers what it was.
    differ = {name for name in whole.keys() | grown.keys() if whole.get(name) != grown.get(name)}
    assert differ == {"board.json", "data/board.js"}
    assert done.unchanged > 0


def test_adding_the_same_run_again_writes_nothing(first, tmp_path):
    site = tmp_path / "site"
    build_board([first], site, today=DAY)
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*.js")}
    done = add_run(first, site, today=datetime.date(2027, 1, 1))
    assert (done.written, done.removed) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*.js")} == before
    assert json.loads((site / "board.json").read_text(encoding="utf-8"))["date"] == "2026-11-28"


def test_adding_touches_only_what_changed(first, second, tmp_path):
    site = tmp_path / "site"
    build_board([first], site)
    items = {path: path.stat().st_mtime_ns for path in (site / "items").rglob("*.js")}
    add_run(second, site)
    assert {path: path.stat().st_mtime_ns for path in items} == items


def test_history_has_the_board_as_it_was(first, second, tmp_path, read_data):
    site = tmp_path / "site"
    build_board([first], site, today=DAY)
    add_run(second, site, today=datetime.date(2026, 12, 5))
    (entry,) = document(site, read_data)["history"]
    assert entry["date"] == "2026-11-28"
    assert list(entry["overall"]) == ["model"]
    assert entry["changed"] == ["added run second", "new system other"]


def test_runs_measured_otherwise_never_share_a_column(first, make_run, tmp_path, read_data):
    limited = make_run("limited", systems=("other",), limit=5)
    build_board([first, limited], tmp_path / "site")
    columns = document(tmp_path / "site", read_data)["columns"]
    assert [each["systems"] for each in columns if each["headline"]] == [["model"]]
    assert sorted(each["systems"] for each in columns) == [["model"], ["other"]]
    assert any("limit 5(spread)" in each["difference"] for each in columns)


def test_one_name_in_two_runs_is_an_error_until_a_rule_decides(first, make_run, tmp_path, read_data):
    again = make_run("again", suffix="!")
    with pytest.raises(DataError, match="2 runs have a system 'model'") as refused:
        build_board([first, again], tmp_path / "site")
    assert "prefer: [first]" in refused.value.fix
    assert not (tmp_path / "site").exists()
    for rule in ("prefer: [again]", "systems: {model: {run: again}}"):
        build_board([first, again], tmp_path / "site", board_file(tmp_path, rule))
        (system,) = document(tmp_path / "site", read_data)["systems"]
        assert system["runs"] == ["again"]
    build_board([first, again], tmp_path / "apart", board_file(tmp_path, "rename: {again: {model: model-2}}"))
    assert [each["name"] for each in document(tmp_path / "apart", read_data)["systems"]] == ["model", "model-2"]


def test_what_is_gone_is_an_error_unless_allowed_by_name(first, second, make_run, tmp_path, read_data):
    site = tmp_path / "site"
    build_board([first, second], site)
    before = content(site)
    with pytest.raises(DataError, match="system other"):
        build_board([first], site)
    assert content(site) == before
    build_board([first], site, board_file(tmp_path, "allow_gone: [other]"))
    assert [each["name"] for each in document(site, read_data)["systems"]] == ["model"]
    fewer = make_run("first", languages=("deu_Latn",))
    with pytest.raises(DataError, match="polyarena_mini in fra_Latn, hin_Deva"):
        build_board([fewer], site)


def test_files_of_gone_systems_are_removed_and_edited_ones_are_not(first, second, tmp_path):
    site = tmp_path / "site"
    build_board([first, second], site)
    (site / "notes.txt").write_text("mine", encoding="utf-8")
    items = sorted(path for path in (site / "items").rglob("other*.js"))
    items[0].write_text("edited", encoding="utf-8")
    done = build_board([first], site, board_file(tmp_path, "allow_gone: [other]"))
    assert done.removed > 0
    assert [path.exists() for path in items] == [True, False, False]
    assert (site / "notes.txt").exists()


def test_a_board_file_names_systems(first, tmp_path, read_data):
    text = """
title: Mini board
currency: USD
systems:
  model: {title: The Model, organisation: Ours, size: 7, licence: MIT, open_weights: true, date: 2026-01-02,
          link: https://example.org/model, languages: [German, French], price: 0.01, family: ours, stage: 2 tuned}
"""
    build_board([first], tmp_path / "site", board_file(tmp_path, text))
    board = document(tmp_path / "site", read_data)
    (system,) = board["systems"]
    assert board["title"] == "Mini board"
    assert (system["title"], system["size"], system["open"], system["date"]) == ("The Model", 7, True, "2026-01-02")
    assert system["languages"] == ["deu_Latn", "fra_Latn"]


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("titel: x", ExperimentError, "title"),
        ("coverage: 2", ExperimentError, "coverage"),
        ("systems: {model: {link: 'javascript:alert(1)'}}", ExperimentError, "http"),
        ("systems: {model: {languages: [Klingonn]}}", UnknownNameError, "Klingonn"),
        ("systems: {model: {run: frist}}", UnknownNameError, "did you mean 'first'"),
        ("rename: {secnd: {a: b}}", UnknownNameError, "secnd"),
        ("average: {tasks: [nothing]}", DataError, "polyarena_mini"),
        ("- a list", ExperimentError, "mapping"),
        ("published: [missing.csv]", DataError, "missing.csv"),
    ],
)
def test_a_wrong_board_file_is_explained(first, tmp_path, text, error, says):
    with pytest.raises(error, match=says):
        build_board([first], tmp_path / "site", board_file(tmp_path, text))
    assert not (tmp_path / "site").exists()


def test_published_values_stand_apart(first, tmp_path, read_data):
    (tmp_path / "published.csv").write_text(
        "system,benchmark,language,metric,value,source,note\n"
        "=cmd|' /C calc',XCOPA,avg,accuracy,75.6,https://arxiv.org/abs/2402.07827,Table 5\n",
        encoding="utf-8",
    )
    build_board([first], tmp_path / "site", board_file(tmp_path, "published: [published.csv]"))
    board = document(tmp_path / "site", read_data)
    assert board["published"][0]["value"] == 75.6
    assert [each["name"] for each in board["systems"]] == ["model"]
    assert "XCOPA" not in json.dumps(board["columns"])
    add_run(first, tmp_path / "site")
    assert document(tmp_path / "site", read_data)["published"] == board["published"]


def test_a_board_of_published_values_alone(tmp_path, read_data):
    (tmp_path / "p.csv").write_text(
        "system,benchmark,language,metric,value,source\na,b,avg,acc,1,paper\n", encoding="utf-8"
    )
    done = build_board([], tmp_path / "site", board_file(tmp_path, "published: [p.csv]"))
    assert (done.systems, done.neighbours) == (0, 0)
    assert len(document(tmp_path / "site", read_data)["published"]) == 1


@pytest.mark.parametrize("value", ["nan", "inf", "12%", ""])
def test_published_values_are_numbers(first, tmp_path, value):
    (tmp_path / "p.csv").write_text(
        f"system,benchmark,language,metric,value,source\na,b,c,d,{value},e\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match="value"):
        build_board([first], tmp_path / "site", board_file(tmp_path, "published: [p.csv]"))


def test_nothing_is_no_board(tmp_path):
    with pytest.raises(DataError, match="nothing to show"):
        build_board([], tmp_path / "site")


def test_a_board_file_among_the_runs_is_shown_its_option(first, tmp_path):
    (tmp_path / "board.yaml").write_text("title: Ours", encoding="utf-8")
    with pytest.raises(StoreError, match="not a run folder") as caught:
        build_board([first, tmp_path / "board.yaml"], tmp_path / "site")
    assert f"--config {tmp_path / 'board.yaml'}" in caught.value.fix


def test_folders_that_are_none_are_refused(first, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="not a run folder"):
        build_board([tmp_path / "empty"], tmp_path / "site")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match="not a board"):
        build_board([first], tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["index.html"]
    with pytest.raises(StoreError, match="no board here"):
        add_run(first, tmp_path / "nowhere")


def test_a_board_of_another_version_is_refused(first, tmp_path):
    build_board([first], tmp_path / "site")
    path = tmp_path / "site" / "board.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 99'), encoding="utf-8")
    with pytest.raises(StoreError, match="another version"):
        build_board([first], tmp_path / "site")


def test_a_run_of_an_older_version_is_refused(make_run, tmp_path):
    run = make_run("old")
    lock = json.loads((run / "lock.json").read_text(encoding="utf-8"))
    (run / "lock.json").write_text(json.dumps({**lock, "format": 0}), encoding="utf-8")
    with pytest.raises(StoreError, match="format"):
        build_board([run], tmp_path / "site")


def test_a_half_finished_run_is_refused_unless_allowed(make_run, tmp_path, read_data):
    run = make_run("half")
    next((run / "cells").rglob("fra_Latn.parquet")).unlink()
    with pytest.raises(DataError, match="not finished"):
        build_board([run], tmp_path / "site")
    done = build_board([run], tmp_path / "site", board_file(tmp_path, "incomplete: show"))
    assert any("not finished" in note for note in done.notes)


def test_large_boards_ship_cells_instead_of_items(first, second, tmp_path, read_data):
    exact = build_board([first, second], tmp_path / "exact")
    done = build_board([first, second], tmp_path / "site", board_file(tmp_path, "exact_up_to: 10"))
    assert (exact.method, done.method) == ("exact", "approximate")
    assert not (tmp_path / "site" / "items").exists()
    assert not list((tmp_path / "site" / "source").rglob("items.parquet"))
    for site in ("exact", "site"):
        averages = document(tmp_path / site, read_data)["overview"][""]["averages"]
        assert averages[0]["value"] == pytest.approx(
            document(tmp_path / "exact", read_data)["overview"][""]["averages"][0]["value"], abs=1e-4
        )


def test_a_board_grows_from_exact_to_approximate(first, second, tmp_path, read_data):
    site = tmp_path / "site"
    build_board([first], site)
    grown = add_run(second, site, board_file(tmp_path, "exact_up_to: 10"))
    assert grown.method == "approximate"
    whole = build_board([first, second], tmp_path / "whole", board_file(tmp_path, "exact_up_to: 10"))
    assert whole.systems == grown.systems == 2


def test_texts_are_published_under_free_licences_alone(first, tmp_path, read_data):
    build_board([first], tmp_path / "site")
    (column,) = document(tmp_path / "site", read_data)["columns"]
    rows = read_data(next((tmp_path / "site" / "items").rglob("*deu_Latn.js")))
    assert column["texts"] is True
    assert all(row["prompt"] and row["text"] for row in rows)
    build_board([first], tmp_path / "kept", board_file(tmp_path, "texts: {polyarena_mini: withhold}"))
    rows = read_data(next((tmp_path / "kept" / "items").rglob("*deu_Latn.js")))
    assert all(row["prompt"] is None and row["text"] is None and row["value"] is not None for row in rows)
    assert b"hilfreiche Antwort" not in b"".join(content(tmp_path / "kept").values())


def test_the_command_line_builds_adds_and_prints_json(first, second, tmp_path, capsys):
    site = tmp_path / "site"
    assert main(["board", "build", str(first), "-o", str(site)]) == 0
    assert "1 system, 1 column, 3 languages" in capsys.readouterr().out
    assert main(["board", "add", str(second), "-o", str(site), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["systems"] == 2
    assert main(["board", "schema"]) == 0
    assert "exact_up_to" in json.loads(capsys.readouterr().out)["properties"]
    assert main(["board", "build", str(tmp_path / "none"), "-o", str(site)]) == 2


def test_a_source_of_another_format_is_named_with_what_to_do(first, tmp_path):
    build_board([first], tmp_path / "site")
    (path,) = (tmp_path / "site").rglob("source.json")
    path.write_text(path.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(StoreError, match="it has the format 1, and this version of polyarena reads 2") as caught:
        read_source(path.parent)
    assert "board build" in caught.value.fix
