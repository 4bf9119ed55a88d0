"""Computes and writes the results and the report."""

from __future__ import annotations

import io
import json
import math
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyarena.harness.endpoints.accounting.cost_table import COST_SCHEMA, cost_frame
from polyarena.harness.lock.imported_judges import stored_systems
from polyarena.harness.reporting.bad_answers import bad_answer_rates
from polyarena.harness.reporting.estimates import estimates
from polyarena.harness.reporting.figure_choice import PAGE
from polyarena.harness.reporting.files import Files, ReportFolder
from polyarena.harness.reporting.host_refusals import host_refusal_rates
from polyarena.harness.reporting.page_content import lock_support, page_content
from polyarena.harness.reporting.page_figures import page_figures, rankings_by_task
from polyarena.harness.reporting.page_parts import PageParts, page_parts
from polyarena.harness.reporting.secondary_results import as_table, secondary_results
from polyarena.harness.reporting.strong_verdicts import strong_scores
from polyarena.harness.reporting.table_files import report_tables
from polyarena.harness.reporting.thoughts import thought_language_rates
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import RunFolder
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.escaping import csv_bytes
from polyarena.reports.items import MOST_ITEMS
from polyarena.reports.metric_facts import recorded_metrics
from polyarena.reports.missing_answers import count_missing, missing_warnings
from polyarena.reports.page import off_target_by_language, page
from polyarena.reports.page.cost_table import cost_table
from polyarena.reports.page.methods import methods_sentences
from polyarena.reports.page.off_target_table import off_target_table
from polyarena.reports.page.references import references
from polyarena.reports.page.refusal_table import refusal_table
from polyarena.reports.page.thought_table import thought_table
from polyarena.reports.page.verdict_tables import bad_answer_tables, strong_verdict_table
from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.tasks.records import SCORE_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pyarrow as pa


def write_report(folder: RunFolder, *, results_only: bool = False, figures: str = PAGE) -> Files:
    """Make the results and the report of a run folder from what is stored there; the same shards give the same bytes.

    Args:
        folder: The run folder.
        results_only: Write ``results/`` and leave ``report/`` as it is.
        figures: Which figures are drawn, as in :func:`polyarena.harness.reporting.figure_choice.chosen_charts`.

    Raises:
        UnknownNameError: There is no figure of a name.
        StoreError: The folder is no run folder, or cannot be written.
    """
    records = open_run(folder)
    with ReportFolder(folder.path) as out, recorded_metrics(records.metrics):
        return _write(records, out, results_only=results_only, figures=figures)


def _write(records: RunRecords, out: ReportFolder, *, results_only: bool, figures: str) -> Files:
    battles, completions = records.collapse_games(), records.answers()
    every = max(1, math.ceil(max(len(battles), len(completions)) / MOST_ITEMS))
    size = int(battles["n_games"].sum()) + len(completions)
    with nullcontext() if results_only else page_parts(records, size, every) as parts:
        return _write_files(records, out, battles, completions, parts, figures, every)


def _write_files(
    records: RunRecords,
    out: ReportFolder,
    all_battles: pd.DataFrame,
    completions: pd.DataFrame,
    parts: Callable[[], list[PageParts]] | None,
    figures: str,
    every: int,
) -> Files:
    """Write the results and, unless ``parts`` is ``None``, the report."""
    folder, scores = records.folder, records.scores()
    numbers = estimates(records.lock, all_battles, scores)
    bad, strong = bad_answer_rates(records), strong_scores(records)
    paid = cost_frame(folder.attempts)
    answers = off_target_by_language(completions, records.lock.answer_languages)
    thoughts = thought_language_rates(records, completions)
    refusals = host_refusal_rates(records, completions)
    more = secondary_results(records.lock, all_battles, scores, records.lock.template_families)
    results = out.stage(
        folder.results,
        {
            **_both("estimates", numbers, ESTIMATE_SCHEMA),
            **_both("battles", all_battles, BATTLE_SCHEMA),
            **_both("scores", scores, SCORE_SCHEMA),
            **(_both("bad_answers", bad, ESTIMATE_SCHEMA) if len(bad) else {}),
            **(_both("host_refusals", refusals, ESTIMATE_SCHEMA) if len(refusals) else {}),
            **(_both("thoughts", thoughts, ESTIMATE_SCHEMA) if len(thoughts) else {}),
            **(_files("strong_verdicts", as_table(strong)) if len(strong) else {}),
            **(_files("answers", as_table(pd.DataFrame(answers))) if answers else {}),
            **{file: content for name, table in more.tables.items() for file, content in _files(name, table).items()},
            **(_both("ledger", paid, COST_SCHEMA) if folder.attempts.exists() else {}),
        },
    )
    index = folder.report / "index.html"
    if parts is None:
        out.commit()
        missing = missing_warnings(count_missing(completions), stored_systems(records.lock))
        return Files(index, (), (), results, (), missing, tuple(out.removed), tuple(out.edited))
    page_tables = [
        *more.page_tables,
        *([weighed] if (weighed := strong_verdict_table(strong)) else []),
        *bad_answer_tables(bad),
        *([refused] if (refused := refusal_table(refusals)) else []),
    ]
    languages = [table for table in (off_target_table(answers), thought_table(thoughts)) if table is not None]
    drawings = page_figures(records, numbers, all_battles, more.ranking, figures)
    drawn = out.stage(folder.report / "figures", drawings.files)
    support = lock_support(records.lock)
    written = out.stage(folder.report / "tables", report_tables(numbers, records.lock.reported_systems, support))
    links = [f"../results/{path.name}" for path in results] + [f"tables/{path.name}" for path in written]
    browsed = [f"The item browser shows one item in {every}; all are in the run folder."] if every > 1 else []
    (made,) = parts()
    browser = made.browser
    out.stage(folder.report / "items", browser.data if browser else {})
    content = page_content(
        records, numbers, drawings.figures, links, completions, page_tables, answers, [*drawings.notes, *browsed],
        rankings=rankings_by_task(more.ranking), language_tables=languages, costs=cost_table(paid),
        cards=made.cards, found=made.notes, items="items.html" if browser else "",
    )  # fmt: skip
    methods = f"{' '.join(methods_sentences(content))}\n"
    out.stage(
        folder.report,
        {
            index.name: page(content).encode(),
            **({"items.html": browser.page.encode("utf-8", "replace")} if browser else {}),
            "methods.txt": methods.encode("utf-8", "replace"),
            "references.bib": references(content).encode("utf-8", "replace"),
        },
    )
    out.commit()
    return Files(
        index, drawn, written, results, tuple(content.notes), content.warnings, tuple(out.removed), tuple(out.edited)
    )


def _both(name: str, frame: pd.DataFrame, schema: pa.Schema) -> dict[str, bytes]:
    """Return records as Parquet and CSV, rows in the order of their keys."""
    table = pa.Table.from_pandas(frame[list(schema.names)], schema=schema, preserve_index=False)
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), buffer, compression="zstd")
    return {f"{name}.parquet": buffer.getvalue(), f"{name}.csv": csv_bytes(_flat(frame, schema))}


def _files(name: str, table: pa.Table) -> dict[str, bytes]:
    """Return an Arrow table as Parquet and CSV."""
    return _both(name, table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get), table.schema)


def _flat(frame: pd.DataFrame, schema: pa.Schema) -> pd.DataFrame:
    """Return the records with each list as JSON, which a cell of a CSV file can hold."""
    lists = [field.name for field in schema if pa.types.is_list(field.type)]
    flat = frame.copy()
    for name in lists:
        flat[name] = [None if values is None else json.dumps(list(values)) for values in frame[name]]
    return flat
