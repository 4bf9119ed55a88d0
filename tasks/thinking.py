"""Separates the thought of a reasoning model from its answer.

A reasoning model writes its thought before its answer. Only the answer is scored, identified and judged. A
:class:`ThinkingRule` says how the two are separated: by the marks that model families use (the default), by marks set
by hand, or not at all. Every text is read in time linear in its length.

The known marks are in :data:`polyarena.tasks.thought_marks.FAMILIES`. The rules are:

1. The thought begins at the first opening mark before which there is nothing but white space. An opening mark at the
   start of a later line, outside a fenced code block, begins one too; the text before it belongs to the thought.
2. Chat templates often write the opening mark into the prompt. An end mark without an opening one ends a thought that
   began with the text.
3. The last end mark of the family counts, as in lm-eval's ``think_end_token``: what follows it is the answer.
4. If a thought never ends, or begins again on a line of its own and does not end, the answer is empty.
5. A mark between quotation marks or backticks, or a pair of them in running text, is a mention, not a mark.
6. Harmony (gpt-oss): the answer is what the last ``final`` channel says; all other channels are the thought.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.thought_marks import BY_MARK, FAMILIES, MARK, Marks, family_of, opens

HARMONY_START = "<|channel|>analysis<|message|>"
_HARMONY_FINAL = "<|channel|>final<|message|>"
HARMONY_CLOSING = f"<|end|><|start|>assistant{_HARMONY_FINAL}"
_HARMONY_TURN = "<|start|>assistant"

_GRANITE = re.compile(r"\A\s*here(?: i|')s my thought process:", re.IGNORECASE)
_GRANITE_END = re.compile(r"here(?: i|')s my response:", re.IGNORECASE)

_CONTROL = re.compile(r"<\|(start|channel|message|end|return|call|constrain)\|>")
_HARMONY = re.compile(
    r"\A(?:\s*(?:<\|start\|>assistant)?<\|channel\|>[ \t]*(?:analysis|commentary|final)\b"
    r"|(?s:.*?)<\|channel\|>[ \t]*final\b[^<\n]{0,40}(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>)"
)
# Servers that drop special tokens leave the channels' names glued to what they say.
_BARE_HARMONY = re.compile(r"\A\s*analysis(?=[^\W\d_a-z])")
_BARE_FINAL = "assistantfinal"
_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~)", re.MULTILINE)
_QUOTES = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "『": "』"}
_WRAPPERS = (
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"), ("<|START_TEXT|>", "<|END_TEXT|>"), ("<answer>", "</answer>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"), ("<|begin_of_box|>", "<|end_of_box|>"),
)  # fmt: skip
_BLANK = " \t\r\n\f\v\u00a0\u200b\ufeff"
# Marks of direction may stand before a thought, as before any text in Arabic or Hebrew; in an answer they stay.
_BEFORE_THOUGHT = _BLANK + "\u061c\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"


class Detection(StrEnum):
    """How thoughts are found."""

    AUTO = "auto"
    """By the marks of the known families and of Harmony."""
    MARKS = "marks"
    """By the marks of the rule."""
    OFF = "off"
    """Not at all: the whole text is the answer."""


@dataclass(frozen=True, slots=True)
class ThinkingRule:
    """How the thought of a system is separated from its answer.

    Attributes:
        detection: By known marks, by ``start`` and ``end``, or not at all.
        start: The opening mark; ``None`` where only the end is marked. Letter case matters.
        end: The end mark; not empty where ``detection`` is ``MARKS``.
        opened: Whether every text begins inside a thought, because the prompt opened it. Where that is so, a text
            without an end mark is a thought that was cut off.

    Raises:
        ExperimentError: Marks are set by hand, and the end mark is empty.
    """

    detection: Detection = Detection.AUTO
    start: str | None = None
    end: str = ""
    opened: bool = False

    def __post_init__(self) -> None:
        if self.detection is Detection.MARKS and not self.end:
            raise ExperimentError("the end of a thought needs a mark", fix="set `end`, such as </think>")

    def __str__(self) -> str:
        """Return the rule as it stands in a signature: ``auto``, ``off``, or the marks."""
        marks = f"{self.start or ''}...{self.end}" if self.detection is Detection.MARKS else self.detection.value
        return f"{marks},opened" if self.opened else marks


AUTO = ThinkingRule()
OFF = ThinkingRule(Detection.OFF)


@dataclass(frozen=True, slots=True)
class SplitText:
    """A text as thought and answer.

    Attributes:
        answer: What is scored, identified and judged; empty where the thought never ended. A text without a thought is
            its own answer, unchanged.
        thought: ``None`` where there is none; empty where the marks stand around nothing.
        ended: Whether the thought came to its end; also where there is none.
    """

    answer: str
    thought: str | None = None
    ended: bool = True

    @property
    def cut_off(self) -> bool:
        """Whether there is a thought and no answer, because the thought never ended."""
        return self.thought is not None and not self.ended


def split_thought(text: str, rule: ThinkingRule = AUTO, *, opened: str | None = None) -> SplitText:
    """Separate the thought in a text from the answer.

    Args:
        text: What a model wrote.
        rule: How thoughts are found.
        opened: The opening mark with which the prompt ended, where that is known (see :func:`thought_opened_by`).

    Returns:
        Thought and answer. White space around the thought and before the answer is dropped; a text without a thought is
        left as it is.
    """
    if rule.detection is Detection.OFF:
        return SplitText(text)
    if rule.detection is Detection.MARKS:
        return _split_at(text, rule)
    inside = rule.opened or opened is not None
    harmony = _split_harmony(text, inside)
    if harmony is not None:
        return harmony
    granite = _GRANITE.match(text)
    if granite is not None:
        end = _last(_GRANITE_END, text, granite.end())
        return _unended(text[granite.end() :]) if end is None else _split(text, granite.end(), end.start(), end.end())
    return _split_marks(text, BY_MARK.get(opened.lower()) if opened else None, inside)


def thought_opened_by(prompt: str, rule: ThinkingRule = AUTO) -> str | None:
    """Return the opening mark with which a rendered prompt ends, or ``None`` if the model is not inside a thought.

    Args:
        prompt: The prompt as the model sees it, up to where its text begins.
        rule: With marks set by hand, only these are looked for.
    """
    end = prompt.rstrip(_BLANK)
    if rule.detection is Detection.MARKS:
        return rule.start if rule.start and end.endswith(rule.start.rstrip(_BLANK)) else None
    if rule.detection is Detection.OFF:
        return None
    if end.endswith(HARMONY_START):
        return HARMONY_START
    tail = end[-_LONGEST_MARK:].lower()
    return next((family.start for family in FAMILIES if tail.endswith(family.start.lower())), None)


def close_thought(prompt: str, rule: ThinkingRule = AUTO) -> str:
    """Return a rendered prompt outside of any thought, so that an answer may follow.

    A prompt that ends in an opening mark gets the end that the family's own templates write to skip a thought. A turn
    of Harmony gets the header of the ``final`` channel, without which no answer stands there. Other prompts are left as
    they are.
    """
    opened = thought_opened_by(prompt, rule)
    if opened is None:
        harmony = rule.detection is Detection.AUTO and prompt.endswith(_HARMONY_TURN)
        return prompt + _HARMONY_FINAL if harmony else prompt
    if rule.detection is Detection.MARKS:
        return f"{prompt.rstrip(_BLANK)}\n{rule.end}\n\n"
    if opened == HARMONY_START:
        return prompt + HARMONY_CLOSING
    return prompt.rstrip(_BLANK) + BY_MARK[opened.lower()].closing


def cut_at_stops(answer: str, stops: Sequence[str]) -> str:
    """Return an answer up to the first of the texts that end it; a stop text inside a thought ends nothing."""
    places = [place for stop in stops if stop and (place := answer.find(stop)) >= 0]
    return answer[: min(places)] if places else answer


@dataclass(frozen=True, slots=True)
class MessageText:
    """What a message of a chat API says.

    Attributes:
        text: The content; may still have a thought in it.
        thought: What the API gives as the thought apart from the content; ``None`` if nothing.
    """

    text: str
    thought: str | None = None


_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "thinking_blocks", "reasoning_text")
_THOUGHT_PARTS = frozenset(
    {"thinking", "reasoning", "redacted_thinking", "reasoning_text", "summary_text", "reasoning_content", "thought"}
)


def read_message(message: Mapping[str, Any]) -> MessageText:
    """Read content and thought out of a message in the manner of OpenAI's chat protocol, and of its many dialects.

    Thoughts come in ``reasoning_content`` (DeepSeek, SGLang, vLLM before 0.11, llama.cpp), ``reasoning`` (vLLM, Ollama,
    OpenRouter, Together), ``reasoning_details`` (OpenRouter), ``thinking`` (Ollama's own API), ``thinking_blocks``
    (LiteLLM), or as parts of the content of the type ``thinking`` or ``reasoning`` (Mistral, Anthropic), or with
    ``thought: true`` (Gemini). A message without content is read as its ``refusal``, if it has one.
    """
    text, inner = _content(message.get("content"))
    if text is None:
        refusal = message.get("refusal")
        text = refusal if isinstance(refusal, str) else ""
    fields = [_plain(message.get(name)) for name in _THOUGHT_FIELDS]
    said = next((field for field in fields if field), None) or _plain(message.get("reasoning_details"))
    thoughts = [thought for thought in (said, inner) if thought]
    return MessageText(text, "\n\n".join(dict.fromkeys(thoughts)) if thoughts else None)


def join_thoughts(given: str | None, split: SplitText, *, withheld: bool = False) -> SplitText:
    """Join the thought that an API gave apart with what stands in the text.

    Args:
        given: The thought that came in a field or part of its own.
        split: The text that came with it.
        withheld: Whether the text is empty because the limit was reached: the thought never ended then.
    """
    if given is None:
        return split
    thought = given.strip(_BLANK) if not split.thought else f"{given.strip(_BLANK)}\n\n{split.thought}"
    empty = not split.answer.strip(_BLANK)
    return SplitText(split.answer, thought, split.ended and not (withheld and empty))


def _split_at(text: str, rule: ThinkingRule) -> SplitText:
    first = text.find(rule.start) if rule.start else -1
    body = first + len(rule.start or "") if first >= 0 else 0
    end = text.rfind(rule.end, body)
    if end >= 0:
        return _split(text, body, end, end + len(rule.end))
    return _unended(text[body:]) if first >= 0 or rule.opened else SplitText(text)


def _split_marks(text: str, family: Marks | None, inside: bool) -> SplitText:
    marks = [mark for mark in MARK.finditer(text) if not _is_quoted(text, mark)]
    blank = len(text) - len(text.lstrip(_BEFORE_THOUGHT))
    begin = 0
    if inside:
        # Some models write the mark again that stands in their prompt.
        if marks and opens(marks[0][0]) and marks[0].start() <= blank:
            begin, family = marks[0].end(), family or family_of(marks[0][0])
    else:
        first = _first_mark(text, marks, blank)
        if first is None:
            return SplitText(text)
        family = family_of(first[0])
        if opens(first[0]) and first.start() <= blank:
            begin = first.end()
        elif opens(first[0]):
            text = f"{text[: first.start()]}{' ' * len(first[0])}{text[first.end() :]}"
            marks = [mark for mark in marks if mark.start() > first.start()]
    ends = [mark for mark in marks if not opens(mark[0]) and mark.start() >= begin]
    if family is None and ends:
        family = family_of(ends[0][0])
    ends = [mark for mark in ends if family_of(mark[0]) is family]
    if not ends:
        return _unended(text[begin:])
    last = ends[-1]
    later = [mark for mark in marks if mark.start() >= last.end() and family_of(mark[0]) is family]
    if any(_bare(text, later, last.end())):
        return _unended(text[begin:])
    return _split(text, begin, last.start(), last.end())


def _first_mark(text: str, marks: Sequence[re.Match[str]], blank: int) -> re.Match[str] | None:
    """Return the mark that shows that there is a thought: an opening one, or an end without an opening."""
    mentioned: dict[str, int] = {}
    for mark, bare in zip(marks, _bare(text, marks, 0), strict=True):
        name = family_of(mark[0]).start
        if opens(mark[0]):
            if bare or mark.start() <= blank:
                return mark
            mentioned[name] = mentioned.get(name, 0) + 1
        elif mentioned.get(name) and not bare:
            mentioned[name] -= 1
        else:
            return mark
    return None


def _bare(text: str, marks: Sequence[re.Match[str]], start: int) -> Iterator[bool]:
    """Say of each mark whether it begins a line, or what follows ``start``, outside of fenced code blocks."""
    fences = _FENCE.finditer(text, start)
    fence = next(fences, None)
    fenced = False
    for mark in marks:
        while fence is not None and fence.start() < mark.start():
            fenced = not fenced
            fence = next(fences, None)
        yield not fenced and _begins_line(text, mark.start(), start)


def _split_harmony(text: str, inside: bool) -> SplitText | None:
    if not _HARMONY.match(text):
        return _split_bare_harmony(text)
    thoughts: list[str] = []
    answer: str | None = None
    channel = "analysis" if inside else ""
    place, in_body = 0, True
    for control in [*_CONTROL.finditer(text), None]:
        piece = text[place : control.start() if control else len(text)]
        if in_body and piece.strip(_BLANK):
            if channel == "final":
                thoughts += [answer.strip(_BLANK)] if answer else []
                answer = piece
            else:
                thoughts.append(piece.strip(_BLANK))
        elif in_body and channel == "final" and answer is None:
            answer = ""
        if control is None:
            break
        kind = control[1]
        if kind == "channel":
            words = text[control.end() : control.end() + 40].split("<", 1)[0].split()
            channel = words[0] if words else ""
        elif kind in ("start", "end", "return", "call"):
            channel = ""
        in_body = kind == "message"
        place = control.end()
    thought = "\n\n".join(thoughts) if thoughts else None
    if answer is None:
        return SplitText("", thought or "", ended=False)
    return SplitText(answer.lstrip(_BLANK), thought)


def _split_bare_harmony(text: str) -> SplitText | None:
    head = _BARE_HARMONY.match(text)
    if head is None:
        return None
    end = text.rfind(_BARE_FINAL)
    return _unended(text[head.end() :]) if end < 0 else _split(text, head.end(), end, end + len(_BARE_FINAL))


def _split(text: str, begin: int, end: int, after: int) -> SplitText:
    return SplitText(_unwrapped(text[after:]), text[begin:end].strip(_BLANK))


def _unended(thought: str) -> SplitText:
    return SplitText("", thought.strip(_BLANK), ended=False)


def _unwrapped(answer: str) -> str:
    """Return an answer without what some families write around it."""
    answer = answer.lstrip(_BLANK)
    for start, end in _WRAPPERS:
        if answer.startswith(start):
            inner = answer.removeprefix(start).rstrip(_BLANK)
            whole = end not in inner or inner.index(end) == len(inner) - len(end)
            return inner.removesuffix(end).strip(_BLANK) if whole else answer
    return answer


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    before = text[mark.start() - 1] if mark.start() else ""
    return before in _QUOTES and text[mark.end() : mark.end() + 1] == _QUOTES[before]


def _begins_line(text: str, place: int, start: int) -> bool:
    """Whether nothing but blanks stands before a place on its line; long runs of blanks are not looked through."""
    near = max(start, place - 64)
    before = text[near:place].rstrip(" \t")
    return before.endswith(("\n", "\r")) or (not before and near == start)


def _last(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text, start):  # noqa: B007 - the last one is wanted
        pass
    return found


def _content(content: object) -> tuple[str | None, str | None]:
    """Return the text of a content and the thoughts among its parts."""
    if isinstance(content, str):
        return content, None
    if not isinstance(content, list):
        return None, None
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content:
        if isinstance(part, Mapping) and (part.get("type") in _THOUGHT_PARTS or part.get("thought") is True):
            thoughts.append(_plain(part) or "")
        elif isinstance(part, Mapping):
            texts.append(str(part.get("text") or ""))
        elif isinstance(part, str):
            texts.append(part)
    return "".join(texts), "\n\n".join(filter(None, thoughts)) or None


def _plain(value: object) -> str | None:
    """Return the text of a thought, be it a text, a part, or a list of parts; ``None`` if it holds none."""
    if not value:
        return None  # As in most answers, in each of their fields.
    pieces: list[str] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            pieces.append(each)
        elif isinstance(each, Mapping):
            names = ("thinking", "text", "content", "summary", "thought")
            inner = next((each[name] for name in names if each.get(name)), None)
            waiting.append(inner)
        elif isinstance(each, list):
            waiting.extend(reversed(each))
    return "\n".join(piece for piece in pieces if piece) or None


_LONGEST_MARK = max(map(len, BY_MARK))

_HARMONY_TOKENS = frozenset(
    f"<|{name}|>" for name in ("start", "channel", "message", "end", "return", "call", "constrain")
)
_MARK_TOKENS = frozenset(
    {mark for family in FAMILIES for mark in (family.start, family.end)}
    | {mark for wrapper in _WRAPPERS for mark in wrapper}
    | {"<|channel>", "<channel|>", "<unused94>", "<unused95>"}
)


def mark_tokens(special_tokens: Collection[str], rule: ThinkingRule = AUTO) -> frozenset[str]:
    """Return those of a tokenizer's special tokens that mark thoughts, and must not be lost in decoding.

    Args:
        special_tokens: As written in texts.
        rule: Marks set by hand are kept, too.
    """
    own = {rule.start, rule.end} if rule.detection is Detection.MARKS else set()
    harmony = _HARMONY_TOKENS if {"<|channel|>", "<|message|>"} <= set(special_tokens) else frozenset()
    return frozenset(token for token in special_tokens if token in _MARK_TOKENS or token in harmony or token in own)
