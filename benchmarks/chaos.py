"""Kills, flips bits, fills the disk and lets two runners meet, at random moments, over the commands that CI uses.

    python benchmarks/chaos.py [--kills 100] [--seed 0] [--minutes 30] [--keep FOLDER]

An undisturbed ``plan``, ``run``, ``report`` and ``import`` is the reference. Then chains of commands are disturbed:
each is killed (``kill -9``) at a random moment; between commands a bit of a stored file flips, a command gets a disk
that is full after some kilobytes, or a second runner starts in the same folder. At the end of a chain the same commands
run undisturbed, and all that they stored must be the reference's, byte for byte. On the way a command may refuse, with
an exit code that has a meaning and a message that names the file; what it names is then put back. A server in this
process answers the judge, counts every question that it answered whole, and knows how many were in flight at each kill.

A question may be paid for twice only if an earlier request for it was in flight when its process was killed, or when
the disk was full: the journal names each request before it is sent, so after each command the requests that it added
and whose answers are not in the call cache are the lost ones, by question. A command that was not disturbed may lose
none, and a disturbed one as many as it may have in flight.

Not compared: the ledger and the page, which say what was paid.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.endpoints.accounting.journal import read_entries
from polyarena.harness.endpoints.request import body_key

COMMAND = "import sys; from polyarena.harness.cli import main; sys.exit(main())"
LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")
ITEMS = 30
LATENCY_S = 0.3
CONCURRENCY = 4
COMPARED = ("cells", "games", "scores", "results", "report/figures", "report/tables")
MEANINGFUL = frozenset({2, 3, 5})
"""Exit codes of a command that refuses, or that could not finish."""
KILLS_A_CHAIN = 5
PATIENCE_S = 900
"""Seconds after which a command hangs; undisturbed, none takes more than a minute on a busy machine."""


class Server(ThreadingHTTPServer):
    """Answers the judge after a while, always the same to the same question."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answered: Counter[str] = Counter()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL of the endpoint."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is what this is about."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer, and count the question once the answer is on its way."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = body_key(EndpointSettings.model_validate(endpoint(self.server.url)).source, body, 0)
        try:
            time.sleep(LATENCY_S)
            label = ("A>B", "A=B", "B>A")[int(key[:8], 16) % 3]
            choice = {"index": 0, "message": {"role": "assistant", "content": f"[[{label}]]"}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 100, "completion_tokens": 5}
            content = json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
        finally:
            with self.server.lock:
                self.server.answered[key] += 1

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class Tally:
    """What happened.

    Attributes:
        kills: How often a command was killed.
        lost: Requests in flight when their process was killed or when the disk was full, in all chains.
        events: Disturbances and refusals, by kind.
        findings: What must not happen.
    """

    kills: int = 0
    lost: int = 0
    events: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def endpoint(url: str) -> dict[str, object]:
    """Return the endpoint of the judge, as an experiment has it."""
    return {"base_url": url, "model": "m", "concurrency": CONCURRENCY}


class Requests:
    """The requests of one chain, from its journal and its call cache.

    Attributes:
        lost: How many requests for each question were in flight when their process ended, by key.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._sent: Counter[str] = Counter()
        self._stored: set[str] = set()
        self.lost: Counter[str] = Counter()

    def follow(self, what: str, *, may_lose: bool, tally: Tally) -> None:
        """Take in what a command has added, once it has ended."""
        sent = Counter(entry.key for entry in read_entries(self._home / "run" / "attempts.jsonl").values())
        stored = self._cached()
        new = sent - self._sent
        lost = new - Counter(stored - self._stored)
        again = sorted(key for key in new if key in self._stored)
        if again:
            tally.findings.append(f"{what} asked {len(again)} questions whose answers were in the call cache")
        if self._stored - stored:
            tally.findings.append(f"{what} lost {len(self._stored - stored)} answers from the call cache")
        if lost.total() > (CONCURRENCY if may_lose else 0):
            tally.findings.append(f"{what} lost {lost.total()} requests")
        self.lost += lost
        tally.lost += lost.total()
        self._sent, self._stored = sent, stored

    def _cached(self) -> set[str]:
        """Return the keys in the call cache, from a copy: to open it would tidy up what a kill has left."""
        path = self._home / "calls.sqlite"
        with tempfile.TemporaryDirectory() as folder:
            for file in self._home.glob(f"{path.name}*"):
                if not file.name.endswith("-shm"):
                    shutil.copy(file, folder)
            with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
                try:
                    return {str(row[0]).lower() for row in connection.execute("SELECT hex(key) FROM replies")}
                except sqlite3.OperationalError:
                    return set()  # killed before it was made


def make(home: Path, url: str, games: Path | None) -> None:
    """Write the experiment of one chain, with stored answers, below ``home``."""
    prompts: list[dict[str, str]] = []
    for code in LANGUAGES:
        prompts += [
            {"id": str(n), "source_id": str(n), "language": code, "prompt": f"{code} {n}?"} for n in range(ITEMS)
        ]
        for system in ("one", "two"):
            rows = [
                {"item_id": str(n), "text": f"The answer of {system} to question {n} in {code}."} for n in range(ITEMS)
            ]
            write(home / "answers" / system / f"{code}.jsonl", rows)
    write(home / "prompts.jsonl", prompts)
    system = [{"name": name, "model": "completions", "args": {"path": f"answers/{name}"}} for name in ("one", "two")]
    experiment = {
        "name": "chaos",
        "systems": system,
        "baseline": "one",
        "tasks": [{"task": {"path": "prompts.jsonl", "licence": "CC0-1.0", "provenance": "native"}}],
        "judges": [{"name": "llm", "judge": "llm", "endpoint": endpoint(url)}],
        "statistics": {"rounds": 200},
    }
    (home / "experiment.yaml").write_text(json.dumps(experiment), encoding="utf-8")
    if games is not None:
        shutil.copy(games, home / "games.jsonl")


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


COMMANDS = {
    "plan": ("plan", "experiment.yaml", "--output", "run", "--json"),
    "run": ("run", "experiment.yaml", "--output", "run", "--quiet"),
    "report": ("report", "run"),
    "report --json": ("report", "run", "--json"),
    "import": ("import", "polyarena", "games.jsonl", "--output", "imported"),
}


def start(home: Path, name: str, most_bytes: int | None = None) -> subprocess.Popen[str]:
    """Start a command in the folder of its chain; with ``most_bytes``, no file can grow beyond that."""

    def limited() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(home / "cache"),
        "OPENAI_API_KEY": "none",
        "PYTHONFAULTHANDLER": "1",
    }
    arguments = [sys.executable, "-c", COMMAND, *COMMANDS[name]]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        arguments, cwd=home, env=environment, stdout=pipe, stderr=pipe, text=True, preexec_fn=limited
    )


def finish(process: subprocess.Popen[str], name: str, tally: Tally) -> tuple[int, str]:
    """Wait for a command, note what must not happen, and return its exit code and what it said."""
    try:
        _, said = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # it says where its threads are
        _, said = process.communicate()
        tally.findings.append(f"{name} took more than {PATIENCE_S} s: {said.strip()[-6000:]}")
        return process.returncode, said
    code = process.returncode
    if "defect of polyarena" in said or "Traceback" in said or code not in {0, -9, *MEANINGFUL}:
        tally.findings.append(f"{name} ended with {code}: {said.strip()[-600:]}")
    return code, said


def digests(home: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that is compared, by its path."""
    found = {}
    for folder in ("run", "imported"):
        for part in COMPARED:
            for path in sorted((home / folder / part).rglob("*")):
                # What a flipped bit has changed is taken for a file that its user edited, and is kept as NAME.edited.
                if path.suffix.startswith(".edited"):
                    continue
                if path.is_file() and "archive" not in path.parts and not path.name.startswith(("ledger.", ".")):
                    found[path.relative_to(home).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def flip(home: Path, rng: random.Random, tally: Tally) -> tuple[Path, bytes] | None:
    """Flip one bit of a stored file; return the file and what it held."""
    parts = ("cells", "games", "results", "report")
    stored = [path for part in parts for path in sorted((home / "run" / part).rglob("*")) if path.is_file()]
    stored += [path for path in (home / "run" / "lock.json",) if path.is_file()] * max(1, len(stored) // 8)
    stored = [path for path in stored if path.stat().st_size]
    if not stored:
        return None
    path = rng.choice(stored)
    content = path.read_bytes()
    place = rng.randrange(len(content))
    path.write_bytes(content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :])
    tally.events[f"bit flipped in {path.relative_to(home / 'run').parts[0]}"] += 1
    return path, content


def disturb(home: Path, requests: Requests, rng: random.Random, times: dict[str, float], tally: Tally) -> None:
    """Start a command, disturb it, and kill it at a random moment."""
    name = rng.choice(["run", "run", "run", "plan", "report", "report --json", "import"])
    if name.startswith("report") and not (home / "run" / "lock.json").exists():
        name = "run"
    flipped = flip(home, rng, tally) if rng.random() < 0.3 else None
    most_bytes = rng.choice([500, 5_000, 30_000]) if rng.random() < 0.15 else None
    process = start(home, name, most_bytes)
    tally.events["full disk"] += most_bytes is not None
    second = start(home, name) if rng.random() < 0.15 else None
    tally.events["second runner"] += second is not None
    killed = False
    try:
        process.wait(rng.uniform(0.0, times[name]) if most_bytes is None else PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        killed = True
        tally.kills += 1
        tally.events[f"killed: {name}"] += 1
    code, said = finish(process, name, tally)
    ended_with = [(code, said), *([finish(second, name, tally)] if second else [])]
    requests.follow(name, may_lose=killed or most_bytes is not None, tally=tally)
    for ended, each in ended_with:
        if ended in MEANINGFUL:
            tally.events[f"refused: {each.strip().splitlines()[0][:90] if each.strip() else ended}"] += 1
            if flipped and flipped[0].name == "lock.json":
                flipped[0].write_bytes(flipped[1])  # as the message says: restore it from a copy
                flipped = None
    if flipped and flipped[0].name == "lock.json":
        flipped[0].write_bytes(flipped[1])


def chain(home: Path, server: Server, rng: random.Random, times: dict[str, float], tally: Tally) -> int:
    """Disturb the commands of one chain, end it undisturbed, and return how many questions were paid for twice."""
    server.answered.clear()
    requests = Requests(home)
    until = tally.kills + KILLS_A_CHAIN
    for _ in range(4 * KILLS_A_CHAIN):
        if tally.kills < until:
            disturb(home, requests, rng, times, tally)
    for name in ("run", "import", "report"):
        code, said = finish(start(home, name), name, tally)
        requests.follow(f"undisturbed {name}", may_lose=False, tally=tally)
        if code:
            tally.findings.append(f"undisturbed {name} after the chain ended with {code}: {said.strip()[-600:]}")
    for key, count in server.answered.items():
        if count - 1 > requests.lost[key]:
            tally.findings.append(f"a question was answered {count} times and lost {requests.lost[key]} times: {key}")
    return sum(count - 1 for count in server.answered.values())


def reference(home: Path) -> dict[str, float]:
    """Run all commands undisturbed and return the seconds that each took."""
    from polyarena.harness import open_run

    times = {}
    for name in ("plan", "run", "report", "report --json", "import"):
        started = time.monotonic()
        process = start(home, name)
        _, said = process.communicate()
        if process.returncode:
            sys.exit(f"undisturbed {name} ended with {process.returncode}: {said}")
        times[name] = time.monotonic() - started
        if name == "run":
            games = open_run(home / "run").games()
            games.to_json(home / "games.jsonl", orient="records", lines=True)
    return times


def main() -> int:
    """Disturb and print; 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60, help="begin no chain after these")
    parser.add_argument("--keep", type=Path, help="folder of the chains, kept")
    arguments = parser.parse_args()
    rng, tally, server, twice, chains, started = (
        random.Random(arguments.seed),
        Tally(),
        Server(),
        0,
        0,
        time.monotonic(),
    )
    shown = 0
    with ExitStack() as stack:
        root = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        first = root / "reference"
        make(first, server.url, None)
        times = reference(first)
        print("undisturbed: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in times.items()), flush=True)
        expected = digests(first)
        while tally.kills < arguments.kills and time.monotonic() - started < arguments.minutes * 60:
            home = root / f"chain-{chains}"
            make(home, server.url, first / "games.jsonl")
            again = chain(home, server, rng, times, tally)
            found = digests(home)
            for path in sorted(expected.keys() | found.keys()):
                if expected.get(path) != found.get(path):
                    tally.findings.append(f"chain {chains}: {path} is not the reference's")
            twice, chains = twice + again, chains + 1
            print(
                f"chain {chains}: {tally.kills} kills, {twice} paid twice, {len(tally.findings)} findings", flush=True
            )
            for finding in tally.findings[shown:]:
                print(f"FINDING {finding}", flush=True)
            shown = len(tally.findings)
    for event, count in sorted(tally.events.items()):
        print(f"{count:5} {event}")
    print(
        f"{tally.kills} kills in {chains} chains; {twice} questions paid for twice, {tally.lost} requests in flight "
        f"at a kill or at a full disk; {len(tally.findings)} findings; load {os.getloadavg()[0]:.1f}"
    )
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
