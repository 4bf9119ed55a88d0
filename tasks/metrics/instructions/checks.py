"""Checks of the verifiable instructions of IFEval and Multi-IF.

The instructions are those of Zhou et al. 2023 (IFEval, arXiv 2311.07911, Table 1) with the changes of He et al. 2024
(Multi-IF, arXiv 2410.15553) for other languages. An empty answer follows none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from polyarena.tasks.errors import DataError
from polyarena.tasks.identify import identify, most_probable
from polyarena.tasks.languages.lookup import lookup
from polyarena.tasks.metrics.instructions.counting import (
    count_capital_words,
    count_sentences,
    count_whole_words,
    count_words,
)
from polyarena.tasks.suggest import unknown

AT_LEAST, LESS_THAN = "at least", "less than"
CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
"""What a constrained answer contains; in English in all languages."""
_QUOTES = {'"': '"', "“": "”", "「": "」"}
_MORE_QUOTES = {**_QUOTES, "«": "»", "„": "“"}
_READ = 4_000
"""Characters from which the language of a text that is not prose is told."""
_PUNCTUATION = frozenset(".,?!'\"")


@dataclass(frozen=True, slots=True)
class Instruction:
    """A verifiable instruction.

    Attributes:
        id: Such as ``length_constraints:number_words``.
        arguments: Its settings, such as ``{"relation": "at least", "num_words": 300}``.
    """

    id: str
    arguments: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Instruction:
        """Read an instruction as :attr:`text` writes it.

        Raises:
            DataError: It is not of this form, or there is no such instruction.
        """
        try:
            values = json.loads(text)
            found = cls(values.pop("instruction"), values)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise DataError(
                f"{text!r} is not an instruction",
                fix='write {"instruction": "length_constraints:number_words", "relation": ..., "num_words": ...}',
            ) from error
        if found.id not in CHECKS:
            raise unknown("verifiable instruction", found.id, CHECKS)
        return found

    @property
    def text(self) -> str:
        """The instruction as one line of JSON."""
        return json.dumps({"instruction": self.id, **self.arguments}, ensure_ascii=False, sort_keys=True)

    def is_followed(self, answer: str, *, whole_words: bool = False) -> bool:
        """Return whether an answer follows the instruction.

        Args:
            answer: Without its thought.
            whole_words: Whether vowel signs belong to their words, words of scripts without spaces are found within a
                text, and the quotation marks of all eight languages count; else as the makers' script has it.

        Raises:
            DataError: An argument is missing or of another type.
        """
        if not answer.strip():
            return False
        try:
            return bool(CHECKS[self.id](answer, whole_words, **self.arguments))
        except TypeError as error:
            raise DataError(
                f"the arguments of the instruction {self.id!r} do not fit",
                why=f"they are {dict(self.arguments)!r}: {error}",
                fix="copy the data set again, or report it to its makers",
            ) from error


def _holds(count: int, relation: str, threshold: int) -> bool:
    return count >= threshold if relation == AT_LEAST else count < threshold


def _number_words(answer: str, whole: bool, *, num_words: int, relation: str) -> bool:
    return _holds((count_whole_words if whole else count_words)(answer), relation, num_words)


def _number_sentences(answer: str, _: bool, *, num_sentences: int, relation: str) -> bool:
    return _holds(count_sentences(answer), relation, num_sentences)


def _number_paragraphs(answer: str, _: bool, *, num_paragraphs: int) -> bool:
    """Whether paragraphs stand between the divider ``***``."""
    parts = re.split(r"\s?\*\*\*\s?", answer)
    filled = [bool(part.strip()) for part in parts]
    return all(filled[1:-1]) and sum(filled) == num_paragraphs


def _paragraph_first_word(answer: str, _: bool, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """Whether the nth paragraph begins with a word; paragraphs stand between empty lines."""
    parts = answer.split("\n\n")
    count = sum(bool(part.strip()) for part in parts)
    if count != num_paragraphs or not 0 < nth_paragraph <= count or not parts[nth_paragraph - 1].strip():
        return False
    written = parts[nth_paragraph - 1].split()[0].lstrip("'").lstrip('"')
    end = next((place for place, sign in enumerate(written) if sign in _PUNCTUATION), len(written))
    return written[:end].lower() == first_word.lower()


def _keywords(answer: str, _: bool, *, keywords: list[str]) -> bool:
    return all(_occurrences(keyword, answer) for keyword in keywords)


def _keyword_frequency(answer: str, _: bool, *, keyword: str, frequency: int, relation: str) -> bool:
    return _holds(_occurrences(keyword.strip(), answer), relation, frequency)


def _occurrences(keyword: str, answer: str) -> int:
    return len(re.findall(re.escape(keyword), answer, re.IGNORECASE))


def _no_forbidden_words(answer: str, whole: bool, *, forbidden_words: list[str]) -> bool:
    """Whether none of the words stands alone.

    As the makers have it, a word of Chinese is found only between signs or spaces, and one of Hindi that ends in a
    vowel sign never is; with whole words, both are found.
    """
    if whole:
        return not any(_stands_alone(word, answer) for word in forbidden_words)
    return not any(re.search(rf"\b{re.escape(word)}\b", answer, re.IGNORECASE) for word in forbidden_words)


_DENSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile("[\\w\u0900-\u0dff\u0300-\u036f]")


def _stands_alone(word: str, answer: str) -> bool:
    dense = bool(_DENSE.search(word))
    for match in re.finditer(re.escape(word), answer, re.IGNORECASE):
        before, after = answer[: match.start()][-1:], answer[match.end() :][:1]
        if dense or not (_LETTER.match(before) or _LETTER.match(after)):
            return True
    return False


def _letter_frequency(answer: str, _: bool, *, letter: str, let_frequency: int, let_relation: str) -> bool:
    return _holds(answer.lower().count(letter.strip().lower()), let_relation, let_frequency)


def _response_language(answer: str, _: bool, *, language: str) -> bool:
    return _is_in(answer, language)


def _is_in(answer: str, language: str) -> bool:
    """Whether a text is in a language; one too short to tell counts as if it were, as with the makers."""
    found = identify(answer)
    # Code, formulas and JSON are no prose to the identifier; here they are all there is.
    name = found.language or ("" if found.script else most_probable(" ".join(answer.split())[:_READ])[0])
    wanted = lookup(language)
    return not name or name.partition("_")[0] == (language if wanted is None else wanted.iso639_3)


def _number_placeholders(answer: str, _: bool, *, num_placeholders: int) -> bool:
    return sum(map(_bracketed, answer.split("\n"))) >= num_placeholders


def _bracketed(line: str) -> int:
    """Return the number of texts in square brackets, each from its first ``[`` to the next ``]``."""
    # The makers search for a pattern, which takes quadratic time where many brackets open and none closes.
    found, start = 0, line.find("[")
    while start >= 0 and (end := line.find("]", start)) >= 0:
        found, start = found + 1, line.find("[", end)
    return found


def _postscript(answer: str, _: bool, *, postscript_marker: str) -> bool:
    marker = postscript_marker.strip()
    pattern = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(marker, re.escape(marker.lower()))
    return re.search(pattern, answer.lower()) is not None


def _bullets(answer: str, _: bool, *, num_bullets: int) -> bool:
    stars = re.findall(r"^\s*\*[^\*].*$", answer, re.MULTILINE)
    dashes = re.findall(r"^\s*-.*$", answer, re.MULTILINE)
    return len(stars) + len(dashes) == num_bullets


def _constrained(answer: str, _: bool) -> bool:
    return any(option in answer for option in CONSTRAINED)


def _highlights(answer: str, _: bool, *, num_highlights: int) -> bool:
    """Whether enough parts stand between asterisks; one between double asterisks counts once."""
    single = [each for each in re.findall(r"\*[^\n\*]*\*", answer) if each.strip("*").strip()]
    double = [each for each in re.findall(r"\*\*[^\n\*]*\*\*", answer) if each[2:-2].strip()]
    return len(single) + len(double) >= num_highlights


def _sections(answer: str, _: bool, *, section_spliter: str, num_sections: int) -> bool:
    marks = re.findall(rf"\s?{re.escape(section_spliter.strip())}\s?\d+\s?", answer)
    return len(marks) >= num_sections


def _json(answer: str, _: bool) -> bool:
    text = answer.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def _title(answer: str, _: bool) -> bool:
    # In each line what `<<.+>>` finds, which takes a time quadratic in the line where nothing closes.
    for line in answer.split("\n"):
        start, stop = line.find("<<"), line.rfind(">>")
        if 0 <= start < stop - 2 and line[start:stop].lstrip("<").rstrip(">").strip():
            return True
    return False


def _two_answers(answer: str, _: bool) -> bool:
    parts = [part.strip() for part in answer.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def _repeats_prompt(answer: str, _: bool, *, prompt_to_repeat: str) -> bool:
    return answer.strip().lower().startswith(prompt_to_repeat.strip().lower())


def _ends_with(answer: str, _: bool, *, end_phrase: str) -> bool:
    return answer.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def _capital_words(answer: str, _: bool, *, capital_frequency: int, capital_relation: str) -> bool:
    return _holds(count_capital_words(answer), capital_relation, capital_frequency)


def _english(answer: str, _: bool, *, cased: Callable[[str], bool]) -> bool:
    return cased(answer) and _is_in(answer.lower(), "en")


def _no_comma(answer: str, _: bool) -> bool:
    return "," not in answer


def _quotation(answer: str, whole: bool) -> bool:
    text, pairs = answer.strip(), _MORE_QUOTES if whole else _QUOTES
    return len(text) > 1 and pairs.get(text[0]) == text[-1]


CHECKS: Mapping[str, Callable[..., bool]] = MappingProxyType(
    {
        "keywords:existence": _keywords,
        "keywords:frequency": _keyword_frequency,
        "keywords:forbidden_words": _no_forbidden_words,
        "keywords:letter_frequency": _letter_frequency,
        "language:response_language": _response_language,
        "length_constraints:number_sentences": _number_sentences,
        "length_constraints:number_paragraphs": _number_paragraphs,
        "length_constraints:number_words": _number_words,
        "length_constraints:nth_paragraph_first_word": _paragraph_first_word,
        "detectable_content:number_placeholders": _number_placeholders,
        "detectable_content:postscript": _postscript,
        "detectable_format:number_bullet_lists": _bullets,
        "detectable_format:constrained_response": _constrained,
        "detectable_format:number_highlighted_sections": _highlights,
        "detectable_format:multiple_sections": _sections,
        "detectable_format:json_format": _json,
        "detectable_format:title": _title,
        "combination:two_responses": _two_answers,
        "combination:repeat_prompt": _repeats_prompt,
        "startend:end_checker": _ends_with,
        "startend:quotation": _quotation,
        "change_case:capital_word_frequency": _capital_words,
        "change_case:english_capital": partial(_english, cased=str.isupper),
        "change_case:english_lowercase": partial(_english, cased=str.islower),
        "punctuation:no_comma": _no_comma,
    }
)
"""Each check by the id of its instruction: from an answer, whether words are whole, and the arguments."""
