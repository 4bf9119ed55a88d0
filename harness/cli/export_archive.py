"""``polyarena export archive``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Output
from polyarena.tasks.counts import count_of

Flag = Parameter(negative="")


def command(
    folder: Path,
    *,
    output: Output = None,
    anonymous: Annotated[bool, Flag] = False,
    all_texts: Annotated[bool, Flag] = False,
) -> int:
    """Pack a run for the supplement of a paper, with checksums and licences.

    Parameters
    ----------
    folder
        A run folder.
    output
        The archive. Default: the folder's name with `.zip`, or `anonymous.zip`.
    anonymous
        Replace the names of systems, and leave out models, paths, addresses and system prompts. Answers and verdicts
        are not changed.
    all_texts
        Pack also the answers and verdicts of tasks that may do harm or whose licence has no SPDX identifier.
    """
    from polyarena.harness.cli.output import print_lines
    from polyarena.harness.reporting.archive import write_archive
    from polyarena.harness.store import RunFolder

    path = output or Path("anonymous.zip" if anonymous else f"{folder.resolve().name}.zip")
    packed = write_archive(RunFolder(folder), path, anonymous=anonymous, everything=all_texts)
    print_lines(
        f"{packed.path}  ({count_of(packed.files, 'file')})",
        *(f"{old} is {new}" for old, new in packed.names.items()),
        *(f"texts of {task} are left out: {why}; --all-texts packs them" for task, why in packed.left_out.items()),
    )
    return 0
