"""The games, ratings and lock entry of one judge of a run."""

from __future__ import annotations

from dataclasses import dataclass

from polyarena.harness.lock import LockedJudge, Pair
from polyarena.harness.lock.imported_judges import hidden_judges
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_shard
from polyarena.judges import Game, Rating
from polyarena.tasks.errors import ExperimentError, StoreError, UnknownNameError
from polyarena.tasks.suggest import unknown


@dataclass(frozen=True)
class GameChoice:
    """Which games of a judge are looked at.

    Attributes:
        task: All tasks if ``None``.
        systems: At least one of the two systems of a game is one of these; all if empty.
        languages: Codes; all if empty.
    """

    task: str | None = None
    systems: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def has(self, pair: Pair) -> bool:
        """Tell whether the games of a pair of cells are among them."""
        return (
            self.task in (None, pair.task)
            and (not self.systems or pair.candidate in self.systems or pair.baseline in self.systems)
            and (not self.languages or pair.language in self.languages)
        )

    def has_rating(self, rating: Rating) -> bool:
        """Tell whether a rating of a single answer is of one of these systems, tasks and languages."""
        return (
            self.task in (None, rating.task)
            and (not self.systems or rating.system in self.systems)
            and (not self.languages or rating.language in self.languages)
        )

    def check(self, pairs: list[Pair]) -> None:
        """Refuse names that no game of a judge has.

        Raises:
            UnknownNameError: With a did-you-mean.
            ExperimentError: Each name is there, and no game has all of them.
        """
        systems = {name for pair in pairs for name in (pair.candidate, pair.baseline)}
        for what, names, known in (
            ("task", [self.task] if self.task else [], {pair.task for pair in pairs}),
            ("system", self.systems, systems),
        ):
            for name in names:
                if name not in known:
                    raise unknown(what, name, known)
        if not any(self.has(pair) for pair in pairs):
            there = sorted({pair.language for pair in pairs})
            raise ExperimentError(
                "the judge has no game of this task, these systems and these languages",
                why=f"its games are in {', '.join(there[:12])}{', ...' if len(there) > 12 else ''}",
                fix="leave out --task, --systems or --languages",
            )


EVERY_GAME = GameChoice()


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


def games_of_judge(records: RunRecords, judge: str, choice: GameChoice = EVERY_GAME) -> list[Game]:
    """Return the stored games of a judge.

    Args:
        records: The run.
        judge: The judge.
        choice: Which of its games.

    Raises:
        UnknownNameError: The run has no such judge, or none of its games has a name of the choice.
        ExperimentError: No game suits the choice.
        StoreError: Nothing is stored.
    """
    entry_of_judge(records, judge)
    own = [pair for pair in records.pairs() if pair.judge == judge]
    if own and choice != EVERY_GAME:
        choice.check(own)
    games: list[Game] = []
    for pair in filter(choice.has, own):
        path = records.games_file(pair)
        if path.exists():
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
