"""Records of completions and scores, and the conversion between records and Arrow tables.

A record is declared once, as a frozen dataclass: :func:`arrow_schema` derives its Arrow schema, and :func:`to_table`
and :func:`from_table` convert. The records of the other packages use the same three functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from polyarena.tasks.errors import DataError

Record = TypeVar("Record")

Int32 = Annotated[int, pa.int32()]
"""A field that is stored in 32 bits; an ``int`` is stored in 64."""
_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def arrow_schema(record: type[Any]) -> pa.Schema:
    """Return the Arrow schema of a record: its fields in their order, nullable where they may be ``None``.

    ``str``, ``int``, ``float`` and ``bool`` (and subclasses, such as a ``StrEnum``) are stored as such,
    ``tuple[X, ...]`` as a list of ``X``, and ``Annotated[X, pa.some_type()]`` as that Arrow type.

    Args:
        record: A dataclass.

    Raises:
        TypeError: A field has another type.
    """
    hints = get_type_hints(record, include_extras=True)
    return pa.schema([_arrow_field(field.name, hints[field.name]) for field in fields(record)])


def _arrow_field(name: str, hint: Any) -> pa.Field:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    stored = [option for option in options if option is not NoneType]
    if len(stored) != 1:
        raise TypeError(f"the field {name!r} has several types, {hint}")
    return pa.field(name, _arrow_type(name, stored[0]), nullable=NoneType in options)


def _arrow_type(name: str, hint: Any) -> pa.DataType:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return next((each for each in arguments[1:] if isinstance(each, pa.DataType)), None) or _arrow_type(
            name, arguments[0]
        )
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return pa.list_(_arrow_type(name, arguments[0]))
    if isinstance(hint, type):
        for known in hint.__mro__:
            if known in _ARROW:
                return _ARROW[known]
    raise TypeError(f"the field {name!r} has the type {hint}, which has no Arrow type")


@dataclass(frozen=True, slots=True)
class Completion:
    """A system's answer to one item.

    Attributes:
        system: Name of the system in the experiment.
        task: Task name.
        language: ``lang_Script`` of the item.
        item_id: Id of the item, unique within task and language.
        sample_index: Number of the sample of this item, from 0.
        source_id: Id shared by all translations of the item.
        prompt: The prompt as the model received it, with the chat template applied.
        text: The answer: the generated text without its thought; ``None`` for multiple choice. Empty if the thought
            never ended.
        thought: What a reasoning model wrote before its answer, or the endpoint returned as its reasoning; ``None``
            without a thought.
        thought_ended: Whether the thought was completed; ``None`` without a thought. A thought that was cut off does
            not count as an answer.
        loglikelihoods: Natural-log likelihood of each choice given the prompt; ``None`` for generated text.
        choice_bytes: UTF-8 length of each choice, for length-normalised scores.
        finish_reason: ``stop``, ``length``, or the value that the endpoint returned; ``None`` if unknown.
        prompt_tokens: Tokens of the prompt, counted by the model's tokenizer or the endpoint; ``None`` if unknown.
        completion_tokens: Tokens of thought and answer together; ``None`` if unknown.
        thought_tokens: The completion tokens that belong to the thought; ``None`` if unknown.
        answer_tokens: The completion tokens that belong to the answer; ``None`` if unknown.
        reasoning_effort: The reasoning effort that was requested; ``None`` if none was.
        thought_language: Identified language of the thought; ``None`` without a thought or with too little text.
        thought_agreement: Whether the thought is in the language of the item: ``same``, ``other language``,
            ``other script`` or ``unknown`` (see :class:`polyarena.tasks.identify.Agreement`); ``None`` without a
            thought.
        latency_s: Seconds for this answer (for local models, the batch's time divided by its size).
        identified_language: ``lang_Script`` or the identifier's own code; ``None`` if there was too little text.
        identified_probability: The identifier's probability, between 0 and 1.
        identified_script: ISO 15924 code of the script of most letters; ``None`` without letters.
    """

    system: str
    task: str
    language: str
    item_id: str
    sample_index: Int32
    source_id: str
    prompt: str
    text: str | None = None
    loglikelihoods: tuple[float, ...] | None = None
    choice_bytes: tuple[Int32, ...] | None = None
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
    thought_language: str | None = None
    thought_agreement: str | None = None


COMPLETION_SCHEMA = arrow_schema(Completion)


@dataclass(frozen=True, slots=True)
class Score:
    """The value of one metric for one completion; keys as in :class:`Completion`.

    Attributes:
        metric: Name of the metric.
        value: Its value, in the unit of the metric.
        signature: Every setting that changes the value.
        statistics: The item's sufficient statistics of a corpus-level metric, such as BLEU's counts of n-grams; their
            sums over items give the score of a language (see :mod:`polyarena.tasks.metrics.registry`). ``None`` for
            metrics whose score is the mean over items.
        category: The part of the task that the item belongs to (see :attr:`polyarena.tasks.item.Item.category`);
            ``None`` if the task has no parts.
    """

    system: str
    task: str
    language: str
    item_id: str
    sample_index: Int32
    source_id: str
    metric: str
    value: float
    signature: str
    statistics: tuple[float, ...] | None = None
    category: str | None = None


SCORE_SCHEMA = arrow_schema(Score)


def to_table(records: Sequence[Any], schema: pa.Schema) -> pa.Table:
    """Convert records to an Arrow table of the given schema (columns in the schema's order).

    Raises:
        DataError: A number does not fit its column.
    """
    columns = {name: [getattr(record, name) for record in records] for name in schema.names}
    try:
        return pa.Table.from_pydict(columns, schema=schema)
    except (OverflowError, pa.ArrowInvalid) as error:
        raise DataError("a number is too large to be stored", why=str(error)) from error


def from_table(table: pa.Table, record: type[Record]) -> list[Record]:
    """Convert an Arrow table to records; lists become tuples, and columns that the record does not have are ignored."""
    names = [f.name for f in fields(record) if f.name in table.column_names]  # type: ignore[arg-type]
    columns = [table.column(name).to_pylist() for name in names]
    return [
        record(**{n: tuple(v) if isinstance(v, list) else v for n, v in zip(names, row, strict=True)})
        for row in zip(*columns, strict=True)
    ]
