"""Runs: everything once, nothing twice, whatever fails is told."""

import hashlib
import json
from dataclasses import replace

import pytest

from polyarena.harness import open_run, plan, run, write_report
from polyarena.harness.executors import LocalExecutor
from polyarena.harness.executors.messages import job_json, read_job
from polyarena.harness.running.work_units import jobs
from polyarena.harness.store import RunFolder
from polyarena.tasks.errors import StoreError


def lines(toys, word):
    return [line for line in toys.read_text().splitlines() if line.split()[0] == word]


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_run_leaves_all_records(go):
    finished = go()
    assert not finished.failures
    assert len(finished.completions()) == 2 * 3 * 12 * 2
    assert set(finished.completions()["identified_script"].dropna()) == {"Latn"}
    assert len(finished.games()) == 3 * 12 * 2
    assert len(finished.battles()) == 3 * 12
    assert len(finished.scores()) == 2 * 3 * 12
    levels = finished.estimates().groupby("metric")["level"].value_counts()
    assert levels["win_rate", "language"] == 3
    assert levels["acc", "macro"] == 2


def test_every_number_names_all_that_changes_it(go):
    signatures = go(tasks=[{"task": "toy_open", "limit": 5}]).estimates()["signature"]
    for part in (
        "task:toy_open@1",
        "rev:1",
        "limit:5",
        "judge:toy_length@1",
        "orders:2",
        "ties:half",
        "B:200",
        "seed:0",
    ):
        assert signatures.str.contains(part, regex=False).all(), part


def test_a_signature_follows_what_the_systems_were_asked_with(go, systems):
    def signatures(**changes):
        frame = go("signed", tasks=["toy_open"], **changes).estimates().set_index("group")
        return frame["signature"].to_dict()

    told = {**systems[1], "system_prompt": "Speak {language}."}
    before, after = signatures(), signatures(systems=[systems[0], told])
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    # A language's number does not depend on which others were asked.
    assert signatures(languages=["deu_Latn"])["deu_Latn"] == before["deu_Latn"]


@pytest.mark.all_formats
def test_files_are_where_the_run_says(go):
    files = go(report=True).files
    assert files.page.read_text().startswith("<!DOCTYPE html>")
    kinds = sorted({path.suffix for path in files.figures})
    assert kinds == [".csv", ".pdf", ".png", ".svg", ".txt"]
    for path in (*files.figures, *files.tables, *files.results):
        assert path.stat().st_size > 0


def test_a_model_is_loaded_once_for_all_its_systems(go, systems, toys):
    told = {"name": "three", "model": "toy", "args": {"voice": "one"}, "system_prompt": "Speak {language}."}
    go(systems=[*systems, told])
    assert sorted(lines(toys, "load")) == ["load one", "load two"]
    assert len(lines(toys, "close")) == 2


@pytest.mark.figures
def test_running_again_does_nothing_and_changes_no_byte(go, toys, tmp_path):
    go(report=True)
    before, calls = tree(tmp_path / "run"), toys.read_text()
    go(report=True)
    after = tree(tmp_path / "run")
    assert toys.read_text() == calls
    changed = {name for name in before if before[name] != after.get(name)}
    # What says who runs and how far it is.
    assert changed == {"events.jsonl", "status.json"}


@pytest.mark.figures
def test_two_runs_give_the_same_bytes(go, tmp_path):
    go("a", report=True)
    go("b", report=True)
    for part in ("results", "report", "games", "scores"):
        assert tree(tmp_path / "a" / part) == tree(tmp_path / "b" / part)


def test_only_what_is_new_is_done(go, toys):
    go(languages=["deu_Latn"])
    go(languages=["deu_Latn", "tha_Thai"])
    cells = lines(toys, "cell")
    assert len(cells) == len(set(cells)) + 4  # toy_open and toy_choice of the same system log alike
    assert sum("deu_Latn" in line for line in cells) == sum("tha_Thai" in line for line in cells) == 4


def test_a_new_judge_asks_no_model(go, toys):
    go()
    calls = toys.read_text()
    finished = go(judges=[{"name": "long", "judge": "toy_length"}, "rules"])
    assert toys.read_text() == calls
    assert set(finished.estimates()["judge"].dropna()) == {"long", "rules"}


def test_a_limit_changed_and_changed_back_costs_nothing(go, toys):
    whole = go().battles()
    go(tasks=[{"task": "toy_open", "limit": 2}])
    calls = toys.read_text()
    assert go().battles().equals(whole)
    assert toys.read_text() == calls


def test_lost_scores_are_made_again_without_a_model(go, toys, tmp_path):
    before = go().estimates()
    calls = toys.read_text()
    for path in (tmp_path / "run" / "scores").rglob("*.parquet"):
        path.unlink()
    assert go().estimates().equals(before)
    assert toys.read_text() == calls


def test_a_torn_shard_is_made_again(go, tmp_path):
    before = go().estimates()
    path = RunFolder(tmp_path / "run").cell("two", "toy_open", "swh_Latn")
    path.write_bytes(path.read_bytes()[:100])
    assert go().estimates().equals(before)


def test_a_failing_language_does_not_stop_the_others(go, monkeypatch, toys):
    monkeypatch.setenv("TOY_FAIL", "swh_Latn")
    broken = go(report=True)
    assert {failure.language for failure in broken.failures} == {"swh_Latn"}
    assert "cannot speak" in broken.failures[0].error
    estimates = broken.estimates()
    assert set(estimates.loc[estimates["level"] == "language", "group"]) == {"deu_Latn", "tha_Thai"}
    assert "Incomplete" in broken.files.page.read_text()
    monkeypatch.delenv("TOY_FAIL")
    done = len(lines(toys, "cell"))
    mended = go(report=True)
    assert not mended.failures
    assert len(lines(toys, "cell")) - done == 4
    assert "Incomplete" not in mended.files.page.read_text()


def test_a_model_that_fails_again_and_again_is_given_up(go, monkeypatch, toys):
    monkeypatch.setenv("TOY_FAIL", "deu_Latn swh_Latn tha_Thai")
    finished = go()
    assert len(finished.failures) == 12
    assert not lines(toys, "cell")


def test_a_model_that_cannot_be_loaded_spares_the_others(go, systems):
    finished = go(systems=[systems[0], {"name": "two", "model": "toy", "args": {"voice": "mute"}}])
    assert {failure.system for failure in finished.failures if hasattr(failure, "system")} == {"two"}
    assert set(finished.scores()["system"]) == {"one"}


def test_games_without_verdict_are_counted_and_bounded(go):
    judge = {"name": "long", "judge": "toy_length", "args": {"invalid": "question 1"}}
    finished = go(report=True, judges=[judge], tasks=["toy_open"])
    row = finished.estimates().query("level == 'macro'").iloc[0]
    assert row["n_invalid"] == 3 * 3 * 2
    assert row["worst"] < row["value"] < row["best"]
    assert "without verdict" in finished.files.page.read_text()


def test_a_single_system_needs_no_judge(go, systems):
    finished = go(systems=systems[:1], baseline=None, judges=[], tasks=["toy_choice"])
    assert set(finished.estimates()["metric"]) == {"acc"}


def test_completions_alone_make_a_report_too(go, systems):
    finished = go(report=True, systems=systems[:1], baseline=None, judges=[], tasks=["toy_open"])
    assert finished.estimates().empty
    assert finished.files.page.exists()


def test_events_tell_what_happened(go, tmp_path):
    go()
    events = list(RunFolder(tmp_path / "run").events())
    assert events[0]["event"] == "RunStarted"
    assert events[-1]["event"] == "RunFinished"
    assert sum(event["event"] == "CellDone" for event in events) == 12
    assert len({event["key"] for event in events if event["event"] == "CellDone"}) == 12


def test_the_lock_traces_the_run(go, tmp_path):
    go()
    lock = json.loads((tmp_path / "run" / "lock.json").read_text())
    assert lock["models"] == {"one": {"voice": "one"}, "two": {"voice": "two"}}
    assert lock["versions"]["polyarena"]
    assert lock["identifier"].startswith("lid.176")
    assert lock["judges"]["long"]["signature"].startswith("judge:toy_length")


@pytest.mark.figures
def test_a_report_can_be_made_from_the_folder_alone(go, tmp_path):
    go(report=True)
    before = tree(tmp_path / "run" / "report")
    for path in (tmp_path / "run" / "report").rglob("*.*"):
        if path.is_file():
            path.unlink()
    write_report(RunFolder(tmp_path / "run"))
    assert tree(tmp_path / "run" / "report") == before


@pytest.mark.figures
def test_figures_of_an_earlier_report_do_not_linger(go, tmp_path):
    go(report=True)
    finished = go(report=True, tasks=["toy_choice"], judges=[])
    names = {path.name for path in (tmp_path / "run" / "report" / "figures").iterdir()}
    assert names == {path.name for path in finished.files.figures}
    assert not any(name.startswith("win-rate") for name in names)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(StoreError, match="not a run folder"):
        open_run(tmp_path)


def test_jobs_can_travel_and_any_order_gives_the_same(experiment, toys, tmp_path):
    class Backwards(LocalExecutor):
        def run(self, work):
            travelled = [read_job(job_json(job)) for job in work.jobs]
            assert travelled == work.jobs
            yield from super().run(replace(work, jobs=travelled[::-1]))

    forward = plan(experiment(), output=tmp_path / "f")
    assert len(jobs(forward, forward.missing_cells)) == len(forward.cells)
    run(forward)
    run(plan(experiment(), output=tmp_path / "b"), executor=Backwards())
    assert tree(tmp_path / "f" / "results") == tree(tmp_path / "b" / "results")


def test_without_a_report_the_results_are_there_and_the_report_can_follow(experiment, toys, tmp_path):
    planned = plan(experiment(), output=tmp_path / "run")
    quick = run(planned, report=False)
    assert not quick.folder.report.exists()
    assert (quick.files.figures, quick.files.tables) == ((), ())
    assert len(quick.estimates())
    assert len(quick.battles())
    before = {path.name: path.read_bytes() for path in quick.folder.results.iterdir()}
    files = write_report(quick.folder)
    assert files.page.exists()
    assert {path.name: path.read_bytes() for path in quick.folder.results.iterdir()} == before
