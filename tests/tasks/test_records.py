"""Records survive Arrow."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import pyarrow as pa
import pytest
from every_case import every_case

from polyarena.tasks.records import (
    COMPLETION_SCHEMA,
    SCORE_SCHEMA,
    Completion,
    Int32,
    Score,
    arrow_schema,
    from_table,
    to_table,
)

PLAIN = Score("s", "t", "swh_Latn", "1", 0, "1", "acc", 1.0, "metric:acc")
SUMMED = Score("s", "t", "swh_Latn", "1", 0, "1", "chrf++", 41.5, "metric:chrf++", (3.0, 2.0, 0.5))
PART = Score("s", "t", "swh_Latn", "1", 0, "1", "acc", 1.0, "metric:acc", category="culturally_sensitive")


@pytest.mark.parametrize(("record", "schema"), [(Score, SCORE_SCHEMA), (Completion, COMPLETION_SCHEMA)])
def test_columns_are_the_fields_in_their_order(record, schema):
    assert list(record.__slots__) == schema.names


def test_scores_with_and_without_statistics_come_back_as_they_were():
    assert from_table(to_table([PLAIN, SUMMED, PART], SCORE_SCHEMA), Score) == [PLAIN, SUMMED, PART]


def test_columns_that_were_added_are_the_last_and_may_be_null():
    added = [SCORE_SCHEMA.field(place) for place in (-2, -1)]
    assert [(field.name, field.type, field.nullable) for field in added] == [
        ("statistics", pa.list_(pa.float64()), True),
        ("category", pa.string(), True),
    ]


@pytest.mark.parametrize("lacking", [["category"], ["statistics", "category"]])
def test_scores_from_before_a_column_was_added_can_be_read(lacking):
    table = to_table([PLAIN], SCORE_SCHEMA).drop_columns(lacking)
    assert from_table(table, Score) == [PLAIN]


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Everything:
    text: str
    colour: Colour
    count: int
    small: Int32
    share: float
    yes: bool
    day: Annotated[str, "a note", pa.large_string()]
    noted: Annotated[int, "a note"]
    maybe: str | None = None
    few: tuple[Int32, ...] | None = None
    small_or_none: Int32 | None = None


def test_a_schema_follows_from_the_types_of_the_fields():
    assert arrow_schema(Everything) == pa.schema(
        [
            pa.field("text", pa.string(), nullable=False),
            pa.field("colour", pa.string(), nullable=False),
            pa.field("count", pa.int64(), nullable=False),
            pa.field("small", pa.int32(), nullable=False),
            pa.field("share", pa.float64(), nullable=False),
            pa.field("yes", pa.bool_(), nullable=False),
            pa.field("day", pa.large_string(), nullable=False),
            pa.field("noted", pa.int64(), nullable=False),
            pa.field("maybe", pa.string()),
            pa.field("few", pa.list_(pa.int32())),
            pa.field("small_or_none", pa.int32()),
        ]
    )


@every_case("hint", [dict[str, int], tuple[int, str], int | str, complex, list[int]])
def test_a_field_without_an_arrow_type_is_refused_by_name(hint):
    @dataclass
    class Odd:
        name: str
        odd: hint

    Odd.__annotations__["odd"] = hint
    with pytest.raises(TypeError, match="'odd'"):
        arrow_schema(Odd)


def test_integers_of_32_bits_are_stored_as_such():
    assert SCORE_SCHEMA.field("sample_index").type == pa.int32()
    assert COMPLETION_SCHEMA.field("choice_bytes").type == pa.list_(pa.int32())
