"""The records of the task room: what a system answered, and what that is worth.

Each record is a frozen dataclass and one Arrow schema; :func:`to_table` and :func:`from_table` convert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import pyarrow as pa

from polyarena.tasks.errors import DataError

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Completion:
    """A system's answer to one item.

    Attributes:
        system: Name of the system in the experiment.
        task: Task name.
        language: ``lang_Script`` of the item.
        item_id: The item, within task and language.
        sample_index: Counts repeated samples of one item, from 0.
        source_id: Shared by all translations of the item.
        prompt: The prompt as the model saw it, chat template applied.
        text: The answer: the generated text without its thought; ``None`` for multiple choice. Empty where the thought
            never ended.
        thought: What a reasoning model wrote before its answer, or the endpoint gave as such; ``None`` without one.
        thought_ended: Whether the thought came to its end; ``None`` without one. A thought that was cut off is no
            answer.
        loglikelihoods: Natural-log likelihood of each choice given the prompt; ``None`` for generated text.
        choice_bytes: UTF-8 length of each choice, for length-normalised scores.
        finish_reason: ``stop``, ``length``, or what the endpoint said; ``None`` where a backend cannot tell.
        prompt_tokens: As counted by the model's tokenizer or the endpoint; ``None`` where unknown.
        completion_tokens: Likewise; of thought and answer together.
        thought_tokens: Of the completion tokens, those of the thought; ``None`` where unknown.
        answer_tokens: The others.
        reasoning_effort: How hard the model was asked to think; ``None`` where that was left to it.
        latency_s: Seconds for this answer (batch time divided by batch size for local models).
        identified_language: ``lang_Script`` or the identifier's own code; ``None`` if there was too little text.
        identified_probability: Between 0 and 1.
        identified_script: ISO 15924 code of the script of most letters; ``None`` without letters.
    """

    system: str
    task: str
    language: str
    item_id: str
    sample_index: int
    source_id: str
    prompt: str
    text: str | None = None
    loglikelihoods: tuple[float, ...] | None = None
    choice_bytes: tuple[int, ...] | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float | None = None
    identified_language: str | None = None
    identified_probability: float | None = None
    identified_script: str | None = None
    thought: str | None = None
    thought_ended: bool | None = None
    thought_tokens: int | None = None
    answer_tokens: int | None = None
    reasoning_effort: str | None = None


COMPLETION_SCHEMA = pa.schema(
    [
        pa.field("system", pa.string(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("sample_index", pa.int32(), nullable=False),
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("loglikelihoods", pa.list_(pa.float64())),
        pa.field("choice_bytes", pa.list_(pa.int32())),
        pa.field("finish_reason", pa.string()),
        pa.field("prompt_tokens", pa.int64()),
        pa.field("completion_tokens", pa.int64()),
        pa.field("latency_s", pa.float64()),
        pa.field("identified_language", pa.string()),
        pa.field("identified_probability", pa.float64()),
        pa.field("identified_script", pa.string()),
        pa.field("thought", pa.string()),
        pa.field("thought_ended", pa.bool_()),
        pa.field("thought_tokens", pa.int64()),
        pa.field("answer_tokens", pa.int64()),
        pa.field("reasoning_effort", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Score:
    """The value of one metric for one completion; keys as in :class:`Completion`.

    Attributes:
        metric: Name of the metric.
        value: Its value; the unit is the metric's own.
        signature: Every setting that changes the value.
        statistics: The item's part of a metric of the whole corpus, such as BLEU's counts of n-grams, whose sums over
            items make the score of a language (see :mod:`polyarena.tasks.metrics.registry`); ``None`` for metrics
            whose score is the mean over items.
        category: The part of the task that the item belongs to (see :attr:`polyarena.tasks.item.Item.category`);
            ``None`` where the task has no parts, and in records stored before there were any.
    """

    system: str
    task: str
    language: str
    item_id: str
    sample_index: int
    source_id: str
    metric: str
    value: float
    signature: str
    statistics: tuple[float, ...] | None = None
    category: str | None = None


SCORE_SCHEMA = pa.schema(
    [
        pa.field("system", pa.string(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("sample_index", pa.int32(), nullable=False),
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("signature", pa.string(), nullable=False),
        pa.field("statistics", pa.list_(pa.float64())),
        pa.field("category", pa.string()),
    ]
)


def to_table(records: Sequence[Any], schema: pa.Schema) -> pa.Table:
    """Turn records into an Arrow table of the given schema (columns in the schema's order).

    Raises:
        DataError: A number does not fit its column.
    """
    columns = {name: [getattr(record, name) for record in records] for name in schema.names}
    try:
        return pa.Table.from_pydict(columns, schema=schema)
    except (OverflowError, pa.ArrowInvalid) as error:
        raise DataError("a number is too large to be stored", why=str(error)) from error


def from_table(table: pa.Table, record: type[Record]) -> list[Record]:
    """Turn an Arrow table back into records; lists become tuples, columns the record does not know are ignored."""
    names = [f.name for f in fields(record) if f.name in table.column_names]  # type: ignore[arg-type]
    columns = [table.column(name).to_pylist() for name in names]
    return [
        record(**{n: tuple(v) if isinstance(v, list) else v for n, v in zip(names, row, strict=True)})
        for row in zip(*columns, strict=True)
    ]
