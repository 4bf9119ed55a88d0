"""Folders as public repositories have them: what is not a verdict is left out, counted and named."""

import json

import pytest

from polyarena.harness import open_run
from polyarena.harness.importing import ImportOptions, find_format, import_verdicts
from polyarena.tasks.errors import DataError, UnknownNameError


def judged(item, model, **changes):
    return {
        "uid": item,
        "model": model,
        "judge": "gpt-4",
        "games": [{"score": "A>B"}, {"score": "B>A"}],
        "baseline": "base",
        **changes,
    }


def test_the_baselines_own_file_is_left_out_and_counted(write, tmp_path):
    """Case 23."""
    write("judgment/new.jsonl", [judged("1", "new"), judged("2", "new")])
    write("judgment/base.jsonl", [judged("1", "base"), judged("2", "base")])
    done = import_verdicts("arena-hard", tmp_path / "judgment", tmp_path / "run")
    assert done.games == {"gpt-4": 4}
    assert [(field.what, field.count, field.examples) for field in done.unmapped] == [
        ("a line of the baseline against itself (left out)", 2, ("base",))
    ]


def test_a_baseline_that_an_option_names_is_left_out_too(write, tmp_path):
    rows = [{k: v for k, v in judged("1", model).items() if k != "baseline"} for model in ("new", "X")]
    write("judgment/all.jsonl", rows)
    done = import_verdicts("arena-hard", tmp_path / "judgment", tmp_path / "run", ImportOptions(baseline="X"))
    assert {pair[1:3] for pair in open_run(done.folder).pairs()} == {("new", "X")}


def test_where_nothing_but_the_baseline_is_there_the_error_says_so(write, tmp_path):
    with pytest.raises(DataError, match="'base' meets itself") as caught:
        import_verdicts("arena-hard", write("base.jsonl", [judged("1", "base")]), tmp_path / "run")
    assert "--baseline" in caught.value.fix
    assert not (tmp_path / "run").exists()


def test_first_and_todays_fields_of_arena_hard_are_read(write):
    """Case 25."""
    old = {"question_id": "1", "model": "m", "judge": "j", "games": [{"score": "A>B"}]}
    rows = [old, judged("2", "m")]
    found = find_format("arena-hard").read(write("a.jsonl", rows), ImportOptions())
    assert [(game.item_id, game.system_a) for game in found.games] == [
        ("1", "gpt-4-0314"),
        ("2", "base"),
        ("2", "m"),
    ]
    with pytest.raises(DataError, match="needs 'uid'"):
        find_format("arena-hard").read(write("b.jsonl", [{"model": "m", "judge": "j", "games": []}]), ImportOptions())


def test_annotations_are_taken_from_a_folder_that_has_answers_beside_them(tmp_path):
    """Case 24."""
    annotation = {
        "instruction": "Sing.",
        "generator_1": "old",
        "generator_2": "new",
        "preference": 2,
        "annotator": "weighted",
    }
    for model in ("new", "newer"):
        folder = tmp_path / "results" / model
        (folder / "weighted").mkdir(parents=True)
        (folder / "model_outputs.json").write_text(json.dumps([{"instruction": "Sing.", "output": "la"}]))
        (folder / "weighted" / "annotations.json").write_text(json.dumps([{**annotation, "generator_2": model}]))
    done = import_verdicts("alpaca-eval", tmp_path / "results", tmp_path / "run")
    assert done.games == {"weighted": 2}
    (field,) = done.unmapped
    assert (field.count, field.examples[0]) == (2, "new/model_outputs.json")
    assert "without annotations" in field.what


def test_a_file_without_annotations_that_is_asked_for_by_name_is_an_error(write):
    with pytest.raises(DataError, match="needs 'generator_1'"):
        find_format("alpaca-eval").read(write("outputs.json", [{"instruction": "Sing."}]), ImportOptions())


VOTE = {"item_id": "1", "language": "de", "system_a": "x", "system_b": "y", "vote": "a", "voter": "ann"}
GAME = {"item_id": "1", "language": "de", "system_a": "x", "system_b": "y", "label": "A>B"}


BOTH = pytest.mark.parametrize(("name", "row"), [("votes", VOTE), ("polyarena", GAME)])


@BOTH
@pytest.mark.parametrize("missing", ["", None])
def test_rows_without_a_language_are_left_out_where_others_have_one(name, row, missing, write, tmp_path):
    path = write("v.jsonl", [row, {**row, "item_id": "2", "language": missing}])
    done = import_verdicts(name, path, tmp_path / "run")
    assert sum(done.games.values()) == 1
    (field,) = done.unmapped
    assert (field.what, field.count) == ("a row without a language (left out)", 1)
    assert field.examples == (f"{path}:2",)
    everything = import_verdicts(name, path, tmp_path / "all", ImportOptions(language="de"))
    assert sum(everything.games.values()) == 2
    with pytest.raises(DataError, match="has no language") as caught:
        import_verdicts(name, write("w.jsonl", [{**row, "language": missing}]), tmp_path / "other")
    assert "--language" in caught.value.fix


ANNOTATION = {"instruction": "Sing.", "generator_1": "x", "generator_2": "y", "preference": 2, "annotator": "judge"}
MATCH = {"question_id": "1", "model_1": "x", "model_2": "y", "g1_winner": "tie", "judge": ["judge", "pair"]}


@pytest.mark.parametrize(
    ("name", "row", "other"),
    [
        ("votes", VOTE, "system_b"),
        ("polyarena", GAME, "system_b"),
        ("alpaca-eval", ANNOTATION, "generator_2"),
        ("fastchat", MATCH, "model_2"),
    ],
)
def test_a_system_against_itself_is_left_out_by_every_format(name, row, other, tmp_path):
    def write(file, rows):
        (tmp_path / file).write_text(
            json.dumps(rows) if name == "alpaca-eval" else "".join(json.dumps(each) + "\n" for each in rows)
        )
        return tmp_path / file

    suffix = "json" if name == "alpaca-eval" else "jsonl"
    itself = {**row, "item_id": "2", other: "x"}
    done = import_verdicts(name, write(f"v.{suffix}", [row, itself]), tmp_path / "run")
    assert sum(done.games.values()) == 1
    assert [(field.count, field.examples) for field in done.unmapped if "against itself" in field.what] == [(1, ("x",))]
    with pytest.raises(DataError, match="'x' meets itself"):
        import_verdicts(name, write(f"w.{suffix}", [itself]), tmp_path / "other")


@BOTH
def test_rows_of_an_unknown_language_are_left_out_and_counted(name, row, write, tmp_path):
    """Case 28."""
    rows = [row, {**row, "item_id": "2", "language": "unknown"}, {**row, "item_id": "3", "language": "unknown"}]
    done = import_verdicts(name, write("v.jsonl", rows), tmp_path / "run")
    assert sum(done.games.values()) == 1
    (field,) = done.unmapped
    assert (field.what, field.count) == ("a row of an unknown language (left out)", 2)
    assert field.examples == ("unknown",)
    with pytest.raises(UnknownNameError, match="unknown language 'klingon'"):
        import_verdicts(name, write("w.jsonl", [{**row, "language": "klingon"}]), tmp_path / "other")
