"""Turns a match into the messages that a judge model is sent.

The answers are hostile data, and the request may be: each is made harmless (see :mod:`polyarena.judges.llm.neutralize`)
and stands between delimiters that no text can forge (see :mod:`polyarena.judges.llm.delimiters`); templates are filled
in one pass. What games share comes first, so that providers can cache it: the system text depends on the language
alone, and the user text begins with the images, the recordings and the request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from polyarena.judges.llm.delimiters import block, fence, truncate_middle
from polyarena.judges.llm.neutralize import neutralize
from polyarena.judges.llm.template import JudgeTemplate, fill
from polyarena.judges.protocol import Answer, Match, Message
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import find_language


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """How a judge is shown a match.

    Attributes:
        max_answer_chars: Longest answer that is shown whole; of a longer one the middle is left out, and a line that
            carries the fence says how many characters that are. Requests and references are always shown whole.
        seed: Changes the fences.
        structured: Whether the reply is to be a JSON object.
    """

    max_answer_chars: int = 20_000
    seed: int = 0
    structured: bool = False


def messages(template: JudgeTemplate, match: Match, view: RenderSettings) -> tuple[Message, ...]:
    """Return the system and the user message that show both answers of a match."""
    return _messages(template, match, {"answer A": match.a, "answer B": match.b}, view)


def answer_messages(template: JudgeTemplate, match: Match, answer: Answer, view: RenderSettings) -> tuple[Message, ...]:
    """Return the messages that show one answer to the request of a match, and nothing of the other one."""
    return _messages(template, match, {"answer": answer}, view)


def again(template: JudgeTemplate, match: Match) -> str:
    """Return the follow-up message sent when a reply contains no usable verdict."""
    return fill(template.again, _names(match))


def _messages(
    template: JudgeTemplate, match: Match, answers: Mapping[str, Answer], view: RenderSettings
) -> tuple[Message, ...]:
    def harmless(text: str) -> str:
        return neutralize(text, tuple(template.words.values()), template.marker)

    question = harmless(match.question)
    reference = harmless(match.reference) if match.reference and match.reference.strip() else ""
    shown = {what: harmless(answer.text) for what, answer in answers.items()}
    earlier = {what: [tuple(map(harmless, turn)) for turn in answer.earlier] for what, answer in answers.items()}
    everything = [
        question,
        reference,
        *shown.values(),
        *(text for turns in earlier.values() for turn in turns for text in turn),
    ]
    of_request = fence([str(view.seed), template.digest, match.language, question], everything)
    of_answers = fence([str(view.seed), template.digest, match.language, *everything], [of_request])
    names = _names(match)
    values = {
        **names,
        "fence": of_answers,
        "request_fence": of_request,
        "question": _request(question, next(iter(earlier.values())), of_request),
        "reference": "",
        "reply": fill(template.json if view.structured else template.plain, names),
    }
    if reference:
        heading = fill(template.reference_heading, names)
        values["reference"] = f"\n{heading}\n{block('reference answer', reference, of_request)}\n"
    for what, text in shown.items():
        placeholder = what.replace(" ", "_").lower()
        said = [*(said for _, said in earlier[what]), text]
        blocks = [
            block(_turn(what, number, said), truncate_middle(each, view.max_answer_chars, of_answers), of_answers)
            for number, each in enumerate(said, start=1)
        ]
        values[placeholder] = "\n".join(blocks)
    text = fill(template.user, values)
    return (
        {"role": "system", "content": fill(template.system, values)},
        {"role": "user", "content": (*match.media, text) if match.parts else text},
    )


def _request(question: str, earlier: Sequence[tuple[str, ...]], code: str) -> str:
    """Return the user's turns between delimiters: of a conversation, each on its own."""
    asked = [*(asked for asked, _ in earlier), question]
    return "\n".join(block(_turn("request", number, asked), each, code) for number, each in enumerate(asked, start=1))


def _turn(what: str, number: int, turns: Sequence[str]) -> str:
    return what if len(turns) == 1 else f"{what}, turn {number} of {len(turns)}"


def _names(match: Match) -> dict[str, str]:
    (language, autonym), (answer_language, answer_autonym) = _named(match.language), _named(match.expected_language)
    return {
        "language": language,
        "autonym": autonym,
        "answer_language": answer_language,
        "answer_autonym": answer_autonym,
    }


@lru_cache(maxsize=1024)
def _named(code: str) -> tuple[str, str]:
    """Return the language's name in English and in the language; its code for one that is not in our table."""
    try:
        language = find_language(code)
    except UnknownNameError:
        return code, code
    return language.name, language.autonym
