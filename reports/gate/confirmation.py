r"""Confirmation on items that were held back: what is significant must be found a second time, on other items.

The last source items of each task, in an order that depends on their names alone
(:func:`polyarena.reports.gate.sequential.judging_order`), are held back. They are the same for every run, and those
that a run with a ``limit`` has not asked yet: it may ask them once a check needs to be confirmed. The gate decides on
the other items. Each check that regressed *or improved* is then tested once more on the held-back items of both runs,
all of them: asking again only where something failed would make chance failures disappear and chance successes stay.

Both tests are of independent items. A model that did not change turns the gate red only if the first test, at the
family-wise level :math:`\alpha`, and the second, at :math:`\alpha` for the check, both err: at most :math:`\alpha^2`
for one check that is tested, and never more than :math:`\alpha` in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from polyarena.reports.gate.decision import Decision
from polyarena.reports.gate.sequential import judging_order
from polyarena.reports.gate.verdict import Status, Verdict

_Key = tuple[str, str, str, str | None, str, str]


def held_back_items(source_ids: Sequence[str], share: float) -> frozenset[str]:
    """Return the source items of a task that are held back: the last ones of the order in which items are judged.

    Args:
        source_ids: All of the task's.
        share: Between 0 and 1; rounded down to whole items.
    """
    order = judging_order(source_ids)
    return frozenset(order[len(order) - int(share * len(order)) :])


def confirm(decision: Decision, held_back: Decision) -> Decision:
    """Return a decision in which regressions and improvements that the held-back items do not show are inconclusive.

    A check without values on held-back items keeps its verdict: what cannot be confirmed must not disappear.

    Args:
        decision: On the items that were not held back.
        held_back: On the items that were, with the same settings.
    """
    known = {_key(each): each for each in held_back.verdicts}
    verdicts = [_confirmed(each, known.get(_key(each)), decision.settings.alpha) for each in decision.verdicts]
    return Decision((), decision.settings).with_verdicts(verdicts)


NOT_CONFIRMED = "not confirmed on held-back items"
"""Stands in the note of a verdict that lost its significance."""


def _key(verdict: Verdict) -> _Key:
    return verdict.level, verdict.task, verdict.metric, verdict.judge, verdict.grouping, verdict.group


def _confirmed(first: Verdict, second: Verdict | None, alpha: float) -> Verdict:
    if first.status not in (Status.REGRESSED, Status.IMPROVED):
        return first
    usable = second is not None and second.status != Status.INCOMPARABLE and second.difference is not None
    if second is None or not usable or second.p_value is None:
        return _noted(first, "there are no values of held-back items to confirm it")
    # One-sided, of a drop; a gain is significant where nearly every swap is worse.
    significant = second.p_value < alpha if first.status == Status.REGRESSED else second.p_value > 1 - alpha
    seen = f"{second.difference:+.1f} points on {second.n}"
    if significant:
        return _noted(first, f"confirmed on held-back items ({seen})")
    return replace(_noted(first, f"{first.status}, but {NOT_CONFIRMED} ({seen})"), status=Status.INCONCLUSIVE.value)


def _noted(verdict: Verdict, note: str) -> Verdict:
    return replace(verdict, note="; ".join(each for each in (verdict.note, note) if each))
