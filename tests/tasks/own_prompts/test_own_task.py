"""Own prompts: kind, items and card by what the rows say; every complaint names file and row."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from every_case import every_case
from pydantic import ValidationError

from polyarena.tasks.card import Provenance
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, ExperimentError, PolyarenaError, UnknownNameError
from polyarena.tasks.hooks import check_task, metric_of
from polyarena.tasks.item import Kind
from polyarena.tasks.own_prompts import OwnPrompts, load_own_task, task_name
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

OPEN = [
    {"language": "sw", "prompt": "Nisalimie.", "source_id": "hello"},
    {"language": "English", "prompt": "Greet me.", "source_id": "hello"},
]
GENERATED = [
    {"language": "swh_Latn", "prompt": "Mji mkuu wa Kenya?", "references": ["Nairobi"], "source_id": "kenya"},
    {
        "language": "eng_Latn",
        "prompt": "Capital of Kenya?",
        "references": ["Nairobi", "Nairobi City"],
        "source_id": "kenya",
    },
]
CHOICES = [{"language": "eng_Latn", "prompt": "2 + 2 =", "choices": ["3", "4", "5"], "answer": "4", "id": "sum"}]


@pytest.fixture
def load(tmp_path):
    """Writes rows as JSON Lines and loads the task that they make."""

    def load(rows, **said):
        (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return load_own_task(OwnPrompts(path="mine.jsonl", **said), tmp_path, DataSource(None), where="e.yaml:4")

    return load


def answer(task, language, text, **more):
    (item, *_) = task.items(language, None)
    return task.score(item, Completion("s", "t", language, item.item_id, 0, item.source_id, "?", text=text, **more))


def test_null_references_are_none_and_other_columns_may_be_empty(load):
    assert load([{**OPEN[0], "references": None, "category": ""}]).card.kind is Kind.OPEN_ENDED
    assert load([{**GENERATED[0], "choices": []}]).card.kind is Kind.GENERATIVE


def test_prompts_alone_are_open_ended_and_judged(load):
    task = load(OPEN)
    assert task.card.kind is Kind.OPEN_ENDED
    assert task.card.metrics == ()
    assert task.card.languages == ("eng_Latn", "swh_Latn")
    (item,) = task.items("swh_Latn", None)
    assert (item.prompt, item.source_id) == ("Nisalimie.", "hello")
    assert task.card.shared
    assert answer(task, "swh_Latn", "Habari") == {}


def test_references_make_it_generative(load):
    task = load(GENERATED)
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.metrics == ("f1", "exact_match")
    assert answer(task, "eng_Latn", "nairobi city") == {"f1": 1.0, "exact_match": 1.0}
    assert str(task.metric_signature("f1")).startswith("metric:f1|")


def test_an_answer_without_choices_is_a_reference(load):
    task = load([{"language": "deu_Latn", "prompt": "3 + 4 =", "answer": 7}], metric="numeric_match")
    assert task.card.metrics == ("numeric_match",)
    assert answer(task, "deu_Latn", "Das ist 7.") == {"numeric_match": 1.0}


def test_choices_make_it_multiple_choice(load):
    task = load(CHOICES)
    assert task.card.kind is Kind.MULTIPLE_CHOICE
    assert task.card.metrics == ("acc", "acc_bytes")
    assert task.card.chance == pytest.approx(1 / 3)
    scores = answer(task, "eng_Latn", None, loglikelihoods=(-3.0, -1.0, -2.0), choice_bytes=(1, 1, 1))
    assert scores == {"acc": 1.0, "acc_bytes": 1.0}


@pytest.mark.parametrize(("answer", "gold"), [("4", 1), (1, 1), ("B", 1), ("c", 2), ("5", 2), ("0", 0), (2, 2)])
def test_the_right_choice_is_its_text_its_index_or_its_letter(load, answer, gold):
    (item,) = load([{**CHOICES[0], "answer": answer}]).items("eng_Latn", None)
    assert item.gold == gold


@pytest.mark.parametrize("answer", ["6", 7, -1, "D", "", None, [1], True])
def test_an_answer_that_is_no_choice_is_refused(load, answer):
    with pytest.raises(DataError, match="none of the 3 choices") as caught:
        load([{**CHOICES[0], "answer": answer}])
    assert "mine.jsonl:1" in str(caught.value)


@pytest.mark.parametrize("answer", ["1", 1])
def test_an_answer_that_can_be_read_in_two_ways_is_refused(load, answer):
    with pytest.raises(DataError, match="the text of one choice and the index of another"):
        load([{**CHOICES[0], "choices": ["1", "2", "3"], "answer": answer}])
    (item,) = load([{**CHOICES[0], "choices": ["0", "1", "2"], "answer": answer}]).items("eng_Latn", None)
    assert item.gold == 1


def test_corpus_metrics_have_statistics(load):
    task = load(GENERATED, metric=["chrf++", "f1"])
    (item,) = task.items("swh_Latn", None)
    completion = Completion("s", "t", "swh_Latn", item.item_id, 0, item.source_id, "?", text="Nairobi")
    assert set(task.statistics(item, completion)) == {"chrf++"}
    assert len(task.statistics(item, completion)["chrf++"]) == 24


def test_it_is_a_task_like_any_other(load):
    for rows in (OPEN, GENERATED, CHOICES):
        task = check_task(load(rows), "mine")
        for language in task.card.languages:
            assert validate_items(task, language, task.items(language, None))
        with pytest.raises(UnknownNameError):
            task.items("zul_Latn", None)


def test_csv_parquet_and_json_lines_make_the_same_items(tmp_path):
    rows = [{**row, "id": str(number)} for number, row in enumerate(GENERATED)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with (tmp_path / "a.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "references": json.dumps(row["references"])} for row in rows)
    tasks = [
        load_own_task(OwnPrompts(path=f"a.{kind}"), tmp_path, DataSource(None)) for kind in ("jsonl", "csv", "parquet")
    ]
    assert tasks[0].by_language == tasks[1].by_language == tasks[2].by_language


def test_choices_in_csv_are_parted_by_bars_and_empty_cells_say_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("language,prompt,choices,answer,category\neng,one?,a | b,B,\n", encoding="utf-8")
    (item,) = load_own_task(OwnPrompts(path="a.csv"), tmp_path, DataSource(None)).items("eng_Latn", None)
    assert (item.choices, item.gold, item.category) == (("a", "b"), 1, None)


def test_a_data_set_of_the_hub_or_its_mirror(tmp_path):
    for config, prompt in (("sw", "Habari?"), ("en", "How are you?")):
        folder = tmp_path / "me/hello" / config
        folder.mkdir(parents=True)
        (folder / "test.jsonl").write_text(json.dumps({"question": prompt, "n": 7}) + "\n", encoding="utf-8")
    spec = OwnPrompts(
        dataset="me/hello",
        config={"swh_Latn": "sw", "eng_Latn": "en"},
        columns={"prompt": "question", "source_id": "n"},
        revision="abc",
    )
    task = load_own_task(spec, tmp_path, DataSource(tmp_path))
    assert task.card.name == "hello"
    assert (task.card.dataset.id, task.card.dataset.revision) == ("me/hello", "abc")
    assert [item.source_id for code in task.card.languages for item in task.items(code, None)] == ["7", "7"]


def test_without_a_source_id_prompts_of_two_languages_are_not_parallel(load):
    task = load([{**row, "source_id": None, "id": "1"} for row in OPEN])
    assert task.card.shared == ""
    assert {item.source_id for code in task.card.languages for item in task.items(code, None)} == {
        "eng_Latn:1",
        "swh_Latn:1",
    }


def test_the_language_and_names_of_columns_can_be_said_once(load):
    task = load([{"frage": "Wie geht es?"}], language="de", columns={"prompt": "frage"})
    (item,) = task.items("deu_Latn", None)
    assert (item.prompt, item.item_id) == ("Wie geht es?", "1")


def test_the_card_says_what_was_said_and_no_more(load):
    card = load(OPEN, licence="CC0-1.0", title="Greetings", provenance={"swh_Latn": "native"}, name="greet").card
    assert (card.name, card.title, card.dataset.licence) == ("greet", "Greetings", "CC0-1.0")
    assert card.provenance == {"swh_Latn": Provenance.NATIVE, "eng_Latn": Provenance.UNKNOWN}
    bare = load(OPEN).card
    assert (bare.name, bare.dataset.licence, bare.dataset.id) == ("mine", "unknown", "mine.jsonl")
    with pytest.raises(DataError, match="deu_Latn"):
        load(OPEN, provenance={"deu_Latn": "native"})


def test_every_edit_of_the_prompts_or_the_metric_changes_the_version(load, tmp_path):
    metrics = tmp_path / "metrics.py"
    metrics.write_text("def short(answer, references):\n    return len(answer) < 9\n")
    versions = {
        load(GENERATED).card.version,
        load(GENERATED[::-1]).card.version,
        load([{**GENERATED[0], "prompt": "Mji mkuu?"}, GENERATED[1]]).card.version,
        load(GENERATED, metric="chrf++").card.version,
        load(GENERATED, metric="metrics.py:short").card.version,
    }
    assert len(versions) == 5
    metrics.write_text("def short(answer, references):\n    return len(answer) < 10\n")
    assert load(GENERATED, metric="metrics.py:short").card.version not in versions
    # Words about the prompts change no answer and no score.
    assert load(GENERATED, title="other", licence="MIT", url="u").card.version in versions


def test_a_function_of_a_file_is_a_metric(load, tmp_path):
    (tmp_path / "metrics.py").write_text(
        'import math\n\n\ndef short(answer, references):\n    """Share of short answers."""\n'
        "    return None if not answer else len(answer) < 9\n"
    )
    task = load(OPEN, metric="metrics.py:short")
    assert task.card.kind is Kind.GENERATIVE
    assert answer(task, "eng_Latn", "Hello") == {"short": 1.0}
    assert answer(task, "eng_Latn", "") == {}
    assert metric_of(task, "short").description == "Share of short answers."
    assert "|file:" in str(task.metric_signature("short"))
    # The only function of a file need not be named.
    assert load(OPEN, metric="metrics.py").card.metrics == ("short",)


def test_a_metric_of_a_file_has_its_own_unit(load, tmp_path):
    (tmp_path / "metrics.py").write_text(
        "from polyarena.tasks.metrics.metric import Direction, Metric, Unit\n"
        "length = Metric('length', 'Characters.', high=None, unit=Unit.POINTS, direction=Direction.LOWER,\n"
        "                measure=lambda item, completion: float(len(completion.text)))\n"
    )
    task = load(OPEN, metric="metrics.py:length")
    assert answer(task, "eng_Latn", "Hello") == {"length": 5.0}
    assert not metric_of(task, "length").higher_is_better


@pytest.mark.parametrize(
    ("code", "metric", "message"),
    [
        ("def short(a, r):\n    return 1", "metrics.py:shrot", "did you mean 'short'"),
        ("def short(a, r)\n    return 1", "metrics.py:short", "cannot be run"),
        ("1 / 0", "metrics.py:short", "ZeroDivisionError"),
        ("", "nowhere.py:short", "cannot be read"),
        ("def a(x, y): pass\ndef b(x, y): pass", "metrics.py", "metrics.py:NAME` with one of: a, b"),
    ],
)
def test_a_file_without_such_a_metric_is_refused(load, tmp_path, code, metric, message):
    (tmp_path / "metrics.py").write_text(code)
    with pytest.raises(PolyarenaError, match=message):
        load(OPEN, metric=metric)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 7", "outside 0 to 1"),
        ("return float('nan')", "outside 0 to 1"),
        ("return answer[99]", r"IndexError: .* \(line 2 of metrics.py\)"),
    ],
)
def test_a_metric_that_fails_names_the_item(load, tmp_path, body, message):
    (tmp_path / "metrics.py").write_text(f"def short(answer, references):\n    {body}\n")
    with pytest.raises(DataError, match=message) as caught:
        answer(load(OPEN, metric="metrics.py:short"), "eng_Latn", "Hello")
    assert "eng_Latn, hello" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "said", "message"),
    [
        ([{"language": "sw"}], {}, "the row has no prompt"),
        ([{"language": "sw", "promt": "a"}], {}, "columns: {prompt: promt}"),
        ([{"prompt": "a"}], {}, "names no language"),
        ([{"prompt": "a", "language": "Swahilli"}], {}, "did you mean 'Swahili'"),
        ([*OPEN, *CHOICES], {}, "two kinds: open ended and multiple choice"),
        ([OPEN[0], GENERATED[1]], {}, "two kinds"),
        ([GENERATED[0], GENERATED[0]], {}, "the `source_id` 'kenya' occurs twice in swh_Latn"),
        ([GENERATED[0], GENERATED[0]], {}, "give each row of a language its own `id`"),
        ([{**CHOICES[0], "n": 1}] * 2, {"columns": {"id": "n"}}, "give each row of a language its own `n`"),
        ([{**OPEN[0], "references": []}], {}, "'references' is empty"),
        ([{**OPEN[0], "gold": ""}], {"columns": {"references": "gold"}}, "leave 'gold' out of every row"),
        ([{**OPEN[0], "choices": []}], {}, "'choices' is empty"),
        ([GENERATED[0], {**OPEN[1], "references": []}], {}, "'references' is empty"),
        ([{**GENERATED[0], "references": ["a", " "]}], {}, "has an empty text"),
        ([{**GENERATED[0], "references": {"a": 1}}], {}, "something else than texts"),
        ([{**CHOICES[0], "choices": [["3", "4"]]}], {}, "something else than texts"),
        ([{**CHOICES[0], "choices": ["4"]}], {}, "has one choice"),
        (OPEN, {"columns": {"prompt": "question"}}, "no row has anything under 'question'"),
        ([{**CHOICES[0], "options": ["4"]}], {"columns": {"choices": "optons"}}, "did you mean 'options'"),
        ([OPEN[0], {"language": "sw", "q": "a"}], {"columns": {"prompt": "q"}}, "nothing under 'q'"),
        (OPEN, {"metric": "f1"}, "compares with references, and a prompt has none"),
    ],
)
def test_rows_that_cannot_be_asked_are_refused_with_their_place(load, rows, said, message):
    with pytest.raises(DataError) as caught:
        load(rows, **said)
    assert message in str(caught.value)
    assert "mine.jsonl:" in str(caught.value) or "e.yaml:4" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "metric", "message"),
    [
        (GENERATED, "acc", "use one of: chrf"),
        (CHOICES, "f1", "use one of: acc, acc_bytes"),
        (GENERATED, "delta_g", "cannot score these prompts"),
        (GENERATED, "exact_mach", "did you mean 'exact_match'"),
    ],
)
def test_a_metric_that_cannot_score_them_is_refused_before_anything_is_asked(load, rows, metric, message):
    with pytest.raises((ExperimentError, UnknownNameError), match=message):
        load(rows, metric=metric)


@pytest.mark.parametrize("name", ["gone.jsonl", "a.txt", "empty.jsonl", "empty.csv", "ragged.csv", "folder"])
def test_files_that_cannot_be_read_are_named(tmp_path, name):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "empty.csv").write_text("prompt,language\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "ragged.csv").write_text("prompt,language\na,eng,b\n")
    with pytest.raises(DataError) as caught:
        load_own_task(OwnPrompts(path=name), tmp_path, DataSource(None))
    assert str(tmp_path / name) in str(caught.value)


def test_a_folder_is_not_called_missing(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "de.jsonl").write_text("{}")
    with pytest.raises(DataError, match=r"this is a folder(.|\n)*it has: de.jsonl"):
        load_own_task(OwnPrompts(path="folder"), tmp_path, DataSource(None))


@pytest.mark.parametrize(("separator", "says"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'")])
def test_a_csv_with_another_separator_says_which(tmp_path, separator, says):
    rows = [["language", "prompt"], ["eng", "a"]]
    (tmp_path / "mine.csv").write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8-sig")
    with pytest.raises(DataError, match="commas must separate the columns") as caught:
        load_own_task(OwnPrompts(path="mine.csv"), tmp_path, DataSource(None))
    assert f"the header has {says}" in str(caught.value)


def test_the_spec_is_checked():
    for said in (
        {},
        {"path": "a", "dataset": "b/c"},
        {"path": "a", "columns": {"prmpt": "x"}},
        {"path": "a", "name": "x/y"},
    ):
        with pytest.raises(ValidationError):
            OwnPrompts(**said)


@every_case(
    ("parts", "name"),
    [
        (("", "a/My prompts.v2.jsonl", ""), "My_prompts_v2"),
        (("", "", "me/hello-world"), "hello-world"),
        (("mine", "a.jsonl", ""), "mine"),
        (("", "…", ""), "own_prompts"),
    ],
)
def test_names_are_made_of_files(parts, name):
    assert task_name(*parts) == name
