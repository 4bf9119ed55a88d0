"""Our tasks run under plain lm-eval, with the same items and the same numbers."""

import json
from dataclasses import dataclass

import pytest

from polyarena.harness.lm_eval_tasks import task_name, write_folder
from polyarena.harness.lm_eval_tasks.documents import document, item_of, load
from polyarena.harness.lm_eval_tasks.scoring import __getattr__ as aggregation
from polyarena.harness.lm_eval_tasks.scoring import process_choices, process_results
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import DataError, StoreError
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.registry import find_task


@dataclass(frozen=True)
class Sums:
    """A generative task; the prompts hold what Jinja would read."""

    card: TaskCard

    def items(self, language, data):
        for number in range(6):
            yield Item(
                str(number), str(number), language, f"{{{{ {number} }}}} + 1 =", references=(str(number + 1), "x")
            )

    def score(self, item, completion):
        return {"exact_match": float(completion.text.strip() in item.references), "length": float(len(completion.text))}


@pytest.fixture
def sums(monkeypatch):
    card = TaskCard(
        name="sums",
        version="2",
        title="sums",
        kind=Kind.GENERATIVE,
        dataset=Dataset(id="builtin", revision="1", licence="MIT"),
        languages=("swh_Latn",),
        provenance={"swh_Latn": Provenance.GENERATED},
        metrics=("exact_match", "length"),
    )
    task = Sums(card)
    for module in ("documents", "scoring"):
        monkeypatch.setattr(f"polyarena.harness.lm_eval_tasks.{module}.find_task", lambda name: task)
    return task


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """Run lm-eval's own ``dummy`` model on tasks of the folder, and on nothing else."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def evaluate(tasks, *names):
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager

        manager = TaskManager(include_path=str(write_folder(tasks, tmp_path)), include_defaults=False)
        return simple_evaluate(
            model="dummy", tasks=list(names), task_manager=manager, bootstrap_iters=0, verbosity="ERROR"
        )

    return evaluate


@pytest.mark.filterwarnings("default")
def test_multiple_choice(evaluate):
    task, language = find_task("cldr_names"), "swh_Latn"
    found = evaluate([task], task_name("cldr_names", language))
    samples = found["samples"]["polyarena_cldr_names_swh_Latn"]
    items = list(task.items(language, None))
    assert [sample["doc"]["item_id"] for sample in samples] == [item.item_id for item in items]
    for sample, item in zip(samples, items, strict=True):
        # The same prompt, one space, and each choice, as in a run of ours without a chat template.
        asked = [prompt + choice for prompt, choice in sample["arguments"]]
        assert asked == [f"{item.prompt} {choice}" for choice in item.choices]
        assert sample["target"] in (item.gold, str(item.gold))
    numbers = found["results"]["polyarena_cldr_names_swh_Latn"]
    assert 0 <= numbers["acc,none"] <= 1
    assert 0 <= numbers["acc_bytes,none"] <= 1


@pytest.mark.filterwarnings("default")
def test_generative(evaluate, sums):
    found = evaluate([sums], "polyarena_sums")
    numbers = found["results"]["polyarena_sums_swh_Latn"]
    # The model answers "lol" to everything.
    assert numbers["exact_match,none"] == 0
    assert numbers["length,none"] == 3
    samples = found["samples"]["polyarena_sums_swh_Latn"]
    assert [sample["doc"]["prompt"] for sample in samples] == [f"{{{{ {number} }}}} + 1 =" for number in range(6)]
    assert all("{{" in str(sample["arguments"]) for sample in samples)
    assert found["versions"]["polyarena_sums_swh_Latn"] == "2"


@pytest.mark.filterwarnings("default")
def test_judged_tasks_only_generate(evaluate):
    found = evaluate([find_task("polyarena_mini")], "polyarena_polyarena_mini_deu_Latn")
    assert [sample["resps"] for sample in found["samples"]["polyarena_polyarena_mini_deu_Latn"]] == [[["lol"]]] * 8


@pytest.mark.parametrize("name", ["cldr_names", "polyarena_mini"])
def test_rows_become_the_same_items(name):
    items = list(find_task(name).items("deu_Latn", None))
    rows = load(polyarena_task=name, polyarena_language="deu_Latn", config_source="x", revision="y")["test"]
    again = [item_of(row) for row in rows]
    assert [(item.item_id, item.prompt, item.choices, item.gold, dict(item.fields)) for item in again] == [
        (item.item_id, item.prompt, item.choices, item.gold, dict(item.fields)) for item in items
    ]
    assert document(again[0], name) == rows[0]


def test_metrics_of_a_corpus_are_made_of_sums():
    from polyarena.tasks.metrics.translation import CHRF

    metric = find_metric(CHRF)
    same = tuple([4.0, 4.0, 4.0] * (metric.n_statistics // 3))
    assert aggregation(f"aggregate {CHRF}")([same, same]) == pytest.approx(metric.high)
    assert aggregation("aggregate acc")([1.0, 0.0]) == 0.5
    with pytest.raises(AttributeError):
        aggregation("no_such_function")


def test_the_folder_is_the_same_each_time_and_forgets_tasks_that_are_gone(tmp_path, sums):
    tasks = [find_task("polyarena_mini"), sums]
    write_folder(tasks, tmp_path)
    first = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert len(first) == 23 + 1 + 1
    write_folder(tasks, tmp_path)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == first
    (tmp_path / "mine.yaml").write_text("task: mine\n")
    write_folder([sums], tmp_path)
    assert {path.name for path in tmp_path.glob("*.yaml")} == {"mine.yaml", "polyarena_sums_swh_Latn.yaml"}


def test_a_folder_that_cannot_be_written_is_named(sums, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_folder([sums], tmp_path / "file" / "folder")


def test_the_audit_finds_nothing_in_the_files(tmp_path):
    from polyarena.tasks.audit import audit_configs

    write_folder([find_task("cldr_names"), find_task("polyarena_mini")], tmp_path)
    assert {each.check for each in audit_configs(str(tmp_path))} <= {"few-shot-from-test"}


@pytest.fixture
def japanese(tmp_path, monkeypatch):
    """XWinograd in Japanese, MultiBLiMP in Latvian and SIB-200 in Swahili, on invented rows in the hub's schema."""
    parts = {
        "Muennighoff/xwinograd/jp/test": {
            "sentence": "彼は_を見た。",
            "option1": "犬",
            "option2": "大きな猫",
            "answer": "2",
        },
        "jumelet/multiblimp/lav/train": {"sen": "Suns skrien.", "wrong_sen": "Suns skrienam."},
        "Davlan/sib200/swh_Latn/test": {"index_id": 1, "category": "politics", "text": "Rais alihutubia bunge."},
    }
    for name, row in parts.items():
        path = tmp_path / "mirror" / f"{name}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(row) + "\n", "utf-8")
    monkeypatch.setenv("POLYARENA_DATA", str(tmp_path / "mirror"))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("task", "language"),
    [("xwinograd", "jpn_Jpan"), ("multiblimp", "lvs_Latn"), ("sib200", "swh_Latn"), ("xwinograd.filled", "jpn_Jpan")],
)
def test_choices_follow_as_they_do_in_our_own_runs(evaluate, japanese, task, language):
    found = evaluate([find_task(task.partition(".")[0])], task_name(task, language))
    (sample,) = found["samples"][task_name(task, language)]
    item = item_of(sample["doc"])
    asked = [prompt + choice for prompt, choice in sample["arguments"]]
    assert asked == [f"{item.prompt}{item.choice_separator}{choice}" for choice in item.choices]
    assert set(find_task(task).card.metrics) == {
        name.partition(",")[0] for name in found["results"][task_name(task, language)] if name.endswith(",none")
    } - {f"{metric}_stderr" for metric in ("acc", "acc_bytes")}


def test_japanese_choices_have_no_space_before_them_and_whole_sentences_nothing(japanese):
    (row,) = load(polyarena_task="xwinograd", polyarena_language="jpn_Jpan")["test"]
    assert not any(continuation.startswith(" ") for continuation in row["continuations"])
    (row,) = load(polyarena_task="multiblimp", polyarena_language="lvs_Latn")["test"]
    assert row["prompt"] == ""
    assert row["continuations"] == row["choices"]
    assert item_of(row).whole_choices


def test_ties_are_shared_and_bytes_are_those_of_the_choices(japanese):
    (row,) = load(polyarena_task="xwinograd.filled", polyarena_language="jpn_Jpan")["test"]
    lengths = [len(choice.encode()) for choice in row["choices"]]
    assert lengths == [3, 12]
    assert process_choices(row, [(-1.0, False), (-1.0, False)])["acc"] == 0.5
    even = process_choices(row, [(-float(length), False) for length in lengths])
    assert even == {"acc": 0.0, "acc_bytes": 0.5}


def test_what_a_task_takes_away_from_its_choices_is_taken_away_here_too(japanese):
    # XWinograd scores the rest of the sentence: beside each continuation it asks for the option alone.
    (row,) = load(polyarena_task="xwinograd", polyarena_language="jpn_Jpan")["test"]
    assert len(row["choices"]) == 4
    likely_option = [(-10.0, False), (-11.0, False), (-1.0, False), (-9.0, False)]
    assert process_choices(row, likely_option)["acc"] == 1.0


def test_the_variants_of_a_task_have_files_too(tmp_path):
    write_folder([find_task("flores_from_english"), find_task("xcopa")], tmp_path)
    flores = (tmp_path / "polyarena_flores_from_english.characters_kat_Geor.yaml").read_text("utf-8")
    assert "tag: polyarena_flores_from_english.characters\n" in flores
    assert "bleu_char" in flores
    assert "spbleu" not in flores
    templates = {name.split("_")[1] for path in tmp_path.glob("polyarena_xcopa*tha_Thai.yaml") for name in [path.name]}
    assert templates == {"xcopa", *(f"xcopa.{name}" for name in find_task("xcopa").templates[1:])}


def test_a_labelled_task_reports_no_accuracy_by_bytes(tmp_path):
    write_folder([find_task("sib200")], tmp_path)
    text = (tmp_path / "polyarena_sib200_swh_Latn.yaml").read_text("utf-8")
    assert "metric: acc\n" in text
    assert "acc_bytes" not in text


def test_a_thought_is_no_part_of_the_answer(sums):
    item = next(iter(sums.items("swh_Latn", None)))
    row = document(item, "sums")
    assert process_results(row, ["<think>0 + 1 is 1</think>\n\n1"]) == {"exact_match": 1.0, "length": 1.0}
    assert process_results(row, ["<think>so it is 1"]) == {"exact_match": 0.0, "length": 0.0}


def test_conversations_are_refused_where_every_question_is_asked_on_its_own(toys):
    with pytest.raises(DataError, match="later turns need the answers"):
        load(polyarena_task="toy_talk", polyarena_language="deu_Latn")
