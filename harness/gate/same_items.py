"""Whether two imported runs asked the same of the items that both have, where their sets of items differ."""

from __future__ import annotations

from collections.abc import Mapping

from polyarena.harness.gate.sides import Sides
from polyarena.harness.lock.differences import Aspect, Difference
from polyarena.harness.lock.imported_judges import is_imported_run
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_table

_ITEMS = ".items"
"""End of the name of the digest of all items of an imported cell."""


def is_only_another_set(difference: Difference, sides: Sides, task: str) -> bool:
    """Return whether a difference in the data of a task is of an imported run that asked more or fewer of its items.

    The importers digest all items of a cell together. Where these digests differ, the prompts of the items that both
    runs have say whether they are the same (of the right answers nothing is stored); a reference file has no prompts.
    Digests of other tasks from the same data set say nothing of this one.
    """
    old, new = sides.baseline_records, sides.records
    if difference.aspect is not Aspect.DATA or not difference.field.endswith(_ITEMS):
        return False
    if old is None or not (is_imported_run(old.lock) and is_imported_run(new.lock)):
        return False
    _, own, language = difference.field.removesuffix(_ITEMS).rsplit("/", 2)
    if own != task:
        return True
    before = _prompts(old, sides.baseline.system, task, language)
    after = _prompts(new, sides.candidate.system, task, language)
    shared = before.keys() & after.keys()
    if before.keys() == after.keys():
        # The same set, so what differs is in the items, such as the right answer of one.
        return False
    return bool(shared) and all(before[item] and before[item] == after[item] for item in shared)


def _prompts(records: RunRecords, system: str, task: str, language: str) -> Mapping[str, str]:
    path = records.folder.cell(system, task, language)
    if not path.exists():
        return {}
    columns = read_table(path, ["item_id", "prompt"]).to_pydict()
    return {str(item): str(prompt or "") for item, prompt in zip(columns["item_id"], columns["prompt"], strict=True)}
