"""Tasks made of the user's own prompts: a file or a hub data set, named in the experiment, without a package.

The experiment calls :func:`load_own_task` with what it says of the prompts; the result is a task like any other. This
folder reads prompts and at most one Python file with metrics; it never writes.
"""

from polyarena.tasks.own_prompts.spec import OwnPrompts, task_name
from polyarena.tasks.own_prompts.task import OwnTask, load_own_task

__all__ = ["OwnPrompts", "OwnTask", "load_own_task", "task_name"]
