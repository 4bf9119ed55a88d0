"""All files of a site, as bytes by their path."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from polyarena.reports.board.bundle import bundle, read_modules
from polyarena.reports.board.model import Board, BoardSettings, Column, ItemTable, SystemInfo
from polyarena.reports.board.packing import pack_column
from polyarena.reports.board.standings import Average, Standings, standings
from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.sparse_columns import SparseColumns

if TYPE_CHECKING:
    import pandas as pd

OVERALL = ""
"""Name of the average over all headline columns in the overview."""
LONGEST_NAME, LONGEST_TEXT = 300, 100_000
"""Characters of a name and of a prompt or an answer that the site carries."""


def site_files(board: Board, texts: pd.DataFrame | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a site as its path and its content; the same board gives the same bytes.

    Args:
        board: What to show.
        texts: Prompts and answers that may be published: ``system``, ``task``, ``language``, ``item_id``, ``prompt``,
            ``text``.
    """
    folder = files("polyarena.reports.board") / "site"
    for name in ("index.html", "board.css"):
        yield name, (folder / name).read_bytes()
    yield "site.js", bundle(read_modules()).encode()
    yield "data/board.js", _call("start", board_document(board))
    for column in board.columns:
        yield f"data/{column.key}.js", _call("add", column.key, pack_column(column))
        yield from _item_files(column, texts)


def board_document(board: Board) -> dict[str, Any]:
    """Return what the first view needs: names, settings, and the ranking of everything."""
    settings = board.settings
    overview = overview_of(board.columns, settings)
    headline = averaged_columns(board.columns)
    scale = headline[0].scale if len(headline) == 1 else 100.0
    return {
        "title": settings.title,
        "description": settings.description,
        "confidence": settings.confidence,
        "coverage": settings.coverage,
        "currency": settings.currency,
        "method": "approximate" if any(each.method == "approximate" for each in board.columns) else "exact",
        "systems": [_system(each) for each in board.systems],
        "languages": [{**asdict(each), "regions": list(each.regions)} for each in board.languages],
        "columns": [_column(each) for each in board.columns],
        "overview": {name: _standings(found) for name, found in overview.items()},
        "published": [asdict(each) for each in board.published],
        "history": [asdict(each) for each in board.history],
        "now": overall_values(overview[OVERALL], scale),
        "notes": list(board.notes),
    }


def averaged_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns behind the overall average: all headline columns that share a scale, or the only one."""
    headline = tuple(each for each in columns if each.headline)
    return tuple(each for each in headline if each.averageable) if len(headline) > 1 else headline


def overview_of(columns: tuple[Column, ...], settings: BoardSettings) -> dict[str, Standings]:
    """Return the rankings of the first view, by column key, and the overall one as :data:`OVERALL`."""
    found = {each.key: standings([each], settings) for each in columns}
    headline = averaged_columns(columns)
    # One column is its own average.
    overall = found[headline[0].key] if len(headline) == 1 else standings(headline, settings)
    return {OVERALL: overall, **found}


def overall_values(found: Standings, scale: float) -> dict[str, list[float | None]]:
    """Return value, low and high of each ranked system's average, as hundredths."""
    factor = scale / 100
    return {
        each.system: [None if end is None else end * factor for end in (each.value, each.low, each.high)]
        for each in found.averages
        if each.value is not None
    }


def file_slug(name: str) -> str:
    """Return a file name for a name that anybody gave: letters of ASCII, and a digest that tells it from others."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40]
    return f"{plain or 'x'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _call(function: str, *arguments: Any) -> bytes:
    """Return a classic script that hands JSON over as text: parsed as JSON, no key of it can touch a prototype."""
    *names, content = arguments
    document = json.dumps(_finite(content), ensure_ascii=False, separators=(",", ":"))
    given = ", ".join(json.dumps(each) for each in [*names, document])
    return f"polyarenaBoard.{function}({given});\n".encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


def _system(system: SystemInfo) -> dict[str, Any]:
    facts = {name: value[:LONGEST_NAME] if isinstance(value, str) and name != "name" else value
             for name, value in asdict(system).items()}  # fmt: skip
    return {**facts, "open": facts.pop("open_weights"), "slug": file_slug(system.name)}


def _column(column: Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "file": f"data/{column.key}.js",
        "task": column.task,
        "title": column.title,
        "metric": column.metric,
        "judge": column.judge,
        "baseline": column.baseline,
        "signature": column.signature,
        "difference": column.difference,
        "unit": column.unit,
        "scale": column.scale,
        "low": column.low,
        "high": column.high,
        "direction": column.direction.value,
        "headline": column.headline,
        "averageable": column.averageable,
        "provenance": {code: column.provenance.get(code, "unknown") for code in column.languages},
        "licence": column.licence,
        "dataset": column.dataset,
        "texts": column.texts,
        "textsReason": column.texts_reason,
        "languages": list(column.languages),
        "systems": list(column.systems),
        "items": list(column.languages) if isinstance(column.table, ItemTable) else [],
    }


def _standings(found: Standings) -> dict[str, Any]:
    return {
        "averages": [_average(each) for each in found.averages],
        "toldApart": found.distinct_neighbours,
        "neighbours": found.neighbours,
        "languages": {key: list(codes) for key, codes in found.languages.items()},
    }


def _average(average: Average) -> dict[str, Any]:
    return {
        "system": average.system,
        "value": average.value,
        "error": average.standard_error,
        "low": average.low,
        "high": average.high,
        "n": average.n,
        "coverage": list(average.coverage),
        "rank": average.rank,
        "rankLow": average.rank_low,
        "rankHigh": average.rank_high,
        "tieGroup": average.tie_group,
        "note": average.note,
    }


def _item_files(column: Column, texts: pd.DataFrame | None) -> Iterator[tuple[str, bytes]]:
    """Yield the items of each cell: their ids and values, and their texts where these may be published."""
    table = column.table
    if not isinstance(table, ItemTable):
        return
    data = table.data
    written = _written(column, texts)
    for (system, code), place in sorted(table.places.items()):
        counts = data.counts[:, place]
        sums = data.sums[:, place] if isinstance(data, Clustered | SparseColumns) else None
        rows = np.flatnonzero(counts)
        ids = table.item_ids.get(code, data.clusters)
        cell = []
        for row in rows.tolist():
            value = None if sums is None else float(sums[row]) / float(counts[row])
            name = ids[row]
            prompt, text = written.get((system, code, name), (None, None))
            cell.append({"id": name[:LONGEST_NAME], "value": value, "prompt": _cut(prompt), "text": _cut(text)})
        name = f"{column.key}/{file_slug(system)}.{code}"
        yield f"items/{name}.js", _call("items", name, cell)


def _written(column: Column, texts: pd.DataFrame | None) -> dict[tuple[str, str, str], tuple[Any, Any]]:
    if texts is None or not column.texts:
        return {}
    own = texts[texts["task"] == column.task]
    names = zip(own["system"], own["language"], own["item_id"], strict=True)
    return dict(zip(names, zip(own["prompt"], own["text"], strict=True), strict=True))


def _cut(text: object) -> str | None:
    if not isinstance(text, str):
        return None
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
