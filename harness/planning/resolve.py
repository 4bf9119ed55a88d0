"""Names in the experiment become tasks, languages, model types and judges; nothing is loaded or spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.experiment import Experiment, SuiteSpec, SystemSpec
from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ModelContext, ModelType
from polyarena.harness.planning.adequate import check_insisted, weighed
from polyarena.harness.planning.expanding import expand, merged
from polyarena.harness.planning.prompting import system_text
from polyarena.harness.planning.resolved_task import LeftOut, ResolvedTask
from polyarena.harness.planning.secrets import refuse_secrets
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import select_languages


@dataclass(frozen=True)
class ResolvedSystem:
    """A system of the experiment with its model type.

    Attributes:
        spec: As in the file.
        type: The model type.
        chat_template: ``True``, ``False``, or the text of the template file.
        languages: What it claims to support; ``None`` is everything.
    """

    spec: SystemSpec
    type: ModelType
    chat_template: bool | str
    languages: frozenset[str] | None

    def supports(self, language: str) -> bool:
        """Whether the system claims this language."""
        return self.languages is None or language in self.languages


@dataclass(frozen=True)
class Selection:
    """The tasks of an experiment.

    Attributes:
        tasks: In the order of the file; a suite's in the order of the suite.
        left_out: What suites want and cannot have, and metrics that are not scored.
    """

    tasks: tuple[ResolvedTask, ...]
    left_out: tuple[LeftOut, ...]


def select_tasks(experiment: Experiment) -> Selection:
    """Find the tasks, select their languages, and take out what their metrics cannot measure.

    Raises:
        UnknownNameError: A task, suite, template, metric or language does not exist.
        ExperimentError: A task does not have a language that is named for it or none of those selected, stands twice,
            or has no adequate metric in a language that is named for it; or nothing of a suite is left.
    """
    meant = [expand(experiment, index) for index in range(len(experiment.tasks))]
    tasks: list[ResolvedTask] = []
    left_out = [each for entry in meant for each in entry.left_out]
    for task, entry in merged(meant):
        kept, without = weighed(task, entry.named, experiment.insist, entry.where)
        left_out += without
        if kept.languages:
            tasks.append(kept)
        elif not kept.suite:
            raise ExperimentError(
                f"no metric of the task {task.spec.task!r} is adequate for any of its languages",
                where=entry.where,
                why=without[0].reason,
                fix=f"leave the task out, or add `insist: [{without[0].metric}]`: its numbers are then flagged",
            )
    check_insisted(experiment.insist, tasks, experiment.where("insist"))
    if not tasks:
        suites = [spec.suite for spec in experiment.tasks if isinstance(spec, SuiteSpec)]
        raise ExperimentError(
            f"nothing of {', '.join(map(repr, suites))} is left",
            where=experiment.where("tasks"),
            why="; ".join(dict.fromkeys(f"{each.task}: {each.reason}" for each in left_out[:3])),
            fix=f"select other languages; `polyarena tasks coverage --suite {suites[0]}` shows which it has",
        )
    return Selection(tuple(tasks), tuple(left_out))


def resolve_tasks(experiment: Experiment) -> tuple[ResolvedTask, ...]:
    """Return the tasks of :func:`select_tasks`, which says what is raised."""
    return select_tasks(experiment).tasks


def resolve_systems(
    experiment: Experiment, tasks: Sequence[ResolvedTask], context: ModelContext
) -> tuple[ResolvedSystem, ...]:
    """Find the model types and refuse what cannot work, before anything is loaded.

    Raises:
        UnknownNameError: A model type or language does not exist.
        ExperimentError: A model type cannot answer a kind of item that a task has, or a template file is missing.
        PolyarenaError: The model type refuses its arguments.
    """
    return tuple(
        _resolve_system(experiment, index, spec, tasks, context) for index, spec in enumerate(experiment.systems)
    )


def _resolve_system(
    experiment: Experiment, index: int, spec: SystemSpec, tasks: Sequence[ResolvedTask], context: ModelContext
) -> ResolvedSystem:
    model_type = find_model_type(spec.model, where=experiment.where("systems", index, "model"))
    refuse_secrets(spec.args, experiment.where("systems", index, "args"))
    model_type.check(spec.args, context, experiment.where("systems", index, "args"))
    _refuse_unanswerable(experiment, index, spec, tasks, model_type)
    where = experiment.where("systems", index, "system_prompt")
    for resolved in tasks:
        for language in resolved.languages[:1]:
            system_text(spec.system_prompt, language, where=where)
    manifest = None
    if spec.languages is not None:
        selected = select_languages(spec.languages, where=experiment.where("systems", index, "languages"))
        manifest = frozenset(language.code for language in selected)
    return ResolvedSystem(spec, model_type, _template(experiment, index, spec), manifest)


def _refuse_unanswerable(
    experiment: Experiment, index: int, spec: SystemSpec, tasks: Sequence[ResolvedTask], model_type: ModelType
) -> None:
    beyond = [resolved for resolved in tasks if not model_type.supports(resolved.card.kind)]
    if not beyond:
        return
    first = beyond[0]
    names = [resolved.spec.task for resolved in beyond if resolved.suite == first.suite]
    if first.suite:
        what = f"cannot answer {len(names)} of the tasks of the suite {first.suite!r}"
        fix = f"put `without: [{', '.join(names)}]` under the suite, or use a model type that answers all, such as"
    else:
        what = f"cannot answer the task {first.card.name!r}"
        fix = "leave out the task, or use a model type that does, such as"
    raise ExperimentError(
        f"the system {spec.name!r} {what}",
        where=experiment.where("systems", index, "model"),
        why=f"models of type {spec.model!r} give no {_NEEDS[first.card.kind]}",
        fix=f"{fix} hf or local-completions",
    )


_NEEDS = {
    Kind.MULTIPLE_CHOICE: "log-likelihoods, which multiple choice needs",
    Kind.OPEN_ENDED: "generated text",
    Kind.GENERATIVE: "generated text",
}


def _template(experiment: Experiment, index: int, spec: SystemSpec) -> bool | str:
    if isinstance(spec.chat_template, bool):
        return spec.chat_template
    path = experiment.base / Path(spec.chat_template)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExperimentError(
            f"the chat template {spec.chat_template!r} cannot be read",
            where=experiment.where("systems", index, "chat_template"),
            why=str(error),
            fix="give true (the model's own), false (none), or the path of a Jinja file relative to the experiment",
        ) from error
