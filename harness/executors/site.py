"""The site file: where runs are computed. It is no part of an experiment, and changes no number.

```yaml
executor:
  kind: slurm
  workers: 16
  gpus: 1
  partition: gpu
```
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from polyarena.harness.executors.local import LocalExecutor
from polyarena.harness.executors.pool import PoolExecutor
from polyarena.harness.executors.processes import ProcessLauncher
from polyarena.harness.executors.protocol import Executor
from polyarena.harness.executors.ray import RayLauncher
from polyarena.harness.executors.slurm import SlurmLauncher
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.harness.experiment.text_file import read_text
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import closest

KINDS = ("local", "processes", "ray", "slurm")
SITE = "POLYARENA_SITE"
"""Environment variable that names the site file where ``--executor`` is not given."""

Workers = Annotated[int, Field(ge=1, le=100_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LocalSpec(_Part):
    """One job after the other in the process of ``polyarena run``."""

    kind: Literal["local"]


class ProcessesSpec(_Part):
    """Processes of this machine.

    Attributes:
        workers: How many; one for each GPU if left out.
    """

    kind: Literal["processes"]
    workers: Workers | None = None


class RaySpec(_Part):
    """Tasks of Ray.

    Attributes:
        workers: How many.
        address: ``HOST:PORT`` of a cluster, or ``auto``; if left out, one is started on this machine.
        cpus: Of each worker.
        gpus: Of each worker.
    """

    kind: Literal["ray"]
    workers: Workers = 2
    address: str | None = None
    cpus: Annotated[float, Field(gt=0)] = 1.0
    gpus: Annotated[float, Field(ge=0)] = 0.0


class SlurmSpec(_Part):
    """Jobs of Slurm.

    Attributes:
        workers: How many.
        minutes: Time limit of one life of a worker, which is requeued when it comes.
        partition: Slurm's default if left out.
        cpus: Of each worker.
        gpus: Of each worker.
        memory_gb: Of each worker; Slurm's default if left out.
        setup: Shell lines before a worker starts, such as ``module load cuda``.
        options: Further options of ``sbatch`` by their long names, such as ``{account: nlp}``.
        cluster: ``local`` tries the workers on this machine, without Slurm.
    """

    kind: Literal["slurm"]
    workers: Workers = 2
    minutes: Annotated[int, Field(ge=3)] = 60
    partition: str | None = None
    cpus: Annotated[int, Field(ge=1)] = 1
    gpus: Annotated[int, Field(ge=0)] = 0
    memory_gb: Annotated[float, Field(gt=0)] | None = None
    setup: tuple[str, ...] = ()
    options: Mapping[str, str | int | bool] = Field(default_factory=dict)
    cluster: Literal["slurm", "local"] = "slurm"


ExecutorSpec = Annotated[LocalSpec | ProcessesSpec | RaySpec | SlurmSpec, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[LocalSpec | ProcessesSpec | RaySpec | SlurmSpec] = TypeAdapter(ExecutorSpec)


def choose_executor(choice: str | None) -> Executor:
    """Return the executor of a command.

    Args:
        choice: ``local``, ``processes``, ``ray`` or ``slurm``, with ``:N`` for a number of workers; or a site file. If
            left out, the site file that ``POLYARENA_SITE`` names, else ``local``.

    Raises:
        ExperimentError: There is no such executor or file, or something in it cannot work.
    """
    choice = choice or os.environ.get(SITE) or "local"
    kind, _, workers = choice.partition(":")
    if kind in KINDS:
        given: dict[str, Any] = {"kind": kind} | ({"workers": workers} if workers else {})
        return build_executor(_validated(given, f"--executor {choice}"))
    path = Path(choice)
    if path.suffix not in (".yaml", ".yml"):
        near = closest(kind, KINDS)
        raise ExperimentError(
            f"unknown executor {choice!r}",
            fix=f"did you mean {near[0]!r}?" if near else f"use {', '.join(KINDS)}, or the path of a site file (.yaml)",
        )
    return build_executor(read_site(path))


def read_site(path: Path) -> LocalSpec | ProcessesSpec | RaySpec | SlurmSpec:
    """Return the ``executor`` part of a site file.

    Raises:
        ExperimentError: The file is missing, or something in it cannot work.
    """
    text = read_text(path, "site")
    data, _ = parse_yaml(text, str(path))
    if not isinstance(data, dict) or set(data) != {"executor"} or not isinstance(data["executor"], dict):
        raise ExperimentError(
            "a site file has one part, `executor`", where=path, fix="write `executor: {kind: processes, workers: 4}`"
        )
    return _validated(data["executor"], f"{path} (executor)")


def build_executor(spec: LocalSpec | ProcessesSpec | RaySpec | SlurmSpec) -> Executor:
    """Return the executor of a specification; starts nothing."""
    match spec:
        case LocalSpec():
            return LocalExecutor()
        case ProcessesSpec():
            return PoolExecutor(ProcessLauncher(spec.workers))
        case RaySpec():
            return PoolExecutor(RayLauncher(spec.workers, spec.address, spec.cpus, spec.gpus))
        case SlurmSpec():
            return PoolExecutor(SlurmLauncher(**{name: getattr(spec, name) for name in _SLURM}))


_SPECS: Mapping[str, type[_Part]] = {
    "local": LocalSpec,
    "processes": ProcessesSpec,
    "ray": RaySpec,
    "slurm": SlurmSpec,
}
_SLURM = tuple(name for name in SlurmSpec.model_fields if name != "kind")


def _validated(given: Mapping[str, Any], where: str) -> LocalSpec | ProcessesSpec | RaySpec | SlurmSpec:
    try:
        return _ADAPTER.validate_python(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part not in KINDS)
        near: list[str] = []
        if first["type"] == "extra_forbidden":
            near = closest(field, _SPECS[given["kind"]].model_fields)
        raise ExperimentError(
            f"the executor cannot be used: {field or 'kind'}: {first['msg']}",
            where=where,
            fix=f"did you mean {near[0]!r}?" if near else "",
        ) from error
