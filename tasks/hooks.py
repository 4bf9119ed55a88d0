"""The optional members (hooks) of a task, and their defaults.

:class:`~polyarena.tasks.protocol.Task` is what every task provides. The protocols here are *hooks*: a task that has the
member is asked, any other gets the default. :func:`check_task` runs when a plugin is loaded, so that a misspelt hook is
an error and not a silent default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.metrics.metric import Metric
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.protocol import Task
from polyarena.tasks.signature import Signature
from polyarena.tasks.suggest import closest, unknown

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion


@runtime_checkable
class HasTemplates(Protocol):
    """A task with several prompt templates, asked for as ``<task>.<template>``. Default: one, without a name."""

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of the templates; the first is the default."""

    def variant(self, name: str) -> Task:
        """Return the task with one of its templates; its card has the name ``<task>.<template>``."""


@runtime_checkable
class HasSplits(Protocol):
    """A task that can be asked on other splits than its card's. Default: on that one alone."""

    @property
    def other_splits(self) -> tuple[str, ...]:
        """The further splits of the data set that have questions."""

    def with_split(self, name: str) -> Task:
        """Return the task on one of them; its card has the split, and the version with ``+<split>`` behind."""


@runtime_checkable
class HasShots(Protocol):
    """A task with templates that show solved examples. Default: no template shows any."""

    def shots_of(self, template: str) -> int:
        """Return how many examples a template shows at most."""


@runtime_checkable
class HasAnswerLanguage(Protocol):
    """A task whose answers are in another language than its items, such as translation. Default: the same language."""

    def answer_language(self, language: str) -> str:
        """Return the language in which the items of a language are answered, ``lang_Script``."""


@runtime_checkable
class HasMetrics(Protocol):
    """A task with metrics of its own, which are not registered. Default: all are in the registry of metrics."""

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """The task's own metrics by the names that its card has."""


@runtime_checkable
class HasMetricSignature(Protocol):
    """A task that defines the signatures of its metrics. Default: ``metric:<name>``."""

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics, as ``metric:<name>|...``."""


@runtime_checkable
class HasStatistics(Protocol):
    """A task with metrics of a whole corpus. Default: the score of a language is the mean over items."""

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return what is summed over items, by metric."""


@runtime_checkable
class HasSeparators(Protocol):
    """A task whose items set the separator between prompt and choices. Default: one space."""

    @property
    def own_separators(self) -> bool:
        """Whether :attr:`polyarena.tasks.item.Item.choice_separator` differs from one space in some items."""


_REQUIRED = ("card", "items", "score")
_METHODS = ("items", "score", "variant", "with_split", "shots_of", "answer_language", "metric_signature", "statistics")
_VALUES = ("card", "templates", "other_splits", "own_metrics", "own_separators")
HOOKS = tuple(name for name in (*_METHODS, *_VALUES) if name not in _REQUIRED)
"""The names of all hooks."""
_LIKE = 0.8
"""Similarity from which on a member counts as a misspelt hook (the ratio of :mod:`difflib`)."""


def check_task(found: object, name: str, *, where: str = "") -> Task:
    """Return a plugin's object as a task, or raise an error that says why it is not one.

    Args:
        found: What the entry point names.
        name: The plugin's name.
        where: The place of the name in the user's file, for messages.

    Raises:
        PolyarenaError: A required member is missing, a member is misspelt, a method cannot be called, ``templates``
            stands without ``variant`` or the reverse, or a metric of the card is not registered.
    """
    problem = _problem(found)
    if problem:
        what, why, fix = problem
        raise PolyarenaError(f"the task plugin {name!r} {what}", where=where, why=why, fix=fix)
    assert isinstance(found, Task)
    return found


def _problem(found: object) -> tuple[str, str, str] | None:
    members = {name for name in dir(found) if not name.startswith("_")}
    misspelt = _misspelt(members)
    if misspelt:
        name, near = misspelt
        fix = f"did you mean {near!r}? If not, rename it, or begin its name with an underscore"
        return f"has a member {name!r}, which is no hook", "a misspelt hook would never be called", fix
    missing = [name for name in _REQUIRED if name not in members]
    if missing:
        fix = "point the entry point at an object with the members of polyarena.tasks.protocol.Task"
        return f"lacks {' and '.join(missing)}", f"it is {type(found).__name__}", fix
    for name in _METHODS:
        if name in members and not callable(getattr(found, name)):
            return f"has a {name!r} that cannot be called", "it must be a method", f"define it as `def {name}(...)`"
    if ("templates" in members) != ("variant" in members):
        has, lacks = ("templates", "variant") if "templates" in members else ("variant", "templates")
        return f"has {has!r} and lacks {lacks!r}", "a task with templates needs both", f"add {lacks!r}"
    if ("other_splits" in members) != ("with_split" in members):
        return "has one of 'other_splits' and 'with_split'", "a task with further splits needs both", "add the other"
    assert isinstance(found, Task)
    for name in found.card.metrics:
        try:
            metric_of(found, name)
        except UnknownNameError as error:
            fix = f"{error.fix} Else return it from `own_metrics`, or register it under polyarena.metrics".strip()
            return f"names the metric {name!r}, which is not known", "reports need its unit, range and direction", fix
    return None


def _misspelt(members: set[str]) -> tuple[str, str] | None:
    absent = [name for name in (*_REQUIRED, *HOOKS) if name not in members]
    for name in sorted(members - {*_REQUIRED, *HOOKS}):
        near = closest(name, absent, limit=1, likeness=_LIKE)
        if near:
            return name, near[0]
    return None


def templates_of(task: Task) -> tuple[str, ...]:
    """Return the names of a task's templates, the default one first; empty for a task without the hook."""
    return task.templates if isinstance(task, HasTemplates) else ()


def variant_of(task: Task, template: str, *, where: str = "") -> Task:
    """Return a task with one of its templates.

    Raises:
        UnknownNameError: It has none of this name; the message has a did-you-mean.
    """
    if not isinstance(task, HasTemplates) or template not in task.templates:
        raise unknown(f"template of the task {task.card.name!r}", template, templates_of(task), where=where)
    return task.variant(template)


def splits_of(task: Task) -> tuple[str, ...]:
    """Return the splits that a task can be asked on, that of its card first."""
    return (task.card.dataset.split, *(task.other_splits if isinstance(task, HasSplits) else ()))


def on_split(task: Task, split: str, *, where: str = "") -> Task:
    """Return a task on one of its splits.

    Raises:
        UnknownNameError: It cannot be asked on this one; the message has a did-you-mean.
    """
    if split == task.card.dataset.split:
        return task
    if not isinstance(task, HasSplits) or split not in task.other_splits:
        raise unknown(f"split of the task {task.card.name!r}", split, splits_of(task), where=where)
    return task.with_split(split)


def shots_of(task: Task, template: str) -> int:
    """Return how many solved examples one of a task's templates shows at most."""
    return task.shots_of(template) if isinstance(task, HasShots) else 0


def answer_language_of(task: Task, language: str) -> str:
    """Return the language in which the items of a language are answered."""
    return task.answer_language(language) if isinstance(task, HasAnswerLanguage) else language


def metric_of(task: Task, name: str) -> Metric:
    """Return one of the metrics of a task's card: the task's own, else the registered one.

    Raises:
        UnknownNameError: There is none of this name.
        PolyarenaError: Its plugin cannot be used.
    """
    own: Mapping[str, Metric] = task.own_metrics if isinstance(task, HasMetrics) else MappingProxyType({})
    return own[name] if name in own else find_metric(name)


def metric_signature_of(task: Task, metric: str) -> Signature:
    """Return how a task computes a metric, as ``metric:<name>|...``.

    Raises:
        PolyarenaError: The task's hook returns something else.
    """
    if not isinstance(task, HasMetricSignature):
        return Signature({"metric": metric})
    signature: object = task.metric_signature(metric)
    if not isinstance(signature, Signature):
        raise PolyarenaError(
            f"metric_signature of the task {task.card.name!r} returns {type(signature).__name__}",
            why="signatures are values, formatted last",
            fix='return polyarena.tasks.signature.Signature({"metric": metric, ...})',
        )
    return signature


def statistics_of(task: Task) -> Callable[[Item, Completion], Mapping[str, tuple[float, ...]]]:
    """Return what gives the statistics of a completion by metric; it gives none for a task without the hook."""
    if isinstance(task, HasStatistics):
        return task.statistics
    return lambda item, completion: {}  # noqa: ARG005


def has_own_separators(task: Task) -> bool:
    """Return whether a task's items say what separates prompt and choices."""
    return task.own_separators if isinstance(task, HasSeparators) else False


def hook_protocols() -> tuple[type[Any], ...]:
    """Return the protocols of all hooks, for documentation."""
    return (
        HasTemplates,
        HasSplits,
        HasShots,
        HasAnswerLanguage,
        HasMetrics,
        HasMetricSignature,
        HasStatistics,
        HasSeparators,
    )
