"""Judges of a run beside people and beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.harness.auditing.judges import entry_of_judge, games_of_judge
from polyarena.harness.results import RunRecords
from polyarena.judges.panels import PanelRule
from polyarena.tasks.errors import ExperimentError

if TYPE_CHECKING:
    from polyarena.reports.judge_card.agreement import AgreementTable
    from polyarena.reports.judge_card.panel import LeaveOneOut, MemberAgreement


def run_agreement(records: RunRecords, judge: str, people: str) -> AgreementTable:
    """Compare a judge of a run with votes that were imported into it.

    Args:
        records: The run.
        judge: The judge.
        people: The judge as which the votes were imported.

    Raises:
        UnknownNameError: The run has no such judge.
        ExperimentError: The two are the same, or the second one was not imported.
        StoreError: Nothing of one is stored.
        DataError: They have no item in common.
    """
    from polyarena.reports.judge_card.agreement import agreement_with_people

    if judge == people:
        raise ExperimentError(f"{judge!r} cannot be compared with itself", fix="name the judge, then the people")
    for name in (judge, people):
        entry_of_judge(records, name)
    if people not in records.lock.imported:
        raise ExperimentError(
            f"{people!r} is no votes of people: it judged in this run",
            why="its games in two orders are not the votes of two people",
            fix=f"name imported votes, or compare the two judges by `polyarena judge panel RUN {judge} {people}`",
        )
    statistics = records.lock.settings.statistics
    return agreement_with_people(
        games_of_judge(records, judge),
        games_of_judge(records, people),
        confidence=statistics.confidence,
        seed=statistics.seed,
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
    from polyarena.reports.judge_card.panel import leave_one_out, member_agreement

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
