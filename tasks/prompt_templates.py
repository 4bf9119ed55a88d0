"""The prompt templates of a task, and which of them an entry of the experiment asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.hooks import shots_of, templates_of, variant_of
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task, task_plugins
from polyarena.tasks.suggest import unknown

ALL = "all"


class PromptTemplate(NamedTuple):
    """One template of a task that has several.

    Attributes:
        family: The task's name without the template.
        name: The template's.
    """

    family: str
    name: str


def prompt_templates(task: Task) -> tuple[str, ...]:
    """Return the names of a task's prompt templates, the default one first; none where there is nothing to choose.

    A variant with a metric of its own, such as translation without spBLEU, is another measurement, not another prompt;
    one may lack a metric that the other has.
    """
    names = templates_of(task)
    metrics = {name: set(variant_of(task, name).card.metrics) for name in names}
    alike = tuple(name for name in names if metrics[name] <= metrics[names[0]] or metrics[name] >= metrics[names[0]])
    return alike if len(alike) > 1 else ()


def prompt_template(name: str, task: Task) -> PromptTemplate | None:
    """Return the template with which a task is asked.

    Args:
        name: Under which it is asked, such as ``xnli.claim``; one without a template means the default one.
        task: The task.

    Returns:
        ``None`` for a task without several templates.
    """
    family, _, template = (name, "", "") if name in task_plugins().points else name.partition(".")
    names = prompt_templates(find_task(family) if template else task)
    if not names or (template and template not in names):
        return None
    return PromptTemplate(family, template or names[0])


def template_variants(task: Task, templates: str | Sequence[str], where: str) -> Iterator[tuple[str, Task]]:
    """Yield the name and the task of each template that is asked for, in the order of the task.

    Args:
        task: With its default template.
        templates: As in the experiment.
        where: Their place in the user's file, for messages.

    Raises:
        ExperimentError: The task has no templates to choose from.
        UnknownNameError: It has no template of this name; the message has a did-you-mean.
    """
    names = prompt_templates(task)
    if not names:
        raise ExperimentError(
            f"the task {task.card.name!r} has no prompt templates to choose from",
            where=where,
            fix="leave `templates` out",
        )
    wanted = _names(templates, names)
    for name in wanted:
        if name not in names:
            raise unknown(f"template of the task {task.card.name!r}", name, (*names, ALL), where=where)
    for name in names:
        if name in wanted:
            variant = variant_of(task, name)
            yield variant.card.name, variant


def shown_examples(task: Task, variant: Task) -> int:
    """Return how many solved examples one of a task's variants shows at most."""
    _, dot, template = variant.card.name.partition(".")
    names = templates_of(task)
    return shots_of(task, template if dot else names[0]) if names else 0


def shots_variant(task: Task, shots: int, where: str) -> tuple[str, Task]:
    """Return the name and the task of the first template that shows so many solved examples.

    Args:
        task: With its default template.
        shots: How many.
        where: The place of the number in the user's file, for messages.

    Raises:
        ExperimentError: No template of the task shows so many.
    """
    names = templates_of(task)
    if not names and shots == 0:
        return task.card.name, task
    for name in names:
        if shots_of(task, name) == shots:
            variant = variant_of(task, name)
            return variant.card.name, variant
    raise no_such_shots(task, shots, where)


def no_such_shots(task: Task, shots: int, where: str) -> ExperimentError:
    """Return the error for a number of examples that no template shows."""
    counts = sorted({shots_of(task, name) for name in templates_of(task)} or {0})
    return ExperimentError(
        f"the task {task.card.name!r} cannot be asked with {shots} examples",
        where=where,
        why=f"its templates show {' or '.join(map(str, counts))}",
        fix="write one of these numbers, or leave `shots` out",
    )


def suite_template_variants(task: Task, templates: str | Sequence[str]) -> list[tuple[str, Task]]:
    """Return the name and the task of each template that is asked for of a suite's task.

    A task that has none of them, or no templates at all, is asked with its default one.
    """
    names = prompt_templates(task)
    wanted = [name for name in names if name in _names(templates, names)]
    variants = [variant_of(task, name) for name in wanted] or [task]
    return [(variant.card.name, variant) for variant in variants]


def _names(templates: str | Sequence[str], names: tuple[str, ...]) -> tuple[str, ...]:
    given = (templates,) if isinstance(templates, str) else tuple(templates)
    return names if ALL in given else given
