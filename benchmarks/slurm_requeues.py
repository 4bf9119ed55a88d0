"""Runs workers on a real Slurm of this machine that takes them away: time limit, preemption, a killed slurmd.

    python benchmarks/slurm_requeues.py [limit] [preemption] [slurmd]

Needs root and Debian's `slurm-wlm` and `munge`. Everything is in a temporary folder with ports of its own, two nodes of
one processor each; it is started here and stopped by process number, and a Slurm of the machine is not touched. Each
scenario runs two workers with a model that sleeps, and must end with the bytes of a run in one process, each cell
reported once:

- ``limit``: a time limit of three minutes, so that Slurm warns both workers, which are requeued and come back.
- ``preemption``: a job of a partition with priority takes the node of one worker for some seconds.
- ``slurmd``: the daemon of one node is killed with ``kill -9`` and started again. Slurm gives the node up and requeues
  its worker, while the first life of the worker still computes.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from executors import digest, make

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue")
SIZES = [1] * 60
SCENARIOS = {"limit": 4.0, "preemption": 1.5, "slurmd": 2.5}
"""Seconds that the model sleeps for each of the cells, which have one item; two workers share them."""
TIMEOUT_S = 600.0
_PR_SET_CHILD_SUBREAPER = 36
CONFIG = """\
ClusterName=one
SlurmctldHost=one(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
SlurmctldTimeout=10
SlurmdTimeout=10
SchedulerParameters=sched_interval=5,bf_interval=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
StateSaveLocation={folder}/ctld
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmctldPort={ports[0]}
SlurmdSpoolDir={folder}/slurmd.%n
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/slurmd.%n.log
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=1000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=1000
PartitionName=low Nodes=n1,n2 Default=YES PriorityTier=1 MaxTime=INFINITE
PartitionName=high Nodes=n1,n2 PriorityTier=10 MaxTime=INFINITE
"""


def missing() -> str:
    """Return what this machine lacks to run Slurm; empty if nothing."""
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    if programs:
        return f"no {', '.join(programs)} (apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "Slurm is started as root"


@dataclass
class Cluster:
    """A Slurm of two nodes on this machine.

    Attributes:
        folder: Of its configuration, state and logs.
    """

    folder: Path
    _daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Cluster:
        """Start it, and wait until both nodes are idle."""
        # What slurmd leaves behind becomes a child of this process and not of the machine's first one.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        with _Ports(3) as ports:
            host = socket.gethostname().partition(".")[0]
            config = CONFIG.format(folder=self.folder, ports=ports, host=host)
        config = config.replace("SlurmctldHost=one(", f"SlurmctldHost={host}(")
        (self.folder / "slurm.conf").write_text(config)
        (self.folder / "ctld").mkdir()
        os.environ["SLURM_CONF"] = str(self.folder / "slurm.conf")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        try:
            munge = {name: f"{self.folder}/munge.{name}" for name in ("socket", "pid", "log", "seed")}
            options = [f"--{name}-file={munge[name]}" for name in ("pid", "log", "seed")]
            self.start(
                "munge",
                "munged",
                "--foreground",
                "--force",
                f"--key-file={key}",
                f"--socket={munge['socket']}",
                *options,
            )
            _wait(lambda: Path(munge["socket"]).exists(), 20, "munged does not answer")
            self.start("ctld", "slurmctld", "-D")
            for node in ("n1", "n2"):
                self.start(node, "slurmd", "-D", "-N", node)
            _wait(
                lambda: output("sinfo", "-h", "-N", "-p", "low", "-o", "%T").split() == ["idle"] * 2, 60, "no idle node"
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        """End what was started here."""
        output("scancel", "--full", "--signal=KILL", "--user", "root")
        output("scancel", "--user", "root")
        with suppress(TimeoutError):
            _wait(lambda: not output("squeue", "-h"), 30, "")
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(10)
            daemon.kill()
            daemon.wait()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def start(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground."""
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def kill(self, name: str) -> None:
        """Kill a daemon with ``kill -9``."""
        self._daemons[name].send_signal(signal.SIGKILL)
        self._daemons[name].wait()


class _Ports:
    """Free ports, held until they are written into the configuration."""

    def __init__(self, count: int) -> None:
        self._sockets = [socket.socket() for _ in range(count)]

    def __enter__(self) -> list[int]:
        for each in self._sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in self._sockets]

    def __exit__(self, *_exception: object) -> None:
        for each in self._sockets:
            each.close()


def output(*command: str) -> str:
    """Return what a command of Slurm prints."""
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout


def restarts() -> list[int]:
    """Return how often each job was requeued."""
    return [int(found) for found in re.findall(r"Restarts=(\d+)", output("scontrol", "show", "jobs", "-o"))]


def _wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def disturb(scenario: str, cluster: Cluster, ended: threading.Event) -> None:
    """Take a node away from a worker once both work."""
    if scenario == "limit":
        return
    if ended.wait(10):
        return
    if scenario == "preemption":
        output("sbatch", "-p", "high", "-w", "n1", "-o", "/dev/null", "--wrap", "sleep 8")
        return
    cluster.kill("n2")
    ended.wait(35)
    cluster.start("n2", "slurmd", "-D", "-N", "n2")


def one(scenario: str, path: Path, cluster: Cluster) -> bool:
    """Run a scenario and print a line about it."""
    from polyarena.harness import plan, run
    from polyarena.harness.events import CellDone, Event, WorkerLost, WorkerStarted
    from polyarena.harness.executors.pool import PoolExecutor
    from polyarena.harness.executors.slurm import SlurmLauncher

    os.environ["SLEEP_S"] = "0"
    expected = path.parent / "local"
    if not expected.exists():
        run(plan(path, output=expected), report=False)
    os.environ["SLEEP_S"] = str(SCENARIOS[scenario])
    events: list[Event] = []
    both, ended = threading.Event(), threading.Event()

    def listen(event: Event) -> None:
        events.append(event)
        if sum(isinstance(each, WorkerStarted) for each in events) == 2:
            both.set()

    def follow() -> None:
        both.wait(TIMEOUT_S)
        disturb(scenario, cluster, ended)

    thread = threading.Thread(target=follow)
    thread.start()
    watchdog = threading.Timer(TIMEOUT_S, lambda: os.kill(os.getpid(), signal.SIGTERM))
    watchdog.start()
    folder = path.parent / scenario
    began = time.monotonic()
    try:
        executor = PoolExecutor(SlurmLauncher(2, minutes=3, partition="low"))
        finished = run(plan(path, output=folder), executor=executor, listener=listen, report=False)
    finally:
        watchdog.cancel()
        ended.set()
        both.set()
        thread.join()
    seconds = time.monotonic() - began
    cells = Counter(event.key for event in events if isinstance(event, CellDone))
    lost = Counter(event.reason for event in events if isinstance(event, WorkerLost))
    started = sum(isinstance(event, WorkerStarted) for event in events)
    requeued = sum(restarts())
    same = digest(folder) == digest(expected)
    print(
        f"{scenario}: {seconds:.0f} s; Slurm requeued {requeued} times, workers began {started} times; lost: "
        f"{dict(lost)}; {len(finished.failures)} failures; {len(cells)} of {len(SIZES)} cells, each reported "
        f"{max(cells.values())} time; {'the same bytes' if same else 'OTHER BYTES'}",
        flush=True,
    )
    return bool(same and not finished.failures and set(cells.values()) == {1} and requeued)


def main(arguments: Sequence[str]) -> int:
    """Run the scenarios in a cluster of their own each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scenarios", nargs="*", help=f"of {', '.join(SCENARIOS)}; all unless given")
    chosen = parser.parse_args(arguments).scenarios or list(SCENARIOS)
    if unknown := set(chosen) - set(SCENARIOS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if lacks := missing():
        print(f"skipped: {lacks}")
        return 0
    # So that what was started here is ended then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    good = True
    for scenario in chosen:
        with tempfile.TemporaryDirectory(prefix="polyarena-slurm-") as name:
            path = make(Path(name), SIZES)
            os.environ["PYTHONPATH"] = str(path.parent / "package")
            sys.path.insert(0, os.environ["PYTHONPATH"])
            (path.parent / "slurm").mkdir()
            with Cluster(path.parent / "slurm") as cluster:
                good &= one(scenario, path, cluster)
            sys.path.pop(0)
            sys.modules.pop("sleeping_model", None)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
