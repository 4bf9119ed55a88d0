"""Builds the lock of a plan, so that a number can be traced to everything that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyarena.harness.lock import (
    FlipRate,
    Lock,
    LockedExperiment,
    LockedGames,
    LockedJudge,
    LockedSampling,
    LockedTask,
    digest,
    installed_versions,
)
from polyarena.harness.lock.imported_judges import carry_over
from polyarena.harness.models.protocol import ModelContext, StoredAnswers
from polyarena.harness.planning import Plan
from polyarena.harness.planning.judges import systems_of_same_family
from polyarena.harness.planning.systems import ResolvedSystem, samples_of, sampling_of
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.judges.panels import PanelRule
from polyarena.tasks.hooks import metric_of
from polyarena.tasks.identify import IDENTIFIER
from polyarena.tasks.item import Kind
from polyarena.tasks.signature import Signature


def build_lock(plan: Plan, earlier: Lock | None) -> Lock:
    """Return the lock of a plan.

    Args:
        plan: The plan.
        earlier: The present lock of the folder; the facts of loaded models and the imported judges are copied from it.
    """
    experiment = plan.experiment
    resolved = experiment.model_dump(mode="json")
    context = ModelContext(base=str(experiment.base))
    lock = Lock(
        experiment=LockedExperiment(name=experiment.name, digest=digest(resolved), resolved=experiment),
        versions=installed_versions(),
        identifier=IDENTIFIER,
        tasks={task.spec.task: _task(task, plan.systems) for task in plan.tasks},
        flags=tuple(flag for task in plan.tasks for flag in task.flags),
        omissions=plan.omissions,
        deviations=plan.deviations,
        data=plan.data,
        models=earlier.models if earlier else {},
        judges=_judges(plan),
        cells=_cells(plan),
        games=_games(plan),
        unsupported=plan.unsupported,
        stored_answers={
            system.spec.name: system.type.generation_settings(system.spec.args, context)
            for system in plan.systems
            if isinstance(system.type, StoredAnswers)
        },
    )
    return carry_over(lock.model_copy(update={"flips": _flips(lock, earlier)}), earlier)


def _flips(lock: Lock, earlier: Lock | None) -> dict[str, Mapping[str, FlipRate]]:
    """Return the measured flip rates of the systems whose cells are what they were when these were measured."""
    known = earlier.flips if earlier else {}
    return {name: rates for name, rates in known.items() if earlier and lock.cells.get(name) == earlier.cells.get(name)}


def _task(task: ResolvedTask, systems: Sequence[ResolvedSystem]) -> LockedTask:
    generated = task.card.kind is not Kind.MULTIPLE_CHOICE
    return LockedTask(
        card=task.card,
        metrics={name: metric_of(task.task, name).facts for name in task.card.metrics},
        languages=task.languages,
        limit=task.spec.limit,
        subset=task.spec.subset,
        suite=task.suite,
        family=task.template.family if task.template else "",
        template=task.template.name if task.template else "",
        aggregate=task.spec.aggregate or "",
        answer_languages={
            language: answer for language in task.languages if (answer := task.answer_language(language)) != language
        },
        sampling={
            system.spec.name: LockedSampling(settings=sampling_of(system, task), samples=samples_of(system, task))
            for system in systems
            if generated and not isinstance(system.type, StoredAnswers)
        },
    )


def _judges(plan: Plan) -> dict[str, LockedJudge]:
    """Return the judges, and the panels as judges with members."""
    related = systems_of_same_family(plan.experiment)
    relatives = {judge: {name: tuple(makers) for name, makers in systems.items()} for judge, systems in related.items()}
    judges = {
        judge.spec.name: LockedJudge(
            signature=judge.signature,
            description=judge.judge.description,
            repeats=judge.spec.repeats,
            relatives=relatives.get(judge.spec.name, {}),
        )
        for judge in plan.judges
    }
    panels = {
        panel.name: LockedJudge(
            signature=panel_signature(panel.rule, panel.judges, judges),
            description=f"panel: the {panel.rule.value} of {', '.join(panel.judges)}; derived from their games",
            repeats=judges[panel.judges[0]].repeats,
            members=panel.judges,
            rule=panel.rule,
            relatives=relatives.get(panel.name, {}),
        )
        for panel in plan.experiment.panels
    }
    return judges | panels


def panel_signature(rule: PanelRule, members: Sequence[str], judges: Mapping[str, LockedJudge]) -> Signature:
    """Return the signature of a panel, from those of its members.

    Args:
        rule: How the members are combined.
        members: Their names.
        judges: All judges of the run.
    """
    digested = digest([str(judges[name].signature) for name in members])[:12]
    return Signature({"judge": "panel@1", "rule": rule.value, "members": "+".join(members), "digest": digested})


def _cells(plan: Plan) -> dict[str, dict[str, dict[str, str]]]:
    """Return the key of each cell by system, task and language."""
    cells: dict[str, dict[str, dict[str, str]]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.system, {}).setdefault(cell.task, {})[cell.language] = cell.key
    return cells


def _games(plan: Plan) -> tuple[LockedGames, ...]:
    """Return what each judge and panel decides, sorted."""
    judged: dict[tuple[str, str, str, str], list[str]] = {}
    for pair in plan.games:
        judged.setdefault((pair.judge, pair.candidate, pair.baseline, pair.task), []).append(pair.language)
    for panel in plan.experiment.panels:
        own = {names: codes for names, codes in judged.items() if names[0] == panel.judges[0]}
        judged |= {(panel.name, *names[1:]): codes for names, codes in own.items()}
    return tuple(
        LockedGames(judge=judge, candidate=candidate, baseline=baseline, task=task, languages=tuple(sorted(languages)))
        for (judge, candidate, baseline, task), languages in sorted(judged.items())
    )
