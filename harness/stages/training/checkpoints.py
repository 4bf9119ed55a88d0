"""Checkpoints within a training stage: sealed by a list of their files, and refused when one is missing or changed.

Without its optimizer or its random state, a checkpoint resumes without a word and gives another model. So a list of all
files with their digests is written last; a checkpoint without the list was interrupted while it was written, and the
one before it is used.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from polyarena.harness.stages.folders import FileEntry, file_sha256
from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import StoreError

SEAL = "complete.json"
REQUIRED = ("optimizer.pt", "scheduler.pt", "trainer_state.json", "rng_state.pth")
"""Files of a checkpoint; of optimizer and random state, names with other endings count (``optimizer.bin`` of FSDP,
``rng_state_0.pth`` of the first of several processes)."""
_BY_STEM = ("optimizer", "rng_state")
PREFIX = "checkpoint-"


def seal(checkpoint: Path) -> None:
    """Write the list of files of a checkpoint whose files are all written.

    Raises:
        StoreError: A file without which training cannot continue is missing.
    """
    _refuse_incomplete(checkpoint, {path.name for path in checkpoint.iterdir()})
    files = {
        path.relative_to(checkpoint).as_posix(): FileEntry(size=path.stat().st_size, sha256=file_sha256(path))
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != SEAL
    }
    text = json.dumps({name: entry.model_dump() for name, entry in files.items()}, indent=1)
    write_atomically(checkpoint / SEAL, text.encode())


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest sealed checkpoint in a folder; unsealed ones, which were being written, are removed.

    Raises:
        StoreError: A sealed checkpoint lacks a file, or a file has another content.
    """
    for checkpoint in sorted(folder.glob(f"{PREFIX}*"), key=_step, reverse=True):
        if not (checkpoint / SEAL).is_file():
            shutil.rmtree(checkpoint)
            continue
        refuse_damaged(checkpoint)
        return checkpoint
    return None


def refuse_damaged(checkpoint: Path) -> None:
    """Refuse a sealed checkpoint that is not as it was sealed.

    Raises:
        StoreError: Names the file and what is wrong with it.
    """
    try:
        sealed = json.loads((checkpoint / SEAL).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(checkpoint, f"{SEAL} cannot be read", str(error)) from error
    _refuse_incomplete(checkpoint, set(sealed))
    for name, entry in sealed.items():
        path = checkpoint / name
        if not path.is_file():
            raise _unusable(checkpoint, f"{name} is missing", "training would continue from something else")
        if path.stat().st_size != entry["size"] or file_sha256(path) != entry["sha256"]:
            raise _unusable(checkpoint, f"{name} has another content than when it was written", "it was cut or changed")


def remove_checkpoints(folder: Path) -> None:
    """Remove every checkpoint of a finished training."""
    for checkpoint in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(checkpoint)


def _refuse_incomplete(checkpoint: Path, names: set[str]) -> None:
    stems = {stem for stem in _BY_STEM if any(name.startswith(stem) for name in names)}
    missing = [name for name in REQUIRED if name not in names and name.partition(".")[0] not in stems]
    if missing:
        raise _unusable(checkpoint, f"{missing[0]} is missing", "training would continue without it, to another model")


def _unusable(checkpoint: Path, what: str, why: str) -> StoreError:
    return StoreError(
        f"the checkpoint cannot be continued from: {what}",
        where=checkpoint,
        why=why,
        fix="remove this checkpoint; the same command then continues from the one before, or from the start",
    )


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(PREFIX))
