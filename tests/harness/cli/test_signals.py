"""Ctrl-C, SIGTERM and a reader that goes away, with real processes: nothing is paid for twice, no false success."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from polyarena.harness import open_run

COMMAND = "import sys; from polyarena.harness.cli import main; sys.exit(main())"
ITEMS, LANGUAGES = 12, ("deu_Latn", "swh_Latn")
GAMES = ITEMS * len(LANGUAGES) * 2
PATIENCE_S = 120


@pytest.fixture
def start(tmp_path, scripted_server):
    """Start ``polyarena`` in a folder with an experiment that a judge behind an endpoint decides."""
    for system in ("one", "two"):
        folder = tmp_path / "answers" / system
        folder.mkdir(parents=True)
        for code in LANGUAGES:
            rows = [{"item_id": str(n), "text": f"{system} {code} {n}"} for n in range(ITEMS)]
            (folder / f"{code}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    prompts = [{"id": str(n), "language": code, "prompt": f"{code} {n}?"} for code in LANGUAGES for n in range(ITEMS)]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in prompts))
    experiment = {
        "name": "signals",
        "systems": [
            {"name": name, "model": "completions", "args": {"path": f"answers/{name}"}} for name in ("one", "two")
        ],
        "baseline": "one",
        "tasks": [{"task": {"path": "prompts.jsonl", "licence": "CC0-1.0", "provenance": "native"}}],
        "judges": [
            {
                "name": "llm",
                "judge": "llm",
                "endpoint": {"base_url": scripted_server.base_url, "model": "m", "concurrency": 2},
            }
        ],
        "statistics": {"rounds": 120},
    }
    (tmp_path / "experiment.yaml").write_text(json.dumps(experiment))
    environment = {**os.environ, "OPENAI_API_KEY": "none", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def start(*arguments, **pipes):
        command = [sys.executable, "-c", COMMAND, "run", "experiment.yaml", "--output", "run", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes)

    return start


def slow(server, delay_s=0.2):
    server.script = lambda request: server.ok("[[A>B]]").after(delay_s)


def wait_for_requests(server, process, count=4):
    deadline = time.monotonic() + PATIENCE_S
    while len(server.log) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_waits_for_what_is_in_flight_and_goes_on_later(start, scripted_server, tmp_path, sent, code):
    slow(scripted_server)
    process = start("--quiet")
    wait_for_requests(scripted_server, process)
    process.send_signal(sent)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert "answers in flight have 10 s to arrive. Press Ctrl-C again" in said
    assert "run the same command again to go on" in said
    assert len(scripted_server.log) < GAMES
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]")
    again = start("--quiet")
    _, said = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0, said
    assert len(open_run(tmp_path / "run").games()) == GAMES
    assert set(Counter(scripted_server.questions).values()) == {1}


@pytest.mark.slow
def test_a_second_interruption_does_not_wait(start, scripted_server):
    # Neither the grace nor the server's answer would come before the test gives up.
    slow(scripted_server, delay_s=10 * PATIENCE_S)
    process = start("--quiet", "--grace", str(10 * PATIENCE_S))
    wait_for_requests(scripted_server, process, 2)
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    process.communicate(timeout=1)
    assert process.returncode in (130, -signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize("together", [False, True], ids=["run | head -1", "run 2>&1 | head -1"])
def test_a_reader_that_goes_away_never_makes_half_a_run_a_success(start, scripted_server, tmp_path, together):
    slow(scripted_server, delay_s=0.02)
    process = start(stderr=subprocess.STDOUT) if together else start()
    if together:
        process.stdout.readline()
    process.stdout.close()
    said = ""
    if not together:
        with process.stderr:
            said = process.stderr.read()
    code = process.wait(timeout=PATIENCE_S)
    complete = (tmp_path / "run" / "report" / "index.html").exists()
    assert code == 141 or (code == 0 and complete), said
    # The run itself goes on without a reader; what may be lost is its summary.
    assert complete
    assert len(open_run(tmp_path / "run").games()) == GAMES
