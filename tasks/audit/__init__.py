"""The audit: what is wrong with a task, found offline, before anything is spent on it.

:func:`audit_task` looks at a task of ours (or of any plugin), :func:`audit_configs` at lm-eval's task files. Both give
:class:`Finding` objects. An ``error`` means that scores are not what they are called, or that there will be none; a
``warning`` that they are weaker than they look; a ``note`` is worth knowing, also where something could not be checked.
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
