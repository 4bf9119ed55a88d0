"""Starts worker processes by fork from one process that has imported what they need, in a hundredth of the time.

Eight workers that import pandas, Arrow and this package by themselves, and read the tasks, keep two cores busy for some
seconds before the last of them computes. The server does this once and forks. It loads no model: a worker imports what
its model needs (torch, vLLM) by itself, after it was assigned a GPU. If a task has started a thread, which would not
survive a fork, workers begin anew. Not :mod:`multiprocessing`, which would run a user's script again that has no
``if __name__ == "__main__"``.

Requests are lines of JSON on standard input: ``{"start": 3, "folder": ..., "device": ..., "environment": {...}}`` and
``{"signal": 3, "number": 15}``. ``{"ready": true}`` comes back once the server can fork, and
``{"ended": 3, "code": -9}`` when a worker has ended. When standard input ends, the server kills its workers and ends.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

IS_OFFERED = sys.platform == "linux"
"""Whether processes are forked here: the system libraries of macOS do not survive it, Windows does not have it."""
LOST = "the process that starts workers has ended"
CLOSE_S = 5.0
"""Seconds after which a server that was told to end is killed."""

_PROGRAM = "from polyarena.harness.executors.fork_server import serve; serve()"
WORKER = "import sys; from {0} import {1} as work; work(*sys.argv[1:3], int(sys.argv[3]))"
"""Program of a worker that begins anew; its arguments are the folder, the device and the number of its parent."""


@dataclass
class ForkServer:
    """The side of the coordinator.

    Attributes:
        process: The server.
    """

    process: subprocess.Popen[bytes]
    _codes: dict[int, int] = field(default_factory=dict)
    _started: int = 0
    _partial: bytes = b""
    _is_ready: bool = False
    _is_lost: bool = False

    @classmethod
    def start(cls, worker: Callable[..., None], folder: Path, log: Path) -> ForkServer:
        """Start the server and return at once; it forks as soon as it has imported the module of the worker.

        Args:
            worker: The function of a module that each worker calls. If the module has a function ``prepare``, the
                server calls it first, with a folder, for what all workers need.
            folder: Of one of the workers.
            log: Where what the server prints is appended.
        """
        command = [sys.executable, "-c", _PROGRAM, worker.__module__, worker.__name__, str(folder)]
        with log.open("ab") as file:
            # A session of its own, so that Ctrl-C reaches the coordinator alone, which then ends the workers in order.
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, start_new_session=True
            )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        return cls(process)

    @property
    def is_running(self) -> bool:
        """Whether it can start workers."""
        return self.process.poll() is None

    def fork(self, folder: Path, device: str, environment: Mapping[str, str], log: Path) -> int:
        """Start a worker and return its number.

        Args:
            folder: Of the worker.
            device: As the worker takes it.
            environment: Variables that differ from those of the server.
            log: Where what the worker prints is appended.
        """
        self._started += 1
        self._request(
            {
                "start": self._started,
                "folder": str(folder),
                "device": device,
                "environment": dict(environment),
                "log": str(log),
            }
        )
        return self._started

    def code(self, worker: int, timeout_s: float = 0.0) -> int | None:
        """Return the exit code of a worker, negative for a signal; ``None`` while it runs.

        Args:
            worker: Its number.
            timeout_s: Seconds to wait for its end.

        Raises:
            ProcessLookupError: The server was killed, and nothing is known of the worker; it ends by itself.
        """
        deadline = time.monotonic() + timeout_s
        while worker not in self._codes:
            left = deadline - time.monotonic()
            if self._is_lost:
                raise ProcessLookupError(LOST)
            if not self._read(max(0.0, left)) and left <= 0:
                return None
        return self._codes[worker]

    def stop(self, worker: int, patience_s: float) -> None:
        """End a worker, if it still runs: by SIGTERM and, after some seconds, by SIGKILL."""
        with suppress(ProcessLookupError):
            for number in (signal.SIGTERM, signal.SIGKILL):
                if self.code(worker) is None:
                    self._request({"signal": worker, "number": number})
                    # Before it is ready it has started nothing, and will start it and end it at once.
                    self.code(worker, patience_s if self._is_ready else 0.0)

    def close(self) -> None:
        """End the server, and kill workers that still run."""
        if not self._is_ready:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            self.process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _request(self, request: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        # Whether it was killed is seen where its reports are read.
        with suppress(OSError):
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()

    def _read(self, timeout_s: float) -> bool:
        """Read reports that are there within some seconds; return whether there were any."""
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        # Not `select`, which takes no descriptor above 1,023, and hundreds of connections may be open.
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        content = os.read(descriptor, 2**16) if poll.poll(1000 * timeout_s) else None
        if content == b"":
            self._is_lost = True
        *lines, self._partial = (self._partial + (content or b"")).split(b"\n")
        for report in map(json.loads, lines):
            if "ready" in report:
                self._is_ready = True
            else:
                self._codes[report["ended"]] = report["code"]
        return content is not None


@dataclass
class _Server:
    """The side of the server.

    Attributes:
        requests: Descriptor of the requests.
        reports: Descriptor of what is told.
        worker: What a worker calls with its folder, its device and the process number of this server.
    """

    requests: int
    reports: int
    worker: Callable[[str, str, int], None]
    _pids: dict[int, int] = field(default_factory=dict)
    _woken: tuple[int, int] = field(default_factory=os.pipe)

    def run(self) -> None:
        """Serve until the requests end; in a worker, return when it has done its work."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for descriptor in self._woken:
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._woken[1])
        self._tell({"ready": True})
        for request in self._received():
            if "signal" in request:
                # Of a worker that was not reaped yet, so that its number is its own still.
                if (pid := self._pids.get(request["signal"])) is not None:
                    os.kill(pid, request["number"])
                continue
            parent, has_threads = os.getpid(), threading.active_count() > 1
            pid = os.fork()
            if not pid:
                self._become_worker(request)
                arguments = request["folder"], request["device"]
                if has_threads:
                    program = WORKER.format(self.worker.__module__, self.worker.__name__)
                    os.execv(sys.executable, [sys.executable, "-c", program, *arguments, str(parent)])
                self.worker(*arguments, parent)
                return
            self._pids[request["start"]] = pid
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)

    def _received(self) -> Iterator[dict[str, Any]]:
        """Yield requests, and report meanwhile which workers have ended."""
        partial = b""
        while True:
            ready, _, _ = select.select([self.requests, self._woken[0]], [], [])
            if self._woken[0] in ready:
                os.read(self._woken[0], 2**16)
                self._report()
            if self.requests not in ready:
                continue
            if not (content := os.read(self.requests, 2**16)):
                return
            *lines, partial = (partial + content).split(b"\n")
            yield from map(json.loads, lines)

    def _report(self) -> None:
        for number, pid in list(self._pids.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._pids[number]
                self._tell({"ended": number, "code": os.waitstatus_to_exitcode(status)})

    def _tell(self, report: Mapping[str, Any]) -> None:
        with suppress(BrokenPipeError):
            os.write(self.reports, json.dumps(report).encode() + b"\n")

    def _become_worker(self, request: Mapping[str, Any]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.environ.update(request["environment"])
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        for stream in (1, 2):
            os.dup2(log, stream)
        for descriptor in (log, self.requests, self.reports, *self._woken):
            os.close(descriptor)


def serve() -> None:
    """Serve on standard input and output; the arguments are the module and the function of a worker, and a folder."""
    requests, reports = os.dup(0), os.dup(1)
    # What libraries print goes to the log.
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    name, function, folder = sys.argv[1:]
    module = import_module(name)
    if prepare := getattr(module, "prepare", None):
        prepare(folder)
    server = _Server(requests, reports, getattr(module, function))
    # What is loaded stays shared with the workers instead of being copied at their first collection.
    gc.freeze()
    server.run()
