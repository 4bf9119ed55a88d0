"""The checkpoints that one training run has saved, to be merged with one another."""

from __future__ import annotations

import re
from pathlib import Path

from polyarena.harness.stages.merging.tensor_files import weight_files
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError

_STEP = re.compile(r"checkpoint-(\d+)")


def run_checkpoints(folder: Path, last: int | None = None) -> dict[str, Path]:
    """Return the checkpoints within a run's folder, ``checkpoint-<step>``, in the order of their steps.

    Averaging the last ones is the merge within a run that Aya Expanse describes (checkpoint averaging; Izmailov et al.
    2018, arXiv 1803.05407).

    Args:
        folder: That the trainer wrote.
        last: Take only this many, the latest.

    Returns:
        Folders by name.

    Raises:
        DataError: There are fewer than two, fewer than asked for, or one has no weights.
    """
    found = sorted(
        (int(match[1]), path)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_dir() and (match := _STEP.fullmatch(path.name))
    )
    wanted = 2 if last is None else last
    if len(found) < wanted:
        raise DataError(
            f"the run has {count_of(len(found), 'checkpoint')}, and {wanted} are needed",
            where=folder,
            why="checkpoints are folders named checkpoint-<step>",
            fix="save more often, or keep more of them",
        )
    chosen = found if last is None else found[len(found) - last :]
    for _, path in chosen:
        weight_files(path)
    return {path.name: path for _, path in chosen}
