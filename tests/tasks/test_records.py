"""Records survive Arrow."""

import pyarrow as pa
import pytest

from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA, Completion, Score, from_table, to_table

PLAIN = Score("s", "t", "swh_Latn", "1", 0, "1", "acc", 1.0, "metric:acc")
SUMMED = Score("s", "t", "swh_Latn", "1", 0, "1", "chrf++", 41.5, "metric:chrf++", (3.0, 2.0, 0.5))


@pytest.mark.parametrize(("record", "schema"), [(Score, SCORE_SCHEMA), (Completion, COMPLETION_SCHEMA)])
def test_columns_are_the_fields_in_their_order(record, schema):
    assert list(record.__slots__) == schema.names


def test_scores_with_and_without_statistics_come_back_as_they_were():
    assert from_table(to_table([PLAIN, SUMMED], SCORE_SCHEMA), Score) == [PLAIN, SUMMED]


def test_statistics_are_the_last_column_and_may_be_missing():
    field = SCORE_SCHEMA.field(len(SCORE_SCHEMA) - 1)
    assert (field.name, field.type, field.nullable) == ("statistics", pa.list_(pa.float64()), True)


def test_scores_from_before_there_were_statistics_can_be_read():
    table = to_table([PLAIN], SCORE_SCHEMA).drop_columns(["statistics"])
    assert from_table(table, Score) == [PLAIN]
