"""Tasks by name, found through the entry-point group ``polyarena.tasks``."""

from __future__ import annotations

from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.hooks import check_task, variant_of
from polyarena.tasks.plugins import Plugins, plugins
from polyarena.tasks.protocol import Task

LISTING = "polyarena tasks"


def task_plugins() -> Plugins:
    """Return the entry points of all installed tasks."""
    return plugins("polyarena.tasks", "task")


def find_task(name: str, *, where: str = "") -> Task:
    """Return the task of this name.

    Args:
        name: As in ``polyarena tasks``; a task with several prompt templates is asked with one of them as
            ``<task>.<template>``, such as ``xnli.claim``.
        where: The place of the name in the user's file, for messages.

    Raises:
        UnknownNameError: No such task or template; the message has a did-you-mean.
        PolyarenaError: The plugin cannot be imported, or is no task (see :func:`polyarena.tasks.hooks.check_task`).
    """
    base, dot, template = name.partition(".")
    plugin = name if name in task_plugins().points else base
    found = check_task(task_plugins().load(plugin, where=where, listing=LISTING), plugin, where=where)
    return variant_of(found, template, where=where) if dot and plugin == base else found


def installed_tasks() -> tuple[list[Task], dict[str, str]]:
    """Return all tasks that can be used, by name, and the reason for each that cannot."""
    tasks, broken = [], {}
    for name in task_plugins().names:
        try:
            tasks.append(find_task(name))
        except PolyarenaError as error:
            broken[name] = f"{error.what}: {error.why}"
    return tasks, broken
