"""The manifest of a run folder: which files the last report wrote, and of which state of the run they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from polyarena.harness.store.atomic import write_atomically

MANIFEST = ".manifest.json"
"""In the run folder: the files that the last report wrote, by their path, with the SHA-256 of each; and that of the
lock, of which they are."""

UNDER_WAY = ".report-under-way"
"""In the run folder while the files of a report are put in place. They belong together: if one process was killed
there, the results of two reports stand beside each other until the next report."""

LOCK = "lock.json"


def read_manifest(folder: Path, name: str = MANIFEST) -> dict[str, str]:
    """Return the manifest; what cannot be read, or leads out of the folder, is nobody's to remove.

    Args:
        folder: The run folder, or the folder of an export.
        name: Name of the manifest in it.
    """
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        key: digest
        for key, digest in content.items()
        if isinstance(digest, str) and not Path(key).is_absolute() and ".." not in Path(key).parts
    }


def write_manifest(folder: Path, manifest: Mapping[str, str], name: str = MANIFEST) -> None:
    """Write the manifest.

    Args:
        folder: The run folder, or the folder of an export.
        manifest: The SHA-256 of each file, by its path; of two states of a file, both with a space between them.
        name: Name of the manifest in the folder.

    Raises:
        StoreError: It cannot be written.
    """
    text = json.dumps(dict(manifest), indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(folder / name, (text + "\n").encode("utf-8", "replace"))


def is_as_written(path: Path, digests: str) -> bool:
    """Whether a path is a regular file with one of these SHA-256 digests, which have spaces between them."""
    if path.is_symlink() or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() in digests.split()


def lock_digest(run: Path) -> str | None:
    """Return the SHA-256 of the lock as it is; ``None`` if there is none."""
    try:
        return hashlib.sha256((run / LOCK).read_bytes()).hexdigest()
    except OSError:
        return None


def results_problem(run: Path) -> str | None:
    """Return why the results of a run folder are not to be read; ``None`` if they may be.

    Results without a manifest, as an archive has them, are taken for what they are.
    """
    if (run / UNDER_WAY).exists():
        return "a report is writing them, or was killed while it did"
    recorded = read_manifest(run).get(LOCK)
    if recorded is not None and recorded != lock_digest(run):
        return "the run has changed since they were written"
    return None
