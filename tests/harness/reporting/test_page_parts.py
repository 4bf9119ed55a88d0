"""Judge cards and item browser are the same whether another process makes them or this one."""

import pytest

from polyarena.harness import open_run, plan, run, workers
from polyarena.harness.reporting.page_parts import PageWork, make_page_parts, page_parts
from polyarena.harness.reporting.write import write_report
from polyarena.tasks.errors import StoreError

EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 100},
}


@pytest.fixture
def records(toys, tmp_path):
    run(plan(EXPERIMENT, output=tmp_path / "run"), report=False)
    return open_run(tmp_path / "run")


def test_cards_and_items_of_a_run(records):
    parts = make_page_parts(records, 1)
    assert list(parts.cards) == ["long"]
    assert parts.cards["long"].rows[0].games
    assert "one" in parts.browser.page


def test_a_run_without_answers_has_neither(records):
    for path in records.folder.path.rglob("*.parquet"):
        path.unlink()
    parts = make_page_parts(records, 1)
    assert parts.cards == {}
    assert parts.browser is None


def test_the_work_reads_the_folder_itself(records):
    (parts,) = PageWork(records.folder.path, 1).events()
    assert parts == make_page_parts(records, 1)


def test_a_folder_that_cannot_be_read_is_an_error_when_the_parts_are_asked_for(records):
    games = next((records.folder.path / "games").rglob("*.parquet"))
    games.write_bytes(games.read_bytes()[:-20])
    with page_parts(records, 1, 1) as parts, pytest.raises(StoreError, match="cannot be read"):
        parts()


def test_a_report_by_two_processes_has_the_bytes_of_one_by_one(records, monkeypatch):
    def files():
        write_report(records.folder)
        report = records.folder.path / "report"
        return {path.relative_to(report): path.read_bytes() for path in report.rglob("*") if path.is_file()}

    alone = files()
    monkeypatch.setattr(workers, "WORTH", 1)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    started, start = [], workers._start
    monkeypatch.setattr(workers, "_start", lambda: started.append(1) or start())
    assert files() == alone
    assert started == [1]
