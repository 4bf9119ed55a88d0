"""The games, ratings and lock entry of one judge of a run."""

from __future__ import annotations

from polyarena.harness.lock import LockedJudge
from polyarena.harness.lock.imported_judges import hidden_judges
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_shard
from polyarena.judges import Game, Rating
from polyarena.tasks.errors import StoreError, UnknownNameError
from polyarena.tasks.suggest import unknown


def entry_of_judge(records: RunRecords, judge: str) -> LockedJudge:
    """Return the lock entry of a judge.

    Raises:
        UnknownNameError: The run has no such judge, or an imported one that the experiment does not show.
    """
    judges = records.lock.judges
    if judge not in judges:
        hidden = hidden_judges(records.lock).get(judge)
        if hidden is not None:
            raise UnknownNameError(hidden, where=records.folder.path)
        raise unknown("judge", judge, judges, where=str(records.folder.path))
    return judges[judge]


def games_of_judge(records: RunRecords, judge: str) -> list[Game]:
    """Return all stored games of a judge.

    Raises:
        UnknownNameError: The run has no such judge.
        StoreError: Nothing is stored.
    """
    entry_of_judge(records, judge)
    games: list[Game] = []
    for pair in records.pairs():
        path = records.games_file(pair)
        if pair.judge == judge and path.exists():
            games += read_shard(path, Game)
    if not games:
        raise StoreError(f"no game of the judge {judge!r} is stored", where=records.folder.path, fix="run it first")
    return games


def ratings_of_judge(records: RunRecords, judge: str) -> list[Rating]:
    """Return the stored ratings of a judge, each once; empty if it rates no answer alone."""
    found: dict[tuple[object, ...], Rating] = {}
    for pair in records.pairs():
        path = records.ratings_file(pair)
        for each in read_shard(path, Rating) if pair[0] == judge and path.exists() else ():
            place = (each.task, each.language, each.item_id, each.system, each.sample_index, each.repeat)
            found.setdefault((*place, each.rater), each)
    return list(found.values())


def repeats_of_judge(records: RunRecords, judge: str) -> int:
    """Return how often the judge judges each order."""
    if judge in records.lock.imported:
        # What an import numbers may be samples or repeats; only equal answers can be compared.
        return 1
    return entry_of_judge(records, judge).repeats
