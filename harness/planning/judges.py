"""Builds the judges of an experiment without sending requests, and finds judges of the same family as a system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.experiment import Experiment, JudgeSpec
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.lock.digest import digest
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.judges import find_judge
from polyarena.judges.families import self_preference_risk
from polyarena.judges.language_gate import GatedJudge, GatePolicy
from polyarena.judges.protocol import Answer, Ask, Call, Judge, Match, Reply
from polyarena.tasks.errors import ExperimentError, PolyarenaError
from polyarena.tasks.item import Kind
from polyarena.tasks.signature import Signature


@dataclass(frozen=True)
class ResolvedJudge:
    """A judge of the experiment.

    Attributes:
        spec: As in the file.
        judge: The judge, its endpoint opened only by a running experiment.
        signature: Of the judge and of the model that it asks.
    """

    spec: JudgeSpec
    judge: Judge
    signature: Signature


def resolve_judges(
    experiment: Experiment, tasks: Sequence[ResolvedTask], open_endpoint: Callable[[EndpointSettings], Ask] | None
) -> tuple[ResolvedJudge, ...]:
    """Build the judges.

    Args:
        experiment: The experiment.
        tasks: Its tasks; judges need an open-ended one, and a baseline or opponents.
        open_endpoint: Opens a judge's endpoint; ``None`` while planning.

    Raises:
        UnknownNameError: No such judge.
        ExperimentError: There is nothing to judge, or nothing to compare with.
        PolyarenaError: The judge refuses its arguments.
    """
    open_ended = [task for task in tasks if task.card.kind is Kind.OPEN_ENDED]
    if experiment.judges and not open_ended:
        raise ExperimentError(
            "there is a judge but no open-ended task",
            where=experiment.where("judges"),
            fix="add a task such as polyarena_mini or m_arenahard, or remove the judges",
        )
    if experiment.judges and experiment.baseline is None and experiment.opponents is None:
        raise ExperimentError(
            "judging needs a baseline",
            where=experiment.where("judges"),
            fix=f"add `baseline: {experiment.systems[0].name}`, or another system's name, or `opponents: all`",
        )
    problems = Problems()
    judges = [
        problems.attempt(_resolve, experiment, index, spec, open_endpoint)
        for index, spec in enumerate(experiment.judges)
    ]
    problems.raise_all()
    return tuple(judge for judge in judges if judge is not None)


def _resolve(
    experiment: Experiment, index: int, spec: JudgeSpec, open_endpoint: Callable[[EndpointSettings], Ask] | None
) -> ResolvedJudge:
    factory = find_judge(spec.judge, where=experiment.where("judges", index, "judge"))
    ask: Ask | None = None
    if spec.endpoint is not None:
        ask = open_endpoint(spec.endpoint) if open_endpoint else _nobody
    try:
        judge = factory(_located(spec.args, experiment.base), ask)
    except PolyarenaError as error:
        where = experiment.where("judges", index, "args")
        why = f"{error.where}: {error.why}" if error.where and error.why else error.where or error.why
        raise ExperimentError(error.what, where=where, why=why, fix=error.fix) from error
    if not isinstance(judge.signature, Signature):
        raise ExperimentError(
            f"the judge {spec.judge!r} has no signature",
            where=experiment.where("judges", index, "judge"),
            why=f"its `signature` is {judge.signature!r}",
            fix="let the plugin return a polyarena.tasks.signature.Signature",
        )
    if ask is None and judge.calls(Match(language="eng_Latn", question="?", a=Answer(""), b=Answer(""))):
        raise ExperimentError(
            f"the judge {spec.name!r} asks a model and has no endpoint",
            where=experiment.where("judges", index),
            fix="give it `endpoint: {base_url: ..., model: ...}`",
        )
    if spec.language_gate is not GatePolicy.JUDGE:
        judge = GatedJudge(judge, spec.language_gate)
    signature = judge.signature
    if spec.endpoint is not None:
        asked = digest(dict(spec.endpoint.key_fields))[:8]
        signature = Signature({"judge": signature, "model": spec.endpoint.model, "endpoint": asked})
    return ResolvedJudge(spec, judge, signature)


def _located(args: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Resolve template files, pipeline files, and a folder given as ``model``, relative to the experiment."""
    located = {name: _located(value, base) if isinstance(value, Mapping) else value for name, value in args.items()}
    return {
        name: str(base / value)
        if isinstance(value, str)
        and (value.endswith(".toml") or name == "pipeline" or (name == "model" and (base / value).is_dir()))
        else value
        for name, value in located.items()
    }


def _nobody(calls: Iterable[Call]) -> Iterator[Reply]:
    raise RuntimeError(f"a plan asks no endpoint, and was asked {len(list(calls))} questions")


def systems_of_same_family(experiment: Experiment) -> dict[str, dict[str, list[str]]]:
    """Return the makers that a judge or panel shares with a system, by judge and system; other judges are absent.

    A panel has the makers of all its members.

    Args:
        experiment: The experiment.
    """
    models = {
        system.name: str(system.args.get("model") or system.args.get("pretrained") or system.name)
        for system in experiment.systems
    }
    found: dict[str, dict[str, list[str]]] = {}
    for judge in experiment.judges:
        model = judge.endpoint.model if judge.endpoint else str(judge.args.get("model") or judge.name)
        found[judge.name] = {name: list(makers) for name, makers in self_preference_risk(model, models).items()}
    for panel in experiment.panels:
        of_panel: dict[str, set[str]] = {}
        for member in panel.judges:
            for name, makers in found[member].items():
                of_panel.setdefault(name, set()).update(makers)
        found[panel.name] = {name: sorted(makers) for name, makers in sorted(of_panel.items())}
    return {name: shared for name, shared in found.items() if shared}


def same_family_warning(judge: str, system: str, makers: Sequence[str]) -> str:
    """Return the warning that a judge and a system are of the same family.

    Args:
        judge: Name of the judge or panel.
        system: Name of the system.
        makers: The makers that they share.
    """
    return (
        f"The judge {judge} and the system {system} are of one family ({', '.join(makers)}), by the names of their "
        "models."
    )
