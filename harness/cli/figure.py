"""``polyarena figure``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from polyarena.harness.cli.options import Output

Names = Annotated[str | None, Parameter()]


def command(
    kind: str | None = None,
    *run: Path,
    output: Output = None,
    spec: Path | None = None,
    venue: str = "page",
    task: str | None = None,
    judge: str | None = None,
    metric: str | None = None,
    baseline: str | None = None,
    systems: Names = None,
    languages: Names = None,
    by: Literal["tier", "family", "script", "none"] = "tier",
    against: str | None = None,
    people: str = "humans",
    resource: str = "tier",
    cost: str = "tokens",
    items: Names = None,
    title: str = "",
    caption: str = "",
    font: Annotated[tuple[Path, ...], Parameter(negative="")] = (),
) -> int:
    """Draw one figure of runs or, with --spec, all figures and tables of a paper.

    Parameters
    ----------
    kind
        win-tie-loss, forest, scores, heat-map, steps, resource, ranks, matrix, agreement, bias, cost, sensitivity or
        power.
    run
        Run folders, or one CSV or Parquet file with the columns that the kind needs.
    output
        `out.pdf`, `out.svg` or `out.png`; without a suffix, all three. The numbers and the caption are written beside
        it.
    spec
        A YAML file that lists figures and tables; they are written into its `output` folder.
    venue
        acl-1col, acl-2col, neurips, iclr, icml-1col, icml-2col, slides, or page (title and caption in the image).
    task
        The task; required if the runs have several.
    judge
        The judge; required if the runs have several.
    metric
        The metric of scores; required if the runs have several.
    baseline
        The baseline of win rates; required if the runs have several.
    systems
        The systems to draw, in order, separated by commas; for `steps`, the stages from first to last.
    languages
        The languages to draw: codes, names or sets, as in an experiment.
    by
        Property that groups the languages under headings.
    against
        For `forest`: another system; the figure then shows paired differences.
    people
        For `agreement`: the name under which human votes were imported.
    resource
        For `resource`: tier, joshi, or a CSV file with the columns language and resource.
    cost
        For `cost`: tokens, seconds, price, or a CSV file with the columns system and cost.
    items
        For `power`: numbers of items, separated by commas.
    title
        Title to use instead of the generated one.
    caption
        Caption to use instead of the generated one.
    font
        A font file for names that the bundled fonts cannot draw; may be given several times.
    """
    from polyarena.harness.cli.output import print_lines
    from polyarena.harness.reporting.figure_data import draw_figure, read_files
    from polyarena.harness.reporting.figure_files import write_figure
    from polyarena.harness.reporting.figure_request import ITEMS, FigureRequest
    from polyarena.reports.figures import KINDS, add_fonts
    from polyarena.tasks.errors import ExperimentError
    from polyarena.tasks.languages import select_languages

    add_fonts(font)
    if spec is not None:
        if kind is not None or output is not None:
            raise ExperimentError("--spec defines the figures and their folder", fix="leave out the kind and --output")
        from polyarena.harness.reporting.paper import write_paper

        print_lines(*map(str, write_paper(spec)))
        return 0
    if kind is None or output is None:
        raise ExperimentError(
            "a figure needs a kind, runs and --output",
            why=f"kinds: {', '.join(KINDS)}",
            fix="polyarena figure forest RUN --venue acl-1col -o out.pdf, or polyarena figure --spec paper.yaml",
        )
    request = FigureRequest(
        kind=kind,
        sources=run,
        venue=venue,
        task=task,
        judge=judge,
        metric=metric,
        baseline=baseline,
        systems=_listed(systems),
        languages=tuple(language.code for language in select_languages(languages)) if languages else (),
        by=by,
        people=people,
        against=against,
        resource=resource,
        cost=cost,
        items=_counts(items) or ITEMS,
        title=title,
        caption=caption,
    )
    drawing = draw_figure(request)
    print_lines(*map(str, write_figure(drawing, output, read=read_files(request))), "", drawing.caption)
    return 0


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _counts(text: str | None) -> tuple[int, ...]:
    from polyarena.tasks.errors import ExperimentError

    try:
        return tuple(int(part) for part in _listed(text))
    except ValueError as error:
        raise ExperimentError(
            f"--items is {text!r}", fix="write whole numbers with commas: --items 100,200,500"
        ) from error
