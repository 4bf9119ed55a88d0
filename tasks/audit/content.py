"""Checks what the prompts of a language show and give away: options, answers, texts, examples, the instruction.

* ``options-not-shown``: the choices are letters and no line of the prompt begins with them.
* ``answer-shown``: the end of the prompt contains the right answer far more often than the wrong ones.
* ``gold-shifted``: the first choice is never the right one, although chance would make it so.
* ``text-cut``: the start of a field's text is shown and its end is not, in most long texts.
* ``examples-evaluated``: few-shot examples are among the evaluated questions.
* ``instruction-language``: the text that all prompts share is in English, and the questions are not. It is a note: many
  benchmarks are asked so on purpose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod

from polyarena.tasks.audit.finding import Finding, Severity, shown
from polyarena.tasks.audit.source import Read
from polyarena.tasks.card import TaskCard
from polyarena.tasks.identify import can_identify, identify
from polyarena.tasks.item import Item, Kind

FEWEST = 10
"""Fewest items of a language for which a share is meaningful."""
MOST = 0.5
"""Share of the items from which a fault is one of the template and not of single items."""
CHANCE = 0.001
"""Probability at which the right choice could avoid the first place by chance."""
LONG = 160
"""Characters from which a text can be cut."""
START, END = 90, 30
"""Characters of the start and the end of a text that are looked for."""
ITEMS, ROWS = 200, 60
"""Items and rows that are looked at, from the first on."""
Problem = tuple[str, str, Sequence[str]]
"""The name of a check, what is wrong, and examples."""
_LETTERS = "ABCDEFGHIJ"


def content_check(card: TaskCard, language: str, items: Sequence[Item], reads: Sequence[Read]) -> Iterator[Finding]:
    """Yield what the prompts of one language do not show, or give away."""
    if len(items) < FEWEST:
        return
    sample = items[:ITEMS]
    problems = (
        *(_options(sample) if card.kind is Kind.MULTIPLE_CHOICE else ()),
        *(_golds(items) if card.kind is Kind.MULTIPLE_CHOICE else ()),
        *_answers(card, sample),
        *_examples(sample, items),
        *_cut(sample, reads),
        *(_instruction(sample) if language != "eng_Latn" and can_identify(language) else ()),
    )
    for check, message, examples in problems:
        severity = Severity.NOTE if check == "instruction-language" else Severity.ERROR
        yield Finding(check, severity, card.name, language, message, shown(examples))


def _options(sample: Sequence[Item]) -> Iterator[Problem]:
    hidden = [item for item in sample if _are_letters(item.choices) and not _lists_options(item)]
    if len(hidden) > MOST * len(sample):
        message = f"{len(hidden)} of {len(sample)} prompts do not list the options whose letters are the choices"
        yield "options-not-shown", message, [item.prompt[-200:] for item in hidden]


def _golds(items: Sequence[Item]) -> Iterator[Problem]:
    chance = prod(1 - 1 / max(2, len(item.choices)) for item in items)
    if all(item.gold for item in items) and chance < CHANCE:
        message = f"the first choice is never the right one in {len(items)} items: answers may be counted from 1"
        yield "gold-shifted", message, []


def _answers(card: TaskCard, sample: Sequence[Item]) -> Iterator[Problem]:
    given = _answers_shown(card, sample)
    if len(given) > MOST * len(sample):
        yield "answer-shown", f"the end of {len(given)} of {len(sample)} prompts contains the right answer", given


def _examples(sample: Sequence[Item], items: Sequence[Item]) -> Iterator[Problem]:
    examples = {" ".join(example.prompt.split()) for item in sample for example in item.examples}
    evaluated = examples & {" ".join(item.prompt.split()) for item in items}
    if evaluated:
        message = f"{len(evaluated)} few-shot examples are questions that are evaluated"
        yield "examples-evaluated", message, sorted(evaluated)


def _are_letters(choices: Sequence[str]) -> bool:
    plain = [choice.strip(" ().") for choice in choices]
    return len(plain) > 2 and plain == list(_LETTERS[: len(plain)])


def _lists_options(item: Item) -> bool:
    """Whether the prompt lists an option after each letter, in lines or in one line."""
    listed = re.findall(r"(?:^|[\s(\[（])([A-J])\s?[.)\]）:：、]", item.prompt)
    return len(set(listed) & set(_LETTERS[: len(item.choices)])) == len(item.choices)


def _answers_shown(card: TaskCard, sample: Sequence[Item]) -> list[str]:
    """Return the ends of prompts that contain the right answer and no wrong one."""
    tails = [item.prompt.rstrip().rpartition("\n")[2] for item in sample]
    found = []
    for item, tail in zip(sample, tails, strict=True):
        if item.whole_choices or not item.prompt:
            continue
        gold = item.gold
        if card.kind is Kind.MULTIPLE_CHOICE and gold is not None and 0 <= gold < len(item.choices):
            right, wrong = item.choices[gold], (*item.choices[:gold], *item.choices[gold + 1 :])
            ended = re.split(r"[:：>]\s*", tail)[-1].strip(" ().*")
            if ended and ended == right.strip(" ().") and ended not in wrong:
                found.append(tail)
        elif card.kind is Kind.GENERATIVE and item.references:
            right = item.references[0].strip()
            if right and re.split(r"[:：>]\s*", tail)[-1].strip() == right:
                found.append(tail)
    return found


def _cut(sample: Sequence[Item], reads: Sequence[Read]) -> Iterator[Problem]:
    """Yield the fields that the task reads whose texts are shown from their start and not to their end."""
    prompts = [" ".join(" ".join((item.prompt, *item.choices)).split()) for item in sample]
    longs: Counter[str] = Counter()
    cut: dict[str, list[str]] = {}
    for name, text in _long_texts(reads):
        started = [prompt for prompt in prompts if text[:START] in prompt]
        if not started:
            continue
        longs[name] += 1
        if not any(text[-END:] in prompt for prompt in started):
            cut.setdefault(name, []).append(text)
    for name, texts in cut.items():
        if longs[name] >= FEWEST and len(texts) > MOST * longs[name]:
            counted = f"{len(texts)} of {longs[name]} texts"
            yield "text-cut", f"the field {name!r} is shown from its start but not to its end in {counted}", texts


def _long_texts(reads: Sequence[Read]) -> Iterator[tuple[str, str]]:
    for read in reads:
        for row in read.rows[:ROWS]:
            for name, value in row.items():
                if isinstance(value, str) and name in read.fields and len(value) >= LONG:
                    yield name, " ".join(value.split())


def _instruction(sample: Sequence[Item]) -> Iterator[Problem]:
    """Yield the lines that most prompts share if they are in English."""
    counted = Counter(line.strip() for item in sample for line in set(item.prompt.splitlines()) if line.strip())
    common = " ".join(line for line, count in counted.items() if count > MOST * len(sample))
    found = identify(common)
    if found.language == "eng_Latn" and found.probability >= MOST:
        yield "instruction-language", "the text that all prompts share is in English", [common]
