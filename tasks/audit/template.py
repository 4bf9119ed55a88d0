"""Separates the text of an item from the prompt template that all items of a language share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def own_lines(prompts: Sequence[str]) -> list[list[str]]:
    """Return the lines of each prompt that are its own.

    Left out are the common start and end of all prompts, and lines that stand in more than half of them. A prompt of
    which nothing would be left is kept whole.

    Args:
        prompts: Of one task in one language.
    """
    start = end = 0
    if len(prompts) > 1:
        start = _whole_words(_common(prompts))
        end = len(_common([prompt[start:][::-1] for prompt in prompts]))
    lines = [
        [line.strip() for line in prompt[start : len(prompt) - end].split("\n") if line.strip()] for prompt in prompts
    ]
    often = Counter(line for each in lines for line in set(each))
    kept = [[line for line in each if often[line] <= max(1, len(prompts) / 2)] for each in lines]
    return [each or [prompt] for each, prompt in zip(kept, prompts, strict=True)]


def _common(texts: Sequence[str]) -> str:
    """Return the common start of all texts: that of the first and the last in order."""
    first, last = min(texts), max(texts)
    length = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:length]


def _whole_words(start: str) -> int:
    """Return the length of a common start without the word that it may cut through."""
    return max(start.rfind(" "), start.rfind("\n")) + 1
