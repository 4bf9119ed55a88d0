"""Which files of an output folder an export may replace: those that an export wrote, and nobody changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.store.manifest import is_as_written, read_manifest, write_manifest
from polyarena.harness.store.replacing import refuse_to_replace

MANIFEST = ".polyarena-export"
"""In the output folder: the files that exports wrote there, by their path, with the SHA-256 of each. No suffix, so that
nobody who reads all JSON files of the folder reads it."""


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of an export.

    A file that is there may be replaced if its digest is that of what an earlier export wrote, or of the new content.

    Args:
        folder: Of the output.
        contents: What is to be written, by path relative to the folder.

    Raises:
        StoreError: Names the first file that is not replaced, and nothing is written; or a file cannot be written.
    """
    before = read_manifest(folder, MANIFEST)
    new = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    either = {name: f"{before.get(name, '')} {digest}".strip() for name, digest in new.items()}
    for name, known in sorted(either.items()):
        refuse_to_replace(folder / name, partial(is_as_written, digests=known), "an export of results")
    # If this process is killed among the files, the next export knows those of either.
    write_manifest(folder, {**before, **either}, MANIFEST)
    for name, content in sorted(contents.items()):
        write_atomically(folder / name, content)
    write_manifest(folder, {**before, **new}, MANIFEST)
