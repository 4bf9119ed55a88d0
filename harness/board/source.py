"""What one run gives to a board: item values or cells, what they mean, and texts that may be published."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from polyarena.harness.lock.model import Record
from polyarena.tasks.card import TaskCard
from polyarena.tasks.errors import StoreError
from polyarena.tasks.metrics.metric import MetricFacts

if TYPE_CHECKING:
    import pandas as pd

FORMAT: Literal[2] = 2
"""Of a source folder; raised by every change after which an older reader would misread it."""
ITEM_COLUMNS = ("system", "task", "metric", "judge", "baseline", "language", "source_id", "item_id", "value")
"""Columns of item values; ``statistics`` comes beside them for metrics of a corpus."""
CELL_COLUMNS = (
    "system", "task", "metric", "judge", "baseline", "language", "value", "standard_error", "n", "n_clusters",
    "correlation", "noise", "adjustment",
)  # fmt: skip
TEXT_COLUMNS = ("system", "task", "language", "item_id", "prompt", "text")


class SourceSystem(Record):
    """What a run says of a system.

    Attributes:
        effort: Reasoning effort that was asked for; empty if it was left to the model.
        tokens: Mean completion tokens of an answer; ``None`` where unknown.
        seconds: Mean seconds of an answer.
        title: Name in imported files, where its letters could not be those of a folder; else empty.
    """

    effort: str = ""
    tokens: float | None = None
    seconds: float | None = None
    title: str = ""


class Measurement(Record):
    """One measurement of a run, which becomes a column or a part of one.

    Attributes:
        task: Task name.
        metric: ``win_rate`` or the metric.
        judge: Of win rates, else empty.
        baseline: Of win rates, else empty.
        signature: Every setting that changes the numbers.
        data: Digests of what was asked, and of the baseline's answers, by name.
    """

    task: str
    metric: str
    judge: str = ""
    baseline: str = ""
    signature: str
    data: Mapping[str, str] = {}


class SourceFacts(Record):
    """What is known of a source beside its values.

    Attributes:
        format: Of the folder.
        name: Of the run.
        polyarena: Version that ran it.
        lock: Digest of the run's lock file.
        tasks: Cards by task.
        metrics: Facts by metric.
        measurements: What was measured.
        systems: By name.
        missing: Cells and pairs that are planned and not stored.
        verified: Of a contributed run, whether its check passed; ``None`` for the board's own.
        reasons: Why it is not verified.
    """

    format: Literal[2] = FORMAT
    name: str
    polyarena: str
    lock: str
    tasks: Mapping[str, TaskCard]
    metrics: Mapping[str, MetricFacts]
    measurements: tuple[Measurement, ...]
    systems: Mapping[str, SourceSystem]
    missing: tuple[str, ...] = ()
    verified: bool | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What one run gives to a board.

    Attributes:
        facts: What it means.
        items: Rows with :data:`ITEM_COLUMNS`; ``None`` where only cells are known.
        cells: Rows with :data:`CELL_COLUMNS`; ``None`` where items are known.
        texts: Rows with :data:`TEXT_COLUMNS`; only what may be published.
    """

    facts: SourceFacts
    items: pd.DataFrame | None
    cells: pd.DataFrame | None
    texts: pd.DataFrame

    def files(self) -> dict[str, bytes]:
        """Return its files by name: Parquet tables and ``source.json``."""
        tables = {"items": self.items, "cells": self.cells, "texts": self.texts}
        found = {f"{name}.parquet": _parquet(frame) for name, frame in tables.items() if frame is not None}
        facts = self.facts.model_dump(mode="json")
        return {**found, "source.json": (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode()}


def read_source(folder: Path) -> Source:
    """Read a source from a site.

    Raises:
        StoreError: A file is missing, damaged or of another format.
    """
    import pandas as pd

    try:
        content = json.loads((folder / "source.json").read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"it has the format {content['format']}, and this version of polyarena reads {FORMAT}")
        facts = SourceFacts.model_validate(content)
        tables = {
            name: pd.read_parquet(folder / f"{name}.parquet") if (folder / f"{name}.parquet").exists() else None
            for name in ("items", "cells", "texts")
        }
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise StoreError(
            "a source of this board cannot be read",
            where=folder,
            why=str(error).splitlines()[0],
            fix="build the board again from its runs: polyarena board build RUNS -o SITE",
        ) from error
    texts = tables["texts"]
    return Source(
        facts, tables["items"], tables["cells"], pd.DataFrame(columns=list(TEXT_COLUMNS)) if texts is None else texts
    )


def content_digest(files: Mapping[str, bytes]) -> str:
    """Return a digest of the files of a source."""
    parts = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in sorted(files.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table: Any = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), buffer, compression="zstd")
    return buffer.getvalue()
