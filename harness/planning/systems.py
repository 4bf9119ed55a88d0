"""Resolves the systems of an experiment: model types, arguments, prompts and sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarena.harness.experiment import Experiment, SystemSpec
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ModelContext, ModelType
from polyarena.harness.models.system_prompt import system_text
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.judges.protocol import Message
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import select_languages
from polyarena.tasks.sampling import Sampling


@dataclass(frozen=True)
class ResolvedSystem:
    """A system of the experiment with its model type.

    Attributes:
        spec: As in the file.
        type: The model type.
        chat_template: ``True``, ``False``, or the text of the template file.
        languages: The languages that it supports; ``None`` for all.
    """

    spec: SystemSpec
    type: ModelType
    chat_template: bool | str
    languages: frozenset[str] | None

    def supports(self, language: str) -> bool:
        """Return whether the system supports this language."""
        return self.languages is None or language in self.languages

    @property
    def asks_endpoint(self) -> bool:
        """Whether an endpoint answers, through the run's own client."""
        return self.type.endpoint(self.spec.args) is not None


def resolve_systems(
    experiment: Experiment, tasks: Sequence[ResolvedTask], context: ModelContext
) -> tuple[ResolvedSystem, ...]:
    """Find the model types and check the systems, before anything is loaded.

    Raises:
        UnknownNameError: A model type or language does not exist.
        ExperimentError: A model type cannot answer a kind of item that a task has, or a template file is missing.
        PolyarenaError: The model type refuses its arguments.
    """
    problems = Problems()
    resolved = [
        problems.attempt(_resolve_system, experiment, index, spec, tasks, context)
        for index, spec in enumerate(experiment.systems)
    ]
    problems.raise_all()
    systems = tuple(system for system in resolved if system is not None)
    if experiment.budget is not None:
        _check_prices(experiment, systems)
    return systems


def _check_prices(experiment: Experiment, systems: Sequence[ResolvedSystem]) -> None:
    """Refuse a budget of the whole experiment where a system has no prices, or prices in another currency."""
    endpoints = {system.spec.name: system.type.endpoint(system.spec.args) for system in systems}
    prices = {name: endpoint.prices for name, endpoint in endpoints.items() if endpoint is not None}
    unpriced = next((name for name, price in prices.items() if price is None), None)
    if unpriced is not None:
        raise ExperimentError(
            f"a budget needs `prices` for every endpoint; {unpriced} has none",
            where=experiment.where("budget"),
            fix="give `prices: {input: ..., output: ...}`, per million tokens, or leave the budget out",
        )
    currencies = {price.currency for price in prices.values() if price is not None}
    currencies |= {
        judge.endpoint.prices.currency for judge in experiment.judges if judge.endpoint and judge.endpoint.prices
    }
    if len(currencies) > 1:
        raise ExperimentError(
            f"a budget needs the `prices` of every endpoint in one currency, not in {' and '.join(sorted(currencies))}",
            where=experiment.where("budget"),
            fix="give all prices in one currency, or each judge a budget of its own",
        )


def _resolve_system(
    experiment: Experiment, index: int, spec: SystemSpec, tasks: Sequence[ResolvedTask], context: ModelContext
) -> ResolvedSystem:
    model_type = find_model_type(spec.model, where=experiment.where("systems", index, "model"))
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
    template = _template(experiment, index, spec)
    if spec.fewshot_as_multiturn and template is False:
        raise ExperimentError(
            f"the system {spec.name!r} has no chat template that could render few-shot examples as turns",
            where=experiment.where("systems", index, "fewshot_as_multiturn"),
            fix="leave out `fewshot_as_multiturn`, or `chat_template: false`",
        )
    return ResolvedSystem(spec, model_type, template, manifest)


def _refuse_unanswerable(
    experiment: Experiment, index: int, spec: SystemSpec, tasks: Sequence[ResolvedTask], model_type: ModelType
) -> None:
    scores_choices = getattr(model_type, "scores_choices", None)
    beyond = [
        resolved
        for resolved in tasks
        if not model_type.supports(resolved.card.kind)
        and not (scores_choices and resolved.card.kind is Kind.MULTIPLE_CHOICE and scores_choices(spec.args))
    ]
    if not beyond:
        return
    first = beyond[0]
    names = [resolved.spec.task for resolved in beyond if resolved.suite == first.suite]
    if first.suite:
        what = f"cannot answer {len(names)} of the tasks of the suite {first.suite!r}"
        fix = f"put `exclude: [{', '.join(names)}]` under the suite, or use a model type that answers all, such as"
    else:
        what = f"cannot answer the task {first.card.name!r}"
        fix = "leave out the task, or use a model type that does, such as"
    raise ExperimentError(
        f"the system {spec.name!r} {what}",
        where=experiment.where("systems", index, "model"),
        why=f"models of type {spec.model!r} give no {_NEEDS[first.card.kind]}",
        fix=f"{fix} hf or local-completions"
        + (", or set `logprob_token_ids: true` or `echo: true` if the server offers them" if scores_choices else ""),
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


def sampling_of(system: ResolvedSystem, task: ResolvedTask) -> Sampling:
    """Return the sampling of a system on a task: its own settings over the card's defaults."""
    defaults = task.card.generation
    thinking = system.spec.thinking
    return replace(
        system.spec.sampling.resolve(defaults.max_tokens, defaults.stop),
        thinking_budget=thinking.tokens,
        reasoning_effort=thinking.effort,
    )


def samples_of(system: ResolvedSystem, task: ResolvedTask) -> int:
    """Return the answers per item; multiple choice is scored, not sampled."""
    return 1 if task.card.kind is Kind.MULTIPLE_CHOICE else system.spec.samples


def messages(
    system: str | None, item: Item, *, multiturn: bool = False, before: Sequence[tuple[Item, str]] = ()
) -> tuple[Message, ...]:
    """Return the chat turns: the system's, if it has one, those of the conversation so far, then the user's.

    Args:
        system: Text of the system turn.
        item: What is asked; its images and recordings are parts of the user's last turn.
        multiturn: Whether each few-shot example is a turn of the user and one of the model; else they stand before the
            question in the user's turn.
        before: The earlier turns of the conversation with the answers that the model gave, in order.
    """
    turns: list[Message] = [{"role": "system", "content": system}] if system else []
    for asked, answer in (*before, (item, "")):
        for example in asked.examples if multiturn else ():
            turns += [{"role": "user", "content": example.prompt}, {"role": "assistant", "content": example.answer}]
        turns.append({"role": "user", "content": asked.content if multiturn else asked.full_content})
        if asked is not item:
            turns.append({"role": "assistant", "content": answer})
    return tuple(turns)
