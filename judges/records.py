"""The records of the judge room: games as they were judged, battles as they count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from polyarena.tasks.records import Int32, arrow_schema


class Label(StrEnum):
    """A judge's verdict on two answers, from the first shown (A) to the second (B)."""

    A_MUCH = "A>>B"
    A = "A>B"
    TIE = "A=B"
    B = "B>A"
    B_MUCH = "B>>A"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Game:
    """One judgment of two completions in one order.

    Attributes:
        judge: Name of the judge in the experiment.
        task: Task name.
        language: ``lang_Script``.
        item_id: The item, within task and language.
        source_id: Shared by all translations of the item.
        system_a: The system whose answer was shown first.
        system_b: The system whose answer was shown second.
        repeat: Counts repeated judgments of the same order, from 0.
        label: A :class:`Label` value.
        raw: What the judge wrote, whole.
        prompt_tokens: As the endpoint counted; ``None`` where no endpoint was asked.
        completion_tokens: Likewise.
        cost: In the currency of the experiment's prices; ``None`` where no price is known, never a silent zero. A
            question that several games share is in the cost of each, though it was paid once; see ``questions``.
        error: Why there is no verdict, or ``None``.
        asked: Questions put to a model for this verdict: 1, or 2 where each answer is judged alone, and one more for
            each second try; ``None`` if none was or it is not known.
        wrong_language: Which answers were identified as another language than was expected: ``a``, ``b`` or ``both``;
            ``None`` if neither was, or nobody looked.
        score: What the verdict is worth to the answer shown first, in [0, 1], where the judge graded its preference;
            ``None`` where the label says it all.
        questions: Where games can share questions (each answer is judged alone, or both are equal) and prices are
            known: each question as 16 hexadecimal digits, ``:`` and what it cost, parted by blanks.
    """

    judge: str
    task: str
    language: str
    item_id: str
    source_id: str
    system_a: str
    system_b: str
    repeat: Int32
    label: str
    raw: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None
    asked: Int32 | None = None
    wrong_language: str | None = None
    score: float | None = None
    questions: str | None = None


GAME_SCHEMA = arrow_schema(Game)


@dataclass(frozen=True, slots=True)
class Battle:
    """The games of one item, both orders and all repeats, collapsed to one score for the candidate.

    Attributes:
        score: Mean over the valid games in [0, 1]; 1 is a win, ties count half. ``None`` if no game was valid.
        n_games: All games of the item.
        n_invalid: Those without a verdict; they are bounded in the reports, never dropped in silence.
    """

    judge: str
    task: str
    language: str
    item_id: str
    source_id: str
    candidate: str
    baseline: str
    score: float | None
    n_games: Int32
    n_invalid: Int32


BATTLE_SCHEMA = arrow_schema(Battle)
