"""Data of a column as compact JSON: what ``site/data.js`` unpacks.

Item values are codes into a palette of (sum, count) pairs, one code for each system and cluster of a language; the code
0 is "no value". Battles and accuracies have a handful of pairs, so that a value costs one byte and is exact. Metrics
of a corpus ship the influence of each cluster in place of its sum, with the value of each cell. Cells are pairs of
16-bit numbers, which is 1/65,000 of the range of a column.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import numpy as np

from polyarena.reports.board.model import CellTable, Column, ItemTable
from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.sparse_columns import SparseColumns

MISSING = 65535
"""Code of a cell without a value."""


def pack_column(column: Column) -> dict[str, Any]:
    """Return the data of a column, ready for JSON."""
    if isinstance(column.table, CellTable):
        return _cells(column.table)
    return _items(column.table, column.systems)


def _items(table: ItemTable, systems: tuple[str, ...]) -> dict[str, Any]:
    data = table.data
    summed = data if isinstance(data, Clustered | SparseColumns) else None
    palette: dict[tuple[float, float], int] = {(0.0, 0.0): 0}
    languages: dict[str, Any] = {}
    pending: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = {}
    for code in sorted({language for _, language in table.places}):
        own = [table.places.get((system, code)) for system in systems]
        columns = [place for place in own if place is not None]
        rows = np.flatnonzero(data.counts[:, columns].any(axis=1))
        codes = np.zeros((len(systems), len(rows)), dtype=np.int64)
        for i, place in enumerate(own):
            if place is None:
                continue
            sums = (
                data.sums[rows, place] if isinstance(data, Clustered | SparseColumns) else data.influence(place)[rows]
            )
            pairs = np.stack([sums, data.counts[rows, place]], axis=1)
            distinct, which = np.unique(pairs, axis=0, return_inverse=True)
            numbers = [
                0 if count == 0 else palette.setdefault((float(total), float(count)), len(palette))
                for total, count in distinct
            ]
            codes[i] = np.array(numbers)[which.ravel()]
        pending[code] = codes
        languages[code] = {"rows": _packed(rows, 32)}
        if summed is None:
            languages[code]["values"] = [None if place is None else data.value(place) for place in own]
    width = 8 if len(palette) <= 256 else 16 if len(palette) <= 65536 else 32
    for code, numbered in pending.items():
        languages[code]["codes"] = _packed(numbered.ravel(), width)
    return {
        "method": "exact",
        "systems": list(systems),
        "clusters": list(data.clusters),
        "items": {code: list(ids) for code, ids in table.item_ids.items()},
        "influence": summed is None,
        "bounded": table.bounded,
        "width": width,
        "sums": [total for total, _ in palette],
        "counts": [count for _, count in palette],
        "languages": languages,
    }


def _cells(table: CellTable) -> dict[str, Any]:
    values, low, high = _steps(table.values)
    errors, least, most = _steps(table.errors)
    noise, quietest, loudest = _steps(table.noise)
    return {
        "method": "approximate",
        "systems": list(table.systems),
        "languages": list(table.languages),
        "bounded": table.bounded,
        "values": _packed(values, 16),
        "values_range": [low, high],
        "errors": _packed(errors, 16),
        "errors_range": [least, most],
        "noise": _packed(noise, 16),
        "noise_range": [quietest, loudest],
        "n": _packed(np.minimum(table.n, 2**32 - 1).astype(np.int64).ravel(), 32)
        if len(np.unique(table.n)) > 1
        else int(table.n.flat[0]),
        "clusters": [float(each) for each in table.clusters],
        "correlation": [round(float(each), 6) for each in table.correlation],
        "adjustment": [round(float(each), 6) for each in table.adjustment],
        "loading": [round(float(each), 6) for each in table.loading],
    }


def _steps(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[Any, float, float]:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    scaled = (values - low) / (high - low) * (MISSING - 1) if high > low else np.where(np.isfinite(values), 0.0, np.nan)
    return np.where(np.isfinite(scaled), np.rint(scaled), MISSING).astype(np.int64).ravel(), low, high


def rounded_cells(table: CellTable) -> CellTable:
    """Return a table as the page sees it, after packing."""
    return replace(
        table,
        values=_rounded(table.values),
        errors=_rounded(table.errors),
        correlation=np.round(table.correlation, 6),
        noise=_rounded(table.noise),
        adjustment=np.round(table.adjustment, 6),
        loading=np.round(table.loading, 6),
    )


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Any:
    codes, low, high = _steps(values)
    numbers = np.where(codes == MISSING, np.nan, low + codes / (MISSING - 1) * (high - low))
    return numbers.reshape(values.shape)


def _packed(values: np.ndarray[tuple[int, ...], np.dtype[np.int64]], width: int) -> str:
    return b64encode(values.astype(f"<u{width // 8}").tobytes()).decode("ascii")
