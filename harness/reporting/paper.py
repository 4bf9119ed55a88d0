"""All figures and tables of a paper, from one YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from polyarena.harness.reporting.beside_captions import CAPTION, write_beside_caption
from polyarena.harness.reporting.figure_data import draw_figure, heat_map_data, item_records, open_runs, read_files
from polyarena.harness.reporting.figure_files import write_figure
from polyarena.harness.reporting.figure_request import ITEMS, FigureRequest
from polyarena.harness.reporting.table_files import tex_files
from polyarena.reports.escaping import csv_bytes
from polyarena.reports.labels import language_label, system_order
from polyarena.reports.stats import compare
from polyarena.reports.tables import paper_table, tex_caption
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import select_languages

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.figures import Format
    from polyarena.reports.tables import PaperTable

MOST_COMPARED = 8
"""Systems of a table between which all pairs are compared for the bold ones."""


class _Part(BaseModel):
    """What figures and tables have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    runs: tuple[Path, ...]
    task: str | None = None
    judge: str | None = None
    metric: str | None = None
    baseline: str | None = None
    systems: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class FigureSpec(_Part):
    """One figure; every key is the option of ``polyarena figure`` of the same name."""

    kind: str
    venue: str | None = None
    by: Literal["tier", "family", "script", "none"] = "tier"
    against: str | None = None
    people: str = "humans"
    resource: str = "tier"
    cost: str = "tokens"
    items: tuple[int, ...] = ITEMS
    title: str = ""
    caption: str = ""


class TableSpec(_Part):
    """One table by language and system.

    Attributes:
        venue: Whose text width the table fits; by default that of the file.
        own_names: Whether languages have their own names, which needs xelatex or lualatex.
    """

    venue: str | None = None
    own_names: bool = False


class PaperSpec(BaseModel):
    """The whole file.

    Attributes:
        output: Folder, relative to the file.
        venue: Of figures and tables that name none.
        formats: Of figures.
        fonts: Font files for names that the bundled fonts cannot draw.
        figures: In any order.
        tables: Likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: Path = Path("figures")
    venue: str = "acl-1col"
    formats: tuple[Literal["pdf", "svg", "png"], ...] = ("pdf",)
    fonts: tuple[Path, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    tables: tuple[TableSpec, ...] = ()


def load_paper(path: Path) -> PaperSpec:
    """Return a specification; paths in it are relative to the file.

    Raises:
        ExperimentError: The file is missing, is no YAML, or a key is unknown or wrong.
    """
    try:
        found = PaperSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise ExperimentError("the file cannot be read", where=path, why=error.strerror or str(error)) from error
    except yaml.YAMLError as error:
        raise ExperimentError("this is no YAML", where=path, why=" ".join(str(error).split())) from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ExperimentError("the specification cannot be used", where=path, why="; ".join(problems)) from error
    names = [part.name for part in (*found.figures, *found.tables)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExperimentError(f"two parts have the name {', '.join(twice)}", where=path, fix="give each its own name")
    return found


def write_paper(path: Path) -> tuple[Path, ...]:
    """Draw and write everything that a specification lists; the same runs give the same bytes.

    Raises:
        PolyarenaError: As :func:`load_paper` and :func:`polyarena.harness.reporting.figure_data.draw_figure`; ``where``
            names the part.
    """
    from polyarena.reports.figures import add_fonts

    spec = load_paper(path)
    folder = path.parent
    add_fonts([folder / font for font in spec.fonts])
    written: list[Path] = []
    formats: Sequence[Format] = spec.formats
    for figure in spec.figures:
        request = _request(figure, figure.kind, folder)
        request = replace(
            request, venue=figure.venue or spec.venue, by=figure.by, against=figure.against, people=figure.people,
            resource=_file(figure.resource, folder), cost=_file(figure.cost, folder), items=figure.items,
            title=figure.title, caption=figure.caption,
        )  # fmt: skip
        written += write_figure(draw_figure(request), folder / spec.output / figure.name, formats, read_files(request))
    for table in spec.tables:
        found = draw_table(_request(table, "table", folder), table.venue or spec.venue, own_names=table.own_names)
        written += write_table(found, folder / spec.output / table.name)
    return tuple(written)


def _request(part: _Part, kind: str, folder: Path) -> FigureRequest:
    languages = (
        tuple(language.code for language in select_languages(", ".join(part.languages))) if part.languages else ()
    )
    return FigureRequest(
        kind, tuple(folder / run for run in part.runs), task=part.task, judge=part.judge, metric=part.metric,
        baseline=part.baseline, systems=part.systems, languages=languages,
    )  # fmt: skip


def _file(value: str, folder: Path) -> str:
    return str(folder / value) if value.endswith((".csv", ".parquet")) else value


def draw_table(request: FigureRequest, venue: str, *, own_names: bool = False) -> PaperTable:
    """Make the table of one task and metric, or of the win rates of one judge.

    Args:
        request: As of a heat map.
        venue: Whose text width it fits.
        own_names: Whether languages have their own names.

    Raises:
        PolyarenaError: As :func:`polyarena.harness.reporting.figure_data.draw_figure`.
    """
    from polyarena.reports.figures.venues import TEX_POINT, find_venue

    runs = open_runs(request)
    frame, arguments = heat_map_data(request, runs)
    systems = list(request.systems) or system_order(map(str, frame["system"]))
    items, battles = item_records(request, runs)
    best = _best(items, frame, systems, runs[0].settings, "candidate" if battles else "system")
    pairs = {(system, language_label(code).name) for run in runs for system, code in run.lock.unsupported}
    unsupported = [f"{system} does not support {name}." for system, name in sorted(pairs)]
    what = str(arguments.get("what") or f"{frame['metric'].iloc[0]} on {frame['task'].iloc[0]}").replace("_", " ")
    return paper_table(frame, systems, best=best, scale=float(arguments["scale"]), what=what,
                       width=find_venue(venue).width / TEX_POINT, own_names=own_names, notes=unsupported)  # fmt: skip


def _best(
    items: pd.DataFrame, frame: pd.DataFrame, systems: Sequence[str], settings: Mapping[str, Any], column: str
) -> dict[tuple[str, str], str]:
    """Return, by level and group, the system that is significantly better than each other one."""
    if not 1 < len(systems) <= MOST_COMPARED or not set(systems) <= set(map(str, items[column])):
        return {}
    wins: dict[tuple[str, str, str], int] = {}
    for one, other in combinations(systems, 2):
        for row in compare(items, one, other, **settings).to_dict("records"):
            if row["outcome"] in ("better", "worse"):
                winner = one if row["outcome"] == "better" else other
                key = (str(row["level"]), str(row["group"]), winner)
                wins[key] = wins.get(key, 0) + 1
    shown = set(zip(frame["level"], frame["group"], strict=True))
    return {
        (level, group): system
        for (level, group, system), count in wins.items()
        if count == len(systems) - 1 and (level, group) in shown
    }


def write_table(table: PaperTable, stem: Path) -> tuple[Path, ...]:
    """Write a table as ``.csv``, ``.md`` and ``.tex``, with its caption beside it.

    Raises:
        StoreError: A file that polyarena did not write is there, or one cannot be written.
    """
    contents = {
        ".md": table.markdown.encode(),
        **{name.removeprefix(stem.name): content for name, content in tex_files(stem.name, table.latex).items()},
        ".caption.txt": f"{table.caption}\n".encode(),
        CAPTION: tex_caption(table.caption).encode(),
        ".csv": csv_bytes(table.data),
    }
    return write_beside_caption(stem, contents)
