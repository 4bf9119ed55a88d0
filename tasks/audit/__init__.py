"""The audit of tasks: finds errors offline, before you spend anything on a task.

:func:`audit_task` checks a task of polyarena or a plugin, :func:`audit_configs` the task files of lm-eval,
:func:`audit_lighteval` and :func:`audit_nemo_skills` the programs of lighteval and NeMo-Skills. All return
:class:`Finding` objects. An ``error`` means that scores do not measure what their name says, or cannot be computed. A
``warning`` means that they are less reliable than they look. A ``note`` is information, or says what was not checked.
"""

from polyarena.tasks.audit.configs import audit_configs
from polyarena.tasks.audit.finding import Finding, Severity, ordered, worst
from polyarena.tasks.audit.overlap import Overlap
from polyarena.tasks.audit.programs.lighteval import audit_lighteval
from polyarena.tasks.audit.programs.nemo_skills import audit_nemo_skills
from polyarena.tasks.audit.source import AuditSource
from polyarena.tasks.audit.task import audit_task, audit_tasks

__all__ = [
    "AuditSource",
    "Finding",
    "Overlap",
    "Severity",
    "audit_configs",
    "audit_lighteval",
    "audit_nemo_skills",
    "audit_task",
    "audit_tasks",
    "ordered",
    "worst",
]
