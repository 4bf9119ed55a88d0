"""Measures the client of judges: throughput, re-reading from the cache, and what faults and kills cost.

    python benchmarks/judging.py [throughput] [reread] [storm]

Without a name it does all three; `judging_run.py` measures whole runs, and their memory. A server in another process
answers each request after 200 ms, on another core where there is one, so the ideal is as many requests in 200 ms as are
in flight.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
LATENCY_S = 0.2
WAVES = 40
GAMES_A_SHARD = 1000
KILLS = 20
STORM_GAMES = 3000


@contextmanager
def server(latency_s: float, *, storm: bool = False) -> Iterator[str]:
    """Start the server and yield its address."""
    command = [sys.executable, str(HERE / "judging_server.py"), str(latency_s), *(["storm"] if storm else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(process.pid, {1})
            os.sched_setaffinity(0, {0})
        port = (process.stdout.readline() if process.stdout else "").strip()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def question(number: int) -> str:
    return f"Which answer is better? {number:06} " + "A long answer, as they are. " * 150


def peak_mib() -> float:
    """Return the peak memory of this process alone; ``ru_maxrss`` would start from its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(ask: Callable[[str, int, int], object], url: str, width: int, count: int) -> tuple[float, float]:
    """Return the seconds that something takes, and the processor time of this process for each game in µs."""
    started, before = time.monotonic(), time.process_time()
    ask(url, width, count)
    return time.monotonic() - started, (time.process_time() - before) / count * 1e6


def ours(url: str, width: int, count: int, cache: Path | None = None) -> float:
    """Ask so many questions as a run does, with cache and journal, and return the seconds."""
    from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
    from polyarena.harness.endpoints.accounting.budget import BudgetGuard
    from polyarena.harness.endpoints.accounting.journal import Journal
    from polyarena.judges.protocol import Call

    settings = EndpointSettings(base_url=url, model="m", concurrency=width)
    with (
        tempfile.TemporaryDirectory() as folder,
        CallCache(cache or Path(folder) / "calls.sqlite") as kept,
        Journal(Path(folder) / "attempts.jsonl", kept.get) as journal,
    ):
        started = time.monotonic()
        with Endpoint(settings, kept, Ledger(), budget_guard=BudgetGuard(journal)) as endpoint:
            calls = (Call(messages=({"role": "user", "content": question(n)},)) for n in range(count))
            answered = sum(reply.error is None for reply in endpoint(calls))
        assert answered == count
        return time.monotonic() - started


def pool(url: str, width: int, count: int) -> None:
    """Ask so many questions as arena-hard-auto does: a pool of threads, a blocking client, nothing kept."""
    import openai

    client = openai.OpenAI(base_url=url, api_key="none")

    def ask(number: int) -> str:
        messages = [{"role": "user", "content": question(number)}]
        done = client.chat.completions.create(model="m", messages=messages, temperature=0, max_tokens=512)  # type: ignore[arg-type]
        return done.choices[0].message.content or ""

    with ThreadPoolExecutor(width) as executor:
        assert all(executor.map(ask, range(count)))


def throughput() -> None:
    with server(LATENCY_S) as url:
        for width in (64, 256):
            count = WAVES * width
            ideal = WAVES * LATENCY_S
            (one, busy), (other, busier) = timed(ours, url, width, count), timed(pool, url, width, count)
            print(
                f"throughput, {width} in flight, {count} games: {count / one:.0f}/s, {ideal / one:.1%} of the ideal, "
                f"{busy:.0f} µs of CPU a game; a pool of threads {count / other:.0f}/s, {ideal / other:.1%} and "
                f"{busier:.0f} µs; ratio {other / one:.2f}; load {os.getloadavg()[0]:.1f}"
            )


def judge_to_shards(url: str, count: int, folder: Path) -> None:
    """Judge so many games and write them to shards."""
    from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
    from polyarena.harness.store import write_shard
    from polyarena.judges.protocol import Call
    from polyarena.judges.records import GAME_SCHEMA, Game, Label

    settings = EndpointSettings(base_url=url, model="m", concurrency=256)
    with CallCache(folder / "calls.sqlite") as cache, Endpoint(settings, cache, Ledger()) as endpoint:
        replies = endpoint(Call(messages=({"role": "user", "content": question(n)},)) for n in range(count))
        games: list[Game] = []
        blank = Game("llm", "t", "eng_Latn", "", "", "one", "two", 0, Label.A, "")
        for number, reply in enumerate(replies):
            item, order = divmod(number, 2)
            systems = ("one", "two") if order else ("two", "one")
            games.append(
                replace(blank, item_id=str(item), source_id=str(item), system_a=systems[0], system_b=systems[1])
                if reply.error is None
                else blank
            )
            if len(games) == GAMES_A_SHARD:
                path = folder / f"{number // GAMES_A_SHARD}.parquet"
                write_shard(path, games, GAME_SCHEMA, {"key": str(number)})
                games = []


def reread() -> None:
    """Read 100,000 games back from 100 shards and collapse them into battles."""
    from polyarena.harness.store import read_shard
    from polyarena.judges import collapse
    from polyarena.judges.records import Game

    with server(0.0) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, __file__, "--judge", url, "100000", name], check=True, stdout=subprocess.DEVNULL
        )
        started = time.monotonic()
        battles = 0
        for path in sorted(folder.glob("*.parquet")):
            battles += len(collapse(read_shard(path, Game), "one", "two"))
        shards = time.monotonic() - started
        again = ours(url, 256, 100_000, folder / "calls.sqlite")
        print(f"reread, 100,000 games from shards to {battles} battles: {shards:.1f} s")
        print(f"reread, 100,000 replies from the call cache, no request: {again:.1f} s")


def storm() -> None:
    """Judge through faults, killed twenty times, and hold the journal against the server's own log."""
    from polyarena.harness.endpoints import CallCache
    from polyarena.harness.endpoints.accounting.journal import Journal, read_entries

    with server(0.02, storm=True) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, __file__, "--storm", url, str(STORM_GAMES), name]
        for kill in range(KILLS):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for _ in range((kill + 1) * STORM_GAMES // (KILLS + 2)):
                if process.stdout is not None and not process.stdout.readline():
                    break
            time.sleep(0.01 * (kill % 5))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        last = subprocess.run(command, capture_output=True, text=True, check=True)
        verdicts = last.stdout.split()
        with urllib.request.urlopen(url.removesuffix("/v1") + "/log") as answer:
            log = json.load(answer)
        path = folder / "attempts.jsonl"
        with CallCache(folder / "calls.sqlite") as cache, Journal(path, cache.get):
            pass
        entries = read_entries(path).values()
        whole = Counter(row["key"] for row in log if row["whole"])
        kept = Counter(entry.key for entry in entries if entry.outcome == "ok")
        abandoned = sum(entry.outcome == "abandoned" for entry in entries)
        print(
            f"storm, {STORM_GAMES} games, {KILLS} kills: {len(verdicts)} verdicts, {len(set(verdicts))} distinct; "
            f"{len(log)} requests at the server, {len(entries)} in the journal, of these {abandoned} abandoned; "
            f"verdicts that were answered and lost: {STORM_GAMES - len(kept)}; answers kept more than once: "
            f"{sum(count > 1 for count in kept.values())}; answers on their way when a kill came: "
            f"{sum(whole.values()) - sum(kept.values())}"
        )


def ask_through_storm(url: str, count: int, folder: Path) -> None:
    """Ask so many questions with a journal and print the answers as they come."""
    from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
    from polyarena.harness.endpoints.accounting.budget import BudgetGuard
    from polyarena.harness.endpoints.accounting.journal import Journal
    from polyarena.judges.protocol import Call

    settings = EndpointSettings(base_url=url, model="m", concurrency=32, timeout_s=1.0, max_attempts=30, max_wait_s=1.0)
    with (
        CallCache(folder / "calls.sqlite") as cache,
        Journal(folder / "attempts.jsonl", cache.get) as journal,
        Endpoint(settings, cache, Ledger(), budget_guard=BudgetGuard(journal)) as endpoint,
    ):
        for reply in endpoint(Call(messages=({"role": "user", "content": str(n)},)) for n in range(count)):
            print(reply.text, flush=True)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--judge"]:
        judge_to_shards(arguments[1], int(arguments[2]), Path(arguments[3]))
        return 0
    if arguments[:1] == ["--storm"]:
        ask_through_storm(arguments[1], int(arguments[2]), Path(arguments[3]))
        return 0
    parts: dict[str, Callable[[], None]] = {
        "throughput": throughput,
        "reread": reread,
        "storm": storm,
    }
    for name in arguments or parts:
        if name not in parts:
            print(f"no such part: {name}; there are {', '.join(parts)}", file=sys.stderr)
            return 2
        parts[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
