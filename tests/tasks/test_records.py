"""Records survive Arrow."""

import pyarrow as pa
import pytest

from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA, Completion, Score, from_table, to_table

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
