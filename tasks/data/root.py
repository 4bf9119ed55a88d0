"""The location of the local mirror of data sets."""

from __future__ import annotations

import os
from pathlib import Path

from polyarena.tasks.errors import DataError

VARIABLE = "POLYARENA_DATA"


def data_root(explicit: str | Path | None, base: Path) -> Path | None:
    """Return the folder of the local mirror, or ``None`` when data sets come from the hub.

    Args:
        explicit: ``data_root:`` of the experiment, which takes precedence over the environment variable
            ``POLYARENA_DATA``; ``None`` or empty where it is not given.
        base: The folder of the experiment file, to which ``explicit`` is relative.

    Raises:
        DataError: The folder does not exist.
    """
    variable = os.environ.get(VARIABLE, "")
    if explicit:
        folder, origin = base / Path(explicit).expanduser(), "data_root"
    elif variable:
        folder, origin = Path(variable).expanduser(), VARIABLE
    else:
        return None
    if not folder.is_dir():
        raise DataError(
            "the folder of data sets does not exist" if not folder.exists() else "the data root is not a folder",
            where=folder,
            why=f"{origin} names it",
            fix=f"correct {origin}, or leave it out to load data sets from the hub",
        )
    return folder.resolve()
