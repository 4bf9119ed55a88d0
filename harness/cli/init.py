"""``polyarena init``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Force = Annotated[bool, Parameter(name="--force", negative="")]


def command(
    path: Path = Path("experiment.yaml"),
    *,
    use: Annotated[Literal["hub", "endpoint", "stored"], Parameter(name="--for")] = "hub",
    force: Force = False,
) -> int:
    """Write a commented experiment file to start from.

    Parameters
    ----------
    path
        The file to write.
    use
        What you have: hub (models that run on this machine), endpoint (models behind an OpenAI-compatible address), or
        stored (answers in files).
    force
        Replace an existing file.
    """
    from polyarena.harness.cli.output import print_lines
    from polyarena.harness.experiment.starters import starter
    from polyarena.harness.store.atomic import write_atomically
    from polyarena.tasks.errors import ExperimentError

    if path.exists() and not force:
        raise ExperimentError(
            "the file already exists", where=str(path), fix="name another file, or replace it with --force"
        )
    write_atomically(path, starter(use, path.stem, path.name).encode())
    print_lines(f"wrote {path}; next: edit it, then run `polyarena plan {shlex.quote(str(path))}`")
    return 0
