"""The marks that families of models write around their thoughts."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks that a family of models writes around a thought.

    Attributes:
        start: Opens the thought.
        end: Ends it.
        models: Names of the models, for people.
        closing: What a chat template writes to skip the thought: an end that the models were trained on.
    """

    start: str
    end: str
    models: str
    closing: str


FAMILIES = (
    Marks(
        "<think>",
        "</think>",
        "DeepSeek R1 and V3.1, Qwen3, QwQ, GLM-4.5, Kimi K2, MiniMax M1 and M2, Olmo 3, Nemotron, ERNIE 4.5, Step 3, "
        "Hunyuan A13B, SmolLM3, Granite 4",
        "\n</think>\n\n",
    ),
    Marks("<thinking>", "</thinking>", "models prompted to think; merges and fine-tunes", "\n</thinking>\n\n"),
    Marks("<thought>", "</thought>", "EXAONE Deep, Gemini through OpenAI's protocol", "\n</thought>\n\n"),
    Marks("<reasoning>", "</reasoning>", "models trained with GRPO recipes", "\n</reasoning>\n\n"),
    Marks("[THINK]", "[/THINK]", "Magistral, Ministral 3 Reasoning", "[/THINK]"),
    Marks("<mm:think>", "</mm:think>", "MiniMax M3", "\n</mm:think>\n\n"),
    Marks("<ifm|think>", "</ifm|think>", "K2 Horizon", "\n</ifm|think>\n\n"),
    Marks("<seed:think>", "</seed:think>", "Seed-OSS", "</seed:think>"),
    Marks("<longcat_think>", "</longcat_think>", "LongCat-Flash-Thinking", "\n</longcat_think>\n"),
    Marks("◁think▷", "◁/think▷", "Kimi-VL Thinking", "◁/think▷"),
    Marks("<|START_THINKING|>", "<|END_THINKING|>", "Command A Reasoning, Command R7B", "<|END_THINKING|>"),
    Marks("<|begin_of_thought|>", "<|end_of_thought|>", "Sky-T1, OpenThinker", "<|end_of_thought|>\n\n"),
    Marks("<|channel>thought", "<channel|>", "Gemma 4", "\n<channel|>"),
    Marks("<unused94>thought", "<unused95>", "MedGemma", "\n<unused95>"),
    Marks("<|inner_prefix|>", "<|inner_suffix|>", "Apertus", "<|inner_suffix|>"),
    Marks("<|think|>", "<|end|><|begin|>assistant<|content|>", "Solar Open", "<|end|><|begin|>assistant<|content|>"),
    Marks("<|im_start|>think", "<|im_start|>answer", "s1", "\n<|im_start|>answer\n"),
)
"""The marks that are found without being told. Letter case does not matter, nor do blanks before the ``>`` of a tag.

Tags that a prompt asks for and no published model writes by itself, such as ``<scratchpad>``, are not among them: they
are set by hand.
"""

BY_MARK = {mark.lower(): family for family in FAMILIES for mark in (family.start, family.end)}
"""The family of each mark, in small letters."""

STARTS = frozenset(family.start.lower() for family in FAMILIES)
"""The marks that open a thought, in small letters."""


def _pattern(mark: str) -> str:
    """Return the expression of a mark; some models write a blank before the end of a tag."""
    pattern = re.escape(mark)
    return f"{pattern[:-1]}[ \\t]{{0,4}}>" if mark.endswith(">") and not mark.endswith("|>") else pattern


MARK = re.compile("|".join(_pattern(mark) for mark in sorted(BY_MARK, key=len, reverse=True)), re.IGNORECASE)
"""Any mark."""


def family_of(mark: str) -> Marks:
    """Return the family of a mark as it stands in a text."""
    return BY_MARK[_plain_mark(mark)]


def opens(mark: str) -> bool:
    """Tell whether a mark, as it stands in a text, opens a thought."""
    return _plain_mark(mark) in STARTS


def _plain_mark(mark: str) -> str:
    return mark.lower().replace(" ", "").replace("\t", "")
