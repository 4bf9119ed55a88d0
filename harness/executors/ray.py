"""Workers on Ray: one task of Ray core for each, on an existing cluster or on one that is started here.

Ray moves no data: jobs and results go through the run folder, which all machines must see.
"""

from __future__ import annotations

import importlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from polyarena.harness.executors.pool import WorkerHandle
from polyarena.harness.executors.protocol import Work
from polyarena.harness.executors.spool import WorkerFolder
from polyarena.tasks.errors import ExperimentError, ModelError, PolyarenaError

PROBE_S = 2.0
"""Seconds that the address of a cluster may take to accept a connection; Ray itself waits for minutes, then exits."""
GREETING_S = 5.0
"""Seconds that it may take to greet in HTTP/2, as every server of gRPC does."""
ASK_S = 5.0
"""Seconds between two looks whether the head of a cluster is there."""
GONE_S = 20.0
"""Seconds without an answer after which it is taken to be gone."""
NO_CLUSTER = "start it with `ray start --head`, or leave `address` out to start one on this machine"
UNREACHABLE = (
    "check the address and that the cluster has the same Ray version; if the cluster has a token, set "
    "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_SETTINGS, _FRAME_HEADER = 4, 9
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])
"""What a client of HTTP/2 sends first: a fixed text and an empty SETTINGS frame."""
STORE_BYTES = 100_000_000
"""Memory of the object store of a cluster that is started here; nothing but the names of folders goes through it."""


@dataclass
class RayLauncher:
    """Starts tasks of Ray; a :class:`polyarena.harness.executors.pool.Launcher`.

    Attributes:
        workers: How many tasks.
        address: ``host:port`` of a cluster, or ``auto`` for the one of this machine; if left out, one is started here.
        cpus: Of each task.
        gpus: Of each task.
    """

    workers: int = 2
    address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    _ray: Any = None
    _is_ours: bool = field(default=False)
    _head: Head | None = None

    poll_s = 0.1

    def start(self, folders: Mapping[int, WorkerFolder], work: Work) -> dict[int, WorkerHandle]:
        """Start one task for each folder.

        Raises:
            ExperimentError: Ray is not installed.
            ModelError: The cluster does not answer, or not any more.
        """
        ray = self._connected()
        head = self._head
        # Ray would wait for it, and end this process.
        if head is not None and not head.wait():
            raise ModelError(
                "the Ray cluster does not answer any more",
                where=head.address,
                why=f"its head has accepted no connection for {GONE_S:.0f} s",
                fix="start it with `ray start --head`, and run the same command again to go on",
            )
        # A lost task is not repeated by Ray: the coordinator hands out its job and starts another worker.
        task = ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=0)(work.worker)
        device = "gpu" if self.gpus else ""
        return {
            place: RayHandle(
                ray, task.options(name=folder.path.name).remote(str(folder.path.absolute()), device), folder, head
            )
            for place, folder in folders.items()
        }

    def close(self) -> None:
        """Disconnect, and end a cluster that was started here."""
        if self._ray is not None and self._is_ours:
            self._ray.shutdown()
        self._ray = None

    def _connected(self) -> Any:
        if self._ray is not None:
            return self._ray
        # Both are read when Ray is imported or started.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
        try:
            ray = importlib.import_module("ray")
        except ImportError as error:
            raise ExperimentError(
                "Ray is not installed", why=str(error), fix="pip install 'polyarena[ray]', or use another executor"
            ) from error
        if not ray.is_initialized():
            self._initialise(ray)
            self._is_ours = True
        self._head = Head(str(ray.get_runtime_context().gcs_address))
        self._ray = ray
        return ray

    def _initialise(self, ray: Any) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self.address is None:
            # Else Ray takes a cluster that was started on this machine before, if it finds one.
            options |= {
                "address": "local",
                "num_cpus": max(1, round(self.workers * self.cpus)),
                "include_dashboard": False,
                "object_store_memory": STORE_BYTES,
            }
        else:
            _probe(self.address)
            options["address"] = self.address
        with _own_signal_handlers():
            try:
                ray.init(**options)
            # Ray ends the process where it finds no cluster.
            except (Exception, SystemExit) as error:
                raise ModelError(
                    "Ray cannot be started" if self.address is None else "the Ray cluster cannot be reached",
                    where=self.address or "this machine",
                    why=str(error),
                    fix=NO_CLUSTER
                    if self.address == "auto"
                    else UNREACHABLE
                    if self.address
                    else "run the same command again when the machine is less busy, or use `--executor processes`",
                ) from error


@dataclass
class Head:
    """The head of a cluster: a minute after it is gone, Ray ends the process that asks anything of it.

    Attributes:
        address: ``host:port``.
    """

    address: str
    _asked_at: float = field(default_factory=time.monotonic)
    _answered_at: float = field(default_factory=time.monotonic)
    _is_gone: bool = False

    def is_gone(self) -> bool:
        """Whether it has accepted no connection for a while; asked now and then, and not any more once it is gone."""
        now = time.monotonic()
        if self._is_gone or now - self._asked_at < ASK_S:
            return self._is_gone
        if now - self._asked_at > 2 * ASK_S:
            # Nobody has asked meanwhile.
            self._answered_at = now
        self._asked_at = now
        if self._answers():
            self._answered_at = now
        else:
            self._is_gone = time.monotonic() - self._answered_at > GONE_S
        return self._is_gone

    def wait(self) -> bool:
        """Wait until it answers; return false once it is gone."""
        deadline = time.monotonic() + GONE_S
        while not self._is_gone and not self._answers():
            self._is_gone = time.monotonic() > deadline
            time.sleep(ASK_S / 10)
        return not self._is_gone

    def _answers(self) -> bool:
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=ASK_S / 2).close()
        except OSError:
            return False
        return True


@dataclass
class RayHandle:
    """A worker that is a task of Ray."""

    ray: Any
    reference: Any
    folder: WorkerFolder
    head: Head | None = None

    def ended(self) -> str | None:
        """Return how the task ended; ``None`` while it runs or waits for a machine."""
        if self.head is not None and self.head.is_gone():
            return "the Ray cluster does not answer any more"
        done, _ = self.ray.wait([self.reference], timeout=0)
        if not done:
            return None
        try:
            self.ray.get(self.reference)
        # Ray's errors, and those of the worker.
        except Exception as error:  # noqa: BLE001
            return _described(error)
        return "ended"

    def is_waiting(self) -> bool:
        """Whether no machine has begun it."""
        # The first thing that a worker does, before it imports or reads anything else.
        return not self.folder.log.exists()

    def greeted(self) -> None:
        """Nothing is remembered of a task."""

    def stop(self) -> None:
        """Cancel the task; without its cluster it ends by itself."""
        if self.head is not None and self.head.is_gone():
            return
        if not self.ray.wait([self.reference], timeout=0)[0]:
            self.ray.cancel(self.reference, force=True)


def _described(error: Exception) -> str:
    """Return an error of a task in one line: what the worker raised, without what Ray writes around it."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in _STYLE.sub("", str(cause)).splitlines() if line.strip()]
    if isinstance(cause, PolyarenaError):
        return cause.what + (f": {cause.why}" if cause.why else "")
    if not lines:
        return type(cause).__name__
    # Where Ray cannot make the task, the line that says why ends the traceback in its message.
    if any("failed to import" in line for line in lines):
        return f"the Python that Ray runs there cannot import polyarena ({lines[-1]})"
    # Ray goes on with advice about its own tools.
    return f"{type(cause).__name__}: {lines[0].partition('. ')[0]}"


def _probe(address: str) -> None:
    """Refuse an address that does not answer, before Ray waits for it.

    Raises:
        ExperimentError: It is no address.
        ModelError: Nothing accepts a connection there, or what does is no Ray cluster.
    """
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16 or "://" in address:
        raise ExperimentError(
            f"{address!r} is no address of a Ray cluster", fix="write `address: HOST:PORT`, or `address: auto`"
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_S) as connection:
            is_grpc = os.environ.get("RAY_USE_TLS", "0") != "0" or _greets(connection)
    except (OSError, UnicodeError) as error:
        raise ModelError(
            "the Ray cluster does not answer",
            where=address,
            why=getattr(error, "strerror", None) or str(error),
            fix=NO_CLUSTER,
        ) from error
    if not is_grpc:
        raise ModelError(
            "the Ray cluster does not answer",
            where=address,
            why="something accepts connections there, but it is not the head of a Ray cluster",
            fix="name the port that `ray start --head` printed (6379 unless it was told otherwise)",
        )


def _greets(connection: socket.socket) -> bool:
    """Return whether a server speaks HTTP/2 without TLS: its first frame is SETTINGS (RFC 9113, section 3.4)."""
    connection.settimeout(GREETING_S)
    header = b""
    try:
        connection.sendall(_PREFACE)
        while len(header) < _FRAME_HEADER and (part := connection.recv(_FRAME_HEADER - len(header))):
            header += part
    except OSError:
        return False
    return len(header) == _FRAME_HEADER and header[3] == _SETTINGS


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Put our handlers of Ctrl-C and SIGTERM back, which ``ray.init`` replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
