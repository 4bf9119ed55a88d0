"""``polyarena judge audit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.reports.judge_card.card import JudgeCard


_BY_LANGUAGE = ("position_bias", "contradictory", "ties", "invalid", "wrong_language", "answers_wrong")
"""Measures that the terminal shows by language; the page shows all."""


def command(folder: Path, judge: str | None = None, *, json: Json = False) -> int:
    """Show how reliable a judge is, and write its card to the report of the run.

    Parameters
    ----------
    folder
        A run folder.
    judge
        One of its judges. Default: all.
    json
        Print JSON.
    """
    from polyarena.harness.auditing import run_cards, write_cards
    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.harness.results import open_run
    from polyarena.reports.judge_card.render import card_data

    records = open_run(folder)
    cards = run_cards(records, judge)
    with records.folder.existing_write_access():
        paths = write_cards(records, cards)
    if json:
        print_json([card_data(card) for card in cards])
        return 0
    for card in cards:
        _print(card)
    print_lines(f"page  {paths[0]}  (and Markdown and JSON of each judge beside it)")
    return 0


def _print(card: JudgeCard) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.reports.judge_card.card import MEASURES
    from polyarena.reports.judge_card.render import format_rate, measured
    from polyarena.reports.labels import language_label

    whole, *languages = card.rows
    names = measured(card)
    print_table(
        f"{card.judge}: {count_of(whole.games, 'game')}; in percent, {card.confidence:.0%} intervals over prompts",
        ("", "all languages", "meaning"),
        [(name, format_rate(whole.rates[name]), MEASURES[name]) for name in names],
    )
    if len(languages) > 1:
        shown = [name for name in _BY_LANGUAGE if name in names]
        kept, left = shorten(languages, lambda _: False)
        rows = [
            (language_label(row.language).name, f"{row.games:,}", *(format_rate(row.rates[name]) for name in shown))
            for row in kept
        ]
        print_table("by language", ("language", "games", *shown), rows, right=range(1, len(shown) + 2))
        print_omitted(left)
    price = "unknown" if whole.price is None else f"{whole.price:.2f}"
    print_lines(f"price of 1,000 verdicts: {price}", *(f"! {finding}" for finding in card.findings), "")
