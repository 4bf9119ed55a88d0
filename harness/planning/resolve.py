"""Names in the experiment become tasks, languages, model types and judges; nothing is loaded or spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.experiment import Experiment, SystemSpec, TaskSpec
from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ModelContext, ModelType
from polyarena.harness.planning.prompting import system_text
from polyarena.harness.planning.secrets import refuse_secrets
from polyarena.tasks.card import TaskCard
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, named_languages, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task


@dataclass(frozen=True)
class ResolvedTask:
    """A task of the experiment with the languages that will be asked."""

    spec: TaskSpec
    task: Task
    languages: tuple[str, ...]

    @property
    def card(self) -> TaskCard:
        """The task's identity."""
        return self.task.card


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


def resolve_tasks(experiment: Experiment) -> tuple[ResolvedTask, ...]:
    """Find the tasks and select their languages.

    Raises:
        UnknownNameError: A task or language does not exist.
        ExperimentError: A task does not have a language that is named for it, or none of those selected.
    """
    return tuple(_resolve_task(experiment, index, spec) for index, spec in enumerate(experiment.tasks))


def _resolve_task(experiment: Experiment, index: int, spec: TaskSpec) -> ResolvedTask:
    task = find_task(spec.task, where=experiment.where("tasks", index, "task"))
    available = task.card.languages
    own = spec.languages is not None
    selector = spec.languages if own else experiment.languages
    if selector is None:
        return ResolvedTask(spec, task, tuple(available))
    where = experiment.where("tasks", index, "languages") if own else experiment.where("languages")
    selected = [language.code for language in select_languages(selector, where=where)]
    # A set such as aya99 means "those of them that the task has"; a language called by its name is meant.
    if own:
        _refuse_missing(task.card, [language.code for language in named_languages(selector)], where)
    languages = tuple(code for code in selected if code in available)
    if not languages:
        raise ExperimentError(
            f"the task {spec.task!r} has none of the languages selected for it",
            where=where,
            fix=f"`polyarena tasks {spec.task}` lists its {len(available)} languages",
        )
    return ResolvedTask(spec, task, languages)


def _refuse_missing(card: TaskCard, named: Sequence[str], where: str) -> None:
    for code in named:
        if code not in card.languages:
            name = find_language(code).name
            raise ExperimentError(
                f"the task {card.name!r} does not have {name} ({code})",
                where=where,
                why=card.left_out.get(code, ""),
                fix=f"`polyarena tasks {card.name}` lists its {len(card.languages)} languages",
            )


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
    for resolved in tasks:
        if not model_type.supports(resolved.card.kind):
            raise ExperimentError(
                f"the system {spec.name!r} cannot answer the task {resolved.card.name!r}",
                where=experiment.where("systems", index, "model"),
                why=f"models of type {spec.model!r} give no {_NEEDS[resolved.card.kind]}",
                fix="leave out the task, or use a model type that does, such as hf or local-completions",
            )
    where = experiment.where("systems", index, "system_prompt")
    for resolved in tasks:
        for language in resolved.languages[:1]:
            system_text(spec.system_prompt, language, where=where)
    manifest = None
    if spec.languages is not None:
        selected = select_languages(spec.languages, where=experiment.where("systems", index, "languages"))
        manifest = frozenset(language.code for language in selected)
    return ResolvedSystem(spec, model_type, _template(experiment, index, spec), manifest)


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
