"""Data sets from the Hugging Face hub, through the ``datasets`` library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyarena.tasks.card import Dataset
from polyarena.tasks.data.fields import PlacedRows, sanitize_texts
from polyarena.tasks.errors import DataError

_MIRROR = "or use a local mirror: set POLYARENA_DATA, or data_root in the file that you run"


def hub_rows(dataset: Dataset, config: str) -> PlacedRows:
    """Return the rows of one config and split at the pinned revision, with their places for messages.

    The library keeps what it downloads in its own cache (``HF_HOME``) and works from it without a network.

    Raises:
        DataError: The hub cannot be reached, or the data set, revision, config or split cannot be loaded from it.
    """
    place = f"{dataset.id}@{dataset.revision}, config {config!r}, split {dataset.split!r}"
    if not Path(dataset.id).is_absolute() and Path(dataset.id).exists():
        # The library would read the folder in place of the hub, and no revision would be pinned.
        raise DataError(
            "the current folder contains a folder of this name, which would be read instead of the hub",
            where=place,
            fix=f"run from another folder, {_MIRROR}",
        )
    try:
        import datasets

        with _quiet(datasets):
            table = datasets.load_dataset(dataset.id, config, split=dataset.split, revision=dataset.revision)
            rows = [sanitize_texts(row) for row in table]
    # The library lets through whatever its many dependencies raise.
    except Exception as error:
        raise _explained(error, place) from error
    if not rows:
        raise DataError("the data set has no rows", where=place, fix=f"check the split, {_MIRROR}")
    return PlacedRows.of(f"{place}, row ", enumerate(rows, start=1))


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Turn off the progress bars of the library, which would disturb polyarena's."""
    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def _explained(error: Exception, place: str) -> DataError:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    text = " ".join(str(error).split())
    why = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if "scripts are no longer supported" in text:
        return DataError(
            "the data set has a loading script, which the library refuses to run",
            where=place,
            why=why,
            fix=f"pin a revision with data files (the hub keeps one at refs/convert/parquet), {_MIRROR}",
        )
    if kinds & {"DatasetNotFoundError", "RepositoryNotFoundError", "GatedRepoError", "RevisionNotFoundError"}:
        return DataError(
            "the hub does not provide the data set at this revision",
            where=place,
            why=why,
            fix=f"check its name and revision; for a gated one, accept its terms and set HF_TOKEN; {_MIRROR}",
        )
    if kinds & {"ConnectionError", "OfflineModeIsEnabled", "TimeoutError", "HTTPError", "TransportError"}:
        return DataError(
            "the hub cannot be reached", where=place, why=why, fix=f"check the network and HF_HUB_OFFLINE, {_MIRROR}"
        )
    return DataError(
        "the data set cannot be loaded from the hub",
        where=place,
        why=why,
        fix=f"check that it has this config and split, {_MIRROR}",
    )
