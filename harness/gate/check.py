"""Checks a candidate against a baseline: which cells are comparable, the decision, and allowed regressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyarena.harness.gate.gate_file import AllowEntry, GateFile
from polyarena.harness.gate.item_values import ItemValues, run_values, selected
from polyarena.harness.gate.reference import read_reference
from polyarena.harness.lock import Lock
from polyarena.harness.lock.differences import Aspect, Difference, differences
from polyarena.harness.results import RunRecords, open_run
from polyarena.reports.gate.calibration import predicted_power
from polyarena.reports.gate.decision import Decision, decide, incomparable_verdict
from polyarena.reports.gate.pairs import ItemDifferences, pair_items
from polyarena.reports.gate.result import Allowed, Example, GateResult, Outcome
from polyarena.reports.gate.sequential import decide_sequentially
from polyarena.reports.gate.settings import Action, Level
from polyarena.reports.gate.verdict import Status, Verdict
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.languages import select_languages

if TYPE_CHECKING:
    import pandas as pd

WORST = 3
"""Cells that show example items."""
EXAMPLES = 3
"""Items that each of them shows."""


@dataclass(frozen=True)
class _Sides:
    """Both sides of a check, and what the reference file knows."""

    baseline: ItemValues
    candidate: ItemValues
    records: RunRecords
    baseline_records: RunRecords | None = None
    discordance: Mapping[str, float] = field(default_factory=dict)
    false_alarms: float | None = None

    def hides(self, task: str) -> bool:
        """Return whether either side marks the task's texts as harmful."""
        locks = (self.baseline.lock, self.candidate.lock)
        return any(task in lock.tasks and lock.tasks[task].card.harmful for lock in locks)


def check(
    baseline: Path,
    candidate: Path,
    gate: GateFile | None = None,
    *,
    system: str | None = None,
    baseline_system: str | None = None,
    today: date | None = None,
) -> GateResult:
    """Check a candidate against a baseline.

    Args:
        baseline: A run folder or a reference file.
        candidate: A run folder.
        gate: What is checked; the defaults if left out.
        system: Which system of the candidate; may be left out where there is one.
        baseline_system: Which of the baseline.
        today: For entries that expire; the day in UTC if left out.

    Raises:
        PolyarenaError: A folder or file cannot be read, a name does not exist, an allow-list entry has expired, or
            the two have nothing in common.
    """
    chosen = gate or GateFile()
    _refuse_expired(chosen.allow, today or datetime.now(UTC).date())
    if system is None and chosen.systems is not None:
        system, baseline_system = chosen.systems.candidate, chosen.systems.baseline
    sides = _sides(baseline, candidate, chosen, system, baseline_system)
    obstacles = _obstacles(sides, chosen)
    old, new = (_comparable(side.frame, obstacles) for side in (sides.baseline, sides.candidate))
    if chosen.comparison == "direct":
        old, new = _direct(old, new)
    pairs = pair_items(old, new, {**sides.baseline.scales, **sides.candidate.scales}) if len(old) else []
    # A metric without a value in the candidate at all is missing, cell by cell; `pair_items` says so.
    decision = decide(
        pairs,
        chosen.settings(),
        groupings=chosen.grouped(),
        suites=_suites(sides.candidate.lock),
        primary=_primary(sides.candidate.lock),
    )
    decision = _with_incomparable(decision, sides.baseline.frame, obstacles)
    if chosen.on_missing == "warn":
        decision = _relaxed(decision)
    if not decision.verdicts:
        raise DataError(
            "the two runs have nothing in common to check",
            where=f"{baseline} and {candidate}",
            fix="check runs of the same tasks and languages",
        )
    return _result(sides, decision, chosen, pairs)


def _sides(baseline: Path, candidate: Path, gate: GateFile, system: str | None, baseline_system: str | None) -> _Sides:
    records = open_run(_folder(candidate))
    false_alarms, discordance, old_records = None, {}, None
    if baseline.is_file():
        reference = read_reference(baseline)
        old, false_alarms, discordance = reference.values, reference.false_alarms, dict(reference.discordance)
        old = replace(old, frame=selected(old.frame, gate))
    else:
        old_records = open_run(_folder(baseline))
        name = baseline_system
        if name is None and system in [spec.name for spec in old_records.lock.settings.systems]:
            name = system
        old = run_values(old_records, name, gate)
    against = old.system if gate.comparison == "direct" else None
    new = run_values(records, system, gate, against=against)
    return _Sides(old, new, records, old_records, discordance, false_alarms)


def _folder(path: Path) -> Path:
    if path.is_dir() and not (path / "lock.json").exists():
        raise DataError(
            "this is not a run folder",
            where=path,
            why="it has no lock.json",
            fix="results of another tool are imported first: polyarena import lm-eval FOLDER -o runs/NAME",
        )
    return path


_OF_THE_SYSTEM = {
    Aspect.SYSTEM_PROMPT: "system prompt",
    Aspect.CHAT_TEMPLATE: "chat template",
    Aspect.DECODING: "decoding",
}
"""Differences of the two systems that change what is measured, unless the gate file allows them."""


def _obstacles(sides: _Sides, gate: GateFile) -> dict[tuple[str, str], str]:
    """Return, by task and judge (empty for scores), why it cannot be compared."""
    ours, theirs = _renamed(sides.candidate, sides.baseline.system), sides.baseline.lock
    found = differences(ours, theirs)
    judges = {str(judge) for judge in sides.baseline.frame["judge"].dropna().unique()}
    obstacles: dict[tuple[str, str], str] = {}
    other_items = {each.name for each in found if each.aspect is Aspect.ITEMS}
    for task in found.shared_tasks:
        of_system = [
            str(each)
            for each in found
            if each.aspect in _OF_THE_SYSTEM
            and each.name == sides.baseline.system
            and _OF_THE_SYSTEM[each.aspect] not in gate.allow_differences
            and (each.aspect is not Aspect.DECODING or each.field.startswith(f"{task}: "))
        ]
        for judge in ("", *sorted(judges)):
            of_task = [str(each) for each in found.obstacles(task, judge or None) if not _only_items(each, other_items)]
            reasons = of_task + of_system
            if reasons:
                obstacles[task, judge] = "; ".join(dict.fromkeys(reasons))
    return obstacles


def _only_items(difference: Difference, other_items: AbstractSet[str]) -> bool:
    """Return whether a difference is that of the numbers of items; those that both have are paired, too few refused.

    The cells of the baseline of games have other keys for that reason alone.
    """
    cells = {f"{Aspect.MODEL.value} cells of {task}" for task in other_items}
    return difference.aspect is Aspect.ITEMS or (difference.aspect is Aspect.BASELINE and difference.field in cells)


def _renamed(candidate: ItemValues, name: str) -> Lock:
    """Return the candidate's lock with its system under the name that the baseline has, so that the two are matched."""
    if candidate.system == name:
        return candidate.lock
    lock, old = candidate.lock, candidate.system
    systems = tuple(
        spec.model_copy(update={"name": name}) if spec.name == old else spec
        for spec in lock.settings.systems
        if spec.name != name
    )
    settings = lock.settings.model_copy(update={"systems": systems})
    tasks = {
        task: entry.model_copy(
            update={
                "sampling": {(name if key == old else key): each for key, each in entry.sampling.items() if key != name}
            }
        )
        for task, entry in lock.tasks.items()
    }
    return lock.model_copy(
        update={"experiment": lock.experiment.model_copy(update={"resolved": settings}), "tasks": tasks}
    )


def _comparable(frame: pd.DataFrame, obstacles: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    keys = zip(frame["task"], frame["judge"].where(frame["judge"].notna(), ""), strict=True)
    return frame[[key not in obstacles for key in keys]]


def _direct(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return win rates of the candidate against the old system, which has one half against itself."""
    games = new[new["metric"] == "win_rate"]
    level = games.assign(value=games["value"].where(games["value"].isna(), 0.5))
    return _joined([old[old["metric"] != "win_rate"], level]), new


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(frames, ignore_index=True)


def _suites(lock: Lock) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, task in lock.tasks.items():
        if task.suite:
            found.setdefault(task.suite, []).append(name)
    return found


def _primary(lock: Lock) -> dict[str, str]:
    """Return the metric by which each task enters averages over tasks: the win rate, or the card's first metric."""
    return {name: task.card.metrics[0] if task.card.metrics else "win_rate" for name, task in lock.tasks.items()}


def _with_incomparable(
    decision: Decision, baseline: pd.DataFrame, obstacles: Mapping[tuple[str, str], str]
) -> Decision:
    named = baseline.assign(judge=baseline["judge"].where(baseline["judge"].notna(), ""))
    cells = named[["task", "metric", "judge", "language"]].drop_duplicates()
    added = [
        incomparable_verdict(task, metric, judge or None, language, note=obstacles[task, judge])
        for task, metric, judge, language in cells.itertuples(index=False, name=None)
        if (task, judge) in obstacles
    ]
    return decision.with_verdicts(added)


def _relaxed(decision: Decision) -> Decision:
    """Return a decision in which missing cells only warn."""
    verdicts = [
        replace(each, action=Action.WARN.value) if each.status == Status.MISSING else each for each in decision.verdicts
    ]
    return Decision((), decision.settings).with_verdicts(verdicts)


def _refuse_expired(entries: Sequence[AllowEntry], today: date) -> None:
    expired = [each for each in entries if each.until < today]
    if expired:
        raise ExperimentError(
            f"{len(expired)} entries of `allow` have expired",
            where="the gate file",
            why="; ".join(f"{each.reason} (until {each.until.isoformat()})" for each in expired),
            fix="remove them, or give them a later date and a reason that still holds",
        )


def _allowed(verdicts: Sequence[Verdict], entries: Sequence[AllowEntry]) -> Iterator[Allowed]:
    for verdict in verdicts:
        for entry in entries:
            if _matches(verdict, entry):
                yield Allowed(verdict, entry.reason, entry.until.isoformat())
                break


def _matches(verdict: Verdict, entry: AllowEntry) -> bool:
    if entry.task not in (None, verdict.task) or entry.metric not in (None, verdict.metric):
        return False
    if entry.language is not None:
        codes = {language.code for language in select_languages(entry.language)}
        return verdict.level == Level.CELL and verdict.group in codes
    return entry.group in (None, verdict.group)


def _result(sides: _Sides, decision: Decision, gate: GateFile, pairs: Sequence[ItemDifferences]) -> GateResult:
    allowed = tuple(_allowed(decision.failed, gate.allow))
    old, new = sides.baseline, sides.candidate
    draft = GateResult(
        baseline=f"{old.system} ({old.source})",
        candidate=f"{new.system} ({new.source})",
        outcome=Outcome.PASSED,
        decision=decision,
        allowed=allowed,
        missing=new.missing,
        notes=tuple(_notes(sides, pairs, gate)),
        examples=tuple(_examples(sides, decision)),
        informational={
            name: ((old.informational or {}).get(name), value) for name, value in (new.informational or {}).items()
        },
        false_alarms=sides.false_alarms,
    )
    return replace(draft, outcome=_outcome(draft, gate))


def _outcome(result: GateResult, gate: GateFile) -> Outcome:
    """Return the answer: a regression first, then what keeps it from being one."""
    regressed = [each for each in result.failed if each.status == Status.REGRESSED]
    if regressed:
        return Outcome.REGRESSED
    if result.missing:
        return Outcome.INCOMPLETE
    if result.failed:
        return Outcome.REGRESSED
    if result.decision.incomparable:
        return Outcome.INCOMPARABLE
    open_checks = [each for each in result.decision.inconclusive if each.action == Action.FAIL]
    if open_checks and gate.on_inconclusive == "fail":
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED


def _notes(sides: _Sides, pairs: Sequence[ItemDifferences], gate: GateFile) -> Iterator[str]:
    if sides.baseline.source == sides.candidate.source and sides.baseline.system == sides.candidate.system:
        yield "Baseline and candidate are the same run: every difference is 0 by construction."
    added = sorted({f"{pair.task}: {code}" for pair in pairs for code in pair.added})
    if added:
        yield f"Only the candidate has {', '.join(added[:8])}{' and more' if len(added) > 8 else ''}: not checked."
    lost = sum(int(pair.unknown.sum()) for pair in pairs)
    if lost:
        yield f"{lost} item values of the baseline have no counterpart or no value and are left out."
    if gate.comparison == "direct":
        yield (
            "Win rates are of the candidate against the old system itself: half the variance of a comparison of both "
            "with a third."
        )
    yield from _calibrated(sides, pairs, gate)
    if gate.sequential:
        yield _settled(sides, pairs, gate)
    environment = [
        each for each in differences(sides.candidate.lock, sides.baseline.lock) if each.aspect is Aspect.VERSION
    ]
    if environment:
        yield f"Other versions of {', '.join(sorted(each.name for each in environment))}: answers may differ for that."


def _settled(sides: _Sides, pairs: Sequence[ItemDifferences], gate: GateFile) -> str:
    """Return after how many source items judging could have stopped, or what is open."""
    old = sides.baseline.frame
    planned = {str(task): tuple(map(str, part["source_id"].unique())) for task, part in old.groupby("task")}
    # A corpus metric has no values of single items to watch.
    watched = [each for each in pairs if not np.any(np.abs(each.sums) > 100 * each.counts + 1e-9)]
    found = decide_sequentially(watched, gate.settings(), groupings=gate.grouped(), planned=planned)
    if not found.checks:
        return "Sequentially: no check that fails the gate can be watched."
    if found.undecided:
        return (
            f"Sequentially: {len(found.undecided)} of {len(found.checks)} checks that fail the gate are not settled, "
            f"{len(found.regressed)} regressed. Judge more items."
        )
    most = max(each.n for each in found.checks)
    return (
        f"Sequentially: all {len(found.checks)} checks that fail the gate were settled after {most} source items, "
        f"{len(found.regressed)} regressed. Judging could stop there, at an error level of {100 * found.alpha:g}%."
    )


def _calibrated(sides: _Sides, pairs: Sequence[ItemDifferences], gate: GateFile) -> Iterator[str]:
    """Yield what the discordance that was calibrated says of this check's power."""
    settings = gate.settings()
    total = sum(len(pair.languages) for pair in pairs)
    for pair in pairs:
        share = sides.discordance.get(f"{pair.task}/{pair.metric}")
        if share is None or not pair.languages:
            continue
        items = int(np.median(pair.counts.sum(axis=0)))
        found = predicted_power(pair.task, pair.metric, items, len(pair.languages), share, settings, total=total)
        reach = "no drop" if found.detectable is None else f"a drop of {found.detectable:.1f} points"
        yield (
            f"{pair.task} ({pair.metric}): two runs of one model differ in {100 * share:.1f}% of items, as calibrated; "
            f"{items} items a language show {reach} in {100 * settings.power:.0f}% of cases."
        )


def _examples(sides: _Sides, decision: Decision) -> Iterator[Example]:
    """Yield items that the worst cells lost, with both answers where they are stored and may be shown."""
    cells = [each for each in decision.verdicts if each.status == Status.REGRESSED and each.level == Level.CELL][:WORST]
    if not cells:
        return
    new_texts = _texts(sides.records, sides.candidate.system)
    old_texts = None if sides.baseline_records is None else _texts(sides.baseline_records, sides.baseline.system)
    for cell in cells:
        old, new = (_values_of(side.frame, cell) for side in (sides.baseline, sides.candidate))
        loss = ((new - old) * sides.candidate.scales[cell.metric].points).dropna().sort_values(kind="stable")
        for item in loss.index[loss < 0][:EXAMPLES]:
            hidden = sides.hides(cell.task)
            after = None if hidden else _text_of(new_texts, cell, str(item))
            before = None if hidden or old_texts is None else _text_of(old_texts, cell, str(item))
            yield Example(
                task=cell.task,
                language=cell.group,
                item_id=str(item),
                metric=cell.metric,
                before=float(old[item]),
                after=float(new[item]),
                prompt=None if after is None else str(after["prompt"]),
                old=None if before is None or before["text"] is None else str(before["text"]),
                new=None if after is None or after["text"] is None else str(after["text"]),
            )


def _values_of(frame: pd.DataFrame, cell: Verdict) -> pd.Series[Any]:
    judged = frame["judge"].isna() if cell.judge is None else frame["judge"] == cell.judge
    own = (frame["task"] == cell.task) & (frame["metric"] == cell.metric) & (frame["language"] == cell.group)
    return frame[own & judged].set_index("item_id")["value"]


def _texts(records: RunRecords, system: str) -> pd.DataFrame:
    """Return the first answer to each item."""
    texts = records.completions()
    own = texts[(texts["system"] == system) & (texts["sample_index"] == 0)]
    return own.set_index(["task", "language", "item_id"]).sort_index()


def _text_of(texts: pd.DataFrame, cell: Verdict, item: str) -> pd.Series[Any] | None:
    key = (cell.task, cell.group, item)
    if key not in texts.index:
        return None
    found = texts.loc[[key]]
    return found.iloc[0]
