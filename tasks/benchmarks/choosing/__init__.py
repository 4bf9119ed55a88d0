"""The frame of the tasks that are scored by rank classification: a benchmark is a table of facts and a few templates.

A task built on it reads the rows of one config of a data set for each language, turns each row into a prompt and its
choices with a *template*, and is scored by :mod:`polyarena.tasks.metrics.choice`. It can have several templates, as the
protocol of the Aya Model asks for (arXiv 2402.07827, section 4, footnotes 19 and 21: the median over five prompts).
``task.templates`` names them, the first is the default, and ``task.variant(name)`` is the same task with another one.

Between prompt and choice stands one space, unless a template says otherwise by returning an :class:`Asked`; nothing
stands there after a chat template. The harness puts it there.
"""

from polyarena.tasks.benchmarks.choosing.asked import Asked, Template
from polyarena.tasks.benchmarks.choosing.cards import by_language, choice_card, translated
from polyarena.tasks.benchmarks.choosing.lettered import LETTERS, OPTIONS, lettered
from polyarena.tasks.benchmarks.choosing.rows import by_field, by_position, kept, unshared
from polyarena.tasks.benchmarks.choosing.shots import Shots
from polyarena.tasks.benchmarks.choosing.task import ChoiceTask
from polyarena.tasks.benchmarks.row import Row

__all__ = [
    "LETTERS",
    "OPTIONS",
    "Asked",
    "ChoiceTask",
    "Row",
    "Shots",
    "Template",
    "by_field",
    "by_language",
    "by_position",
    "choice_card",
    "kept",
    "lettered",
    "translated",
    "unshared",
]
