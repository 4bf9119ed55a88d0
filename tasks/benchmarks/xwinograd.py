"""XWinograd: what a pronoun stands for, in 6 languages.

The data set is Muennighoff/xwinograd (Tikhonov and Ryabinin 2021, arXiv 2106.12066; Muennighoff et al. 2022, arXiv
2211.01786): Winograd schemas, with ``_`` in place of the pronoun and two options. They are not parallel.

The default template, ``continuation``, is partial evaluation (Trinh and Le 2018, arXiv 1806.02847), as lm-eval scores
it: each option is put into the blank, and only what follows is scored, so that the prior of the option does not count.
There the context differs between the choices; here choices continue one prompt. The same number comes of a difference:
choices are, for each option, the option with the rest of the sentence, and the option alone, and by the chain rule

    log p(rest | before, option) = log p(option, rest | before) - log p(option | before).

So an item has four choices, of which the first two are answers; :func:`rest_scores` takes the differences. The rest is
the same for both options, so ``acc`` and ``acc_bytes`` agree.

What stands between prompt and choices is what the sentence has there: mostly a space, and nothing in Japanese and
Chinese. (The space *after* the option, which is not natural there, is lm-eval's.) So the texts are lm-eval's, and the
numbers too, up to rounding. Differences:

* Where a sentence begins with its blank (1 of 959 in Japanese) the option comes after the token that the model's text
  begins with; lm-eval has none before it unless the tokenizer adds one.

* Where nothing follows the blank, the options themselves are scored: 10 of 315 in Russian. lm-eval scores a single
  space there.

* Tokenizers that join letters across the end of the option may make small differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, RenderedPrompt, source_per_language
from polyarena.tasks.frames.row import Row
from polyarena.tasks.item import Item
from polyarena.tasks.metrics.multiple_choice import choice_scores

if TYPE_CHECKING:
    from polyarena.tasks.records import Completion

CONFIGS = by_language("en fr pt ru zh", {"jpn_Jpan": "jp"})


def continuation(row: Row) -> RenderedPrompt:
    """Give both sentences from the blank on, and both options alone; see the module."""
    before, blank, after = row.text("sentence").partition("_")
    if not blank:
        raise row.refused("the sentence has no blank '_'", row.text("sentence"))
    options, rest, prompt = _pair(row), after.strip(), before.rstrip()
    continued = tuple(f"{option} {rest}" for option in options) if rest else ()
    separator = before.removeprefix(prompt) if prompt else ""
    return RenderedPrompt(prompt, continued + options, separator, whole=not prompt)


def replaced(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask what should replace the blank."""
    first, second = _pair(row)
    return f"{_sentence(row)}\nWhat should replace the _ in this sentence?\n- {first}\n- {second}\nAnswer:", (
        first,
        second,
    )


def stands_for(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask what the blank stands for."""
    first, second = _pair(row)
    return f"{_sentence(row)}\nDoes the _ stand for {first} or {second}?\nAnswer:", (first, second)


def filled(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask to fill in the blank, with the options first."""
    first, second = _pair(row)
    return f'Fill in the _ with "{first}" or "{second}".\n{_sentence(row)}\nAnswer:', (first, second)


def about(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask whom or what the sentence means by the blank."""
    first, second = _pair(row)
    return f"Sentence: {_sentence(row)}\nOptions: {first}; {second}\nThe _ means:", (first, second)


def rest_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``acc_bytes`` and ``acc`` of what follows the option, or of the options where these are the choices.

    Args:
        item: Of any template.
        completion: Its log-likelihoods.

    Raises:
        DataError: The completion has no usable log-likelihoods.
    """
    values, lengths = completion.loglikelihoods, completion.choice_bytes
    if len(item.choices) != 4 or values is None or lengths is None or not len(values) == len(lengths) == 4:
        return choice_scores(item, completion)
    rest = replace(
        completion,
        loglikelihoods=(values[0] - values[2], values[1] - values[3]),
        choice_bytes=(lengths[0] - lengths[2], lengths[1] - lengths[3]),
    )
    return choice_scores(replace(item, choices=item.choices[:2]), rest)


def _sentence(row: Row) -> str:
    return row.text("sentence").strip()


def _pair(row: Row) -> tuple[str, str]:
    return row.text("option1"), row.text("option2")


task = MultipleChoiceTask(
    card=choice_card(
        "xwinograd",
        "XWinograd: Winograd schemas in 6 languages",
        Dataset(
            id="Muennighoff/xwinograd",
            revision="refs/convert/parquet",
            licence="CC-BY-4.0",
            url="https://huggingface.co/datasets/Muennighoff/xwinograd",
        ),
        {code: Provenance.NATIVE if code in ("eng_Latn", "zho_Hans") else Provenance.HUMAN for code in CONFIGS},
        chance=1 / 2,
        version="0.2",
        notes=(
            "The main branch of the data set is a program. Chinese is mostly CLUEWSC2020, written in Chinese; a copy "
            "made of the original XWinograd has 16 translated items in its place. Items of the default template have "
            "four choices, of which two are answers."
        ),
        citation="Tikhonov and Ryabinin 2021, arXiv 2106.12066; Muennighoff et al. 2022, arXiv 2211.01786",
    ),
    configs=CONFIGS,
    fields=("sentence", "option1", "option2", "answer"),
    own_separators=True,
    prompts={
        "continuation": continuation,
        "replaced": replaced,
        "stands_for": stands_for,
        "filled": filled,
        "about": about,
    },
    gold=lambda row: row.gold("answer", "12"),
    source=source_per_language,
    scorer=rest_scores,
)
