"""Which pairs of systems need no more games: the anytime-valid decisions of ``stop_when``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from polyarena.harness.experiment.games import StopRule
from polyarena.harness.experiment.opponents import Opposed
from polyarena.harness.gate.gate_file import load_gate_file
from polyarena.harness.gate.judged_checks import settled_tasks
from polyarena.harness.planning import Plan
from polyarena.harness.planning.allocation import Allocation
from polyarena.harness.results import open_run
from polyarena.harness.store import read_shard
from polyarena.judges import Game, collapse
from polyarena.reports.stats.outcome import Outcome
from polyarena.reports.stats.sequential import Stop, stop_early
from polyarena.tasks.subsample import hash_rank

Scores = Mapping[str, Mapping[str, float]]
"""By source item, the score in each language."""


def decided_pairs(plan: Plan, rule: StopRule, allocation: Allocation) -> dict[tuple[str, Opposed], str]:
    """Return what was decided of each pair of systems that needs no more games, by task and pair.

    Args:
        plan: Of the run; all games that are allocated have been judged.
        rule: When a pair is decided.
        allocation: What has been judged.

    Raises:
        PolyarenaError: The gate's baseline or gate file cannot be read or used.
    """
    if rule.baseline is not None:
        return _decided_by_gate(plan, rule, allocation)
    found = {}
    for task in allocation.tasks:
        for pair in allocation.items(task):
            stops = [stop for judge in plan.judges for stop in _stops(_scores(plan, judge.spec.name, task, pair), rule)]
            if stops and all(stop.outcome is not Outcome.INCONCLUSIVE for stop in stops):
                found[task, pair] = "; ".join(dict.fromkeys(map(_said, stops)))
    return found


def _said(stop: Stop) -> str:
    low, high = 100 * stop.low, 100 * stop.high
    return f"{stop.outcome.value} after {stop.n} source items: {low:.1f} to {high:.1f}%"


def _stops(scores: Scores, rule: StopRule) -> Iterator[Stop]:
    """Yield the state of each question that a judge must answer about a pair; none before there is a score."""
    languages = sorted({language for each in scores.values() for language in each})
    # The order in which items are added, which depends on their names alone.
    ordered = sorted(scores, key=hash_rank)
    streams = [[sum(scores[item].values()) / len(scores[item]) for item in ordered]]
    if rule.scope == "languages":
        streams += [[scores[item][code] for item in ordered if code in scores[item]] for code in languages]
    confidence = 1 - (1 - rule.confidence) / len(streams)
    for values in streams:
        if values:
            yield stop_early(values, confidence=confidence, least=min(rule.first, len(values)))


def _scores(plan: Plan, judge: str, task: str, pair: Opposed) -> Scores:
    """Return the scores of a pair's battles; games without a valid verdict have none."""
    found: dict[str, dict[str, float]] = {}
    for language in plan.task(task).languages:
        path = plan.folder.games(judge, *pair, task, language)
        if path.exists():
            for battle in collapse(read_shard(path, Game), *pair):
                if battle.score is not None:
                    found.setdefault(battle.source_id, {})[language] = battle.score
    return found


def _decided_by_gate(plan: Plan, rule: StopRule, allocation: Allocation) -> dict[tuple[str, Opposed], str]:
    assert rule.baseline is not None
    base = plan.experiment.base
    gate = load_gate_file(None if rule.gate is None else base / rule.gate)
    system, settled = settled_tasks(open_run(plan.folder), base / Path(rule.baseline), gate)
    return {
        (task, pair): settled[task]
        for task in allocation.tasks
        for pair in allocation.items(task)
        if pair[0] == system and task in settled
    }
