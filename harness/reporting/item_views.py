"""The items of a run for the item browser: prompts, answers and verdicts, as far as their texts may be passed on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from polyarena.harness.lock import Pair
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_shard
from polyarena.judges.records import Game
from polyarena.reports.items import Answer, ItemView, Verdict
from polyarena.tasks.card import TaskCard
from polyarena.tasks.finish_reasons import is_cut

if TYPE_CHECKING:
    import pandas as pd

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


def item_views(records: RunRecords, completions: pd.DataFrame) -> list[ItemView]:
    """Return every judged pair of answers, and every generated answer that is in no pair; the first sample of each.

    Args:
        records: Of the run.
        completions: Its completions; answers without a text (choices) are left out.
    """
    answers, prompts = _answers(completions)
    reasons = {name: withheld(task.card) for name, task in records.lock.tasks.items()}
    found: list[ItemView] = []
    paired: set[tuple[str, _Place]] = set()
    for pair in records.pairs():
        for place, verdicts in _verdicts(records, pair).items():
            both = [answers[name, place] for name in (pair.candidate, pair.baseline) if (name, place) in answers]
            paired |= {(name, place) for name in (pair.candidate, pair.baseline)}
            found.append(_view(pair.candidate, pair.baseline, place, both, verdicts, prompts, reasons[place[0]]))
    for (system, place), answer in answers.items():
        if (system, place) not in paired:
            found.append(_view(system, "", place, [answer], [], prompts, reasons.get(place[0], "")))
    return _joined(found)


def _answers(completions: pd.DataFrame) -> tuple[dict[tuple[str, _Place], Answer], dict[tuple[str, _Place], str]]:
    own = completions[completions["text"].notna() & (completions["sample_index"] == 0)]
    columns = ("system", "task", "language", "item_id", "prompt", "text", "thought", "finish_reason")
    answers: dict[tuple[str, _Place], Answer] = {}
    prompts: dict[tuple[str, _Place], str] = {}
    for system, task, language, item, prompt, text, thought, reason in zip(
        *(own[name] for name in columns), strict=True
    ):
        key = (str(system), (str(task), str(language), str(item)))
        cut = isinstance(reason, str) and is_cut(reason)
        answers[key] = Answer(str(system), str(text), thought if isinstance(thought, str) else "", cut)
        prompts[key] = str(prompt)
    return answers, prompts


def _verdicts(records: RunRecords, pair: Pair) -> dict[_Place, list[Verdict]]:
    path = records.games_file(pair)
    found: dict[_Place, list[Verdict]] = defaultdict(list)
    for game in read_shard(path, Game) if path.exists() else ():
        place = (game.task, game.language, game.item_id)
        found[place].append(Verdict(game.judge, game.system_a, game.label, game.raw or "", game.error or ""))
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
    by_key: dict[tuple[Any, ...], list[ItemView]] = defaultdict(list)
    for view in views:
        by_key[view.task, view.language, view.item_id, view.candidate, view.baseline].append(view)
    return [
        ItemView(
            *key, same[0].prompt, same[0].answers, tuple(v for view in same for v in view.verdicts), same[0].withheld
        )
        for key, same in by_key.items()
    ]
