"""From run folders, or a table of published numbers, to the data frame that a kind of figure draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from polyarena.harness.auditing import GameChoice, run_agreement, run_cards
from polyarena.harness.endpoints.accounting.cost_table import cost_frame
from polyarena.harness.reporting.figure_options import OPTIONS
from polyarena.harness.reporting.figure_request import TABLES, FigureRequest
from polyarena.harness.reporting.table_rows import (
    check_numbers,
    check_systems,
    of_languages,
    of_systems,
    system_names,
    whole_names,
)
from polyarena.harness.results import RunRecords, open_run
from polyarena.reports.metric_facts import recorded_metrics
from polyarena.reports.stats import compare, cycles, mean_scores, pairwise_matrix, rank, win_rates
from polyarena.reports.stats.cycles import significant_wins
from polyarena.reports.stats.seed_summaries import average_seeds
from polyarena.reports.stats.statistical_power import observed_design
from polyarena.reports.tables import sections
from polyarena.tasks.errors import DataError, ExperimentError, UnknownNameError
from polyarena.tasks.languages import all_languages
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    from polyarena.reports.figures import Drawing


AVERAGED = frozenset({"steps", "ranks", "matrix", "cost", "sensitivity", "power"})
"""Kinds that show averages over languages and do not name them."""


@dataclass(frozen=True)
class _Data:
    """A frame, and further arguments of the function that draws it."""

    frame: pd.DataFrame
    arguments: Mapping[str, Any] = field(default_factory=dict)


def draw_figure(request: FigureRequest) -> Drawing:
    """Draw one figure.

    Raises:
        UnknownNameError: There is no such kind, venue, task, judge, metric, baseline or system.
        ExperimentError: The data has several of them, and none is named; or the kind does not use an option.
        FigureError: The data cannot make this figure.
        StoreError: A source is no run folder.
        MissingGlyphError: No font can draw a name.
    """
    from polyarena.reports.figures import KINDS, find_venue

    if request.kind not in KINDS:
        raise unknown("kind of figure", request.kind, KINDS)
    find_venue(request.venue)
    request.check_options()
    kind = KINDS[request.kind]
    tables = [path for path in request.sources if path.suffix.lower() in TABLES]
    if len(tables) > 1 or 0 < len(tables) < len(request.sources):
        raise ExperimentError("a figure is drawn of run folders or of one table", fix="give one of them")
    table = check_numbers(read_table_file(tables[0]), tables[0]) if tables else None
    runs = [] if tables else open_runs(request)
    if len(request.systems) > 1:
        known = _system_names(runs) if table is None else system_names(table, request.kind)
        request = replace(request, systems=whole_names(request.systems, known))
    with recorded_metrics({name: facts for run in runs for name, facts in run.metrics.items()}):
        if table is None:
            found = _READERS[request.kind](request, runs)
        else:
            rows = of_systems(_of_table(table, request), request.systems, request.kind)
            rows = of_languages(rows, request.languages)
            found = _Data(rows, _words_of_table(rows, request.kind))
        arguments: dict[str, Any] = {"venue": request.venue, "title": request.title, "caption": request.caption}
        if request.kind in {"win-tie-loss", "forest", "scores", "heat-map", "agreement", "bias"}:
            arguments["by"] = request.by
        if request.kind in {"forest", "scores", "heat-map"} and request.systems and not request.against:
            arguments["systems"] = request.systems
        drawing = kind.draw(found.frame, **{**arguments, **found.arguments})
        if request.caption or not (notes := _notes(found.frame, request, runs)):
            return drawing
        arguments["caption"] = " ".join((drawing.caption.rstrip(), *notes))
        return kind.draw(found.frame, **{**arguments, **found.arguments})


def _notes(frame: pd.DataFrame, request: FigureRequest, runs: Sequence[RunRecords]) -> list[str]:
    """Return what a caption adds: the languages where the figure does not name them, and where numbers come from."""
    from polyarena.reports.figures.captions import languages_sentence

    notes = []
    if request.languages and request.kind in AVERAGED:
        cells = [cell for run in runs for cell in run.lock.all_cells()]
        measured = {cell.language for cell in cells if request.task in (None, cell.task)}
        notes.append(languages_sentence(request.languages, measured))
    if "source" in frame.columns:
        sources = "; ".join(dict.fromkeys(map(str, frame["source"].dropna())))
        notes.append(f"Published numbers, not measured here: {sources}.")
    return [note for note in notes if note]


def _system_names(runs: Sequence[RunRecords]) -> set[str]:
    """Return all names of systems, groups of seeds and baselines that can be asked for."""
    names: set[str] = set()
    for run in runs:
        estimates = run.estimates()
        own = {str(name) for column in ("system", "baseline") for name in estimates[column].dropna().unique()}
        own |= {*run.lock.seed_groups, *(cell.system for cell in run.lock.all_cells())}
        names |= own | {f"{name} ({run.folder.path.name})" for name in own if len(runs) > 1}
    return names


def read_files(request: FigureRequest) -> tuple[Path, ...]:
    """Return the table files that a figure is drawn of."""
    paths = (*request.sources, Path(request.resource), Path(request.cost))
    return tuple(path for path in paths if path.suffix.lower() in TABLES)


def read_table_file(path: Path) -> pd.DataFrame:
    """Return a CSV or Parquet file as a frame.

    Raises:
        DataError: The file is missing or is neither.
    """
    try:
        return pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError("the table cannot be read", where=path, why=str(error)) from error


def _of_table(frame: pd.DataFrame, request: FigureRequest) -> pd.DataFrame:
    """Return the rows of one task, judge and metric of a table file, and of one baseline where it is named."""
    for name in ("task", "judge", "metric", "baseline"):
        wanted = getattr(request, name)
        if wanted is not None and name not in frame.columns:
            raise ExperimentError(f"--{name} has no meaning for this table", why=f"it lacks the column {name}",
                                  fix=f"leave out --{name}")  # fmt: skip
        if name in frame.columns and (wanted is not None or (name in OPTIONS[request.kind] and name != "baseline")):
            frame = _choose(frame, name, wanted, name)
    return frame


def _words_of_table(frame: pd.DataFrame, kind: str) -> dict[str, Any]:
    """Return what a table measures: its column ``metric``; its numbers are shares only where all of them are."""
    found: dict[str, Any] = {}
    metrics = list(dict.fromkeys(map(str, frame["metric"].dropna()))) if "metric" in frame.columns else []
    if len(metrics) == 1 and kind in {"scores", "heat-map", "resource", "cost", "steps", "agreement", "sensitivity"}:
        found["what"] = metrics[0]
    if kind in {"scores", "heat-map", "resource", "cost", "steps", "sensitivity"}:
        shares = bool(frame["value"].dropna().between(0, 1).all()) if "value" in frame.columns else True
        found |= {} if shares else {"scale": 1.0}
        if kind == "cost" and "cost_unit" in frame.columns:
            found["cost"] = str(frame["cost_unit"].iloc[0])
        if kind == "heat-map" and "what" in found:
            found["unit"] = ""
    return found


def open_runs(request: FigureRequest) -> list[RunRecords]:
    """Open the run folders that a request names.

    Raises:
        ExperimentError: It names none.
        StoreError: One is no run folder.
    """
    if not request.sources:
        raise ExperimentError("no run folder is named", fix="polyarena figure KIND RUN -o out.pdf")
    return [open_run(path) for path in request.sources]


def _together(runs: Sequence[RunRecords], read: Callable[[RunRecords], pd.DataFrame], name: str) -> pd.DataFrame:
    """Return the records of all runs; a system of two runs is named with its run."""
    frames = [read(run) for run in runs]
    names = [set(map(str, frame[name].unique())) for frame in frames]
    for i, (run, frame) in enumerate(zip(runs, frames, strict=True)):
        others = set().union(*(names[j] for j in range(len(frames)) if j != i))
        renamed = {system: f"{system} ({run.folder.path.name})" for system in names[i] & others}
        frames[i] = frame.assign(**{name: frame[name].replace(renamed)}) if renamed else frame
    return pd.concat(frames, ignore_index=True)


def _choose(frame: pd.DataFrame, column: str, wanted: str | None, what: str) -> pd.DataFrame:
    """Return the rows of one value of a column.

    Raises:
        UnknownNameError: There is no such value.
        ExperimentError: There are several, and none is named.
    """
    there = sorted(set(map(str, frame[column].dropna())))
    if wanted is None and len(there) > 1:
        noun = what.removesuffix("s")
        raise ExperimentError(f"the figure shows one {noun}, and the data has {len(there)}",
                              why=", ".join(there[:12]) + (", ..." if len(there) > 12 else ""),
                              fix=f"name one: --{what} {there[0]}")  # fmt: skip
    if wanted is not None and wanted not in there:
        raise unknown(what, wanted, there)
    return frame if wanted is None else frame[frame[column] == wanted]


def _limited(frame: pd.DataFrame, request: FigureRequest, system: str = "system") -> pd.DataFrame:
    """Return the rows of the systems that are named; unknown ones are refused."""
    check_systems(request.systems, map(str, frame[system]))
    return frame[frame[system].isin(request.systems)] if request.systems else frame


def _languages(frame: pd.DataFrame, request: FigureRequest) -> pd.DataFrame:
    return of_languages(frame, request.languages)


def _items_of(frame: pd.DataFrame, request: FigureRequest) -> pd.DataFrame:
    """Return the items of the languages that are asked for."""
    return of_languages(frame, request.languages, "language")


def _met(frame: pd.DataFrame, request: FigureRequest) -> pd.DataFrame:
    """Return the battles of the systems that are named: with one another, or with the only baseline that there is."""
    check_systems(request.systems, {*map(str, frame["candidate"]), *map(str, frame["baseline"])})
    if not request.systems:
        return frame
    own, other = (frame[column].isin(request.systems) for column in ("candidate", "baseline"))
    return frame[own & other] if len(set(frame["baseline"])) > 1 else frame[own]


def _win_rates(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    frame = _together(runs, lambda run: run.estimates(), "system")
    frame = frame[frame["baseline"].notna()]
    if frame.empty:
        raise DataError("the run has no win rates", fix="use the kind 'scores', or judge the answers")
    frame = _choose(_choose(frame, "task", request.task, "task"), "judge", request.judge, "judge")
    if request.baseline is not None:
        frame = _choose(frame, "baseline", request.baseline, "baseline")
    return _Data(_languages(_limited(frame, request), request))


def _forest(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    if request.against is None:
        return _win_rates(request, runs)
    if len(request.systems) != 1:
        raise ExperimentError("a difference is that of one system against another", fix="--systems A --against B")
    frame, _ = item_records(request, runs)
    return _Data(
        _languages(
            compare(frame, request.systems[0], request.against, seeds=seed_groups(runs), **runs[0].settings), request
        )
    )


def _scores(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    frame = _together(runs, lambda run: run.estimates(), "system")
    frame = frame[frame["baseline"].isna()]
    if frame.empty:
        raise DataError("the run has no scores", fix="use the kind 'forest' or 'win-tie-loss'")
    frame = _choose(_choose(frame, "task", request.task, "task"), "metric", request.metric, "metric")
    section = next(sections(frame))
    unit = ", %" if section.scale == 100 else ""
    return _Data(
        _languages(_limited(frame, request), request),
        {"scale": section.scale, "what": f"{section.metric} on {section.task}{unit}"},
    )


def _any_estimates(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    """Return scores, or win rates where there are none or a judge is named."""
    frame = _together(runs, lambda run: run.estimates(), "system")
    if request.judge is not None or frame["baseline"].notna().all():
        return _Data(_win_rates(request, runs).frame, {"scale": 100.0, "what": "win rate, %"})
    return _scores(request, runs)


def _heat_map(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    found = _any_estimates(request, runs)
    scale = found.arguments["scale"]
    return _Data(found.frame, {"scale": scale, "unit": "%" if scale == 100 else ""})


def heat_map_data(request: FigureRequest, runs: Sequence[RunRecords]) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """Return the estimates of one task and metric, or one judge's win rates, and ``scale`` and ``what`` of them."""
    found = _any_estimates(request, runs)
    return found.frame, found.arguments


def item_records(request: FigureRequest, runs: Sequence[RunRecords]) -> tuple[pd.DataFrame, bool]:
    """Return the battles or scores by item of one task, and whether they are battles."""
    battles = _together(runs, lambda run: run.battles(), "candidate")
    if len(battles) and (request.metric is None or request.judge is not None):
        found = _choose(_choose(battles, "task", request.task, "task"), "judge", request.judge, "judge")
        return (found if request.baseline is None else _choose(found, "baseline", request.baseline, "baseline")), True
    scores = _together(runs, lambda run: run.scores(), "system")
    return _choose(_choose(scores, "task", request.task, "task"), "metric", request.metric, "metric"), False


def seed_groups(runs: Sequence[RunRecords]) -> dict[str, tuple[str, ...]]:
    """Return the groups of seeds of the runs."""
    return {group: members for run in runs for group, members in run.lock.seed_groups.items()}


def _averaged(frame: pd.DataFrame, runs: Sequence[RunRecords]) -> pd.DataFrame:
    """Return items with each group of seeds as one system, for statistics that know nothing of seeds."""
    return average_seeds(frame, seed_groups(runs))


def _steps(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    from polyarena.reports.figures.data import stage_gains

    if len(request.systems) < 2:
        raise ExperimentError("steps need the stages in order", fix="--systems first,second,third")
    frame, battles = item_records(request, runs)
    seeds = seed_groups(runs)
    there = set(map(str, frame["candidate"])) | set(map(str, frame["baseline"])) if battles else set(frame["system"])
    there |= {group for group, members in seeds.items() if there & {*members}}
    check_systems(request.systems, there)
    frame = _items_of(frame, request)
    gains = stage_gains(frame, request.systems, baseline=request.baseline, seeds=seeds, **runs[0].settings)
    if battles:
        return _Data(gains, {"what": f"win rate against {frame['baseline'].iloc[0]}, %"})
    return _Data(gains, {"what": f"{frame['metric'].iloc[0]} on {frame['task'].iloc[0]}"})


def _resource(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    found = _any_estimates(request, runs)
    arguments = {**found.arguments, "resource": request.resource}
    if request.resource in ("tier", "joshi"):
        known = {language.code: getattr(language, request.resource) for language in all_languages()}
        arguments["resource"] = "resource tier" if request.resource == "tier" else "class of Joshi et al. (2020)"
    else:
        table = _columns(read_table_file(Path(request.resource)), request.resource, "language", "resource")
        known = dict(zip(table["language"], table["resource"], strict=True))
        arguments |= {"resource": Path(request.resource).stem.replace("_", " "), "log": _wide(known.values())}
    return _Data(found.frame.assign(resource=found.frame["group"].map(known)), arguments)


def _columns(frame: pd.DataFrame, path: str, *names: str) -> pd.DataFrame:
    lacking = [name for name in names if name not in frame.columns]
    if lacking:
        raise DataError(f"the table lacks the column {', '.join(lacking)}", where=path)
    return frame


def _wide(values: Any) -> bool:
    """Tell whether positive numbers span more than two powers of ten."""
    known = [float(value) for value in values if isinstance(value, int | float)]
    return bool(known) and min(known) > 0 and max(known) / min(known) > 100


def _ranks(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    frame, battles = item_records(request, runs)
    if not battles:
        raise DataError("ranks need battles", fix="use the kind 'scores'")
    frame = _met(_averaged(_items_of(frame, request), runs), request)
    ranking = rank(frame, baseline=request.baseline, **runs[0].settings)
    return _Data(ranking[ranking["level"] == "macro"])


def _matrix(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    frame, battles = item_records(request, runs)
    if not battles:
        raise DataError("a matrix of win rates needs battles", fix="use the kind 'heat-map'")
    frame = _met(_averaged(_items_of(frame, request), runs), request)
    matrix = pairwise_matrix(frame)
    return _Data(matrix, {"cycles": cycles(matrix, significant_wins(frame))})


def _games(request: FigureRequest) -> GameChoice:
    return GameChoice(request.task, request.systems, request.languages)


def _agreement(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    from polyarena.reports.figures.data import agreement_rows

    judge = request.judge or next((name for name in sorted(runs[0].lock.judges) if name != request.people), None)
    if judge is None:
        raise DataError("the run has no judge", where=runs[0].folder.path,
                        fix="judge the answers, then import votes of people: polyarena import votes")  # fmt: skip
    if request.people not in runs[0].lock.judges:
        raise UnknownNameError(f"the run has no votes of people called {request.people!r}",
                               where=runs[0].folder.path,
                               fix="import votes (polyarena import votes FILE -o RUN), or name their judge: "
                               "--people NAME")  # fmt: skip
    return _Data(agreement_rows(run_agreement(runs[0], judge, request.people, _games(request))))


def _bias(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    from polyarena.reports.figures.data import card_rows

    cards = run_cards(runs[0], request.judge, _games(request))
    if len(cards) > 1:
        names = [card.judge for card in cards]
        raise ExperimentError("the figure shows one judge", why=", ".join(names), fix=f"--judge {names[0]}")
    return _Data(card_rows(cards[0]))


def _cost(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    found = _any_estimates(replace(request, languages=()), runs)
    macro = found.frame[found.frame["level"] == "macro"]
    if request.languages:
        frame, battles = item_records(request, runs)
        own = _limited(_items_of(frame, request), request, "candidate" if battles else "system")
        again = (win_rates if battles else mean_scores)(own, seeds=seed_groups(runs), **runs[0].settings)
        macro = again[again["level"] == "macro"]
    macro = _with_baseline(macro)
    costs, unit = _costs(request, runs)
    return _Data(macro.assign(cost=macro["system"].map(costs)), {**found.arguments, "cost": unit})


def _with_baseline(macro: pd.DataFrame) -> pd.DataFrame:
    """Return win rates with the row of their one baseline, which wins half by definition and has a cost as well."""
    baselines = set(macro["baseline"].dropna())
    if len(baselines) != 1 or macro["baseline"].isna().any():
        return macro
    row = {"system": baselines.pop(), "level": "macro", "value": 0.5}
    return pd.concat([macro, pd.DataFrame([row])], ignore_index=True)


def _costs(request: FigureRequest, runs: Sequence[RunRecords]) -> tuple[Mapping[Any, float], str]:
    """Return the cost of each system, and its unit."""
    columns = {"tokens": ("completion_tokens", "tokens per answer"), "seconds": ("latency_s", "seconds per answer")}
    if request.cost in columns:
        column, unit = columns[request.cost]
        answers = _together(runs, lambda run: run.completions(), "system")
        answers = answers if request.task is None else answers[answers["task"] == request.task]
        answers = _items_of(answers, request)
        means = answers.groupby("system")[column].mean().dropna()
        if means.empty:
            raise DataError(f"the answers of the run have no {request.cost}",
                            fix="give a CSV file with the columns system and cost: --cost FILE")  # fmt: skip
        return means.to_dict(), unit
    if request.cost == "price":
        if request.languages:
            raise ExperimentError("prices are known of whole systems, not of languages",
                                  fix="leave out --languages, or choose --cost tokens or seconds")  # fmt: skip
        paid = _together(runs, lambda run: cost_frame(run.folder.attempts), "name")
        return paid[paid["who"] == "system"].groupby("name")["cost"].sum().to_dict(), "price"
    table = _columns(read_table_file(Path(request.cost)), request.cost, "system", "cost")
    return dict(zip(table["system"], table["cost"], strict=True)), Path(request.cost).stem.replace("_", " ")


def _sensitivity(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    from polyarena.reports.figures.data import leave_one_out

    battles = _averaged(_together(runs, lambda run: run.battles(), "candidate"), runs)
    if battles.empty:
        raise DataError("the run has no battles", fix="a sensitivity figure needs verdicts of a judge")
    battles = _choose(battles, "task", request.task, "task")
    battles = battles if request.judge is None else _choose(battles, "judge", request.judge, "judge")
    battles = _limited(_choose(battles, "baseline", request.baseline, "baseline"), request, "candidate")
    battles = _items_of(battles, request)
    battles = _choose(battles, "candidate", None, "systems")
    return _Data(leave_one_out(battles, **runs[0].settings))


def _power(request: FigureRequest, runs: Sequence[RunRecords]) -> _Data:
    from polyarena.reports.figures.data import power_rows

    frame, battles = item_records(request, runs)
    column = "candidate" if battles else "system"
    frame = _choose(_limited(_items_of(frame, request), request, column), column, None, "systems")
    design = observed_design(frame, "score" if battles else "value")
    return _Data(power_rows(design, request.items, confidence=runs[0].settings["confidence"]))


_READERS: Mapping[str, Callable[[FigureRequest, Sequence[RunRecords]], _Data]] = {
    "win-tie-loss": _win_rates,
    "forest": _forest,
    "scores": _scores,
    "heat-map": _heat_map,
    "steps": _steps,
    "resource": _resource,
    "ranks": _ranks,
    "matrix": _matrix,
    "agreement": _agreement,
    "bias": _bias,
    "cost": _cost,
    "sensitivity": _sensitivity,
    "power": _power,
}
