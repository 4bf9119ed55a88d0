"""A server as a process: a free port, its log, its health, its end, and the record by which an orphan is found."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.harness.experiment.schema import SystemSpec
from polyarena.harness.experiment.server import ServerSpec
from polyarena.harness.servers.command import HEALTH, HOST, server_command
from polyarena.harness.store import RunFolder
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.store.lease import machine
from polyarena.tasks.errors import ModelError

ATTEMPTS = 3
"""Ports that are tried: another program may take one between its choice and its use."""
GRACE_S = 15.0
"""Seconds between the request to end and the end by force."""
FOLDER = "servers"
"""Name of the folder within a run folder that has their logs and records."""
LAST_LINES = 15
"""Lines of the log that a message shows."""


@dataclass(frozen=True)
class ServerProcess:
    """A healthy server.

    Attributes:
        base_url: Its address up to the version, for an endpoint.
        pid: Of the process, which leads a group of its own.
        log: What it wrote.
    """

    base_url: str
    pid: int
    log: Path


@contextmanager
def running_server(
    spec: ServerSpec,
    model: str,
    name: str,
    folder: Path,
    base: Path,
    *,
    given_up: Callable[[], bool] = lambda: False,
) -> Iterator[ServerProcess]:
    """Start a server, wait until it is healthy, and stop it at the end.

    A server that an earlier run left behind for the same system (after ``kill -9``) is ended first.

    Args:
        spec: Engine, arguments and patience.
        model: Name or path of the model.
        name: Of the system, for the files ``NAME.log`` and ``NAME.json``.
        folder: Where these are kept.
        base: Folder of the experiment file.
        given_up: Asked while it starts: whether nobody wants it any more.

    Raises:
        ModelError: It is not installed, ended before it was healthy, took too long, or was given up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record, log = folder / f"{name}.json", folder / f"{name}.log"
    end_orphan(record)
    process, port = _start(spec, model, record, log, base, given_up)
    try:
        yield ServerProcess(f"http://{HOST}:{port}/v1", process.pid, log)
    finally:
        _stop(process)
        record.unlink(missing_ok=True)


@contextmanager
def served_arguments(
    system: SystemSpec, folder: RunFolder, base: Path, *, given_up: Callable[[], bool] = lambda: False
) -> Iterator[Mapping[str, Any]]:
    """Yield the arguments of a system, with the address of its server while it has one.

    Args:
        system: The system; its server, if it has one, runs as long as the context.
        folder: The run folder, in which ``servers/`` has the log.
        base: Folder of the experiment file.
        given_up: As :func:`running_server`.

    Raises:
        ModelError: As :func:`running_server`.
    """
    if system.server is None:
        yield system.args
        return
    model = system.server.model or str(system.args.get("model", ""))
    home = folder.path / FOLDER
    with running_server(system.server, model, system.name, home, base, given_up=given_up) as server:
        yield {**system.args, "base_url": server.base_url}


def end_orphans(run_folder: Path) -> list[str]:
    """End all servers that a killed run left behind on this machine, those of systems that are not run again included.

    The caller holds the run folder, so no server in it belongs to a run that goes on.

    Returns:
        The names of their systems.
    """
    return [record.stem for record in sorted((run_folder / FOLDER).glob("*.json")) if end_orphan(record)]


def end_orphan(record: Path) -> bool:
    """End the server that a record names, if it is still the same process, and remove the record.

    The record of another machine is left: only a run there can end the server.

    Returns:
        Whether there was one.
    """
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        pid, started = int(known["pid"]), str(known["started"])
        if known.get("machine", machine()) != machine():
            return False
    except (OSError, ValueError, KeyError, TypeError):
        record.unlink(missing_ok=True)
        return False
    # A number is given to another process some day; the time at which it began tells them apart.
    alive = started != "" and _began(pid) == started
    if alive:
        _signal(pid, signal.SIGTERM)
        ends = time.monotonic() + GRACE_S
        while _began(pid) == started and time.monotonic() < ends:
            time.sleep(0.05)
        if _began(pid) == started:
            _signal(pid, signal.SIGKILL)
    record.unlink(missing_ok=True)
    return alive


def _start(
    spec: ServerSpec, model: str, record: Path, log: Path, base: Path, given_up: Callable[[], bool]
) -> tuple[subprocess.Popen[bytes], int]:
    for attempt in range(ATTEMPTS):
        port = _free_port()
        command = server_command(spec, model, base, port)
        with log.open("wb" if attempt == 0 else "ab") as output:
            output.write(f"$ {' '.join(command)}\n".encode())
            output.flush()
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
                )
            except OSError as error:
                raise ModelError("the server cannot be started", where=command[0], why=str(error)) from error
        try:
            content = {
                "pid": process.pid,
                "started": _began(process.pid),
                "machine": machine(),
                "command": command,
            }
            write_atomically(record, (json.dumps(content, indent=1) + "\n").encode())
            healthy = _wait(process, port, spec.wait_s, given_up)
        except BaseException:
            _stop(process)
            record.unlink(missing_ok=True)
            raise
        if healthy:
            return process, port
        ended = process.poll() is not None
        _stop(process)
        record.unlink(missing_ok=True)
        if ended and attempt < ATTEMPTS - 1 and _port_was_taken(log):
            continue
        raise ModelError(
            f"the server ended with exit code {process.returncode} before it was healthy"
            if ended
            else f"the server was not healthy within {spec.wait_s:g} seconds",
            where=log,
            why=_last_lines(log),
            fix="fix `server.args`" if ended else "raise `server.wait_s`, or look into the log",
        )
    raise AssertionError("unreachable")


def _wait(process: subprocess.Popen[bytes], port: int, patience: float, given_up: Callable[[], bool]) -> bool:
    """Wait until the server is healthy; ``False`` if it ended or took too long.

    Raises:
        ModelError: It was given up.
    """
    ends = time.monotonic() + patience
    # The server is on this machine, whatever proxy the environment names.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < ends and process.poll() is None:
        if given_up():
            raise ModelError("the run ended before the server was healthy")
        with (
            # Whatever else may answer at this port for a moment speaks no HTTP.
            contextlib.suppress(OSError, http.client.HTTPException),
            direct.open(f"http://{HOST}:{port}{HEALTH}", timeout=2) as reply,
        ):
            if reply.status == 200:
                return True
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _signal(process.pid, signal.SIGKILL)
            process.wait()


def _signal(pid: int, number: int) -> None:
    """Send a signal to the process and to all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _began(pid: int) -> str:
    """Return when a process began, in ticks since the start of the machine; empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name of the program, in brackets, may have blanks.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _port_was_taken(log: Path) -> bool:
    text = log.read_text(encoding="utf-8", errors="replace").lower()
    return any(each in text for each in ("address already in use", "couldn't bind", "failed to bind", "bind error"))


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "; ".join(line.strip()[:200] for line in lines[-LAST_LINES:] if line.strip())
