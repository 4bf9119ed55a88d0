"""What the lock file says of tasks: which are templates of one family, and which numbers are flagged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from polyarena.harness.importing.kept import not_shown
from polyarena.harness.planning.templates import prompt_template
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.languages import find_language
from polyarena.tasks.registry import find_task

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.flags import Flag
    from polyarena.tasks.protocol import Task

MOST_NAMED = 8
"""Languages or cells that a note names before it only counts."""


def families(lock: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the family and the template of each task that has several templates.

    Lock files of older versions do not say it, nor what is flagged; for them the installed tasks are asked.
    """
    if "flags" not in lock:
        return {name: said for name in lock["tasks"] if (said := _asked(name))}
    return {name: (entry["family"], entry["template"]) for name, entry in lock["tasks"].items() if "family" in entry}


def _installed(name: str) -> Task | None:
    try:
        return find_task(name)
    except PolyarenaError:
        return None


def _asked(name: str) -> tuple[str, str] | None:
    task = _installed(name)
    return prompt_template(name, task) if task is not None else None


def answered_in(lock: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return, by task and language of the item, the language of the answer where it is another one."""
    found = {name: entry["answered_in"] for name, entry in lock["tasks"].items() if "answered_in" in entry}
    if "flags" not in lock:
        # Of a version that does not say; the installed tasks do.
        for name, entry in lock["tasks"].items():
            said = getattr(_installed(name), "answer_language", None)
            if said:
                found[name] = {code: str(said(code)) for code in entry["languages"] if said(code) != code}
    return found


def left_out(lock: dict[str, Any]) -> list[str]:
    """Say what of the experiment was not asked or not scored, one sentence each."""
    found = []
    for each in lock.get("omissions", []):
        names = some([find_language(code).name for code in each["languages"]])
        if each["metric"]:
            found.append(f"{each['metric']} of {each['task']} is not scored in {names}: {each['reason']}.")
        else:
            wanted = f", which the suite {each['suite']} has," if each["suite"] else ""
            where = f" in {names}" if names else ""
            found.append(f"{each['task']}{wanted} is not asked{where}: {each['reason']}.")
    return [*found, *(f"{said[:1].upper()}{said[1:]}." for said in not_shown(lock).values())]


def some(names: Sequence[str]) -> str:
    """Join names; of many, only the first are named."""
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"


def incomplete(missing: Sequence[str]) -> str:
    """Say what of the experiment is not stored."""
    return (
        f"Incomplete: {len(missing)} cells or pairs of cells have no result and are in no number here "
        f"({some(missing)}). Running the experiment again does only these."
    )


def flags(lock: dict[str, Any], estimates: pd.DataFrame) -> tuple[Flag, ...]:
    """Return the flags that the lock file names, or those of the table if it is of a version that names none."""
    from polyarena.reports.flags import Flag, adequacy_flags

    if "flags" in lock:
        return tuple(Flag(*(str(flag[name]) for name in Flag.__slots__)) for flag in lock["flags"])
    own = estimates[(estimates["level"] == "language") & estimates["baseline"].isna()]
    return adequacy_flags(
        (str(task), str(language), str(metric))
        for task, language, metric in own[["task", "group", "metric"]].itertuples(index=False, name=None)
    )
