"""From paired items to verdicts, and from verdicts to one answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from polyarena.reports.gate.hypotheses import Hypothesis, hypotheses
from polyarena.reports.gate.intervals import (
    Bounds,
    detectable_drop,
    detectable_mean_drop,
    paired_bounds,
    possible_ends,
)
from polyarena.reports.gate.pairs import ItemDifferences
from polyarena.reports.gate.settings import Action, GateSettings, Level
from polyarena.reports.gate.testing import TIE, Contributions, JointTest, sign_flip_tests
from polyarena.reports.gate.verdict import Status, Verdict
from polyarena.reports.stats.groupings import Groupings
from polyarena.reports.stats.multiplicity import adjust
from polyarena.reports.stats.resampling import Floats

NARROWEST = 1_000_000
"""Items beyond which a number of items to ask is not worth printing."""


@dataclass(frozen=True)
class Decision:
    """All verdicts, worst first, and the settings that they were made with."""

    verdicts: tuple[Verdict, ...]
    settings: GateSettings

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """What turns the gate red: regressions and missing cells at levels that fail."""
        wrong = (Status.REGRESSED, Status.MISSING)
        return tuple(each for each in self.verdicts if each.action == Action.FAIL and each.status in wrong)

    @property
    def incomparable(self) -> tuple[Verdict, ...]:
        """What could not be compared."""
        return tuple(each for each in self.verdicts if each.status == Status.INCOMPARABLE)

    @property
    def warnings(self) -> tuple[Verdict, ...]:
        """Regressions and missing cells that are only reported."""
        wrong = (Status.REGRESSED, Status.MISSING)
        return tuple(each for each in self.verdicts if each.action == Action.WARN and each.status in wrong)

    @property
    def inconclusive(self) -> tuple[Verdict, ...]:
        """What neither regressed nor was shown not to."""
        return tuple(each for each in self.verdicts if each.status == Status.INCONCLUSIVE)

    def with_verdicts(self, added: Iterable[Verdict]) -> Decision:
        """Return the decision with further verdicts, worst first."""
        return Decision(tuple(sorted([*self.verdicts, *added], key=_badness)), self.settings)

    def counts(self) -> dict[str, int]:
        """Return how many verdicts have each status."""
        return {status.value: sum(each.status == status for each in self.verdicts) for status in Status}


def decide(
    pairs: Sequence[ItemDifferences],
    settings: GateSettings | None = None,
    *,
    groupings: Groupings | None = None,
    suites: Mapping[str, Sequence[str]] | None = None,
    primary: Mapping[str, str] | None = None,
) -> Decision:
    """Decide every cell and average.

    What fails the gate and what only warns are two families of hypotheses, each tested at the level ``alpha``.

    Args:
        pairs: From :func:`polyarena.reports.gate.pairs.pair_items`.
        settings: How strictly; the defaults if left out.
        groupings: Levels and groups of languages that are averaged; none if left out.
        suites: Tasks of each suite.
        primary: The metric by which each task enters averages over tasks.
    """
    chosen = settings or GateSettings()
    found = hypotheses(pairs, chosen, groupings=groupings or {}, suites=suites, primary=primary)
    verdicts: list[Verdict] = []
    for action in (Action.FAIL, Action.WARN):
        tested = [each for each in found if each.action is action]
        verdicts += _family(pairs, tested, action, chosen)
    verdicts += [missing_verdict(pair.task, pair.metric, pair.judge, code) for pair in pairs for code in pair.missing]
    verdicts += _without_values(pairs, chosen.action(Level.CELL))
    return Decision((), chosen).with_verdicts(verdicts)


def _family(
    pairs: Sequence[ItemDifferences], tested: Sequence[Hypothesis], action: Action, settings: GateSettings
) -> list[Verdict]:
    """Test the hypotheses of one action together."""
    if not tested:
        return []
    parts = [pair.contributions() for pair in pairs]
    vectors = [_vectors(parts, hypothesis) for hypothesis in tested]
    mixed = len({each.level is Level.CELL for each in tested}) == 2
    weights = np.array([settings.average_weight if mixed and each.level is not Level.CELL else 1.0 for each in tested])
    blocks = [block for place in range(len(pairs)) if (block := _block(pairs[place], place, vectors)) is not None]
    signs = [
        block for place in range(len(pairs)) if (block := _signs(pairs[place], place, tested, vectors)) is not None
    ]
    outcome = sign_flip_tests(
        blocks, weights, alpha=settings.alpha, rounds=settings.rounds, seed=settings.seed, second=signs
    )
    adjusted, critical, gain = outcome.adjusted, outcome.critical, outcome.gain
    if settings.control == "fdr":
        adjusted = np.array(adjust(outcome.p.tolist(), "benjamini-yekutieli"))
        rejected = outcome.p[adjusted < settings.alpha]
        level = float(rejected.max()) if len(rejected) else settings.alpha / len(tested)
        critical, gain = np.full(len(tested), float(ndtri(1 - level))), -outcome.z
    found = []
    for i, hypothesis in enumerate(tested):
        one = JointTest(*(each[i : i + 1] for each in (outcome.z, gain, outcome.p, adjusted, critical)))
        found.append(_verdict(pairs, hypothesis, vectors[i], one, action, settings))
    return found


def _vectors(parts: Sequence[Floats], hypothesis: Hypothesis) -> dict[int, Floats]:
    """Return the contribution of each cluster to a hypothesis, by block."""
    return {
        place: parts[place][:, list(shares)] @ np.array(list(shares.values()))
        for place, shares in hypothesis.parts.items()
    }


def _block(pair: ItemDifferences, place: int, vectors: Sequence[Mapping[int, Floats]]) -> Contributions | None:
    columns = [i for i, each in enumerate(vectors) if place in each]
    if not columns or not pair.clusters:
        return None
    values = np.stack([vectors[i][place] for i in columns], axis=1)
    return Contributions(pair.clusters, values, np.array(columns, dtype=np.int64))


def _signs(
    pair: ItemDifferences, place: int, tested: Sequence[Hypothesis], vectors: Sequence[Mapping[int, Floats]]
) -> Contributions | None:
    """Return the signs of the contributions to single languages in which differences are of several sizes."""
    if pair.corpus or not pair.clusters:
        return None
    columns, signs = [], []
    for i, (hypothesis, of_blocks) in enumerate(zip(tested, vectors, strict=True)):
        if hypothesis.level is Level.CELL and place in of_blocks:
            sizes = np.abs(of_blocks[place])
            sizes = sizes[sizes > 0]
            if len(sizes) and sizes.max() - sizes.min() > TIE * sizes.max():
                columns.append(i)
                signs.append(np.sign(of_blocks[place]))
    return Contributions(pair.clusters, np.stack(signs, axis=1), np.array(columns)) if columns else None


def _verdict(
    pairs: Sequence[ItemDifferences],
    hypothesis: Hypothesis,
    vectors: Mapping[int, Floats],
    tested: JointTest,
    action: Action,
    settings: GateSettings,
) -> Verdict:
    level = hypothesis.level
    metrics = {pairs[place].metric for place in hypothesis.parts}
    metric = metrics.pop() if len(metrics) == 1 else ""
    floor, margin = settings.floor_of(level, metric), settings.margin_of(metric)
    flat = np.concatenate(list(vectors.values()))
    present = sum(
        int(np.count_nonzero(pairs[place].counts[:, list(shares)].any(axis=1)))
        for place, shares in hypothesis.parts.items()
    )
    difference = float(flat.sum())
    bounds = paired_bounds(flat, present, settings.alpha, least=_one_item(pairs, hypothesis))
    columns = [(pairs[place], i, w) for place, shares in hypothesis.parts.items() for i, w in shares.items()]
    n = sum(int(pair.counts[:, i].sum()) for pair, i, _ in columns)
    unknown = sum(int(pair.unknown[i]) for pair, i, _ in columns)
    expected = sum(int(pair.expected[i]) for pair, i, _ in columns)
    p, adjusted, critical = float(tested.p[0]), float(tested.adjusted[0]), float(tested.critical[0])
    status = _status(difference, bounds, float(tested.gain[0]), adjusted, critical, (floor, margin), settings)
    notes = []
    if unknown > settings.max_unknown * expected:
        notes.append(f"{unknown} of {expected} items have no value on one side")
        if status in (Status.OK, Status.REGRESSED, Status.IMPROVED):
            status = Status.INCONCLUSIVE
    if n < settings.min_paired * expected:
        notes.append(f"only {n} of {expected} items are paired")
        status = Status.INCOMPARABLE
    units = {(pair.metric, pair.judge) for pair, _, _ in columns}
    one = len(units) == 1
    single = level is Level.CELL and bool(columns[0][0].single[columns[0][1]])
    discordance = float(np.count_nonzero(flat) / present) if present else None
    reach = math.fsum(abs(w) * pair.reach for pair, _, w in columns)
    low, high = possible_ends(bounds, difference, reach)
    detectable = _detectable(discordance, difference, present, bounds, critical, floor, single, settings)
    verdict = Verdict(
        level=level.value,
        task=columns[0][0].task if len(hypothesis.parts) == 1 else "",
        metric=columns[0][0].metric if one else "",
        judge=columns[0][0].judge if one else None,
        grouping=hypothesis.grouping,
        group=hypothesis.group,
        status=status.value,
        action=action.value,
        baseline=math.fsum(w * float(pair.baseline[i]) for pair, i, w in columns) if one else None,
        candidate=math.fsum(w * float(pair.candidate[i]) for pair, i, w in columns) if one else None,
        difference=difference,
        low=low,
        high=high,
        p_value=p,
        p_adjusted=adjusted,
        discordance=discordance,
        detectable=None if detectable is None or detectable > reach else detectable,
        n=n,
        n_clusters=present,
        n_unknown=unknown,
        n_needed=None,
        note="; ".join(notes),
    )
    return (
        replace(verdict, n_needed=_needed(verdict, bounds, margin, n / len(columns), settings))
        if status is Status.INCONCLUSIVE
        else verdict
    )


def _status(
    difference: float,
    bounds: Bounds,
    gain: float,
    adjusted: float,
    critical: float,
    limits: tuple[float, float],
    settings: GateSettings,
) -> Status:
    floor, margin = limits
    if adjusted < settings.alpha and difference <= -floor:
        return Status.REGRESSED
    # Signs are symmetric: what is critical for a drop is critical for a gain. A Z that equals it is not rejected.
    if gain > critical + TIE and difference >= floor:
        return Status.IMPROVED
    return Status.OK if bounds.low > -margin else Status.INCONCLUSIVE


def _one_item(pairs: Sequence[ItemDifferences], hypothesis: Hypothesis) -> float:
    """Return what one item that changes wholly would add, in points, in the column where it would add most."""
    return max(
        100 * w / max(1.0, float(pairs[place].counts[:, i].sum()))
        for place, shares in hypothesis.parts.items()
        for i, w in shares.items()
    )


def _detectable(
    discordance: float | None,
    difference: float,
    n: int,
    bounds: Bounds,
    critical: float,
    floor: float,
    single: bool,
    settings: GateSettings,
) -> float | None:
    """Return the smallest drop in points that such items would show; ``None`` if there is none."""
    if discordance is None or n == 0:
        return None
    known = critical if math.isfinite(critical) else float(ndtri(1 - settings.alpha))
    if single:
        # What flips by chance flips both ways; where nothing did, that is still not nothing.
        share = max(discordance - abs(difference) / 100, 1 / (n + 2))
        drop = detectable_drop(settings.power, share, n, known, floor / 100)
        return None if drop is None else 100 * drop
    return detectable_mean_drop(settings.power, math.sqrt(bounds.variance / n), known, floor)


def _needed(verdict: Verdict, bounds: Bounds, margin: float, items: float, settings: GateSettings) -> int | None:
    """Return the items a language that would settle a verdict, if the difference and its spread stayed as they are.

    ``items`` are those that a language has now, in each task. Clusters and items grow by the same factor.
    """
    if verdict.difference is None or not verdict.n_clusters:
        return None
    distance = margin + verdict.difference
    if distance <= 0:
        distance = -verdict.difference
    if distance <= 0 or bounds.variance <= 0:
        return None
    needed = math.ceil(float(ndtri(1 - settings.alpha)) ** 2 * bounds.variance / distance**2)
    needed = math.ceil(items * max(needed, verdict.n_clusters + 1) / verdict.n_clusters - 1e-9)
    return needed if needed <= NARROWEST else None


def missing_verdict(task: str, metric: str, judge: str | None, language: str, *, note: str = "") -> Verdict:
    """Return the verdict on a cell that the candidate lacks; it fails the gate whatever the level's action.

    Args:
        task: Name of the task.
        metric: Name of the metric.
        judge: Name of the judge; ``None`` for scores.
        language: ``lang_Script``.
        note: Why it lacks the cell, if that is known.
    """
    return _without_numbers(Status.MISSING, task, metric, judge, language, note or "the candidate has no such cell")


def incomparable_verdict(task: str, metric: str, judge: str | None, language: str, *, note: str) -> Verdict:
    """Return the verdict on a cell that was asked or scored in another way; ``note`` says in what.

    Args:
        task: Name of the task.
        metric: Name of the metric.
        judge: Name of the judge; ``None`` for scores.
        language: ``lang_Script``.
        note: In what the two differ.
    """
    return _without_numbers(Status.INCOMPARABLE, task, metric, judge, language, note)


def _without_numbers(status: Status, task: str, metric: str, judge: str | None, language: str, note: str) -> Verdict:
    nothing = dict.fromkeys(
        ("baseline", "candidate", "difference", "low", "high", "p_value", "p_adjusted", "discordance", "detectable")
    )
    return Verdict(
        level=Level.CELL.value,
        task=task,
        metric=metric,
        judge=judge,
        grouping="",
        group=language,
        status=status.value,
        action=Action.FAIL.value,
        n=0,
        n_clusters=0,
        n_unknown=0,
        n_needed=None,
        note=note,
        **nothing,
    )


def _without_values(pairs: Sequence[ItemDifferences], action: Action) -> list[Verdict]:
    """Return the verdicts on cells of which no item has a value on both sides: they must not go unseen."""
    found = []
    for pair in pairs if action is not Action.OFF else ():
        for i, code in enumerate(pair.languages):
            if pair.counts[:, i].sum() == 0:
                note = f"none of {int(pair.expected[i])} items has a value on both sides"
                empty = _without_numbers(Status.INCONCLUSIVE, pair.task, pair.metric, pair.judge, code, note)
                found.append(replace(empty, action=action.value, n_unknown=int(pair.unknown[i])))
    return found


_ORDER = {status: place for place, status in enumerate(Status)}
_LEVELS = {level: place for place, level in enumerate(Level)}


def _badness(verdict: Verdict) -> tuple[float | str, ...]:
    """Sort worst first: by status, by whether it fails, by level, then by the size of the drop."""
    difference = verdict.difference if verdict.difference is not None else 0.0
    return (
        _ORDER[Status(verdict.status)],
        verdict.action != Action.FAIL,
        _LEVELS[Level(verdict.level)],
        difference,
        verdict.task,
        verdict.metric,
        verdict.group,
    )
