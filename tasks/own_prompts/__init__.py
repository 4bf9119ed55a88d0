"""Tasks of the user's own prompts, from a file or a hub data set that the experiment names.

:func:`load_own_task` makes a task from the experiment's description of the prompts. This package reads prompts and at
most one Python file with metrics; it never writes.
"""

from polyarena.tasks.own_prompts.spec import OwnPrompts, task_name
from polyarena.tasks.own_prompts.task import OwnTask, load_own_task

__all__ = ["OwnPrompts", "OwnTask", "load_own_task", "task_name"]
