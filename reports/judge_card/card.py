"""The card of one judge: all measures by language, and its findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from polyarena.judges import Game, Label, Rating
from polyarena.reports.judge_card import biases, consistency
from polyarena.reports.judge_card.biases import AnswerStyles
from polyarena.reports.judge_card.rates import Rate, RateSettings, rate
from polyarena.reports.labels import language_label
from polyarena.tasks.counts import count_of

ALL = "all"
"""Stands for all languages pooled."""

MEASURES: Mapping[str, str] = {
    "position_bias": "share that goes to the answer shown first (a half is fair)",
    "contradictory": "pairs of orders that name different winners",
    "position_inconsistency": "pairs of orders with different verdicts, ties included",
    "ties": "verdicts that are ties",
    "strong": "verdicts that are >>",
    "repeatable": "repeated judgments that agree",
    "invalid": "games without a verdict",
    "asked_again": "games in which the judge had to be asked again",
    "length_bias": "share that goes to the longer answer",
    "markdown_bias": "share that goes to the answer with more Markdown",
    "self_preference": "share that goes to systems of the judge's own family",
    "wrong_language": "share that goes to an answer in another language",
    "answers_wrong": "answers in another language than was expected",
}
"""What is measured, in the order shown."""


@dataclass(frozen=True, slots=True)
class CardRow:
    """The measures in one language.

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
    rows: tuple[CardRow, ...]
    findings: tuple[str, ...]
    relatives: Mapping[str, Sequence[str]] = field(default_factory=dict)


def judge_card(
    judge: str,
    games: Iterable[Game],
    *,
    styles: AnswerStyles | None = None,
    relatives: Mapping[str, Sequence[str]] | None = None,
    repeats: int = 1,
    order_known: bool = True,
    description: str = "",
    signature: str = "",
    settings: RateSettings | None = None,
    ratings: Iterable[Rating] = (),
) -> JudgeCard:
    """Measure a judge.

    Args:
        judge: Its name.
        games: Its games, of all systems, tasks and languages.
        styles: Length and mark-up of the stored answers.
        relatives: Systems that share a family with the judge; see
            :func:`polyarena.judges.families.self_preference_risk`.
        repeats: Judgments of each order.
        order_known: Whether ``system_a`` was really shown first; where it is not known, nothing is said of position.
        description: What the judge says of itself.
        signature: Every setting that changes its verdicts.
        settings: How intervals are made.
        ratings: From which the games derive, if the judge rates each answer alone; each once. For its price.
    """
    chosen, related = settings or RateSettings(), relatives or {}
    played, rated = list(games), list(ratings)
    languages = sorted({game.language for game in played})
    # Collapsing takes time, and without styles and relatives nothing is made of it.
    scored = biases.item_scores(played) if styles or related else []
    rows = []
    for language in (ALL, *languages):
        own = [game for game in played if language in (ALL, game.language)]
        behind = [rating for rating in rated if language in (ALL, rating.language)]
        items = [each for each in scored if language in (ALL, each[0].language)]
        rows.append(_row(language, own, items, behind, styles or {}, tuple(related), repeats, order_known, chosen))
    return JudgeCard(
        judge, description, signature, chosen.confidence, tuple(rows), tuple(_findings(rows, related)), related
    )


def _row(
    language: str,
    games: Sequence[Game],
    scored: biases.Scored,
    ratings: Sequence[Rating],
    styles: AnswerStyles,
    relatives: Sequence[str],
    repeats: int,
    order_known: bool,
    settings: RateSettings,
) -> CardRow:
    known = games if order_known else []
    judged = [game for game in games if not game.raw.startswith("language gate")]
    values = {
        "position_bias": consistency.position_bias(known),
        "contradictory": consistency.contradictions(known),
        "position_inconsistency": consistency.position_inconsistency(known),
        "ties": consistency.share_of(games, Label.TIE),
        "strong": consistency.share_of(games, Label.A_MUCH, Label.B_MUCH),
        "repeatable": consistency.repeated(games, repeats),
        "invalid": consistency.invalid(games),
        "asked_again": consistency.asked_again(games),
        "length_bias": biases.length_bias(scored, styles),
        "markdown_bias": biases.markdown_bias(scored, styles),
        "self_preference": biases.self_preference(scored, relatives),
        # What a gate decided says nothing of the judge.
        "wrong_language": biases.wrong_language_bias(judged),
        "answers_wrong": biases.wrong_language_share(games, styles),
    }
    price, unpriced = consistency.price_per_thousand(games, ratings)
    rates = {name: rate(values[name], settings) for name in MEASURES}
    return CardRow(language, len(games), rates, price, unpriced, consistency.constant(games))


def _findings(rows: Sequence[CardRow], relatives: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Yield the findings of the card."""
    whole = rows[0]
    if whole.constant:
        yield f"It answers nearly always the same ({whole.constant}): its verdicts say nothing about the answers."
    else:
        stuck = [language_label(row.language).name for row in rows[1:] if row.constant]
        if stuck:
            yield f"It answers nearly always the same in {', '.join(stuck)}."
    first = whole.rates["position_bias"]
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
        yield f"The price leaves out {count_of(whole.unpriced, 'game')} of unknown price."
