"""All checks of lm-eval's task files, for those that a pattern means."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from polyarena.tasks.audit.configs.groups import audit_groups
from polyarena.tasks.audit.configs.index import Config, ConfigIndex, read_configs, shipped_folder
from polyarena.tasks.audit.configs.pinning import audit_data
from polyarena.tasks.audit.configs.scoring import audit_metrics
from polyarena.tasks.audit.configs.templates import audit_templates
from polyarena.tasks.audit.finding import Finding, Severity, ordered
from polyarena.tasks.audit.paths import check_path
from polyarena.tasks.errors import DataError, UnknownNameError


def audit_configs(pattern: str) -> list[Finding]:
    """Audit the task files of lm-eval that a pattern means.

    Args:
        pattern: A folder of task files, as a path or below lm-eval's own (``afrobench/xlsum``), or else a shell pattern
            of names of tasks and groups (``xlsum_*``), for which all of lm-eval's files are read.

    Raises:
        UnknownNameError: The pattern means no task and no group.
        DataError: lm-eval is not installed.
    """
    check_path(pattern)
    folder = _folder(pattern)
    if folder is None:
        index = read_configs([shipped_folder()])
        chosen = [each for each in (*index.tasks.values(), *index.groups.values()) if fnmatchcase(each.name, pattern)]
    else:
        index = read_configs([folder])
        chosen = [*index.tasks.values(), *index.groups.values()]
    if not chosen and not index.unreadable:
        raise UnknownNameError(
            f"no task or group of lm-eval is called {pattern!r}",
            fix="give a shell pattern of names ('xlsum_*'), or a folder of task files",
        )
    return ordered(_audited(index, chosen, everything=folder is not None))


def _folder(pattern: str) -> Path | None:
    path = Path(pattern).expanduser()
    if path.is_dir():
        return path
    try:
        below = shipped_folder() / path
    except DataError:
        return None
    return below if "*" not in pattern and below.is_dir() else None


def _audited(index: ConfigIndex, chosen: list[Config], *, everything: bool) -> Iterator[Finding]:
    tasks = [each for each in chosen if each.name in index.tasks]
    groups = [each for each in chosen if each.name in index.groups]
    yield from audit_templates(index, tasks)
    yield from audit_groups(index, groups)
    yield from audit_data(tasks)
    yield from audit_metrics(tasks)
    if everything:
        for path, reason in index.unreadable.items():
            message = f"lm-eval skips this file without a word: {reason}"
            yield Finding("unreadable-file", Severity.ERROR, path.stem, "", message, (str(path),))
        for path, name in index.hidden.items():
            message = "another file has this name and goes before it: this one is never used"
            yield Finding("hidden-by-name", Severity.WARNING, name, "", message, (str(path),))
