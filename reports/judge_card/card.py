"""The card of one judge: everything that can be said of it, by language, and what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from polyarena.judges import Game, Label
from polyarena.reports.judge_card import habits, leanings
from polyarena.reports.judge_card.leanings import Looks
from polyarena.reports.judge_card.rates import Rate, RateSettings, rate
from polyarena.reports.labels import language_label

ALL = "all"
"""Stands for all languages pooled."""

MEASURES: Mapping[str, str] = {
    "first_shown": "share that goes to the answer shown first (a half is fair)",
    "contradictory": "pairs of orders that name different winners",
    "flipped": "pairs of orders with different verdicts, ties included",
    "ties": "verdicts that are ties",
    "strong": "verdicts that are >>",
    "repeatable": "repeated judgments that agree",
    "invalid": "games without a verdict",
    "asked_again": "games in which the judge had to be asked again",
    "longer": "share that goes to the longer answer",
    "marked": "share that goes to the answer with more Markdown",
    "relatives": "share that goes to systems of the judge's own family",
    "wrong_language": "share that goes to an answer in another language",
    "answers_wrong": "answers in another language than was expected",
}
"""What is measured, in the order shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured in one language.

    Attributes:
        language: ``lang_Script``, or :data:`ALL`.
        games: How many.
        rates: By the names of :data:`MEASURES`; empty rates where nothing could be measured.
        price: Of 1,000 games, in the currency of the prices; ``None`` where no price is known.
        unpriced: Games of unknown price.
        constant: What the judge says nearly always, in words; empty if it does not.
    """

    language: str
    games: int
    rates: Mapping[str, Rate]
    price: float | None
    unpriced: int
    constant: str


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """The card of one judge.

    Attributes:
        judge: Its name.
        description: What the judge says of itself.
        signature: Every setting that changes its verdicts.
        confidence: Of the intervals.
        rows: All languages pooled, then each language.
        findings: What stands out, one sentence each.
        relatives: Systems that share a family with the judge, with the makers.
    """

    judge: str
    description: str
    signature: str
    confidence: float
    rows: tuple[Row, ...]
    findings: tuple[str, ...]
    relatives: Mapping[str, Sequence[str]] = field(default_factory=dict)


def judge_card(
    judge: str,
    games: Iterable[Game],
    *,
    looks: Looks | None = None,
    relatives: Mapping[str, Sequence[str]] | None = None,
    repeats: int = 1,
    order_known: bool = True,
    description: str = "",
    signature: str = "",
    settings: RateSettings | None = None,
) -> JudgeCard:
    """Measure a judge.

    Args:
        judge: Its name.
        games: Its games, of all systems, tasks and languages.
        looks: How the answers look, where they are stored.
        relatives: Systems that share a family with the judge, from :func:`polyarena.judges.families.relatives`.
        repeats: Judgments of each order.
        order_known: Whether ``system_a`` was really shown first; where it is not known, nothing is said of position.
        description: What the judge says of itself.
        signature: Every setting that changes its verdicts.
        settings: How intervals are made.
    """
    chosen, related = settings or RateSettings(), relatives or {}
    played = list(games)
    languages = sorted({game.language for game in played})
    rows = []
    for language in (ALL, *languages):
        own = [game for game in played if language in (ALL, game.language)]
        rows.append(_row(language, own, looks or {}, tuple(related), repeats, order_known, chosen))
    return JudgeCard(
        judge, description, signature, chosen.confidence, tuple(rows), tuple(_findings(rows, related)), related
    )


def _row(
    language: str,
    games: Sequence[Game],
    looks: Looks,
    relatives: Sequence[str],
    repeats: int,
    order_known: bool,
    settings: RateSettings,
) -> Row:
    known = games if order_known else []
    # Collapsing takes time, and without looks and relatives nothing is made of it.
    scored = leanings.unit_scores(games) if looks or relatives else []
    judged = [game for game in games if not game.raw.startswith("language gate")]
    values = {
        "first_shown": habits.first_shown(known),
        "contradictory": habits.contradictions(known),
        "flipped": habits.flips(known),
        "ties": habits.share_of(games, Label.TIE),
        "strong": habits.share_of(games, Label.A_MUCH, Label.B_MUCH),
        "repeatable": habits.repeated(games, repeats),
        "invalid": habits.invalid(games),
        "asked_again": habits.asked_again(games),
        "longer": leanings.prefers_longer(scored, looks),
        "marked": leanings.prefers_marked(scored, looks),
        "relatives": leanings.prefers_relatives(scored, relatives),
        # What a gate decided says nothing of the judge.
        "wrong_language": leanings.tolerates_wrong_language(judged),
        "answers_wrong": leanings.in_wrong_language(games, looks),
    }
    price, unpriced = habits.price_per_thousand(games)
    rates = {name: rate(values[name], settings) for name in MEASURES}
    return Row(language, len(games), rates, price, unpriced, habits.constant(games))


def _findings(rows: Sequence[Row], relatives: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Yield what a reader must not miss."""
    whole = rows[0]
    if whole.constant:
        yield f"It answers nearly always the same ({whole.constant}): its verdicts say nothing about the answers."
    else:
        stuck = [language_label(row.language).name for row in rows[1:] if row.constant]
        if stuck:
            yield f"It answers nearly always the same in {', '.join(stuck)}."
    first = whole.rates["first_shown"]
    if first.low is not None and first.high is not None and not first.low <= 0.5 <= first.high:
        which = "first" if first.low > 0.5 else "second"
        yield f"It leans to the answer shown {which}: both orders are needed, and single ones are biased."
    contradictory = whole.rates["contradictory"].value
    if contradictory is not None and contradictory > 0.25:
        yield f"{contradictory:.0%} of its pairs contradict themselves when the order is swapped."
    wrong = whole.rates["wrong_language"]
    if wrong.low is not None and wrong.low > 0.5:
        yield "It prefers answers in the wrong language to answers in the right one; consider the language gate."
    empty = whole.rates["invalid"].value
    if empty is not None and empty > 0.05:
        yield f"{empty:.0%} of its games have no verdict."
    for system, makers in sorted(relatives.items()):
        yield f"It shares a family ({', '.join(makers)}) with the system {system}, by the name of the model."
    if whole.unpriced and whole.price is not None:
        yield f"{whole.unpriced:,} games have no known price and are not in the price."
