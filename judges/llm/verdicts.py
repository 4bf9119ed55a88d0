"""From a model's replies to a verdict, and from a stored verdict's text to its label."""

from __future__ import annotations

from collections.abc import Sequence

from polyarena.judges.llm.template import JudgeTemplate, TemplateKind
from polyarena.judges.llm.template_file import BAD
from polyarena.judges.llm.template_set import TemplateSet
from polyarena.judges.llm.transcript import answers, answers_text, attempts_text, read_attempts
from polyarena.judges.protocol import Reply, Verdict
from polyarena.judges.records import Label


def pairwise_verdict(template: JudgeTemplate, replies: Sequence[Reply], max_tokens: int) -> Verdict:
    """Return the verdict of a judge that saw both answers.

    Args:
        template: Of the judge.
        replies: To its question, and to the second try if there was one.
        max_tokens: Longest reply, for the message about one that was cut off.
    """
    raw = _raw(replies)
    error = _error(template, replies, max_tokens)
    said = None if error is not None else read_attempts(template, raw)
    return _counted(Label.INVALID if said is None else Label(said), raw, error, replies)


def answers_verdict(template: JudgeTemplate, a: Sequence[Reply], b: Sequence[Reply], max_tokens: int) -> Verdict:
    """Return the verdict of a judge that saw each answer alone: the good one wins, two of a kind are a tie.

    Args:
        template: Of the judge.
        a: The replies on the first answer, as in :func:`pairwise_verdict`.
        b: Those on the second one.
        max_tokens: Likewise.
    """
    raw = answers_text(_raw(a), _raw(b))
    errors = [
        f"answer {name}: {error}"
        for name, replies in (("A", a), ("B", b))
        if (error := _error(template, replies, max_tokens)) is not None
    ]
    label = Label.INVALID if errors else _label(*answers_found(template, raw))
    return _counted(label, raw, "; ".join(errors) or None, (*a, *b))


def answers_found(template: JudgeTemplate, raw: str) -> tuple[bool | None, bool | None]:
    """Return whether a judge of single answers found each answer bad; ``None`` where its reply has no verdict."""
    a, b = (read_attempts(template, text) for text in answers(raw))
    return (None if a is None else a == BAD, None if b is None else b == BAD)


def parse_again(templates: TemplateSet, language: str, raw: str) -> Label:
    """Return the label that these templates read out of the stored text of a game.

    Args:
        templates: Those of the judge, or newer ones with the same way of writing verdicts.
        language: ``lang_Script`` of the game.
        raw: As :attr:`polyarena.judges.records.Game.raw` has it, second try included.
    """
    template = templates.of(language)
    if template.kind is TemplateKind.ANSWER:
        return _label(*answers_found(template, raw))
    said = read_attempts(template, raw)
    return Label.INVALID if said is None else Label(said)


def _label(bad_a: bool | None, bad_b: bool | None) -> Label:
    if bad_a is None or bad_b is None:
        return Label.INVALID
    if bad_a == bad_b:
        return Label.TIE
    return Label.B if bad_a else Label.A


def _raw(replies: Sequence[Reply]) -> str:
    return attempts_text([reply.text for reply in replies])


def _error(template: JudgeTemplate, replies: Sequence[Reply], max_tokens: int) -> str | None:
    last = replies[-1]
    if last.error is not None:
        return last.error if len(replies) == 1 else f"no usable label, and asked again: {last.error}"
    if read_attempts(template, _raw(replies)) is not None:
        return None
    twice = " and in the second one" if len(replies) > 1 else ""
    if last.finish_reason == "length":
        return f"the reply was cut off at {max_tokens} tokens, before a label"
    return f"no usable label in the reply{twice}"


def _counted(label: Label, raw: str, error: str | None, replies: Sequence[Reply]) -> Verdict:
    return Verdict(
        label,
        raw,
        _sum([reply.prompt_tokens for reply in replies]),
        _sum([reply.completion_tokens for reply in replies]),
        _total([reply.cost for reply in replies]),
        error,
        answered=all(reply.error is None or reply.refused for reply in replies),
        asked=len(replies),
        refused=any(reply.refused for reply in replies),
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
