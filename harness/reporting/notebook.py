"""The notebook display of a run: its averages as a table, its charts, and its files."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import StoreError

if TYPE_CHECKING:
    from polyarena.harness.reporting.files import Files
    from polyarena.harness.results import RunRecords

MOST_CHARTS = 4
"""Charts that a cell of a notebook shows; the report has all of them."""
_COLUMNS = ("task", "judge", "system", "baseline", "metric", "value", "low", "high", "n")


def records_html(records: RunRecords) -> str:
    """Return the averages of a run and its first charts as HTML.

    Args:
        records: The run; without results, only what is missing is shown.
    """
    parts = [f"<p><b>{escape(records.lock.experiment.name)}</b> in <code>{escape(str(records.folder.path))}</code></p>"]
    missing = records.missing()
    if missing:
        parts.append(
            f"<p>Not complete: {count_of(len(missing), 'cell or pair', 'cells and pairs')} without a result.</p>"
        )
    try:
        estimates = records.estimates()
    except StoreError as error:
        return "".join([*parts, f"<p>{escape(error.what)}: <code>{escape(error.fix)}</code></p>"])
    averages = estimates[estimates["level"] == "macro"].reindex(columns=list(_COLUMNS))
    averages = averages.dropna(axis="columns", how="all")
    parts.append(averages.to_html(index=False, border=0, na_rep="", float_format=lambda value: f"{value:.3f}"))
    charts = sorted((records.folder.report / "figures").glob("*.svg"))
    parts += [_chart(path) for path in charts[:MOST_CHARTS]]
    if len(charts) > MOST_CHARTS:
        parts.append(f"<p>{count_of(len(charts) - MOST_CHARTS, 'more chart')} in the report.</p>")
    return "".join(parts)


def files_html(files: Files) -> str:
    """Return the files of a report as HTML."""
    rows = [("page", [files.page]), ("figures", files.figures), ("tables", files.tables), ("results", files.results)]
    lines = [
        f"<tr><th>{name}</th><td>{len(paths)}</td><td><code>{escape(str(Path(paths[0]).parent))}</code></td></tr>"
        for name, paths in rows
        if paths
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in files.notes)
    return f"<table>{''.join(lines)}</table>" + (f"<ul>{notes}</ul>" if notes else "")


def _chart(path: Path) -> str:
    """Return the drawing of a chart, without the XML declaration that HTML does not take."""
    text = path.read_text(encoding="utf-8")
    return f'<div style="max-width: 60em">{text[max(text.find("<svg"), 0) :]}</div>'
