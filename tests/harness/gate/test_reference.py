"""Reference files: what is written is what is read, and nothing else is."""

import json

import pyarrow.parquet as pq
import pytest

from polyarena.harness.cli import main
from polyarena.harness.gate.check import check
from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.gate.item_values import run_values
from polyarena.harness.gate.reference import _KEY, read_reference, write_reference
from polyarena.harness.results import open_run
from polyarena.reports.gate.result import Outcome
from polyarena.tasks.errors import StoreError

QUICK = GateFile(rounds=999, margin=20)


@pytest.fixture
def reference(good, tmp_path):
    values = run_values(open_run(good), None, QUICK)
    return write_reference(values, tmp_path / "gate-baseline.parquet", discordance={"a/b": 0.02}, false_alarms=0.03)


def test_a_reference_decides_as_its_run_does(good, lost_all, reference):
    by_run, by_file = check(good, lost_all, QUICK), check(reference, lost_all, QUICK)
    assert by_file.decision.verdicts == by_run.decision.verdicts
    assert by_file.false_alarms == 0.03
    assert read_reference(reference).discordance == {"a/b": 0.02}


def test_writing_twice_gives_the_same_bytes(good, reference, tmp_path):
    values = run_values(open_run(good), None, QUICK)
    again = write_reference(values, tmp_path / "again.parquet", discordance={"a/b": 0.02}, false_alarms=0.03)
    assert again.read_bytes() == reference.read_bytes()


def test_one_value_edited_by_hand_is_refused(reference):
    table = pq.read_table(reference)
    column = table.schema.get_field_index("value")
    values = table["value"].to_pylist()
    values[0] = 1.0 - values[0]
    import pyarrow as pa

    pq.write_table(table.set_column(column, "value", pa.array(values)), reference)
    with pytest.raises(StoreError, match="changed after it was written"):
        read_reference(reference)


def test_another_format_names_both_versions(reference):
    table = pq.read_table(reference)
    document = json.loads(table.schema.metadata[_KEY])
    document["about"]["format"] = 99
    pq.write_table(table.replace_schema_metadata({_KEY: json.dumps(document)}), reference)
    with pytest.raises(StoreError, match="format 99, and this version reads format 1"):
        read_reference(reference)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"hello world" * 50])
def test_what_is_no_reference_is_refused(tmp_path, content):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read"):
        read_reference(path)


def test_a_parquet_of_something_else_is_refused(good):
    path = next(good.glob("cells/model/*/*.parquet"))
    with pytest.raises(StoreError, match="no reference file"):
        read_reference(path)


def test_accept_and_check_from_the_command_line(good, lost_all, tmp_path, capsys):
    path = tmp_path / "baseline.parquet"
    assert main(["gate", "accept", str(good), "-o", str(path)]) == 0
    assert "item values of model" in capsys.readouterr().out
    assert check(path, good, QUICK).outcome is Outcome.PASSED
    assert main(["gate", "check", "--baseline", str(path), "--candidate", str(lost_all)]) == 1
