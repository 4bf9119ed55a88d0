"""Rows out of a mirror and from the hub, and their digests."""

import hashlib
import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.tasks.card import Dataset
from polyarena.tasks.data import DataSource
from polyarena.tasks.data.digest import content_digest
from polyarena.tasks.errors import DataError

DATASET = Dataset(id="owner/prompts", revision="ab393a9", licence="Apache-2.0")
KEY = "owner/prompts@ab393a9/sw/test"
ROWS = [{"id": "1", "prompt": "Habari?", "turns": [{"n": 1, "by": "a"}]}, {"id": "2", "prompt": "Sema", "turns": []}]


def write_jsonl(root: Path, rows, config="sw", split="test") -> Path:
    path = root / DATASET.id / config / f"{split}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_parquet(root: Path, rows, config="sw", split="test") -> Path:
    path = root / DATASET.id / config / f"{split}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def fails(root, config="sw", fields=(), dataset=DATASET) -> DataError:
    source = DataSource(root)
    with pytest.raises(DataError) as caught:
        source.rows(dataset, config, fields)
    assert source.digests == {}
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("write", [write_jsonl, write_parquet])
def test_rows_of_a_mirror_with_their_digest(tmp_path, write):
    write(tmp_path, ROWS)
    source = DataSource(tmp_path)
    assert source.rows(DATASET, "sw", ["id", "prompt"]) == ROWS
    assert source.digests == {KEY: content_digest(ROWS)}


def test_copies_in_both_formats_have_one_digest(tmp_path):
    rows = [{"a": "x\u0000", "n": 1, "list": [1.5, 2.0]}, {"a": "y", "n": 2.0, "only_here": {"k": "v", "z": None}}]
    write_jsonl(tmp_path / "one", rows)
    # A column has one type and a value, if null, in every row.
    columns = {"only_here": None, "list": None}
    write_parquet(tmp_path / "two", [columns | row | {"n": float(row["n"])} for row in rows])
    first, second = DataSource(tmp_path / "one"), DataSource(tmp_path / "two")
    first.rows(DATASET, "sw", ["a"])
    second.rows(DATASET, "sw", ["a"])
    assert first.digests == second.digests


def test_jsonl_goes_before_parquet(tmp_path):
    write_jsonl(tmp_path, ROWS)
    write_parquet(tmp_path, ROWS[:1])
    assert DataSource(tmp_path).rows(DATASET, "sw", []) == ROWS


def test_each_part_has_its_own_digest(tmp_path):
    write_jsonl(tmp_path, ROWS)
    write_jsonl(tmp_path, ROWS[:1], config="de")
    write_jsonl(tmp_path, ROWS[1:], split="dev")
    source = DataSource(tmp_path)
    source.rows(DATASET, "sw", [])
    source.rows(DATASET, "de", [])
    source.rows(DATASET.model_copy(update={"split": "dev"}), "sw", [])
    assert source.digests.keys() == {KEY, KEY.replace("/sw/", "/de/"), KEY.replace("/test", "/dev")}
    assert len(set(source.digests.values())) == 3


def test_folder_names_do_not_become_columns(tmp_path):
    write_parquet(tmp_path, [{"id": "1"}], config="lang=sw")
    assert DataSource(tmp_path).rows(DATASET, "lang=sw", []) == [{"id": "1"}]


def test_threads_may_share_a_source(tmp_path):
    configs = [f"c{number}" for number in range(20)]
    for config in configs:
        write_jsonl(tmp_path, [{"config": config}], config=config)
    source = DataSource(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda config: source.rows(DATASET, config, ["config"]), configs))
    assert read == [[{"config": config}] for config in configs]
    assert len(source.digests) == 20


def test_a_missing_config_lists_those_that_exist(tmp_path):
    for config in ("ar", "de", "sw"):
        write_jsonl(tmp_path, ROWS, config=config)
    error = fails(tmp_path, config="swa")
    assert error.where == str(tmp_path / "owner" / "prompts" / "swa" / "test.jsonl")
    assert "test.parquet" in error.why
    assert error.why.endswith("of configs it has: sw, ar, de")
    assert "POLYARENA_DATA" in error.fix
    assert "data_root" in error.fix


def test_a_missing_split_and_a_missing_data_set(tmp_path):
    write_jsonl(tmp_path, ROWS, split="validation")
    assert fails(tmp_path).why.endswith("of splits it has: validation")
    other = DATASET.model_copy(update={"id": "owner/other"})
    assert fails(tmp_path, dataset=other).why.endswith("of data sets the mirror has: owner/prompts")


def test_an_empty_mirror(tmp_path):
    assert fails(tmp_path).why.endswith("the mirror has: none")


def test_long_lists_are_cut(tmp_path):
    for number in range(30):
        write_jsonl(tmp_path, ROWS, config=f"c{number:02}")
    assert fails(tmp_path, config="x").why.endswith("c11 and 18 more")


def test_a_missing_field_names_revision_and_fields(tmp_path):
    path = write_jsonl(tmp_path, ROWS)
    error = fails(tmp_path, fields=["id", "promt"])
    assert error.where == f"{path}:1"
    assert "ab393a9" in error.why
    assert error.fix == "did you mean 'prompt'? the fields are: id, prompt, turns"


def test_a_row_of_parquet_that_lacks_a_field_is_named(tmp_path):
    path = write_parquet(tmp_path, [{"id": "1", "prompt": "a"}, {"id": "2"}])
    error = fails(tmp_path, fields=["prompt"])
    assert error.where == f"{path}, row 2"
    assert error.what == "the field 'prompt' is null"


def test_a_bad_line_is_named(tmp_path):
    path = write_jsonl(tmp_path, ROWS)
    path.write_text(path.read_text() + '{"id": "3", "pro')
    assert fails(tmp_path).where == f"{path}:3"


def test_parquet_that_is_none_or_empty(tmp_path):
    path = write_parquet(tmp_path, ROWS)
    whole = path.read_bytes()
    for content in (b"", b"no parquet", whole[: len(whole) // 2]):
        path.write_bytes(content)
        error = fails(tmp_path)
        assert error.where == str(path)
        assert "\n" not in error.why
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), path)
    assert "empty" in fails(tmp_path).what


def test_values_without_a_canonical_form_are_refused(monkeypatch):
    serve(monkeypatch, lambda *args, **settings: [{"prompt": object()}])
    assert "object has no canonical form" in refused().why


def refused(**changes) -> DataError:
    source = DataSource(None)
    with pytest.raises(DataError) as caught:
        source.rows(DATASET.model_copy(update=changes), "sw", ["prompt"] if not changes else [])
    return caught.value


def serve(monkeypatch, load) -> None:
    import datasets

    monkeypatch.setattr(datasets, "load_dataset", load)


def test_the_hub_is_asked_for_the_pinned_revision(monkeypatch):
    asked = []

    def load(*args, **settings):
        asked.append((args, settings))
        return iter(ROWS)

    serve(monkeypatch, load)
    source = DataSource(None)
    assert source.rows(DATASET, "sw", ["prompt"]) == ROWS
    assert asked == [(("owner/prompts", "sw"), {"split": "test", "revision": "ab393a9"})]
    assert source.digests == {KEY: content_digest(ROWS)}


class DatasetNotFoundError(Exception):
    """Named as the library's own."""


@pytest.mark.parametrize(
    ("raised", "what"),
    [
        (ConnectionError("Couldn't reach 'owner/prompts' on the Hub"), "cannot be reached"),
        (TimeoutError(), "cannot be reached"),
        (DatasetNotFoundError("doesn't exist on the Hub or cannot be accessed"), "does not provide"),
        (RuntimeError("Dataset scripts are no longer supported, but found prompts.py"), "has a loading script"),
        (ValueError("BuilderConfig 'sw' not found. Available: ['de']"), "cannot be loaded"),
        (KeyError("split"), "cannot be loaded"),
    ],
)
def test_whatever_the_hub_does_is_an_error_of_ours(monkeypatch, raised, what):
    def load(*args, **settings):
        raise raised

    serve(monkeypatch, load)
    error = refused()
    assert what in error.what
    assert error.where == "owner/prompts@ab393a9, config 'sw', split 'test'"
    assert type(raised).__name__ in error.why
    assert "POLYARENA_DATA" in error.fix


def test_a_failure_midway_through_the_rows_is_one_too(monkeypatch):
    def load(*args, **settings):
        yield ROWS[0]
        raise ConnectionError("reset")

    serve(monkeypatch, load)
    assert "cannot be reached" in refused().what


def test_rows_of_the_hub_that_lack_a_field_or_are_none(monkeypatch):
    serve(monkeypatch, lambda *args, **settings: [{"prompt": "a\x00"}, {"text": "b"}])
    error = refused()
    assert error.where.endswith("split 'test', row 2")
    assert "fields are: text" in error.fix
    serve(monkeypatch, lambda *args, **settings: [])
    assert "no rows" in refused().what


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "ModuleNotFoundError" in refused().why


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Keep the library from the network and from the user's cache, with progress bars on."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return datasets


def test_the_real_library_without_a_network(offline):
    assert "cannot be reached" in refused(id="no-such-owner/no-such-data-set").what


def test_the_real_library_on_a_folder_laid_out_as_on_the_hub(offline, tmp_path):
    write_jsonl(tmp_path, ROWS)
    folder = tmp_path / DATASET.id
    configs = "configs:\n- config_name: sw\n  data_files:\n  - split: test\n    path: sw/test.jsonl\n"
    (folder / "README.md").write_text(f"---\n{configs}---\n")
    shown = not offline.are_progress_bars_disabled()

    source = DataSource(None)
    local = DATASET.model_copy(update={"id": str(folder)})
    assert source.rows(local, "sw", ["prompt"]) == ROWS
    assert set(source.digests.values()) == {content_digest(ROWS)}
    with pytest.raises(DataError, match=r"Available: \['sw'\]"):
        source.rows(local, "de", [])
    assert (not offline.are_progress_bars_disabled()) == shown


VALUES = (
    st.none() | st.text() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.lists(st.text(), max_size=2)
)
NESTED = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
TABLE = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=4)


@settings(deadline=None)
@given(TABLE)
def test_digest_sees_neither_key_order_nor_nulls_nor_whole_floats(rows):
    turned = [dict(reversed(row.items())) | {"not a key above": None} for row in rows]
    floats = [{key: float(value) if isinstance(value, int) else value for key, value in row.items()} for row in rows]
    assert content_digest(rows) == content_digest(turned) == content_digest(floats)


@settings(deadline=None)
@given(TABLE, TABLE)
def test_digest_sees_everything_else(first, second):
    def bare(rows):
        return [{key: value for key, value in row.items() if value is not None} for row in rows]

    assert (content_digest(first) == content_digest(second)) == (bare(first) == bare(second))


LETTERS = st.text(st.characters(codec=None), max_size=4)
"""Also halves of surrogate pairs and what JSON escapes."""
ANY_VALUES = st.recursive(
    VALUES
    | LETTERS
    | st.sampled_from(["\x7f", "\x00", '"', "\\", "\ud800", "é", math.nan, math.inf, 1e16, 2**70, True, False, 7.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS | st.integers(0, 3), inner, max_size=3),
)
PLAIN_VALUES = st.none() | st.text('ab\x7f\\"é', max_size=3) | st.integers() | st.booleans()
COLUMNS = st.one_of(
    PLAIN_VALUES.map(type).flatmap(lambda kind: st.lists(PLAIN_VALUES.filter(lambda v: type(v) is kind), min_size=9)),
    st.lists(PLAIN_VALUES, min_size=9),
    st.lists(st.lists(PLAIN_VALUES, max_size=3), min_size=9),
    st.lists(ANY_VALUES, min_size=9),
)
ANY_ROWS = st.lists(st.dictionaries(LETTERS | st.integers(0, 3), ANY_VALUES, max_size=4), max_size=4)
SAME_FIELDS = st.dictionaries(LETTERS, COLUMNS, min_size=1, max_size=4).map(
    lambda table: [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=False)]
)


@settings(deadline=None, max_examples=300)
@given(ANY_ROWS | SAME_FIELDS, st.sampled_from([1, 1, 1, 90]))
def test_digest_is_that_of_one_line_of_json_a_row(rows, repeats):
    def canonical(value):
        if isinstance(value, dict):
            return {str(key): canonical(each) for key, each in value.items() if each is not None}
        if isinstance(value, list):
            return [canonical(each) for each in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    lines = [json.dumps(canonical(row), sort_keys=True, separators=(",", ":")) for row in rows * repeats]
    expected = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    assert content_digest(rows * repeats) == expected


@pytest.mark.parametrize("value", [[[7.0]], [[{"b": None}]], [[[["x", 7.0]]]], {"b": [[7.0]]}])
def test_digest_sees_neither_nulls_nor_whole_floats_in_lists_of_lists(value):
    plain = json.loads(json.dumps(value).replace("7.0", "7").replace('"b": null', ""))
    others = [[], [{"a": 0.5}]]
    assert all(content_digest([{"a": value}, *rows]) == content_digest([{"a": plain}, *rows]) for rows in others)


def test_digest_of_a_known_text():
    assert content_digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_digest([{"b": "é", "a": 1.0}]) == content_digest([{"a": 1, "b": "\u00e9"}])
    assert content_digest([{"a": 1}, {"a": 2}]) != content_digest([{"a": 2}, {"a": 1}])


def test_digest_of_what_parquet_holds_beyond_json():
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    assert content_digest([{"t": moment}]) == content_digest([{"t": "2024-01-02T00:00:00+00:00"}])
    assert content_digest([{"t": moment.date()}]) == content_digest([{"t": "2024-01-02"}])
    assert content_digest([{"d": Decimal("1.50")}]) == content_digest([{"d": "1.50"}])
    assert content_digest([{"b": b"\x01\xff"}]) == content_digest([{"b": "01ff"}])
    with pytest.raises(TypeError):
        content_digest([{"s": object()}])


@pytest.mark.parametrize(
    ("id", "config", "fields", "count"),
    [
        ("CohereLabs/m-ArenaHard", "de", ["question_id", "prompt"], 500),
        ("Davlan/sib200", "swh_Latn", ["index_id", "text", "category"], 204),
    ],
)
def test_real_data(test_data, tmp_path, id, config, fields, count):
    dataset = DATASET.model_copy(update={"id": id})
    source = DataSource(test_data / "hub")
    rows = source.rows(dataset, config, fields)
    assert len(rows) == count
    copy = tmp_path / id / config
    copy.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), copy / "test.parquet")
    other = DataSource(tmp_path)
    assert other.rows(dataset, config, fields) == rows
    assert other.digests == source.digests


def test_a_folder_that_happens_to_have_the_name_is_not_taken_for_the_hub(tmp_path, monkeypatch):
    (tmp_path / "owner" / "prompts").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="instead of the hub"):
        DataSource(None).rows(Dataset(id="owner/prompts", revision="abc", licence="MIT"), "sw", ["prompt"])
