"""The records of the judge room: ratings of single answers, games of two, and battles as they count."""

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
        raw: The judge's last reply, whole; empty where nobody wrote anything, and where the game derives from two
            ratings, which have the replies.
        prompt_tokens: As the endpoint counted; ``None`` where no endpoint was asked.
        completion_tokens: Likewise.
        cost: In the currency of the experiment's prices; ``None`` where no price is known, never a silent zero. A
            question that several games share is in the cost of each, though it was paid once; see ``question``.
        error: Why there is no verdict, or ``None``.
        asked: Questions put to a model for this verdict: 1, or 2 where each answer is judged alone, and one more for
            each second try; ``None`` if none was or it is not known.
        wrong_language: Which answers were identified as another language than was expected: ``a``, ``b`` or ``both``;
            ``None`` if neither was, or nobody looked.
        score: What the verdict is worth to the answer shown first, in [0, 1], where the judge graded its preference;
            ``None`` where the label says it all.
        rater: Who decided: the person, or the judge itself (the default).
        first_raw: The judge's first reply if it held no usable verdict and the judge was asked again, else ``None``.
        finish_reason: Why the last reply ended, as the endpoint said; a reply that was cut off has no verdict.
        follow_ups: How often the judge was asked again; ``None`` if it was not asked or this is not known.
        question: Equal for games that rest on the same question (both orders of two equal answers), 16 hexadecimal
            digits; ``None`` where the question is the game's own, or the game derives from ratings.
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
    rater: str = ""
    first_raw: str | None = None
    finish_reason: str | None = None
    follow_ups: Int32 | None = None
    question: str | None = None

    def __post_init__(self) -> None:
        if not self.rater:
            object.__setattr__(self, "rater", self.judge)


GAME_SCHEMA = arrow_schema(Game)


class Scale(StrEnum):
    """What the value of a rating says."""

    BAD = "bad"
    """1 if the answer is bad (harmful, by the judge ``harm``), 0 if it is good."""
    REWARD = "reward"
    """The scalar of a reward model; higher is better, and only differences mean something."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One judgment of one completion alone.

    Attributes:
        judge: Name of the judge in the experiment.
        rater: Who rated: the person, or the judge itself.
        task: Task name.
        language: ``lang_Script``.
        item_id: The item, within task and language.
        source_id: Shared by all translations of the item.
        system: Whose completion.
        sample_index: Which of the system's samples, from 0.
        repeat: Counts repeated judgments of the same completion, from 0.
        value: On the scale; ``None`` if there is no usable one.
        scale: A :class:`Scale` value.
        raw: The last reply, whole; empty where nobody wrote anything.
        first_raw: The first reply if it held no usable verdict and the judge was asked again, else ``None``.
        finish_reason: Why the last reply ended, as the endpoint said.
        prompt_tokens: As the endpoint counted; ``None`` where no endpoint was asked.
        completion_tokens: Likewise.
        cost: In the currency of the experiment's prices; ``None`` where no price is known.
        error: Why there is no value, or ``None``.
        asked: Questions put to a model, 2 after a second try; ``None`` if none was.
        question: Equal for ratings that rest on the same question (of equal texts), which was paid for once; 16
            hexadecimal digits, ``None`` where nobody was asked.
    """

    judge: str
    rater: str
    task: str
    language: str
    item_id: str
    source_id: str
    system: str
    sample_index: Int32
    repeat: Int32
    value: float | None
    scale: str
    raw: str = ""
    first_raw: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None
    asked: Int32 | None = None
    question: str | None = None


RATING_SCHEMA = arrow_schema(Rating)


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
