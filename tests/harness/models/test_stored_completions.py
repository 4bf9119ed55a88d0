"""The model type ``completions`` and the files that it reads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.models.completion_files import ID_FIELDS, TEXT_FIELDS, find_language_files, read_completions
from polyarena.harness.models.completions import build
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, Model, ModelContext, ModelType
from polyarena.tasks.errors import DataError, ExperimentError, ModelError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion, to_table

ROWS = [{"id": "a", "text": "one"}, {"id": "b", "text": ""}]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def request(item_id: str, language: str = "deu_Latn", sample_index: int = 0) -> GenerateRequest:
    return GenerateRequest(language, item_id, ({"role": "user", "content": "Frage"},), sample_index=sample_index)


def load(folder: Path, **args: Any) -> Model:
    return build.load({"path": folder.name, **args}, True, ModelContext(base=str(folder.parent)))


def test_it_is_a_model_type_without_multiple_choice(tmp_path: Path, choosing: Callable[..., ChoiceRequest]) -> None:
    assert isinstance(build, ModelType)
    assert build.supports(Kind.OPEN_ENDED)
    assert not build.supports(Kind.MULTIPLE_CHOICE)
    write(tmp_path / "s" / "de.jsonl", ROWS)
    with pytest.raises(ModelError, match="multiple choice"):
        load(tmp_path / "s").choose([choosing("q", "a")])


@pytest.mark.parametrize("name", ["de", "deu", "deu_Latn", "deu-Latn", "German"])
def test_any_code_names_a_file(name: str, tmp_path: Path) -> None:
    write(tmp_path / "s" / f"{name}.jsonl", ROWS)
    answer = load(tmp_path / "s").generate([request("a")])[0]
    assert (answer.text, answer.prompt, answer.finish_reason, answer.latency_s) == ("one", "Frage", None, None)


def test_empty_texts_are_kept_and_order_is_that_of_the_requests(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    write(tmp_path / "s" / "sw.jsonl", [{"id": "a", "text": "moja"}])
    asked = [request("b"), request("a", "swh_Latn"), request("a")]
    assert [answer.text for answer in load(tmp_path / "s").generate(asked)] == ["", "moja", "one"]
    assert load(tmp_path / "s").generate([]) == []


@pytest.mark.parametrize("identifier", ID_FIELDS)
@pytest.mark.parametrize("text", TEXT_FIELDS)
def test_usual_field_names_are_found(identifier: str, text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "de.jsonl", [{identifier: 7, text: "x", "model": "m"}])
    assert read_completions(path, None, None)["7", 0].text == "x"


def test_unusual_field_names_are_given(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", [{"uid": "a", "answer_text": "x", "text": "not this"}])
    assert load(tmp_path / "s", id_field="uid", text_field="answer_text").generate([request("a")])[0].text == "x"
    with pytest.raises(DataError, match="no field holds the id") as caught:
        load(tmp_path / "s").generate([request("a")])
    assert "answer_text" in caught.value.why
    assert caught.value.fix == "set `id_field`"
    with pytest.raises(DataError, match="'ansver_text' is missing") as caught:
        load(tmp_path / "s", id_field="uid", text_field="ansver_text").generate([request("a")])
    assert caught.value.fix == "did you mean 'answer_text'?"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"id": "a", "text": "x"}', '{"id": "b", "te'], r"de\.jsonl:2: .*not JSON"),
        (['{"id": "a", "text": "x"}', "[]"], r"de\.jsonl:2: .*not a JSON object"),
        (['{"id": "a", "text": "x"}', '{"id": "b"}'], r"de\.jsonl:2: .*'text' is missing"),
        (['{"id": "a", "text": null}'], r"de\.jsonl:1: .*'text' is null(.|\n)*an empty text if nothing"),
        (['{"id": null, "text": "x"}'], r"de\.jsonl:1: .*'id' is null"),
        (['{"id": "a", "text": 3}'], r"de\.jsonl:1: .*no text"),
        (['{"id": "a", "text": "x", "text": "y"}'], r"de\.jsonl:1: .*text"),
        (['{"id": "a", "text": "x"}', '{"id": "a", "text": "y"}'], r"de\.jsonl:2: the item 'a' is there twice"),
        (['{"id": "a", "text": "x", "sample_index": -1}'], "must count from 0"),
        ([""], "empty"),
    ],
)
def test_bad_lines_are_named(lines: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "de.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match=message):
        load(tmp_path / "s").generate([request("a")])


def test_nul_and_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", [{"id": "a", "text": "x\x00y\ud800z"}])
    text = load(tmp_path / "s").generate([request("a")])[0].text
    assert text == "x\ufffdy\ufffdz"
    text.encode()


def test_missing_items_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    with pytest.raises(DataError) as caught:
        load(tmp_path / "s").generate([request("a"), request("c"), request("b", sample_index=1)])
    assert caught.value.what == "2 of 3 items have no stored completion"
    assert "'c'" in caught.value.why
    assert "limit" in caught.value.fix


def test_repeats_are_told_apart_by_their_index(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": str(index), "sample_index": index} for index in range(3)]
    write(tmp_path / "s" / "de.jsonl", rows)
    answers = load(tmp_path / "s").generate([request("a", sample_index=index) for index in (2, 0)])
    assert [answer.text for answer in answers] == ["2", "0"]


def test_a_language_without_a_file(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    write(tmp_path / "s" / "sw.jsonl", ROWS)
    context = ModelContext(base=str(tmp_path))
    for ask in (
        lambda: load(tmp_path / "s").generate([request("a", "jpn_Jpan")]),
        lambda: build.identity({"path": "s"}, context, "jpn_Jpan"),
    ):
        with pytest.raises(DataError, match="no stored completions in jpn_Jpan") as caught:
            ask()
        assert "deu_Latn, swh_Latn" in caught.value.why


def test_two_files_of_one_language(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    write(tmp_path / "s" / "deu_Latn.jsonl", ROWS)
    with pytest.raises(DataError, match="same language deu_Latn") as caught:
        build.check({"path": "s"}, ModelContext(base=str(tmp_path)), "systems.a")
    assert caught.value.why == "de.jsonl and deu_Latn.jsonl"


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "de.jsonl", ROWS)
    write(tmp_path / ".sw.jsonl", ROWS)
    write(tmp_path / "metadata.jsonl", ROWS)
    (tmp_path / "fr.txt").touch()
    (tmp_path / "ja.jsonl").mkdir()
    assert find_language_files(tmp_path, "") == {"deu_Latn": tmp_path / "de.jsonl"}


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ({}, ExperimentError, "need `path`"),
        ({"path": 3}, ExperimentError, "must be a text"),
        ({"path": "s", "text_feild": "x"}, UnknownNameError, "did you mean 'text_field'"),
        ({"path": "gone"}, DataError, "does not exist"),
        ({"path": "empty"}, DataError, "no file named by a language"),
        ({"path": "s/de.jsonl"}, DataError, r"'de.jsonl' is a file, (.|\n)*fix: name its folder: .*/s$"),
        ({"path": "other.yaml"}, DataError, r"'other.yaml' is a file, (.|\n)*fix: name the folder of the answers"),
        ({"path": "run"}, DataError, r"systems.a.args: (.|\n)*has: cells\n(.|\n)*such as .*run/cells/one/task$"),
    ],
)
def test_wrong_arguments(args: dict[str, Any], error: type[Exception], message: str, tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.yaml").write_text("name: x\n", encoding="utf-8")
    cells = tmp_path / "run" / "cells" / "one" / "task"
    cells.parent.mkdir(parents=True)
    write(cells / "de.jsonl", ROWS)
    (tmp_path / "run" / ".manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(error, match=message):
        build.check(args, ModelContext(base=str(tmp_path)), "systems.a.args")
    build.check({"path": "s", "id_field": None}, ModelContext(base=str(tmp_path)), "")


def test_a_field_that_no_row_has_is_shown_those_that_there_are(tmp_path: Path) -> None:
    path = write(tmp_path / "s" / "de.jsonl", ROWS)
    with pytest.raises(DataError, match=r"'x' is missing(.|\n)*the row has: id, text"):
        read_completions(path, "x", None)


def test_identity_is_the_content_wherever_it_lies(tmp_path: Path) -> None:
    first = write(tmp_path / "s" / "de.jsonl", ROWS)
    write(tmp_path / "t" / "deu_Latn.jsonl", ROWS)
    context = ModelContext(base=str(tmp_path))
    here = build.identity({"path": "s"}, context, "deu_Latn")
    assert build.identity({"path": str(tmp_path / "t")}, ModelContext(), "deu_Latn") == here
    assert build.identity({"path": "s", "text_field": "other"}, context, "deu_Latn") != here
    assert str(tmp_path) not in str(here)
    write(first, [*ROWS, {"id": "c", "text": "three"}])
    os.utime(first, ns=(1, 1))
    assert build.identity({"path": "s"}, context, "deu_Latn") != here


def test_items_without_an_answer_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    asked = [request("a"), request("c"), request("b"), request("a", sample_index=1)]
    with pytest.raises(DataError, match=r"2 of 4 items have no stored completion(.|\n)*missing: leave_out"):
        load(tmp_path / "s").generate(asked)
    answers = load(tmp_path / "s", missing="leave_out").generate(asked)
    assert [answer.text for answer in answers] == ["one", None, "", None]
    with pytest.raises(DataError, match="1 of 1 items"):
        load(tmp_path / "s", missing="leave_out").generate([request("c")])


def test_leaving_out_is_part_of_what_a_cell_is_and_other_words_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    context = ModelContext(base=str(tmp_path))
    here = build.identity({"path": "s"}, context, "deu_Latn")
    assert build.identity({"path": "s", "missing": "refuse"}, context, "deu_Latn") == here
    assert build.identity({"path": "s", "missing": "leave_out"}, context, "deu_Latn") != here
    build.check({"path": "s", "missing": "leave_out"}, context, "x")
    with pytest.raises(UnknownNameError, match="did you mean 'leave_out'"):
        build.check({"path": "s", "missing": "leave-out"}, context, "x")


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_cells_of_another_run_are_read_as_they_were_written(texts: list[str]) -> None:
    import tempfile

    texts = [text.replace("\x00", "") for text in texts]
    records = [
        Completion("s", "t", "deu_Latn", f"i{n}", n % 2, f"i{n}", "<prompt>", text, None, None, "length", 3, n, 0.5)
        for n, text in enumerate(texts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(to_table(records, COMPLETION_SCHEMA), Path(folder) / "deu_Latn.parquet")
        asked = [request(record.item_id, sample_index=record.sample_index) for record in records]
        answers = load(Path(folder)).generate(asked)
    for record, answer in zip(records, answers, strict=True):
        assert (answer.text, answer.prompt, answer.finish_reason) == (record.text, "<prompt>", "length")
        assert (answer.prompt_tokens, answer.completion_tokens, answer.latency_s) == (3, record.completion_tokens, 0.5)


def test_cells_without_text_and_files_that_are_not_parquet(tmp_path: Path) -> None:
    scored = Completion("s", "t", "deu_Latn", "a", 0, "a", "p", None, (-1.0, -2.0), (1, 1))
    pq.write_table(to_table([scored], COMPLETION_SCHEMA), tmp_path / "deu_Latn.parquet")
    with pytest.raises(DataError, match="'text' is null"):
        load(tmp_path).generate([request("a")])
    (tmp_path / "deu_Latn.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        load(tmp_path).generate([request("a")])


def test_real_completions(test_data: Path) -> None:
    folder = test_data / "completions" / "m-ArenaHard" / "gpt-4"
    files = find_language_files(folder, "")
    assert len(files) == 21
    model = load(folder)
    for language, path in files.items():
        stored = read_completions(path, None, None)
        assert len(stored) == 60
        answers = model.generate([request(item, language) for item, _ in reversed(stored)])
        assert [answer.text for answer in answers] == [one.text for one in reversed(stored.values())]
        assert all(answer.text for answer in answers)
    model.close()


@pytest.mark.parametrize(
    ("row", "text", "thought"),
    [
        ({"text": "six", "reasoning_content": "hm"}, "six", "hm"),
        ({"text": "six", "thought": "hm"}, "six", "hm"),
        ({"text": "<think>hm</think>six"}, "<think>hm</think>six", None),
        ({"text": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "six"}]}, "six", "hm"),
        ({"text": "six", "reasoning": None}, "six", None),
        ({"text": "six", "thinking": 7}, "six", None),
    ],
)
def test_thoughts_may_be_stored_beside_the_text(row: dict[str, Any], text: str, thought: str, tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", [{"id": "a", **row}])
    [answer] = load(tmp_path / "s").generate([request("a")])
    assert (answer.text, answer.thought, answer.is_split) == (text, thought, False)


def test_the_field_of_the_thought_may_be_named(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", [{"id": "a", "text": "six", "cot": "hm"}])
    [answer] = load(tmp_path / "s", thought_field="cot").generate([request("a")])
    assert answer.thought == "hm"
    write(tmp_path / "s" / "de.jsonl", [{"id": "a", "text": "six", "cot": 7}])
    with pytest.raises(DataError, match="'cot' is no text"):
        load(tmp_path / "s", thought_field="cot").generate([request("a")])


def test_the_field_of_the_thought_is_part_of_the_identity(tmp_path: Path) -> None:
    write(tmp_path / "s" / "de.jsonl", ROWS)
    context = ModelContext(base=str(tmp_path))
    with_field = build.identity({"path": "s", "thought_field": "cot"}, context, "deu_Latn")
    assert with_field["args"] == "thought_field=cot"


def test_cells_of_another_run_are_split_already(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    stored = Completion(
        "s", "t", "deu_Latn", "a", 0, "a", "p", text="</think>", thought="hm", thought_ended=True, thought_tokens=3
    )
    pq.write_table(to_table([stored], COMPLETION_SCHEMA), tmp_path / "s" / "deu_Latn.parquet")
    [answer] = load(tmp_path / "s").generate([request("a")])
    assert (answer.text, answer.thought, answer.is_split, answer.thought_tokens) == ("</think>", "hm", True, 3)
    assert answer.thought_ended is True
