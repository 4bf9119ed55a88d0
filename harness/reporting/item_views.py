"""The items of a run for the item browser: prompts, answers and verdicts, as far as their texts may be passed on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from polyarena.harness.lock import Pair
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_table
from polyarena.reports.items import Answer, ItemView, Verdict
from polyarena.tasks.card import TaskCard
from polyarena.tasks.finish_reasons import is_cut

if TYPE_CHECKING:
    import pyarrow as pa

HARMFUL = "prompts or answers of this task may do harm"

_Place = tuple[str, str, str]
"""Task, language and item."""


def withheld(card: TaskCard) -> str:
    """Return why the texts of a task are not part of pages that are passed on; empty if they are.

    Licences without an SPDX identifier have terms of their own, which nobody has read for this purpose.
    """
    if card.harmful:
        return HARMFUL
    licence = card.dataset.licence
    return f"the licence {licence} may not allow to pass them on" if licence.startswith("LicenseRef-") else ""


def item_views(records: RunRecords, *, every: int = 1) -> list[ItemView]:
    """Return every judged pair of answers, and every generated answer that is in no pair; the first sample of each.

    Answers without a text (choices) are left out. Memory grows with the items that are kept.

    Args:
        records: Of the run.
        every: Keep one item of so many, by a digest of its id: the same in all languages and of all systems.
    """
    answers, prompts = _answers(records, every)
    reasons = {name: withheld(task.card) for name, task in records.lock.tasks.items()}
    found: list[ItemView] = []
    paired: set[tuple[str, _Place]] = set()
    for pair in records.pairs():
        for place, verdicts in _verdicts(records, pair, every).items():
            both = [answers[name, place] for name in (pair.candidate, pair.baseline) if (name, place) in answers]
            paired |= {(name, place) for name in (pair.candidate, pair.baseline)}
            found.append(_view(pair.candidate, pair.baseline, place, both, verdicts, prompts, reasons[place[0]]))
    for (system, place), answer in answers.items():
        if (system, place) not in paired:
            found.append(_view(system, "", place, [answer], [], prompts, reasons.get(place[0], "")))
    return _joined(found)


def _answers(records: RunRecords, every: int) -> tuple[dict[tuple[str, _Place], Answer], dict[tuple[str, _Place], str]]:
    columns = ("item_id", "prompt", "text", "thought", "finish_reason")
    answers: dict[tuple[str, _Place], Answer] = {}
    prompts: dict[tuple[str, _Place], str] = {}
    for system, task, language in records.lock.all_cells():
        path = records.folder.cell(system, task, language)
        if not path.exists():
            continue
        table = _kept(read_table(path, (*columns, "sample_index")), every)
        rows = {name: _column(table, name) for name in (*columns, "sample_index")}
        for sample, item, prompt, text, thought, reason in zip(
            rows["sample_index"], *(rows[name] for name in columns), strict=True
        ):
            if sample == 0 and text is not None:
                key = (system, (task, language, item))
                answers[key] = Answer(system, text, thought or "", reason is not None and is_cut(reason))
                prompts[key] = str(prompt)
    return answers, prompts


def _kept(table: pa.Table, every: int) -> pa.Table:
    """Return the rows of the items that are kept."""
    if every == 1:
        return table
    kept = [
        int(hashlib.sha256(str(item).encode()).hexdigest()[:8], 16) % every == 0 for item in _column(table, "item_id")
    ]
    return table.filter(pa.array(kept, pa.bool_()))


def _column(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist() if name in table.column_names else [None] * len(table)


def _verdicts(records: RunRecords, pair: Pair, every: int) -> dict[_Place, list[Verdict]]:
    path = records.games_file(pair)
    found: dict[_Place, list[Verdict]] = defaultdict(list)
    if path.exists():
        names = ("judge", "item_id", "system_a", "label", "raw", "error")
        table = _kept(read_table(path, names), every)
        for judge, item, first, label, raw, error in zip(*(_column(table, name) for name in names), strict=True):
            found[pair.task, pair.language, item].append(Verdict(judge, first, label, raw or "", error or ""))
    return found


def _view(
    candidate: str,
    baseline: str,
    place: _Place,
    answers: list[Answer],
    verdicts: list[Verdict],
    prompts: dict[tuple[str, _Place], str],
    reason: str,
) -> ItemView:
    if reason:
        answers = [Answer(answer.system, "", "", answer.cut) for answer in answers]
        verdicts = [Verdict(each.judge, each.first, each.label, "", each.error) for each in verdicts]
    prompt = prompts.get((candidate, place), prompts.get((baseline, place), "")) if not reason else ""
    return ItemView(*place, candidate, baseline, prompt, tuple(answers), tuple(verdicts), reason)


def _joined(views: list[ItemView]) -> list[ItemView]:
    """Return one view for each item and pair, with the verdicts of all judges."""
    by_key: dict[tuple[str, ...], list[ItemView]] = defaultdict(list)
    for view in views:
        by_key[view.task, view.language, view.item_id, view.candidate, view.baseline].append(view)
    return [
        replace(same[0], verdicts=tuple(verdict for view in same for verdict in view.verdicts))
        for same in by_key.values()
    ]
