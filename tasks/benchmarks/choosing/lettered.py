"""Exam questions: the options are listed with letters, and the letters are the choices.

The layout is that of MMLU (Hendrycks et al. 2021, arXiv 2009.03300) without its line about the subject, as lm-eval has
it for the multilingual ones.
"""

from __future__ import annotations

from collections.abc import Sequence

LETTERS = ("A", "B", "C", "D")
OPTIONS = ("option_a", "option_b", "option_c", "option_d")
"""The fields in which most data sets of this kind have the four options."""


def lettered(question: str, options: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the prompt, which ends in ``Answer:``, and the four letters.

    Args:
        question: White space around it is dropped.
        options: Four texts.
    """
    listed = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=True)]
    return "\n".join([question.strip(), *listed, "Answer:"]), LETTERS
