"""Several replies of a judge in the one text that a game stores, and out of it again."""

from __future__ import annotations

from polyarena.judges.llm.template import JudgeTemplate
from polyarena.tasks.text import REPLACEMENT

_AGAIN = "␞"
_NEXT_ANSWER = "␟"
_ASKED_AGAIN = f"\n{_AGAIN} asked again {_AGAIN}\n"
_OTHER_ANSWER = f"\n{_NEXT_ANSWER} answer B {_NEXT_ANSWER}\n"


def attempts_text(replies: list[str]) -> str:
    """Return the replies to one question and to its second try, the separating sign replaced within them."""
    return _ASKED_AGAIN.join(_without(reply, _AGAIN, _NEXT_ANSWER) for reply in replies)


def answers_text(a: str, b: str) -> str:
    """Return what a judge of single answers wrote on both answers of a match, from :func:`attempts_text` each."""
    return f"{a}{_OTHER_ANSWER}{b}"


def attempts(raw: str) -> tuple[str, ...]:
    """Return the replies of :func:`attempts_text`."""
    return tuple(raw.split(_ASKED_AGAIN))


def answers(raw: str) -> tuple[str, str]:
    """Return the two texts of :func:`answers_text`; the second is empty if the text is none."""
    a, _, b = raw.partition(_OTHER_ANSWER)
    return a, b


def questions_at_least(raw: str) -> int:
    """Return how many questions a verdict takes without a second try: one on each answer that was judged alone."""
    return 2 if _OTHER_ANSWER in raw else 1


def read_attempts(template: JudgeTemplate, raw: str) -> str | None:
    """Return the verdict of the first reply that has one, as a key of the template's words."""
    return next((said for reply in attempts(raw) if (said := template.read(reply)) is not None), None)


def _without(reply: str, *signs: str) -> str:
    for sign in signs:
        reply = reply.replace(sign, REPLACEMENT)
    return reply
