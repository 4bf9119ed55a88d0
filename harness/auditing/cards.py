"""Computes and writes the judge cards of a run."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.harness.auditing.judges import (
    EVERY_GAME,
    GameChoice,
    entry_of_judge,
    games_of_judge,
    ratings_of_judge,
    repeats_of_judge,
)
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_table
from polyarena.harness.store.atomic import write_atomically
from polyarena.judges.families import self_preference_risk
from polyarena.reports.judge_card.biases import answer_styles
from polyarena.reports.judge_card.card import judge_card
from polyarena.reports.judge_card.rates import RateSettings
from polyarena.reports.judge_card.render import card_data, card_markdown, card_page
from polyarena.tasks.errors import StoreError

if TYPE_CHECKING:
    from polyarena.reports.judge_card.biases import AnswerStyles
    from polyarena.reports.judge_card.card import JudgeCard

FOLDER = "judges"
"""Of the report."""


def run_cards(records: RunRecords, judge: str | None = None, choice: GameChoice = EVERY_GAME) -> list[JudgeCard]:
    """Return the card of one judge of a run, or of all.

    Args:
        records: The run.
        judge: The judge; all if ``None``.
        choice: Of which games; all by default.

    Raises:
        UnknownNameError: The run has no such judge, or the choice names something that is not there.
        ExperimentError: No game suits the choice.
        StoreError: The run has no judge, or no game of one is stored.
    """
    lock = records.lock
    names = [judge] if judge is not None else sorted(lock.judges)
    if not names:
        raise StoreError("the run has no judge", where=records.folder.path)
    styles = _styles(records)
    statistics = lock.settings.statistics
    settings = RateSettings(confidence=statistics.confidence, seed=statistics.seed)
    systems = {name: name for name in lock.cells}
    cards = []
    for name in names:
        entry = entry_of_judge(records, name)
        # Runs say what they know of models; of imports the names are all there is.
        related = entry.relatives or self_preference_risk(name, systems)
        cards.append(
            judge_card(
                name,
                games_of_judge(records, name, choice),
                styles=styles,
                relatives=related,
                repeats=repeats_of_judge(records, name),
                order_known=entry.order_known,
                description=entry.description,
                signature=str(entry.signature),
                settings=settings,
                ratings=[*filter(choice.has_rating, ratings_of_judge(records, name))],
            )
        )
    return cards


def write_cards(records: RunRecords, cards: Sequence[JudgeCard]) -> list[str]:
    """Write the cards as a page, as Markdown and as JSON into the report of the run; returns the paths."""
    folder = records.folder.report / FOLDER
    contents = {"index.html": card_page(cards)}
    for card in cards:
        contents[f"{card.judge}.md"] = card_markdown(card)
        contents[f"{card.judge}.json"] = json.dumps(card_data(card), indent=2, ensure_ascii=False) + "\n"
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return [str(folder / name) for name in contents]


def _styles(records: RunRecords) -> AnswerStyles:
    texts: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    judged = {(system, pair[3], pair[4]) for pair in records.pairs() for system in pair[1:3]}
    for system, task, language in sorted(judged):
        path = records.folder.cell(system, task, language)
        if path.exists():
            table = read_table(path, ("item_id", "text"))
            columns = (table.column(name).to_pylist() for name in ("item_id", "text"))
            for item, text in zip(*columns, strict=True):
                if text is not None:
                    texts[system, task, language, item].append(text)
    return answer_styles(texts)
