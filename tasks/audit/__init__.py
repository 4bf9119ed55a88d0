"""The audit finds faults of a task offline, before anything is spent on it.

:func:`audit_task` checks a task of polyarena or a plugin, :func:`audit_configs` the task files of lm-eval. Both return
:class:`Finding` objects. An ``error`` means that scores do not measure what their name says, or that there will be
none; a ``warning``, that they are weaker than they look. A ``note`` is worth knowing, or says what was not checked.
"""

from polyarena.tasks.audit.configs import audit_configs
from polyarena.tasks.audit.finding import Finding, Severity, ordered, worst
from polyarena.tasks.audit.overlap import Overlap
from polyarena.tasks.audit.source import AuditSource
from polyarena.tasks.audit.task import audit_task, audit_tasks

__all__ = [
    "AuditSource",
    "Finding",
    "Overlap",
    "Severity",
    "audit_configs",
    "audit_task",
    "audit_tasks",
    "ordered",
    "worst",
]
