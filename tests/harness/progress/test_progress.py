"""Progress: what is done, what failed, how long the rest takes; as lines and as bars."""

import io

import pytest
from rich.console import Console

from polyarena.harness.events import CellDone, CellFailed, CellStarted, Finished, GamesDone, ModelLoaded, ModelLoading
from polyarena.harness.planning import plan
from polyarena.harness.progress import listening
from polyarena.harness.progress.live import LiveProgress
from polyarena.harness.progress.pace import Pace, clock
from polyarena.harness.progress.plain import PlainProgress
from polyarena.harness.progress.tracker import Tracker


@pytest.fixture
def planned(tmp_path, toys):
    systems = [{"name": "one", "model": "toy"}, {"name": "two", "model": "toy", "args": {"voice": "two"}}]
    experiment = {
        "name": "toy",
        "systems": systems,
        "baseline": "one",
        "tasks": ["toy_open"],
        "judges": [{"name": "long", "judge": "toy_length"}],
    }
    return plan(experiment, output=tmp_path / "run")


def events():
    yield ModelLoading(("one",), "toy")
    yield ModelLoaded(("one",), 1.5)
    for language in ("deu_Latn", "swh_Latn"):
        yield CellStarted("one", "toy_open", language, 12)
        yield CellDone("one", "toy_open", language, 12, 6.0, "key")
    yield CellFailed("one", "toy_open", "tha_Thai", 12, "no voice\n  fix: sing")
    yield GamesDone("long", "two", "toy_open", "deu_Latn", 24, 0, 1.0, "key")
    yield Finished(20.0, 1)


def test_the_time_left_follows_each_kind_of_work():
    pace = Pace()
    pace.expect("slow", 10)
    pace.expect("fast", 100)
    assert pace.seconds_left() is None
    pace.advance("slow", 5, 50.0)
    assert pace.seconds_left() == pytest.approx(50 + 1000)
    pace.advance("fast", 50, 5.0)
    assert pace.seconds_left() == pytest.approx(50 + 5)
    pace.advance("slow", 5, 0.0)
    assert pace.seconds_left() == pytest.approx(5)


@pytest.mark.parametrize(("seconds", "text"), [(None, "–"), (0, "0:00"), (59.6, "1:00"), (3725, "1:02:05")])
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_the_tracker_counts_languages(planned):
    tracker = Tracker.of(planned)
    for event in events():
        tracker.follow(event)
    one = tracker.works["one · toy_open"]
    assert (one.total, one.done, one.failed, one.now) == (3, 2, 1, "tha_Thai")
    assert tracker.works["long judges two · toy_open"].done == 1


def test_plain_lines_come_now_and_then_and_at_the_end(planned):
    stream, time = io.StringIO(), iter(range(0, 1000, 6))
    display = PlainProgress(planned, stream, every_s=20, now=lambda: next(time))
    for event in events():
        display(event)
    text = stream.getvalue()
    assert "loading toy for one" in text
    assert "FAILED one · toy_open tha_Thai: no voice" in text
    assert "one · toy_open: 2/3 languages, last swh_Latn, about" in text
    assert "deu_Latn, about" not in text.replace("long judges", "")


def test_bars_show_languages_and_time(planned):
    stream = io.StringIO()
    display = LiveProgress(planned, Console(file=stream, force_terminal=True, width=120))
    for event in events():
        display(event)
    display.close()
    text = stream.getvalue()
    assert "one · toy_open" in text
    assert "3/3" in text
    assert "no voice" in text


def test_quiet_is_quiet(planned, capsys):
    with listening(planned, quiet=True) as listener:
        for event in events():
            listener(event)
    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_plain_lines(planned, capsys):
    with listening(planned) as listener:
        for event in events():
            listener(event)
    captured = capsys.readouterr()
    assert "FAILED" in captured.err
    assert "\x1b" not in captured.err
    assert not captured.out
