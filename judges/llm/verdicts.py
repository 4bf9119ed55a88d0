"""From a model's replies to a verdict or a rating, and from stored replies to their label again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from polyarena.judges.llm.template import JudgeTemplate, TemplateKind
from polyarena.judges.llm.template_file import BAD
from polyarena.judges.llm.template_set import TemplateSet
from polyarena.judges.protocol import Assessment, Call, Reply, Verdict
from polyarena.judges.records import Game, Label, Rating, Scale
from polyarena.tasks.finish_reasons import is_cut
from polyarena.tasks.prompt import json_default
from polyarena.tasks.thinking import split_thought


def question_id(call: Call) -> str:
    """Return 16 hexadecimal digits that equal questions of one judge share: of a SHA-256 of what is asked."""
    asked = json.dumps(
        [[dict(message) for message in call.messages], call.sample_index], sort_keys=True, default=json_default
    )
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def pairwise_verdict(
    template: JudgeTemplate, replies: Sequence[Reply], max_tokens: int, question: str | None = None
) -> Verdict:
    """Return the verdict of a judge that saw both answers.

    Args:
        template: Of the judge.
        replies: To its question, and to the second try if there was one.
        max_tokens: Longest reply, for the message about one that was cut off.
        question: From :func:`question_id` if other games rest on the same question.
    """
    word, last = _word(template, replies), replies[-1]
    return Verdict(
        Label.INVALID if word is None else Label(word),
        last.text,
        _sum([reply.prompt_tokens for reply in replies]),
        _sum([reply.completion_tokens for reply in replies]),
        _total([reply.cost for reply in replies]),
        None if word is not None else _error(replies, max_tokens),
        answered=is_answered(replies),
        asked=len(replies),
        refused=is_refused(replies),
        first_raw=replies[0].text if len(replies) > 1 else None,
        finish_reason=last.finish_reason,
        follow_ups=len(replies) - 1,
        question=question,
    )


def assess(template: JudgeTemplate, replies: Sequence[Reply], max_tokens: int, question: str) -> Assessment:
    """Return what a judge made of one answer that it saw alone.

    Args:
        template: Of the judge.
        replies: To its question, and to the second try if there was one.
        max_tokens: Longest reply, for the message about one that was cut off.
        question: From :func:`question_id`.
    """
    word, last = _word(template, replies), replies[-1]
    return Assessment(
        None if word is None else float(word == BAD),
        Scale.BAD,
        last.text,
        replies[0].text if len(replies) > 1 else None,
        last.finish_reason,
        _sum([reply.prompt_tokens for reply in replies]),
        _sum([reply.completion_tokens for reply in replies]),
        _total([reply.cost for reply in replies]),
        None if word is not None else _error(replies, max_tokens),
        len(replies),
        question,
    )


def is_answered(replies: Sequence[Reply]) -> bool:
    """Return whether the endpoint answered, or has refused for good; if not, asking again may help."""
    return all(reply.error is None or reply.refused for reply in replies)


def is_refused(replies: Sequence[Reply]) -> bool:
    """Return whether the endpoint has refused a question for good."""
    return any(reply.refused for reply in replies)


def read_reply(template: JudgeTemplate, text: str, finish_reason: str | None = None) -> str | None:
    """Return the verdict of one reply as a key of the template's words, or ``None`` if it has no usable one.

    A reply that was cut off may only have come to a label that its explanation names: it has a verdict only if it is a
    whole JSON object.
    """
    return template.read(text, cut_off=is_cut(finish_reason))


def parse_again(templates: TemplateSet, stored: Game | Rating) -> Label | float | None:
    """Return what these templates read out of the stored replies of a game or a rating.

    Args:
        templates: Those of the judge, or newer ones with the same way of writing verdicts.
        stored: A game of a pairwise judge, or a rating.

    Returns:
        The label of a game; the value of a rating, ``None`` if it has no usable one.
    """
    template = templates.of(stored.language)
    word = read_reply(template, stored.raw, stored.finish_reason)
    if word is None and stored.first_raw is not None:
        word = read_reply(template, stored.first_raw)
    if template.kind is TemplateKind.ANSWER:
        return None if word is None else float(word == BAD)
    return Label.INVALID if word is None else Label(word)


def _word(template: JudgeTemplate, replies: Sequence[Reply]) -> str | None:
    if replies[-1].error is not None:
        return None
    words = (read_reply(template, reply.text, reply.finish_reason) for reply in replies)
    return next((word for word in words if word is not None), None)


def _error(replies: Sequence[Reply], max_tokens: int) -> str:
    last = replies[-1]
    if last.error is not None:
        return last.error if len(replies) == 1 else f"no usable label, and asked again: {last.error}"
    if is_cut(last.finish_reason):
        thought = last.thought is not None and not last.text.strip()
        where = "inside its thought" if thought or split_thought(last.text).cut_off else "before its verdict"
        return f"the reply was cut off at {max_tokens} tokens, {where}: raise `max_tokens` of the judge"
    twice = " and in the second one" if len(replies) > 1 else ""
    return f"no usable label in the reply{twice}"


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
