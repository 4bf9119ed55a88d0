"""What the ``rules`` judge sees in one answer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from polyarena.judges.protocol import Answer
from polyarena.judges.rules.settings import POINTS, Fault, RulesSettings
from polyarena.tasks.finish_reasons import is_cut
from polyarena.tasks.identify import Agreement, Identified, agreement, identify
from polyarena.tasks.repetition import loop_turns, repeated_share
from polyarena.tasks.text import REPLACEMENT


@dataclass(frozen=True, slots=True)
class Findings:
    """The faults of one answer.

    Attributes:
        faults: Each fault with the observation that it rests on.
        language: What was seen of the answer's language, faulty or not.
    """

    faults: tuple[tuple[Fault, str], ...]
    language: str

    @property
    def points(self) -> int:
        """Sum of the weights of the faults; 0 is best."""
        return sum(POINTS[fault] for fault, _ in self.faults)

    def __str__(self) -> str:
        if not self.faults:
            return f"no fault found ({self.language})"
        return "; ".join(f"{observation} [{POINTS[fault]}]" for fault, observation in self.faults)


def examine(answer: Answer, language: str, settings: RulesSettings) -> Findings:
    """Look at one answer, on its own.

    Args:
        answer: The text; its language is identified here unless the answer already carries the result.
        language: ``lang_Script`` in which the answer is expected.
        settings: The thresholds.
    """
    if _is_empty(answer.text):
        return Findings(((Fault.EMPTY, "the answer is empty"),), "no text")
    faults: list[tuple[Fault, str]] = []
    found = _identified(answer)
    seen = _describe(found)
    match agreement(found, language, settings.min_probability):
        case Agreement.OTHER_LANGUAGE:
            faults.append((Fault.LANGUAGE, f"in another language than {language}: {seen}"))
        case Agreement.OTHER_SCRIPT:
            faults.append((Fault.LANGUAGE, f"in another script than {language}: {seen}"))
        case Agreement.SAME | Agreement.UNKNOWN:
            pass
    share = repeated_share(answer.text)
    turns = loop_turns(answer.text)
    if share > settings.max_repeated:
        faults.append((Fault.REPETITION, f"runs in circles: {share:.0%} of its passages occurred before"))
    elif turns >= settings.loop_times:
        faults.append((Fault.REPETITION, f"ends in a loop: says the same {turns} times in a row"))
    if is_cut(answer.finish_reason):
        faults.append((Fault.TRUNCATION, "cut off at the length limit"))
    return Findings(tuple(faults), seen)


def _is_empty(text: str) -> bool:
    """Return whether nothing is left without white space, control and format characters and replaced ones."""
    return all(unicodedata.category(character)[0] in "CZ" or character == REPLACEMENT for character in text)


def _identified(answer: Answer) -> Identified:
    if answer.identified_script is None:
        return identify(answer.text)
    return Identified(answer.identified_language, answer.identified_probability or 0.0, answer.identified_script)


def _describe(found: Identified) -> str:
    if found.language is None:
        return "too little prose to tell the language"
    return f"mostly {found.script} letters, identified as {found.language} with probability {found.probability:.2f}"
