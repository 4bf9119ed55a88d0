"""The reference file of an accepted run: small enough to commit, complete enough to be compared with.

One Parquet file with the item values of one system, and in its metadata the lock of the run, what calibration measured,
and a digest of all of it, so that an edit by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyarena.harness.gate.item_values import ItemValues
from polyarena.harness.lock import Lock
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.store.replacing import refuse_to_replace, require_suffix
from polyarena.reports.gate.pairs import COLUMNS, Scale
from polyarena.reports.gate.result import silence_of
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
"""Of the file; raised by every change after which an older reader would misread it."""
_KEY = b"polyarena_gate_reference"
_ORDER = ["task", "metric", "judge", "language", "item_id"]


@dataclass(frozen=True)
class Reference:
    """A reference file.

    Attributes:
        values: What the accepted system did on each item.
        discordance: Share of items that differ between two runs of this model, by task and metric (``task/metric``),
            as calibrated; empty if never measured.
        false_alarms: Share of comparisons of runs of this model that were red; ``None`` if never measured.
        polyarena: The version that wrote it.
    """

    values: ItemValues
    discordance: Mapping[str, float]
    false_alarms: float | None
    polyarena: str


def write_reference(
    values: ItemValues, path: Path, *, discordance: Mapping[str, float] | None = None, false_alarms: float | None = None
) -> Path:
    """Write a reference file.

    Args:
        values: Of the accepted run.
        path: The file, usually ``gate-baseline.parquet``; a reference file that is there is replaced.
        discordance: As in :class:`Reference`.
        false_alarms: As in :class:`Reference`.

    Raises:
        ExperimentError: The path has another suffix than ``.parquet``.
        StoreError: Cells of the run are missing, or a judge gave no verdict: what is accepted must be whole. Or another
            file has this name.
    """
    require_suffix(path, (".parquet",), "a reference file")
    refuse_to_replace(path, _is_reference, "a reference file of the gate")
    if values.missing:
        raise StoreError(
            f"{values.system} has no result in {count_of(len(values.missing), 'cell')}",
            where=values.source,
            why=", ".join(values.missing[:3]),
            fix="run the experiment again, then accept it",
        )
    if values.silent:
        raise StoreError(
            "; ".join(silence_of(*each) for each in values.silent.items()) + f" of {values.system}",
            where=values.source,
            fix="read the replies, `raw` in games/, correct the judge and run again, then accept the run",
        )
    columns = [*COLUMNS, *(["statistics"] if "statistics" in values.frame else [])]
    frame = values.frame[columns].sort_values(_ORDER, ignore_index=True)
    schema = pa.schema(
        [pa.field(name, pa.dictionary(pa.int32(), pa.string())) for name in COLUMNS if name != "value"]
        + [pa.field("value", pa.float64())]
        + ([pa.field("statistics", pa.list_(pa.float64()))] if "statistics" in columns else [])
    )
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    about = {
        "format": FORMAT,
        "source": Path(values.source).name,
        "system": values.system,
        "scales": {name: [each.low, each.high, each.higher_is_better] for name, each in values.scales.items()},
        "lock": values.lock.model_dump(mode="json"),
        "informational": dict(values.informational or {}),
        "discordance": dict(discordance or {}),
        "false_alarms": false_alarms,
        "polyarena": values.lock.versions.get("polyarena", ""),
    }
    document = {"about": about, "digest": _digest(frame[schema.names], about)}
    whole = table.replace_schema_metadata({_KEY: json.dumps(document, ensure_ascii=False, sort_keys=True).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(whole, sink, compression="zstd", compression_level=9, write_page_checksum=True)
    write_atomically(path, sink.getvalue().to_pybytes())
    return path


def _is_reference(path: Path) -> bool:
    return _KEY in (pq.read_metadata(path).metadata or {})


def read_reference(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        StoreError: It is none, of another format, damaged, or edited by hand.
    """
    again = "write it again: polyarena gate accept RUN -o " + str(path)
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        document = json.loads((table.schema.metadata or {}).get(_KEY, b"null"))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreError("the reference file cannot be read", where=path, why=str(error), fix=again) from error
    if not isinstance(document, dict) or not isinstance(document.get("about"), dict):
        raise StoreError("this is no reference file of a gate", where=path, fix=again)
    about = document["about"]
    if about.get("format") != FORMAT:
        raise StoreError(
            f"the reference file has format {about.get('format')}, and this version reads format {FORMAT}",
            where=path,
            why=f"it was written by polyarena {about.get('polyarena') or 'of an unknown version'}",
            fix=again,
        )
    frame = _frame(table.replace_schema_metadata(None))
    if _digest(frame, about) != document.get("digest"):
        raise StoreError(
            "the reference file was changed after it was written",
            where=path,
            why="its digest is not that of its content",
            fix=again,
        )
    values = ItemValues(
        source=str(path),
        system=str(about["system"]),
        frame=frame,
        scales={name: Scale(*each) for name, each in about["scales"].items()},
        lock=Lock.model_validate(about["lock"]),
        informational=about["informational"],
    )
    return Reference(values, about["discordance"], about["false_alarms"], str(about["polyarena"]))


def _frame(table: Any) -> pd.DataFrame:
    """Return the values with plain columns, missing judges as ``None``."""
    frame: pd.DataFrame = table.to_pandas()
    for name in COLUMNS:
        if name != "value":
            frame[name] = frame[name].astype(object)
    frame["judge"] = frame["judge"].where(frame["judge"].notna(), None)
    return frame


def _digest(frame: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """Return a digest of the values, their order and everything said of them."""
    found = hashlib.sha256(json.dumps(about, ensure_ascii=False, sort_keys=True).encode())
    for name in frame.columns:
        column = frame[name]
        if name == "value":
            found.update(column.to_numpy(dtype=np.float64).tobytes())
        elif name == "statistics":
            for each in column:
                found.update(b"-" if each is None else np.asarray(each, dtype=np.float64).tobytes())
        else:
            codes, names = pd.factorize(column.astype(object), use_na_sentinel=True)
            found.update(codes.astype(np.int64).tobytes())
            found.update("\0".join(map(str, names)).encode("utf-8", "surrogatepass"))
    return found.hexdigest()
