"""Computes and writes the results and the report."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from polyarena.harness.endpoints.accounting.cost_table import COST_SCHEMA, cost_frame
from polyarena.harness.lock.digest import digest
from polyarena.harness.reporting.bad_answers import bad_answer_rates
from polyarena.harness.reporting.estimates import estimates
from polyarena.harness.reporting.figure_choice import PAGE
from polyarena.harness.reporting.files import Files, ReportFolder
from polyarena.harness.reporting.host_refusals import host_refusal_rates
from polyarena.harness.reporting.item_views import item_views
from polyarena.harness.reporting.judge_cards import judge_cards
from polyarena.harness.reporting.page_content import page_content
from polyarena.harness.reporting.page_figures import page_figures, rankings_by_task
from polyarena.harness.reporting.secondary_results import as_table, secondary_results
from polyarena.harness.reporting.strong_verdicts import strong_scores
from polyarena.harness.reporting.thoughts import thought_language_rates
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import RunFolder
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.escaping import csv_bytes
from polyarena.reports.metric_facts import recorded_metrics
from polyarena.reports.missing_answers import count_missing, missing_warnings
from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.tasks.records import SCORE_SCHEMA

LONGEST_NAME = 150
"""Characters of a file's name; file systems allow 255 bytes with its suffix."""

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from polyarena.reports.tables import Section


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
    import pandas as pd

    from polyarena.reports.items import MOST_ITEMS, item_browser
    from polyarena.reports.page import off_target_by_language, page
    from polyarena.reports.page.cost_table import cost_table
    from polyarena.reports.page.methods import methods_sentences
    from polyarena.reports.page.off_target_table import off_target_table
    from polyarena.reports.page.references import references
    from polyarena.reports.page.refusal_table import refusal_table
    from polyarena.reports.page.thought_table import thought_table
    from polyarena.reports.page.verdict_tables import bad_answer_tables, strong_verdict_table

    folder = records.folder
    all_battles, scores = records.collapse_games(), records.scores()
    numbers = estimates(records.lock, all_battles, scores)
    bad, strong = bad_answer_rates(records), strong_scores(records)
    paid = cost_frame(folder.attempts)
    completions = records.answers()
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
    if results_only:
        out.commit()
        missing = missing_warnings(count_missing(completions))
        return Files(index, (), (), results, warnings=missing, removed=tuple(out.removed))
    page_tables = [
        *more.page_tables,
        *([weighed] if (weighed := strong_verdict_table(strong)) else []),
        *bad_answer_tables(bad),
        *([refused] if (refused := refusal_table(refusals)) else []),
    ]
    languages = [table for table in (off_target_table(answers), thought_table(thoughts)) if table is not None]
    drawings = page_figures(records, numbers, all_battles, more.ranking, figures)
    drawn = out.stage(folder.report / "figures", drawings.files)
    written = out.stage(folder.report / "tables", _tables(numbers, records.lock.system_names))
    links = [f"../results/{path.name}" for path in results] + [f"tables/{path.name}" for path in written]
    every = max(1, math.ceil(max(len(all_battles), len(completions)) / MOST_ITEMS))
    views = item_views(records, every=every)
    browsed = [f"The item browser shows one item in {every}; all are in the run folder."] if every > 1 else []
    browser = item_browser(records.lock.experiment.name, version("polyarena"), views) if views else None
    out.stage(folder.report / "items", browser.data if browser else {})
    content = page_content(
        records, numbers, drawings.figures, links, completions, page_tables, answers, [*drawings.notes, *browsed],
        rankings=rankings_by_task(more.ranking), language_tables=languages, costs=cost_table(paid),
        cards=judge_cards(records), items="items.html" if browser else "",
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
    return Files(index, drawn, written, results, tuple(content.notes), content.warnings, tuple(out.removed))


def _both(name: str, frame: pd.DataFrame, schema: pa.Schema) -> dict[str, bytes]:
    """Return records as Parquet and CSV, rows in the order of their keys."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame[list(schema.names)], schema=schema, preserve_index=False)
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), buffer, compression="zstd")
    return {f"{name}.parquet": buffer.getvalue(), f"{name}.csv": csv_bytes(_flat(frame, schema))}


def _files(name: str, table: pa.Table) -> dict[str, bytes]:
    """Return an Arrow table as Parquet and CSV."""
    import pandas as pd
    import pyarrow as pa

    return _both(name, table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get), table.schema)


def _flat(frame: pd.DataFrame, schema: pa.Schema) -> pd.DataFrame:
    """Return the records with each list as JSON, which a cell of a CSV file can hold."""
    import pyarrow as pa

    lists = [field.name for field in schema if pa.types.is_list(field.type)]
    flat = frame.copy()
    for name in lists:
        flat[name] = [None if values is None else json.dumps(list(values)) for values in frame[name]]
    return flat


def _tables(numbers: pd.DataFrame, order: Sequence[str]) -> dict[str, bytes]:
    from polyarena.reports.groups import category_rows, group_table, grouping_levels, level_rows
    from polyarena.reports.tables import MOST_TABLES, language_table, sections, win_rate_table

    contents: dict[str, bytes] = {}
    found = list(sections(numbers, order))
    comparisons = [section for section in found if section.baseline is not None]
    together = comparisons if len(comparisons) > MOST_TABLES else []
    if together:
        contents |= _table("win-rates", win_rate_table(together), [])
    for section in found:
        if section.baseline is not None and together:
            continue
        name = _name(section)
        if f"{name}.csv" in contents:
            name = f"{name}-{digest([section.systems, section.baseline, section.metric])[:8]}"
        contents |= _table(name, language_table(section), [*section.footnotes, *section.without_interval])
        categories, rows = category_rows(section)
        if rows:
            contents |= _table(f"{name}--by-category", group_table(rows, categories), [])
    for level in grouping_levels(found):
        groups, rows = level_rows(found, level)
        if rows:
            contents |= _table(f"by-{level}", group_table(rows, groups), [])
    return contents


def _name(section: Section) -> str:
    parts = [section.metric, section.task, section.judge, *section.systems[:1], section.baseline]
    chosen = [part for part in (parts if section.baseline else parts[:2]) if part]
    name = "--".join(re.sub(r"[^\w.+]+", "-", part).strip("-") for part in chosen)
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{digest(chosen)[:8]}"


def _table(name: str, table: pd.DataFrame, notes: Sequence[str]) -> dict[str, bytes]:
    from polyarena.reports.tables import latex, markdown

    text = markdown(table.drop(columns="flag", errors="ignore")) + "".join(f"\n{note}\n" for note in notes)
    return {
        f"{name}.csv": csv_bytes(table),
        f"{name}.md": text.encode(),
        f"{name}.tex": latex(table, notes).encode(),
    }
