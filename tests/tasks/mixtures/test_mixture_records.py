"""Rows of training data survive their files, and wrong ones are refused with their line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow, read_training_rows

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(*[TEXTS] * 6)
def test_a_training_row_reads_back_as_it_was(row_id, source, language, prompt, completion, licence):
    row = TrainingRow(row_id, source, language, prompt, completion, licence)
    assert "\n" not in row.to_json()
    assert TrainingRow.from_mapping(json.loads(row.to_json())) == row


def test_rows_of_a_file_come_in_its_order(tmp_path):
    rows = [TrainingRow(str(at), "made", "deu_Latn", f"Frage {at}", "Antwort", "CC0-1.0") for at in range(3)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(row.to_json() + "\n" for row in rows), "utf-8")
    assert list(read_training_rows(path)) == rows


@pytest.mark.parametrize(("change", "message"), [({"completion": None}, "completion"), ({"prompt": 3}, "not a text")])
def test_a_row_that_lacks_a_field_is_refused_with_its_line(tmp_path, change, message):
    row = {
        "row_id": "1",
        "source": "s",
        "language": "deu_Latn",
        "prompt": "a",
        "completion": "b",
        "licence": "MIT",
        **change,
    }
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(DataError, match=message) as refused:
        list(read_training_rows(path))
    assert refused.value.where == f"{path}:1"
