"""Agreement of a run's judges with people and with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from polyarena.harness.auditing.judges import EVERY_GAME, GameChoice, entry_of_judge, games_of_judge
from polyarena.harness.results import RunRecords
from polyarena.judges import collapse
from polyarena.judges.panels import PanelRule
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.judge_card.agreement import agreement_with_people
from polyarena.reports.judge_card.panel import leave_one_out, member_agreement
from polyarena.reports.stats import correct_by_humans
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.records import to_table
from polyarena.tasks.suggest import closest

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.judges import Game
    from polyarena.reports.judge_card.agreement import AgreementTable
    from polyarena.reports.judge_card.panel import LeaveOneOut, MemberAgreement


def run_agreement(records: RunRecords, judge: str, people: str, choice: GameChoice = EVERY_GAME) -> AgreementTable:
    """Compare a judge of a run with votes that were imported into it.

    Args:
        records: The run.
        judge: The judge.
        people: The judge as which the votes were imported.
        choice: Of which games; all by default.

    Raises:
        UnknownNameError: The run has no such judge, or the choice names something that is not there.
        ExperimentError: The two are the same, the second one was not imported, or no game suits the choice.
        StoreError: Nothing of one is stored.
        DataError: They have no item in common.
    """
    _require_votes(records, judge, people)
    statistics = records.lock.settings.statistics
    return agreement_with_people(
        games_of_judge(records, judge, choice),
        games_of_judge(records, people, choice),
        confidence=statistics.confidence,
        seed=statistics.seed,
    )


def corrected_win_rates(records: RunRecords, judge: str, people: str) -> pd.DataFrame:
    """Correct the win rates of a judge of a run by votes that were imported into it.

    The votes must be on items drawn at random from those that the judge judged. Several votes on one item are averaged
    first; votes on items or systems that the judge did not judge are left out.

    Args:
        records: The run.
        judge: The judge.
        people: The judge as which the votes were imported.

    Returns:
        As :func:`polyarena.reports.stats.correct_by_humans`: one row for each task, comparison and group of languages.

    Raises:
        UnknownNameError: The run has no such judge.
        ExperimentError: The two are the same, or the second one was not imported.
        StoreError: Nothing of one is stored.
        DataError: They have no item in common.
    """
    from polyarena.harness.reporting.run_statistics import run_statistics

    _require_votes(records, judge, people)
    games_of_judge(records, judge)
    votes: defaultdict[frozenset[str], list[Game]] = defaultdict(list)
    for vote in games_of_judge(records, people):
        votes[frozenset((vote.system_a, vote.system_b))].append(vote)
    battles = records.collapse_games()
    battles = battles[battles["judge"] == judge]
    pairs = battles[["candidate", "baseline"]].drop_duplicates().itertuples(index=False, name=None)
    by_people = [
        label
        for candidate, baseline in pairs
        for label in collapse(votes[frozenset((candidate, baseline))], candidate, baseline)
        if label.score is not None
    ]
    labels: pd.DataFrame = to_table(by_people, BATTLE_SCHEMA).to_pandas()
    item = ["task", "language", "item_id", "candidate", "baseline"]
    labels = labels[pd.MultiIndex.from_frame(labels[item]).isin(pd.MultiIndex.from_frame(battles[item]))]
    if labels.empty:
        raise DataError(
            f"{judge} and {people} have no item in common",
            where=records.folder.path,
            fix="compare systems, languages and item ids of the two",
        )
    statistics = run_statistics(records.lock)
    return correct_by_humans(
        battles, labels, confidence=statistics.bootstrap["confidence"], groupings=statistics.groupings
    )


def _require_votes(records: RunRecords, judge: str, people: str) -> None:
    """Refuse names that are not a judge and imported votes."""
    if judge == people:
        raise ExperimentError(f"{judge!r} cannot be compared with itself", fix="name the judge, then the people")
    entry_of_judge(records, judge)
    judges = records.lock.judges
    if people not in judges and not records.lock.imported and not closest(people, judges):
        raise ExperimentError(
            f"no votes of {people!r} have been imported into this run",
            where=records.folder.path,
            fix=f"import them with `polyarena import votes FILE -o {records.folder.path}`",
        )
    entry_of_judge(records, people)
    if people not in records.lock.imported:
        raise ExperimentError(
            f"{people!r} is no votes of people: it judged in this run",
            why="its games in two orders are not the votes of two people",
            fix=f"name imported votes, or compare the two judges by `polyarena judge panel RUN {judge} {people}`",
        )


def run_panel(
    records: RunRecords, panel: str | None, judges: Sequence[str] = (), rule: PanelRule = PanelRule.MAJORITY
) -> tuple[tuple[MemberAgreement, ...], tuple[LeaveOneOut, ...]]:
    """Compare the members of a panel, and leave each of them out.

    Args:
        records: The run.
        panel: A panel of the experiment; ``None`` for a panel of ``judges``.
        judges: Two or more judges of the run.
        rule: Of a panel of ``judges``; a panel of the experiment has its own.

    Raises:
        UnknownNameError: The run has no such judge.
        ExperimentError: The name is no panel's, or there are fewer than two judges.
        StoreError: Nothing of one is stored.
        DataError: They have no item in common.
    """
    if panel is not None:
        entry = entry_of_judge(records, panel)
        if entry.rule is None:
            raise ExperimentError(f"{panel!r} is no panel but a judge", fix="name two judges or more, or a panel")
        judges, rule = entry.members, entry.rule
    if len(set(judges)) < 2:
        raise ExperimentError("a panel has two judges or more", fix="name the panel, or several judges")
    members = {judge: games_of_judge(records, judge) for judge in judges}
    baselines = {}
    for _, candidate, baseline, task, _ in records.pairs():
        first, second = sorted((candidate, baseline))
        baselines[task, first, second] = baseline
    return member_agreement(members), leave_one_out(members, rule, baselines)
