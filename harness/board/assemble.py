"""From sources and a board file to a board: which measurements share a column, and whose numbers count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyarena.harness.board.board_file import BoardFile
from polyarena.harness.board.source import Measurement, Source
from polyarena.harness.board.texts import may_publish
from polyarena.reports.board.cells import cells_of
from polyarena.reports.board.model import Board, CellTable, Column, HistoryEntry, ItemTable, PublishedValue, SystemInfo
from polyarena.reports.board.site_files import file_slug
from polyarena.reports.board.tables import ColumnKey, item_tables
from polyarena.reports.metric_facts import display_scale, is_share, unit_label
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

WIN_RATE = "win_rate"


@dataclass(frozen=True)
class _Variant:
    """Measurements that may share a column."""

    key: ColumnKey
    signature: str
    data: Mapping[str, str]
    members: tuple[tuple[Source, Measurement], ...]


def assemble(
    sources: Sequence[Source],
    board: BoardFile,
    *,
    published: Sequence[PublishedValue] = (),
    history: Sequence[HistoryEntry] = (),
) -> Board:
    """Join sources into a board.

    Args:
        sources: In the order in which they were given.
        board: Rules and facts of systems.
        published: Values that others printed.
        history: Earlier builds.

    Raises:
        DataError: There is no source, or two runs have values of one system in one column and no rule says which count.
    """
    if not sources and not published:
        raise DataError("there is nothing to show", why="no run and no published value was given")
    exact = all(source.items is not None for source in sources)
    exact = exact and sum(len(source.items) for source in sources if source.items is not None) <= board.exact_up_to
    variants = list(_variants(sources))
    columns: list[Column] = []
    used: defaultdict[str, set[str]] = defaultdict(set)
    measured = {source.facts.name: _by_measurement(source) for source in sources}
    for variant in variants:
        frame = _values(variant, board, measured, used)
        siblings = [each for each in variants if each.key == variant.key]
        columns.append(_column(variant, _table(variant.key, frame, exact), board, siblings))
    columns = _with_headlines(columns, board, task_cards(sources))
    names = sorted({name for column in columns for name in column.systems})
    return Board(
        settings=board.settings(),
        systems=tuple(_system(name, sources, used[name], board) for name in names),
        columns=tuple(columns),
        published=tuple(published),
        history=tuple(history),
        notes=tuple(_notes(sources, board, names)),
    )


def _variants(sources: Sequence[Source]) -> Iterator[_Variant]:
    """Yield the measurements by column: of one key, those with another signature or other data are a column apart."""
    found: dict[ColumnKey, list[_Variant]] = {}
    for source in sources:
        for measured in source.facts.measurements:
            key = ColumnKey(measured.task, measured.metric, measured.judge, measured.baseline)
            own = found.setdefault(key, [])
            for i, variant in enumerate(own):
                shared = variant.data.keys() & measured.data.keys()
                if variant.signature == measured.signature and all(
                    variant.data[name] == measured.data[name] for name in shared
                ):
                    own[i] = replace(
                        variant,
                        data={**variant.data, **measured.data},
                        members=(*variant.members, (source, measured)),
                    )
                    break
            else:
                own.append(_Variant(key, measured.signature, measured.data, ((source, measured),)))
    for key in sorted(found):
        yield from found[key]


_MEASUREMENT = ("task", "metric", "judge", "baseline")


def _by_measurement(source: Source) -> dict[tuple[str, ...], pd.DataFrame]:
    """Return the rows of each measurement of a source."""
    frame = source.items if source.items is not None else source.cells
    if frame is None:
        return {}
    return {tuple(map(str, key)): part for key, part in frame.groupby([*_MEASUREMENT], sort=False)}


def _values(
    variant: _Variant,
    board: BoardFile,
    measured: Mapping[str, Mapping[tuple[str, ...], pd.DataFrame]],
    used: Mapping[str, set[str]],
) -> pd.DataFrame:
    """Return the rows of one column, of each system those of one run."""
    holders: defaultdict[str, list[str]] = defaultdict(list)
    frames: list[pd.DataFrame] = []
    places: dict[tuple[str, str], NDArray[np.intp]] = {}
    for source, each in variant.members:
        own = measured[source.facts.name].get((each.task, each.metric, each.judge, each.baseline))
        if own is None:
            continue
        before = sum(map(len, frames))
        frames.append(own)
        for system, rows in sorted(own.groupby("system").indices.items()):
            holders[str(system)].append(source.facts.name)
            places[str(system), source.facts.name] = before + np.asarray(rows, dtype=np.intp)
    chosen = []
    for system, runs in sorted(holders.items()):
        run = _preferred(system, runs, board, variant.key)
        used[system].add(run)
        chosen.append(places[system, run])
    whole = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return whole.iloc[np.concatenate(chosen)].reset_index(drop=True)


def _preferred(system: str, runs: Sequence[str], board: BoardFile, key: ColumnKey) -> str:
    if len(runs) == 1:
        return runs[0]
    entry = board.systems.get(system)
    wanted = [entry.run] if entry and entry.run else list(board.prefer)
    for run in wanted:
        if run in runs:
            return run
    raise DataError(
        f"{count_of(len(runs), 'run has', 'runs have')} a system {system!r} on {key.task}",
        where=", ".join(runs),
        why="a board shows each system once, and two systems of one name are not told apart",
        fix=f"say which counts with `systems: {{{system}: {{run: {runs[0]}}}}}` or `prefer: [{runs[0]}]` in the board "
        "file, or tell them apart with `rename`",
    )


def _table(key: ColumnKey, frame: pd.DataFrame, exact: bool) -> ItemTable | CellTable:
    if "standard_error" in frame:
        if "source_id" in frame and frame["source_id"].notna().any():
            known = frame["source_id"].notna()
            return _joined_cells(_cell_table(key, frame[~known]), cells_of(_item_table(key, frame[known])))
        return _cell_table(key, frame)
    table = _item_table(key, frame)
    return table if exact else cells_of(table)


def _item_table(key: ColumnKey, frame: pd.DataFrame) -> ItemTable:
    if key.metric == WIN_RATE and key.judge:
        rows = frame.rename(columns={"system": "candidate", "value": "score"}).assign(n_games=1, n_invalid=0)
    else:
        rows = frame.assign(sample_index=0, signature="")
        if "statistics" not in rows:
            rows["statistics"] = None
    (table,) = item_tables(rows).values()
    return table


def _cell_table(key: ColumnKey, frame: pd.DataFrame) -> CellTable:
    systems, languages = sorted(set(frame["system"])), sorted(set(frame["language"]))
    rows = frame["system"].map({name: i for i, name in enumerate(systems)}).to_numpy()
    places = frame["language"].map({code: i for i, code in enumerate(languages)}).to_numpy()
    shape = (len(systems), len(languages))
    values, errors, noise, n = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    values[rows, places] = frame["value"].to_numpy(dtype=float)
    errors[rows, places] = frame["standard_error"].to_numpy(dtype=float)
    noise[rows, places] = frame["noise"].to_numpy(dtype=float)
    n[rows, places] = frame["n"].to_numpy(dtype=float)
    clusters, correlation, loading = (np.zeros(len(systems)) for _ in range(3))
    adjustment = np.ones(len(systems))
    np.maximum.at(clusters, rows, frame["n_clusters"].to_numpy(dtype=float))
    correlation[rows] = frame["correlation"].to_numpy(dtype=float)
    adjustment[rows] = frame["adjustment"].to_numpy(dtype=float)
    bounded = is_share(key.metric) and bool((np.nan_to_num(values) >= 0).all() and (np.nan_to_num(values) <= 1).all())
    return CellTable(
        tuple(systems), tuple(languages), values, errors, n, clusters, correlation, noise, adjustment, loading, bounded
    )


def _joined_cells(one: CellTable, other: CellTable) -> CellTable:
    """Return the cells of two tables that have no system in common."""
    systems = tuple(sorted({*one.systems, *other.systems}))
    languages = tuple(sorted({*one.languages, *other.languages}))
    shape = (len(systems), len(languages))
    values, errors, noise, n = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    clusters, correlation, loading = (np.zeros(len(systems)) for _ in range(3))
    adjustment = np.ones(len(systems))
    for table in (one, other):
        rows = [systems.index(name) for name in table.systems]
        block = np.ix_(rows, [languages.index(code) for code in table.languages])
        values[block], errors[block], noise[block], n[block] = table.values, table.errors, table.noise, table.n
        clusters[rows], correlation[rows] = table.clusters, table.correlation
        adjustment[rows], loading[rows] = table.adjustment, table.loading
    bounded = one.bounded and other.bounded
    return CellTable(systems, languages, values, errors, n, clusters, correlation, noise, adjustment, loading, bounded)


def _column(variant: _Variant, table: ItemTable | CellTable, board: BoardFile, siblings: Sequence[_Variant]) -> Column:
    key, (source, _) = variant.key, variant.members[0]
    card, facts = source.facts.tasks[key.task], source.facts.metrics[key.metric]
    scale = display_scale(key.metric)
    reason = may_publish(card, board)
    provenance: dict[str, str] = {}
    for member, _ in variant.members:
        provenance |= {code: each.value for code, each in member.facts.tasks[key.task].provenance.items()}
    identity = "|".join([*key, variant.signature, *([str(siblings.index(variant))] if len(siblings) > 1 else [])])
    dataset = card.dataset
    return Column(
        key=file_slug(identity),
        task=key.task,
        title=card.title,
        metric=key.metric,
        judge=key.judge,
        baseline=key.baseline,
        signature=variant.signature,
        table=table,
        difference=_difference(variant, siblings),
        unit=unit_label(scale),
        scale=scale,
        low=facts.low,
        high=facts.high,
        direction=facts.direction,
        provenance=provenance,
        licence=dataset.licence,
        dataset=f"{dataset.id}@{dataset.revision}",
        texts=not reason,
        texts_reason=reason,
    )


def _difference(variant: _Variant, siblings: Sequence[_Variant]) -> str:
    """Return in what a column differs from the others of its key, in words."""
    if len(siblings) < 2:
        return ""
    own = Signature.parse(variant.signature)
    others = [each for each in siblings if each is not variant]
    named = [
        f"{name} {own[name]}" if own[name] else name
        for name in own
        if any(Signature.parse(each.signature).get(name) != own[name] for each in others)
    ]
    for name, digest in sorted(variant.data.items()):
        if any(each.data.get(name, digest) != digest for each in others):
            named.append(f"data {name.rpartition('/')[2]} {digest[:8]}")
    if not named:
        named = [f"without {name}" for each in others for name in Signature.parse(each.signature) if name not in own]
    return "; ".join(named[:3]) or f"variant {list(siblings).index(variant) + 1}"


def _with_headlines(columns: Sequence[Column], board: BoardFile, cards: Mapping[str, TaskCard]) -> list[Column]:
    """Return the columns with those marked that enter the overall average: one of each task."""
    rule = board.average
    tasks = {column.task for column in columns}
    for kind, names in (("tasks", rule.tasks or ()), ("metrics", rule.metrics)):
        for name in names:
            if name not in tasks:
                raise DataError(
                    f"no run has the task {name!r}",
                    where=f"average.{kind} of the board file",
                    fix=f"the runs have {', '.join(sorted(tasks))}",
                )
    found = []
    for task in sorted(tasks):
        own = [column for column in columns if column.task == task]
        judges = sorted({column.judge for column in own if column.judge})
        judge = rule.judge if rule.judge in judges else (judges[0] if judges else "")
        wanted = rule.metrics.get(task) or (cards[task].metrics[0] if cards[task].metrics else WIN_RATE)
        ordered = sorted(
            own,
            key=lambda column: (
                column.metric != wanted,
                # The measurement that most systems share speaks for the task.
                bool(column.judge) and column.judge != judge,
                -len(column.systems),
                -_size(column),
                column.key,
            ),
        )
        chosen = ordered[0]
        in_average = rule.tasks is None or task in rule.tasks
        found += [replace(column, headline=in_average and column is chosen) for column in own]
    return sorted(found, key=lambda column: (column.task, not column.headline, column.metric, column.key))


def _size(column: Column) -> float:
    return column.table.n_values if isinstance(column.table, ItemTable) else float(column.table.n.sum())


def _system(name: str, sources: Sequence[Source], runs: set[str], board: BoardFile) -> SystemInfo:
    own = [source.facts for source in sources if source.facts.name in runs and name in source.facts.systems]
    entry = board.systems.get(name)
    said = [facts.systems[name] for facts in own]
    tokens = [each.tokens for each in said if each.tokens is not None]
    seconds = [each.seconds for each in said if each.seconds is not None]
    checked = [facts.verified for facts in own if facts.verified is not None]
    info = SystemInfo(
        name=name,
        title=next((each.title for each in said if each.title), ""),
        effort=", ".join(sorted({each.effort for each in said if each.effort})),
        tokens=sum(tokens) / len(tokens) if tokens else None,
        seconds=sum(seconds) / len(seconds) if seconds else None,
        verified=all(checked) if checked else None,
        runs=tuple(sorted(runs)),
    )
    if entry is None:
        return info
    claimed = () if entry.languages is None else tuple(each.code for each in select_languages(entry.languages))
    return replace(
        info,
        title=entry.title or info.title,
        organisation=entry.organisation,
        size=entry.size,
        licence=entry.licence,
        open_weights=entry.open_weights,
        languages=claimed,
        date=entry.date.isoformat() if entry.date else "",
        link=entry.link,
        family=entry.family,
        stage=entry.stage,
        effort=entry.effort or info.effort,
        price=entry.price,
    )


def _notes(sources: Sequence[Source], board: BoardFile, names: Sequence[str]) -> Iterator[str]:
    for source in sources:
        facts = source.facts
        if facts.missing:
            parts = count_of(len(facts.missing), "part of it is", "parts of it are")
            yield f"The run {facts.name} is not finished: {parts} missing."
        if facts.verified is False:
            yield f"The run {facts.name} is self-reported: {'; '.join(facts.reasons)}."
    unknown = sorted(set(board.systems) - set(names))
    if unknown:
        yield f"The board file names systems that no run has: {', '.join(unknown)}."


def task_cards(sources: Sequence[Source]) -> dict[str, TaskCard]:
    """Return the cards of all tasks; of a task that several sources have, the first one's."""
    found: dict[str, TaskCard] = {}
    for source in sources:
        for task, card in source.facts.tasks.items():
            found.setdefault(task, card)
    return found
