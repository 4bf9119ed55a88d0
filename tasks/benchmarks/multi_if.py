"""Multi-IF: conversations of three turns whose instructions can be verified, in eight languages.

The data set is facebook/Multi-IF (He et al. 2024, arXiv 2410.15553): 909 prompts of IFEval in English, two further
turns written by a language model and people, and translations of those that can be translated into seven languages. A
turn is one item, scored on all instructions given so far; its prompt is the user's new turn, and the model is shown its
own earlier answers. Conversations without a third turn (56 of 4,501) have two items.

The checks are those of :mod:`polyarena.tasks.metrics.instructions`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.rows import TEXT, Subset, Values, read_rows
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.instructions.checks import CHECKS, Instruction
from polyarena.tasks.metrics.instructions.scores import (
    IF_OVERALL,
    IF_OVERALL_WORDS,
    INST_LOOSE,
    INST_STRICT,
    PROMPT_LOOSE,
    PROMPT_STRICT,
    TURN,
    TURNS,
    instruction_scores,
    instruction_statistics,
)
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.frames.row import Row
    from polyarena.tasks.records import Completion
    from polyarena.tasks.signature import Signature

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "eng_Latn": "English",
        "fra_Latn": "French",
        "hin_Deva": "Hindi",
        "ita_Latn": "Italian",
        "por_Latn": "Portuguese",
        "rus_Cyrl": "Russian",
        "spa_Latn": "Spanish",
        "zho_Hans": "Chinese",
    }
)
"""What the field ``language`` calls each language."""
_FIELDS: Mapping[str, tuple[type, ...]] = MappingProxyType(
    dict.fromkeys(("key", "language", "turn_1_prompt", "turn_1_instruction_id_list", "turn_1_kwargs"), TEXT)
)
"""Later turns may be missing."""
_NONE = (None, "", "None")


@dataclass(frozen=True)
class MultiIf:
    """Conversations with verifiable instructions.

    Attributes:
        card: The task's identity.
    """

    card: TaskCard

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the turns of one language, conversation by conversation.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: The data is missing, lacks a field, has one of another form, or an instruction that is not known.
        """
        require_language(self.card, language)
        seen: Counter[str] = Counter()
        part = Subset("default", label=LABELS[language])
        for row in read_rows(self.card.dataset, part, language, _FIELDS, data, _label):
            seen[row["key"]] += 1
            yield from _turns(row, seen[row["key"]])

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the accuracies of one answer.

        Raises:
            DataError: The completion has no text, or the item an instruction that is not known.
        """
        return instruction_scores(item, completion)

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return what is summed over items for the metrics of the whole corpus (for errors see :meth:`score`)."""
        return instruction_statistics(item, completion)

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        return find_metric(metric).signature


def _label(values: Values) -> str:
    return str(values["language"])


def _turns(row: Row, number: int) -> Iterator[Item]:
    """Yield the turns of a conversation; a turn that is missing ends it.

    Args:
        row: The conversation.
        number: Counts those of the same key, from 1.
    """
    key = row["key"] if number == 1 else f"{row['key']}#{number}"
    source = row["key"].rpartition(":")[0] + key.removeprefix(row["key"])
    previous = None
    for turn in range(1, TURNS + 1):
        if row.values.get(f"turn_{turn}_prompt") in _NONE:
            return
        name = f"{key}/{turn}"
        yield Item(
            item_id=name,
            source_id=source or key,
            language=row.language,
            prompt=_prompt(row, turn),
            references=tuple(instruction.text for instruction in _instructions(row, turn)),
            fields={TURN: str(turn)},
            category=f"turn {turn}",
            previous=previous,
        )
        previous = name


def _prompt(row: Row, turn: int) -> str:
    field = f"turn_{turn}_prompt"
    message = _decoded(row, field)
    text = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(text, str) or not text.strip():
        raise row.refused(f"the field {field!r} is not a message with a text", row[field])
    return text


def _instructions(row: Row, turn: int) -> list[Instruction]:
    names, settings = (_decoded(row, f"turn_{turn}_{field}") for field in ("instruction_id_list", "kwargs"))
    unknown = [name for name in names if name not in CHECKS] if isinstance(names, list) else []
    if not isinstance(names, list) or not names or unknown:
        what = f"names the instruction {unknown[0]!r}, which is not known" if unknown else "is not a list of names"
        raise row.refused(f"the field 'turn_{turn}_instruction_id_list' {what}", names)
    if not isinstance(settings, list) or len(settings) != len(names):
        raise row.refused(f"the field 'turn_{turn}_kwargs' does not have one entry for each instruction", settings)
    return [Instruction(name, _arguments(row, turn, written)) for name, written in zip(names, settings, strict=True)]


def _arguments(row: Row, turn: int, written: Any) -> Mapping[str, Any]:
    """Return the settings of an instruction, which are JSON within JSON; those that are null are left out."""
    try:
        found = json.loads(written) if isinstance(written, str) else written
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise row.refused(f"the field 'turn_{turn}_kwargs' has an entry that is not a JSON object", written)
    return {name: value for name, value in found.items() if value is not None}


def _decoded(row: Row, field: str) -> Any:
    try:
        return json.loads(row.text(field))
    except ValueError as error:
        raise row.refused(f"the field {field!r} is not JSON", row[field]) from error


task = MultiIf(
    TaskCard(
        name="multi_if",
        version="1.0",
        title=f"Multi-IF: instructions over three turns in {len(LABELS)} languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="facebook/Multi-IF",
            revision="0ab97ce0b45c7f57772e8ba2ac1616f4b00bd3aa",
            split="train",
            licence="CC-BY-NC-2.0",
            url="https://huggingface.co/datasets/facebook/Multi-IF",
        ),
        languages=tuple(LABELS),
        provenance=translated(LABELS, Provenance.POST_EDITED),
        metrics=(IF_OVERALL, PROMPT_STRICT, PROMPT_LOOSE, INST_STRICT, INST_LOOSE, IF_OVERALL_WORDS),
        shared="conversations, by the key without its language",
        generation=GenerationDefaults(max_tokens=1024),
        notes=(
            "Three turns: each is scored on all instructions so far, and its category is the turn. A limit counts "
            "turns. Only what rules can verify is scored: a text without sense can follow every instruction. The "
            "headline counts words as the makers' script does, in which a word of Hindi is several and a forbidden "
            "word of Chinese is hardly ever found; if_overall_words counts and finds them whole. Differences from "
            "that script: sentences are split by rules of our own, languages are identified by our identifier, "
            "keywords are literal, and a letter that is not of a to z is the one asked for (the script draws another "
            "at random)."
        ),
        citation="He et al. 2024, Multi-IF, arXiv 2410.15553; Zhou et al. 2023, IFEval, arXiv 2311.07911",
    )
)
