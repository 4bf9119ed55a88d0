"""Splits the text of a model into the stored thought and answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyarena.harness.models.protocol import GenerateResult
from polyarena.tasks.finish_reasons import is_cut
from polyarena.tasks.identify import agreement, identify
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import SplitText, ThinkingRule, cut_at_stops, join_thoughts, split_thought


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """The stored parts of one generated text; fields as in :class:`polyarena.tasks.records.Completion`."""

    text: str
    thought: str | None
    thought_ended: bool | None
    thought_tokens: int | None
    answer_tokens: int | None


def thought_language(thought: str | None, language: str) -> tuple[str | None, str | None]:
    """Return the language of a thought, and how it agrees with the language of the prompt.

    Args:
        thought: ``None`` without one.
        language: ``lang_Script`` of the prompt.
    """
    if thought is None or not thought.strip():
        return None, None
    found = identify(thought)
    return found.language, str(agreement(found, language))


def split_result(rule: ThinkingRule, stop: Sequence[str], result: GenerateResult) -> AnswerParts:
    """Split a generated text into thought and answer.

    Stop texts end the answer only, so that none of them can end a thought. A thought that took all tokens, so that
    nothing is left to read, never ended: some hosts report its tokens and hide the rest.

    Args:
        rule: How thoughts are found.
        stop: The stop texts of the request.
        result: What the model wrote; not ``None``.
    """
    assert result.text is not None
    text = sanitize_text(result.text)
    if result.is_split:
        given = None if result.thought is None else sanitize_text(result.thought)
        split = SplitText(text, given, result.thought_ended is not False)
    else:
        split = split_thought(text, rule, opened=result.opened)
        given = None if result.thought is None else sanitize_text(result.thought)
        split = join_thoughts(given, split, withheld=is_cut(result.finish_reason))
    hidden = split.thought is None and bool(result.thought_tokens)
    if split.thought is None and not hidden:
        total = result.completion_tokens
        return AnswerParts(text, None, None, None if total is None else 0, total)
    ended = split.ended and not (hidden and not split.answer and is_cut(result.finish_reason))
    thought_tokens = result.thought_tokens
    if thought_tokens is None and not split.answer:
        thought_tokens = result.completion_tokens
    known = thought_tokens is not None and result.completion_tokens is not None
    answer_tokens = max(0, (result.completion_tokens or 0) - (thought_tokens or 0)) if known else None
    answer = cut_at_stops(split.answer, stop)
    return AnswerParts(answer, split.thought, ended, thought_tokens, answer_tokens)
