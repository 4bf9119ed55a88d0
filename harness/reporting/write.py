"""Making and writing the results and the report."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from polyarena.harness.planning.digest import digest
from polyarena.harness.reporting.content import page_content
from polyarena.harness.reporting.estimating import battles, estimates
from polyarena.harness.reporting.files import Files, write_folder
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import RunFolder
from polyarena.harness.store.atomic import write_atomically
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.tasks.records import SCORE_SCHEMA

LONGEST_NAME = 150
"""Characters of a file's name; file systems allow 255 bytes with its suffix."""

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from polyarena.reports.page import Picture


def write_report(folder: RunFolder) -> Files:
    """Make the results and the report of a run folder from what is stored there; the same shards give the same bytes.

    Raises:
        StoreError: The folder is no run folder, or cannot be written.
    """
    from polyarena.reports.page import page

    records = open_run(folder)
    fought, scores = battles(records), records.scores()
    numbers = estimates(records.lock, fought, scores)
    results = write_folder(
        folder.results,
        {
            **_both("estimates", numbers, ESTIMATE_SCHEMA),
            **_both("battles", fought, BATTLE_SCHEMA),
            **_both("scores", scores, SCORE_SCHEMA),
        },
    )
    figures, pictures, without_glyphs = _figures(records, numbers)
    drawn = write_folder(folder.report / "figures", figures)
    written = write_folder(folder.report / "tables", _tables(numbers))
    links = [f"../results/{path.name}" for path in results] + [f"tables/{path.name}" for path in written]
    html = page(page_content(records, numbers, pictures, without_glyphs, links))
    index = folder.report / "index.html"
    write_atomically(index, html.encode())
    return Files(index, drawn, written, results)


def _both(name: str, frame: pd.DataFrame, schema: pa.Schema) -> dict[str, bytes]:
    """Return records as Parquet and CSV, rows in the order of their keys."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame[list(schema.names)], schema=schema, preserve_index=False)
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), buffer, compression="zstd")
    return {f"{name}.parquet": buffer.getvalue(), f"{name}.csv": _flat(frame, schema).to_csv(index=False).encode()}


def _flat(frame: pd.DataFrame, schema: pa.Schema) -> pd.DataFrame:
    """Return the records with each list as JSON, which a cell of a CSV file can hold."""
    import pyarrow as pa

    lists = [field.name for field in schema if pa.types.is_list(field.type)]
    flat = frame.copy()
    for name in lists:
        flat[name] = [None if values is None else json.dumps(list(values)) for values in frame[name]]
    return flat


def _figures(records: RunRecords, numbers: pd.DataFrame) -> tuple[dict[str, bytes], list[Picture], tuple[str, ...]]:
    from polyarena.reports.figures import FORMATS, charts, missing_languages, render
    from polyarena.reports.page import Picture
    from polyarena.tasks.languages import find_language

    tasks = records.lock["tasks"]
    chance = {name: entry["card"]["chance"] for name, entry in tasks.items()}
    judges = {name: entry["description"] for name, entry in records.lock["judges"].items()}
    contents: dict[str, bytes] = {}
    pictures = []
    for chart in charts(numbers, chance=chance, judges=judges):
        rendered = {f"{chart.name}.{kind}": render(chart.figure, kind) for kind in FORMATS}
        contents.update(rendered)
        links = tuple(f"figures/{name}" for name in sorted(rendered))
        pictures.append(Picture(chart.title, rendered[f"{chart.name}.svg"], links))
    languages = sorted({code for entry in tasks.values() for code in entry["languages"]})
    return contents, pictures, tuple(missing_languages([find_language(code) for code in languages]))


def _tables(numbers: pd.DataFrame) -> dict[str, bytes]:
    from polyarena.reports.tables import language_table, markdown, sections

    contents = {}
    for section in sections(numbers):
        parts = [section.metric, section.task, section.judge, *section.systems[:1], section.baseline]
        name = "--".join(part for part in (parts if section.baseline else parts[:2]) if part)
        if len(name) > LONGEST_NAME:
            name = f"{name[:LONGEST_NAME]}-{digest(name)[:8]}"
        table = language_table(section)
        contents[f"{name}.csv"] = table.to_csv(index=False).encode()
        contents[f"{name}.md"] = markdown(table).encode()
    return contents
