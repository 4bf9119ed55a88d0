"""The judges on the page: settings, findings of the card, and the card as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from polyarena.harness.auditing import run_cards
from polyarena.harness.lock import Lock, LockedJudge
from polyarena.harness.results import RunRecords
from polyarena.reports.judge_card.card import MEASURES
from polyarena.reports.judge_card.render import card_lines, measured
from polyarena.reports.page import JudgeInfo, Table

if TYPE_CHECKING:
    from polyarena.reports.judge_card.card import JudgeCard

MOST_GAMES = 100_000
"""Games of a judge whose card is computed for the page; `polyarena judge audit` has no such limit."""


def judge_cards(records: RunRecords) -> dict[str, JudgeCard]:
    """Return the cards of a run's judges by name; those without games, or with too many, have none."""
    counts = _games(records)
    return {name: run_cards(records, name)[0] for name, games in sorted(counts.items()) if games <= MOST_GAMES}


def judge_infos(lock: Lock, cards: Mapping[str, JudgeCard]) -> tuple[JudgeInfo, ...]:
    """Return the judges of a run, sorted, each with its card if there is one."""
    return tuple(_info(name, judge, cards.get(name)) for name, judge in sorted(lock.judges.items()))


def _games(records: RunRecords) -> dict[str, int]:
    """Count the stored games of each judge, from the heads of the files."""
    counts: dict[str, int] = {}
    for pair in records.pairs():
        path = records.games_file(pair)
        if path.exists():
            counts[pair.judge] = counts.get(pair.judge, 0) + pq.read_metadata(path).num_rows
    return {judge: games for judge, games in counts.items() if games}


def _info(name: str, judge: LockedJudge, card: JudgeCard | None) -> JudgeInfo:
    table = None
    if card is not None:
        columns, lines = card_lines(card)
        notes = (
            f"In percent, with {card.confidence:.0%} intervals over prompts.",
            *(f"{measure}: {MEASURES[measure]}" for measure in measured(card)),
        )
        table = Table(f"Card of {name}", tuple(columns), tuple(map(tuple, lines)), notes=notes)
    findings = card.findings if card is not None else ()
    return JudgeInfo(name, judge.description, str(judge.signature), judge.orders, judge.repeats, findings, table)
