"""The results of a run are those of one report, whenever another was killed and whatever has changed since."""

import pytest

from polyarena.harness import open_run, write_report
from polyarena.harness.reporting.files import ReportFolder
from polyarena.harness.store import atomic
from polyarena.harness.store.manifest import LOCK, MANIFEST, UNDER_WAY, read_manifest, results_problem
from polyarena.tasks.errors import StoreError, UnknownNameError

EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 100},
}


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_after(monkeypatch, renames):
    """Let a process end after so many files have got their names."""
    done = []
    original = atomic.Path.replace

    def replace(self, target):
        if MANIFEST not in target.name and UNDER_WAY not in target.name:
            if len(done) == renames:
                raise Killed
            done.append(target)
        return original(self, target)

    monkeypatch.setattr(atomic.Path, "replace", replace)
    return done


def test_nothing_is_in_place_before_everything_is_written(tmp_path):
    out = ReportFolder(tmp_path)
    out.stage(tmp_path / "results", {"a.csv": b"1"})
    out.stage(tmp_path / "report", {"index.html": b"2"})
    assert not (tmp_path / "results" / "a.csv").exists()
    out.commit()
    assert (tmp_path / "results" / "a.csv").read_bytes() == b"1"
    assert (tmp_path / "report" / "index.html").read_bytes() == b"2"
    assert not (tmp_path / UNDER_WAY).exists()
    assert not list(tmp_path.rglob(f"*{atomic.TEMPORARY}"))


def test_what_cannot_be_written_leaves_the_report_before(tmp_path):
    first = {"a.csv": b"1", "b.csv": b"1"}
    ReportFolder(tmp_path).write(tmp_path / "results", first)
    (tmp_path / "report").write_text("a file where a folder should be")
    later = ReportFolder(tmp_path)
    later.stage(tmp_path / "results", {"a.csv": b"2"})
    with pytest.raises(StoreError):
        later.stage(tmp_path / "report", {"index.html": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "results").glob("*.csv")} == first
    assert results_problem(tmp_path) is None


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_report_that_is_killed_is_never_read_as_one(tmp_path, monkeypatch, renames):
    ReportFolder(tmp_path).write(tmp_path / "results", dict.fromkeys(("a.csv", "b.csv", "gone.csv"), b"old"))
    with monkeypatch.context() as context:
        killed_after(context, renames)
        with pytest.raises(Killed):
            ReportFolder(tmp_path).write(tmp_path / "results", dict.fromkeys(("a.csv", "b.csv", "c.csv"), b"new"))
    assert "was killed" in results_problem(tmp_path)
    later = ReportFolder(tmp_path)
    later.write(tmp_path / "results", {"a.csv": b"last"})
    # The next report knows what either of the two before has left, and removes it.
    left = sorted(path.name for path in (tmp_path / "results").glob("[!.]*"))
    assert left == ["a.csv"]
    assert results_problem(tmp_path) is None


@pytest.fixture
def finished(finished_run):
    return finished_run(EXPERIMENT, report=True).folder


def test_results_of_two_reports_are_refused(finished, monkeypatch):
    before = open_run(finished).battles()
    with monkeypatch.context() as context:
        killed_after(context, 3)
        with pytest.raises(Killed):
            write_report(finished)
    with pytest.raises(StoreError, match="a report is writing them") as refused:
        open_run(finished).estimates()
    assert refused.value.fix == f"polyarena report {finished.path}"
    assert open_run(finished).battles().equals(before)
    write_report(finished)
    assert len(open_run(finished).estimates())


def test_results_of_another_state_of_the_run_are_refused(finished):
    battles = open_run(finished).battles()
    assert read_manifest(finished.path)[LOCK]
    lock = finished.read_lock()
    changed = lock.experiment.model_copy(update={"digest": "0" * 64})
    finished.write_lock(lock.model_copy(update={"experiment": changed}))
    with pytest.raises(StoreError, match="the run has changed since they were written"):
        open_run(finished).estimates()
    # Battles follow from the games, which are there.
    assert open_run(finished).battles().equals(battles)
    (finished.path / MANIFEST).unlink()
    assert len(open_run(finished).estimates()), "an archive has no manifest"


def test_a_report_that_fails_leaves_everything_as_it_was(finished, monkeypatch):
    def fails(*_arguments, **_named):
        raise UnknownNameError("there is no figure of this name")

    before = {path: path.read_bytes() for path in finished.path.rglob("*") if path.is_file()}
    monkeypatch.setattr("polyarena.harness.reporting.write.page_content", fails)
    with pytest.raises(UnknownNameError):
        write_report(finished)
    assert {path: path.read_bytes() for path in finished.path.rglob("*") if path.is_file()} == before
