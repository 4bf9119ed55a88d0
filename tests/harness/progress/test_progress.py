"""Progress: what is done, what failed, how long the rest takes; as lines and as bars."""

import io
import re

import pytest
from every_case import every_case
from rich.console import Console

from polyarena.harness.events import (
    CellDone,
    CellFailed,
    CellProgress,
    CellStarted,
    GamesDone,
    GamesFailed,
    GamesProgress,
    ModelLoaded,
    ModelLoading,
    RunFinished,
    WorkerStarted,
)
from polyarena.harness.planning import plan
from polyarena.harness.progress import progress_listener
from polyarena.harness.progress.eta import EtaEstimator, describe_time_left, format_duration
from polyarena.harness.progress.live import LiveProgress
from polyarena.harness.progress.plain import PlainProgress
from polyarena.harness.progress.tracker import ProgressTracker


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
    yield GamesDone("long", "two", "base", "toy_open", "deu_Latn", 24, 0, 1.0, "key")
    yield RunFinished(20.0, 1)


def test_the_time_left_follows_each_kind_of_work():
    pace = EtaEstimator()
    pace.expect("slow", 10)
    pace.expect("fast", 100)
    assert pace.seconds_left() is None
    pace.advance("slow", 5, 50.0)
    assert pace.seconds_left() == pytest.approx(50 + 1000)
    pace.advance("fast", 50, 5.0)
    assert pace.seconds_left() == pytest.approx(50 + 5)
    pace.advance("slow", 5, None)
    assert pace.seconds_left() == pytest.approx(5)


def test_cells_that_shared_batches_count_with_the_seconds_of_the_first():
    pace = EtaEstimator()
    for kind in ("texts", "choices", "later"):
        pace.expect(kind, 20)
    pace.advance("texts", 5, 40.0)
    pace.advance("texts", 5, 0.0)
    assert pace.seconds_left() == pytest.approx(4 * (10 + 20 + 20))
    # All their seconds were counted with another kind.
    pace.advance("choices", 10, 0.0)
    assert pace.seconds_left() == pytest.approx(4 * 10 + 2 * (10 + 20))
    # Work of no amount, as of games that are chosen while the run goes on.
    pace.advance("chosen", 0, 3.0)
    assert pace.seconds_left() == pytest.approx(4 * 10 + 43 / 20 * (10 + 20))


def test_workers_share_what_is_left_from_the_beginning():
    pace = EtaEstimator()
    pace.expect("cells", 100)
    pace.advance("cells", 20, 20.0)
    # Two of eight have finished something; the others compute longer jobs.
    assert pace.seconds_left(10.0) == pytest.approx(80 / 2)
    assert pace.seconds_left(10.0, 8) == pytest.approx(80 / 8)


@every_case(("seconds", "text"), [(None, "–"), (0, "0:00"), (59.6, "1:00"), (3725, "1:02:05")])
def test_clock(seconds, text):
    assert format_duration(seconds) == text


def test_the_tracker_counts_languages(planned):
    tracker = ProgressTracker.of(planned)
    for event in events():
        tracker.follow(event)
    one = tracker.works["one · toy_open"]
    assert (one.total, one.done, one.failed, one.now) == (3, 2, 1, "tha_Thai")
    assert tracker.works["long judges two · toy_open"].done == 1


def games_progress(judged, seconds, language="deu_Latn"):
    return GamesProgress("long", "two", "base", "toy_open", language, judged, 24, seconds)


def test_scoring_counts_with_the_answers_that_no_pair_before_it_has(tmp_path, toys):
    systems = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two", "three")]
    experiment = {
        "name": "toy",
        "systems": systems,
        "baseline": "one",
        "tasks": ["toy_open"],
        "judges": [{"name": "reward", "judge": "reward", "args": {"model": "somebody/on-the-hub"}}],
    }
    tracker = ProgressTracker.of(plan(experiment, output=tmp_path / "run"))
    three, two = (tracker.pace._left[f"reward judges {name} · toy_open"] for name in ("three", "two"))
    answers = tracker.pace._left["one · toy_open"]
    # The base is scored with the first candidate; to read an answer is less work than to write it.
    assert three == pytest.approx(2 * two)
    assert 0 < two < answers
    for language in ("deu_Latn", "swh_Latn", "tha_Thai"):
        tracker.follow(GamesDone("reward", "three", "one", "toy_open", language, 24, 0, 20.0, "key"))
    tracker.pace._left = {kind: left for kind, left in tracker.pace._left.items() if kind.startswith("reward")}
    assert tracker.pace.seconds_left() == pytest.approx(30)


def test_part_of_a_language_moves_the_line_and_the_time_left(planned):
    tracker = ProgressTracker.of(planned)
    work = tracker.follow(games_progress(6, 30.0))
    assert (work.done, work.part, work.now) == (0, 0.25, "deu_Latn")
    judging = {"long judges two · toy_open"}
    tracker.pace._left = {kind: left for kind, left in tracker.pace._left.items() if kind in judging}
    # A quarter of one language of three took 30 seconds.
    assert tracker.pace.seconds_left() == pytest.approx(30 * 11)
    tracker.follow(games_progress(12, 60.0))
    assert tracker.pace.seconds_left() == pytest.approx(30 * 10)
    work = tracker.follow(GamesDone("long", "two", "base", "toy_open", "deu_Latn", 24, 0, 120.0, "key"))
    assert (work.done, work.part) == (1, 0.0)
    assert tracker.pace.seconds_left() == pytest.approx(30 * 8)


def test_ranges_of_a_large_cell_move_the_line_the_rate_and_the_time_left(planned):
    clock_s = [0.0]
    tracker = ProgressTracker.of(planned)
    tracker.now = lambda: clock_s[0]
    tracker.follow(CellStarted("one", "toy_open", "deu_Latn", 12))
    clock_s[0] = 30.0
    work = tracker.follow(CellProgress("one", "toy_open", "deu_Latn", 3, 12, 30.0))
    assert (work.done, work.part, work.now) == (0, 0.25, "deu_Latn")
    assert (tracker.requests, tracker.requests_per_second()) == (3, pytest.approx(0.1))
    tracker.pace._left = {kind: left for kind, left in tracker.pace._left.items() if kind == "one · toy_open"}
    # A quarter of one language of three took 30 seconds.
    assert tracker.seconds_left() == pytest.approx(30 * 11)
    clock_s[0] = 60.0
    # Two workers at once.
    tracker.follow(CellProgress("one", "toy_open", "deu_Latn", 9, 12, 120.0))
    assert tracker.seconds_left() == pytest.approx(120 * 9 / 3 / 2, rel=0.2)
    work = tracker.follow(CellDone("one", "toy_open", "deu_Latn", 12, 150.0, "key"))
    assert (work.done, work.part, tracker.requests) == (1, 0.0, 12)


def test_a_pair_that_fails_halfway_is_no_longer_to_come(planned):
    tracker = ProgressTracker.of(planned)
    tracker.follow(games_progress(12, 60.0))
    left = tracker.pace._left["long judges two · toy_open"]
    tracker.follow(GamesFailed("long", "two", "base", "toy_open", "deu_Latn", 24, "gone"))
    assert tracker.pace._left["long judges two · toy_open"] == pytest.approx(left * 4 / 5)


def test_a_long_language_says_how_far_it_is_but_not_often(planned):
    stream, clock_s = io.StringIO(), [0.0]
    display = PlainProgress(planned, stream, every_s=10, now=lambda: clock_s[0])
    for judged in range(1, 24):
        clock_s[0] += 5
        display(games_progress(judged, clock_s[0]))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 23 * 5 // 30
    assert lines[0].startswith("long judges two · toy_open: 0 of 3 languages, deu_Latn 25% done, about ")


def test_a_bar_says_how_far_a_language_is(planned):
    stream = io.StringIO()
    display = LiveProgress(planned, Console(file=stream, force_terminal=True, width=140))
    display(games_progress(6, 30.0))
    display.close()
    assert "deu_Latn 25%" in stream.getvalue()


def test_plain_lines_come_now_and_then_and_at_the_end(planned):
    stream, time = io.StringIO(), iter(range(0, 1000, 6))
    display = PlainProgress(planned, stream, every_s=20, now=lambda: next(time))
    for event in events():
        display(event)
    text = stream.getvalue()
    assert "loading toy for one" in text
    assert "FAILED one · toy_open tha_Thai: no voice" in text
    assert "one · toy_open: 2 of 3 languages, last swh_Latn, about" in text
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


LONG = "a-model-with-a-name-of-more-than-forty-characters"


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_on_a_narrow_terminal_counts_stay_and_no_word_is_broken(tmp_path, toys, width):
    experiment = {
        "name": "toy",
        "systems": [{"name": "one", "model": "toy"}, {"name": LONG, "model": "toy", "args": {"voice": "two"}}],
        "baseline": "one",
        "tasks": ["toy_open"],
        "judges": [{"name": "long", "judge": "toy_length"}],
    }
    stream = io.StringIO()
    planned = plan(experiment, output=tmp_path / "run")
    display = LiveProgress(planned, Console(file=stream, force_terminal=True, width=width))
    for number in range(8):
        display(WorkerStarted(f"worker-{number}", "host"))
        display(ModelLoaded((LONG,), 1.5, {}, f"worker-{number}"))
    for language in ("deu_Latn", "swh_Latn"):
        display(CellStarted(LONG, "toy_open", language, 12))
        display(CellDone(LONG, "toy_open", language, 12, 6.0, "key"))
    display._progress.refresh()
    display.close()
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).rpartition("about")[2]
    lines = [line for line in last.replace("\r", "\n").splitlines() if line.strip()]
    assert all(len(line) <= width for line in lines)
    counted = [line for line in lines if re.search(r"\d/\d", line)]
    assert len(counted) == 4
    assert [line for line in counted if "2/3" in line and "· toy_open" in line]
    said = " ".join(" ".join(lines).split())
    assert "8 workers" in said
    assert f"(8 with {LONG})" in said
    assert "2/9" in said


HOSTILE = "sent [/] [red]\x1b[2Jand \u202eesrever\n  fix: none"


def test_what_servers_say_is_shown_and_not_obeyed(planned):
    failed = CellFailed("one", "toy_open", "tha_Thai", 12, HOSTILE)
    lines, bars = io.StringIO(), io.StringIO()
    PlainProgress(planned, lines)(failed)
    display = LiveProgress(planned, Console(file=bars, force_terminal=False, width=160))
    display(failed)
    display.close()
    for said in (lines.getvalue(), bars.getvalue()):
        assert "sent [/] [red]\ufffd[2Jand \ufffdesrever" in said
        assert "\x1b[2J" not in said
        assert "\u202e" not in said


def test_quiet_is_quiet(planned, capsys):
    with progress_listener(planned, quiet=True) as listener:
        for event in events():
            listener(event)
    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_plain_lines(planned, capsys):
    with progress_listener(planned) as listener:
        for event in events():
            listener(event)
    captured = capsys.readouterr()
    assert "FAILED" in captured.err
    assert "\x1b" not in captured.err
    assert not captured.out


def test_workers_and_their_models_are_told_in_words(planned):
    tracker = ProgressTracker.of(planned)
    assert tracker.in_words() == ""
    for place in range(6):
        tracker.follow(WorkerStarted(f"worker-{place}", "here"))
        if place < 5:
            tracker.follow(ModelLoaded(("a" if place < 2 else "bcd"[place - 2],), 1.0, {}, f"worker-{place}"))
    tracker.follow(CellStarted("one", "toy_open", "deu_Latn", 12))
    words = tracker.in_words()
    assert words.startswith(", 6 workers (2 with a; 1 with b; 1 with c; 2 other models), 1 cell in flight")


def test_plain_lines_name_the_worker_that_loaded_a_model(planned):
    stream = io.StringIO()
    display = PlainProgress(planned, stream, every_s=0)
    for event in (
        WorkerStarted("worker-0", "here"),
        ModelLoaded(("one",), 1.0, {}, "worker-0"),
        CellStarted("one", "toy_open", "deu_Latn", 12),
    ):
        display(event)
    assert "loaded by worker-0 in 1.0 s" in stream.getvalue()
    assert "time left not known yet, 1 worker (1 with one), 1 cell in flight" in stream.getvalue()


def test_the_time_left_is_described_in_words():
    assert describe_time_left(41.2) == "about 0:41 left"
    assert describe_time_left(None) == "time left not known yet"
