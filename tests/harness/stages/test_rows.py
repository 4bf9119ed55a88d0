"""Stages without a model: mixtures, pairs, routing and preferences."""

import json
import shutil
from types import SimpleNamespace

import pytest

from polyarena.harness.stages.files import HELD_OUT, read_pairs, read_rows, write_records
from polyarena.harness.stages.pipeline.data_stages import ArbitrageStage, MixtureStage, PairsStage, PreferencesStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import PooledCompletion
from polyarena.harness.stages.rows import mixture, pairs, preferred, refused_items, routing
from polyarena.tasks.errors import DataError, PolyarenaError
from polyarena.tasks.registry import find_task


def context(tmp_path, inputs=None, root=None):
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    return StageContext(folder=folder, inputs=inputs or {}, base=tmp_path, data_root=root)


CODES = ("deu", "eng")


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def mixed(tmp_path, root=None, **changes):
    sources = changes.pop("sources", [{"name": "own", "path": "rows.jsonl", "licence": "MIT"}])
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    mixture.run(MixtureStage(name="mix", sources=sources, **changes), context(tmp_path, root=root))
    return json.loads((tmp_path / "out" / "results.json").read_text())


def test_held_out_prompts_are_never_trained_on_and_do_not_depend_on_the_order(tmp_path):
    rows = [
        {"inputs": f"{code} question {at}", "targets": f"answer {at}", "language_code": code}
        for code in ("eng", "deu")
        for at in range(20)
    ]
    lines(tmp_path / "rows.jsonl", [*rows, rows[0]])
    mixed(tmp_path, held_out=5)
    held_out, train = read_rows(tmp_path / "out", HELD_OUT), read_rows(tmp_path / "out")
    assert sorted(row.language for row in held_out) == ["deu_Latn"] * 5 + ["eng_Latn"] * 5
    assert not {row.prompt for row in held_out} & {row.prompt for row in train}
    lines(tmp_path / "rows.jsonl", rows[::-1])
    mixed(tmp_path, held_out=5)
    assert {row.prompt for row in read_rows(tmp_path / "out", HELD_OUT)} == {row.prompt for row in held_out}


def test_languages_that_the_table_does_not_have_are_counted(tmp_path):
    lines(
        tmp_path / "rows.jsonl",
        [
            {"inputs": "a question", "targets": "b", "language_code": "eng"},
            {"inputs": "another one", "targets": "d", "language_code": "qqq"},
        ],
    )
    results = mixed(tmp_path)
    assert results["unknown_languages"] == {"qqq": 1}
    assert results["rows"] == 1
    said = "Rows in languages that polyarena does not know were left out: qqq (1)."
    assert said in results["card"]["warnings"]
    assert said in (tmp_path / "out" / "mixture.md").read_text("utf-8")


def test_a_data_set_is_read_config_by_config(tmp_path):
    for config in ("eng", "deu"):
        lines(tmp_path / "hub" / "o" / "d" / config / "train.jsonl", [{"inputs": f"{config}?", "targets": "yes"}])
    source = {"name": "d", "dataset": "o/d", "configs": ["eng", "deu"], "licence": "MIT"}
    mixed(tmp_path, root=tmp_path / "hub", sources=[source])
    assert [row.language for row in read_rows(tmp_path / "out")] == ["eng_Latn", "deu_Latn"]
    assert json.loads((tmp_path / "out" / "licences.json").read_text()) == {"MIT": ["d"]}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "rows.jsonl", "dataset": "o/d"}, "needs a dataset or a path"),
        ({"path": "rows.jsonl", "prompt": "question"}, "no text 'question'"),
        ({"path": "rows.jsonl", "weight": 50.0}, "sum to 50"),
        ({"path": "other.jsonl"}, "other"),
    ],
)
def test_sources_that_cannot_be_read_are_refused(tmp_path, source, message):
    lines(tmp_path / "rows.jsonl", [{"inputs": "a", "targets": "b", "language_code": "eng"}])
    with pytest.raises(PolyarenaError, match=message):
        mixed(tmp_path, sources=[{"name": "own", **source}])


def test_a_language_without_rows_is_refused(tmp_path):
    lines(tmp_path / "rows.jsonl", [{"inputs": "a", "targets": "b", "language_code": "eng"}])
    with pytest.raises(PolyarenaError, match="deu_Latn"):
        mixed(tmp_path, languages="eng, deu")


def test_a_source_that_contains_test_items_is_refused_with_the_items(tmp_path):
    item = next(iter(find_task("polyarena_mini").items("eng_Latn", None)))
    lines(tmp_path / "rows.jsonl", [{"inputs": item.prompt, "targets": "b", "language_code": "eng"}])
    with pytest.raises(DataError, match="1 training rows contain 1 test items") as refused:
        mixed(tmp_path, refuse_items_of=["polyarena_mini"])
    assert item.item_id in refused.value.why


def test_a_held_out_row_that_contains_a_test_item_is_refused_too(tmp_path):
    """Weights of merges are searched on held-out rows."""
    item = next(iter(find_task("polyarena_mini").items("eng_Latn", None)))
    rows = [{"inputs": item.prompt, "targets": "b", "language_code": "eng"}]
    rows += [{"inputs": f"question {at}?", "targets": f"answer {at}", "language_code": "eng"} for at in range(3)]
    lines(tmp_path / "rows.jsonl", rows)
    with pytest.raises(DataError, match="1 training rows contain 1 test items"):
        mixed(tmp_path, refuse_items_of=["polyarena_mini"], held_out=4, pruning={"near_duplicates": False})


@pytest.mark.parametrize("field", ["prompt", "chosen", "rejected"])
def test_pairs_that_contain_test_items_are_refused_with_the_items(tmp_path, field):
    item = next(iter(find_task("polyarena_mini").items("eng_Latn", None)))
    pair = {"prompt": "p", "chosen": "good", "rejected": "bad", field: item.prompt}
    lines(tmp_path / "pairs.jsonl", [pair, {"prompt": "q", "chosen": "a", "rejected": "b"}])
    stage = PairsStage(name="pairs", path="pairs.jsonl", language="eng", refuse_items_of=["polyarena_mini"])
    with pytest.raises(DataError, match="1 training rows contain 1 test items") as refused:
        pairs.run(stage, context(tmp_path))
    assert item.item_id in refused.value.why
    pairs.run(stage.model_copy(update={"refuse_items_of": ()}), context(tmp_path))


class Items:
    """A task whose items are words of their own, in two languages."""

    def __init__(self, name):
        self.name = name
        self.card = SimpleNamespace(languages=("deu_Latn", "eng_Latn"))

    def items(self, language, data):
        del data
        for at in range(3):
            words = " ".join(f"{self.name}{language[:3]}{at}word{word}" for word in range(16))
            yield SimpleNamespace(item_id=f"{self.name}-{language}-{at}", prompt=words)


@pytest.mark.parametrize("kind", ["mixture", "pairs"])
@pytest.mark.parametrize("task", ["first", "second"])
@pytest.mark.parametrize("language", Items("").card.languages)
@pytest.mark.parametrize("at", [0, 2])
def test_every_item_of_every_task_and_language_is_refused_by_name(tmp_path, monkeypatch, kind, task, language, at):
    monkeypatch.setattr(refused_items, "find_task", lambda name, where: Items(name))
    found = [
        list(Items(name).items(code, None))[place]
        for name, code, place in ((task, language, at), ("second", "deu_Latn", 1))
    ]
    clean = [
        {"text": f"a harmless text number {number}", "code": code} for number in range(3) for code in ("eng", "deu")
    ]
    rows = [*clean, {"text": found[0].prompt, "code": language[:3]}, {"text": found[1].prompt, "code": "deu"}]
    if kind == "mixture":
        told = [
            {"inputs": f"q {at}", "targets": row["text"], "language_code": row["code"]} for at, row in enumerate(rows)
        ]
    else:
        told = [{"prompt": "p", "chosen": row["text"], "rejected": "bad", "language": row["code"]} for row in rows]
    lines(tmp_path / "data.jsonl", told)
    tasks = ["first", "second"]
    pruning = {"near_duplicates": False, "wrong_language": False}
    source = {"name": "own", "path": "data.jsonl"}
    work = {
        "mixture": lambda: mixed(
            tmp_path, refuse_items_of=tasks, sources=[source], languages="eng, deu", pruning=pruning
        ),
        "pairs": lambda: pairs.run(
            PairsStage(name="pairs", path="data.jsonl", refuse_items_of=tasks), context(tmp_path)
        ),
    }
    with pytest.raises(DataError, match="2 training rows contain 2 test items") as refused:
        work[kind]()
    assert all(item.item_id in refused.value.why for item in found)


def test_sources_are_weighted_pruned_and_filled_into_templates(tmp_path):
    lines(
        tmp_path / "rows.jsonl",
        [{"inputs": f"q {at % 20}", "targets": f"a {at % 20}", "language_code": "eng"} for at in range(40)],
    )
    lines(tmp_path / "facts.jsonl", [{"place": f"town {at}", "size": at, "lang": "deu"} for at in range(40)])
    template = {"prompt": "How large is {place}?", "completion": "{size} people"}
    sources = [
        {"name": "own", "path": "rows.jsonl", "weight": 25},
        {"name": "facts", "path": "facts.jsonl", "weight": 75, "language_field": "lang", "templates": [template]},
    ]
    results = mixed(tmp_path, sources=sources, budget=40, pruning={"near_duplicates": False, "wrong_language": False})
    rows = read_rows(tmp_path / "out")
    assert [sum(row.source == name for row in rows) for name in ("own", "facts")] == [10, 30]
    assert {row.prompt for row in rows if row.source == "facts"} <= {f"How large is town {at}?" for at in range(40)}
    assert results["card"]["rows"] == 40
    assert [source["remaining"] for source in results["card"]["sources"]] == [40, 40]
    assert "facts" in (tmp_path / "out" / "mixture.md").read_text()


@pytest.mark.parametrize("selector", [["deu"], ["German"], ["aya23 & deu_Latn"], ["all", "-eng"]])
def test_the_languages_of_a_template_are_written_as_anywhere_else(tmp_path, selector):
    rows = [{"inputs": f"q {at}", "targets": f"a {at}", "language_code": code} for at in range(9) for code in CODES]
    lines(tmp_path / "rows.jsonl", rows)
    templates = [
        {"prompt": "Frage: {inputs}", "completion": "{targets}", "languages": selector},
        {"prompt": "Question: {inputs}", "completion": "{targets}", "languages": ["eng_Latn"]},
    ]
    sources = [{"name": "own", "path": "rows.jsonl", "templates": templates}]
    mixed(tmp_path, sources=sources, pruning={"near_duplicates": False, "wrong_language": False})
    found = {(row.language, row.prompt.partition(":")[0]) for row in read_rows(tmp_path / "out")}
    assert found == {("deu_Latn", "Frage"), ("eng_Latn", "Question")}


def test_a_preset_gives_the_published_weights(tmp_path):
    stage = MixtureStage(
        name="mix",
        preset="translation_heavy",
        budget=100,
        sources=[
            {"name": "people", "path": "a", "part": "aya_dataset"},
            {"name": "translated", "path": "b", "part": "aya_translations"},
        ],
    )
    weights = {share.name: share.weight for share in mixture.mixture_settings(stage, None).sources}
    assert weights == {"people": pytest.approx(100 * 10 / 57.5), "translated": pytest.approx(100 * 47.5 / 57.5)}


@pytest.mark.parametrize(
    ("preset", "changes", "said"),
    [
        ("human_heavy", {"weight": 5}, "has a weight beside the preset's"),
        ("human_heavy", {"part": None}, "has no `part` in the preset"),
        ("human_heavy", {"part": "aya_dataset"}, "has the part of"),
        ("human_heavy", {"part": "xp3"}, "xp3x"),
        (None, {}, "has a `part` and the mixture no `preset`"),
    ],
)
def test_a_preset_that_does_not_fit_its_sources_is_refused(preset, changes, said):
    second = {"name": "second", "path": "b", "part": "xp3x", **changes}
    sources = [{"name": "first", "path": "a", "part": "aya_dataset"}, second]
    with pytest.raises(PolyarenaError) as refused:
        mixture.mixture_settings(MixtureStage(name="mix", preset=preset, budget=9, sources=sources), None)
    assert said in f"{refused.value.what} {refused.value.fix}"


def test_pairs_are_read_as_texts_or_conversations(tmp_path):
    said = [{"role": "user", "content": "q"}]
    lines(
        tmp_path / "pairs.jsonl",
        [
            {"prompt": "p", "chosen": "good", "rejected": "bad"},
            {"prompt": said, "chosen": [{"role": "assistant", "content": "good"}], "rejected": "bad"},
            {"prompt": "p", "chosen": "same", "rejected": "same"},
        ],
    )
    stage = PairsStage(name="pairs", path="pairs.jsonl", language="eng", licence="MIT")
    pairs.run(stage, context(tmp_path))
    assert [(each.prompt, each.chosen, each.language) for each in read_pairs(tmp_path / "out")] == [
        ("p", "good", "eng_Latn"),
        ("q", "good", "eng_Latn"),
    ]
    assert json.loads((tmp_path / "out" / "results.json").read_text())["equal_left_out"] == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "p", "chosen": "a", "rejected": ""}, "'rejected' is empty or not a text"),
        ({"prompt": "p", "chosen": 3, "rejected": "b"}, "'chosen' is empty or not a text"),
        ({"prompt": "p", "choosen": "a", "rejected": "b"}, "has no field 'chosen'\n.*choosen"),
        ({"prompt": "p", "chosen": "a", "rejected": "a"}, "no pairs to learn from\n.*the same in 1 pair"),
    ],
)
def test_rows_that_are_no_pairs_are_refused(tmp_path, row, message):
    lines(tmp_path / "pairs.jsonl", [row])
    with pytest.raises(DataError, match=message):
        pairs.run(PairsStage(name="pairs", path="pairs.jsonl", language="eng"), context(tmp_path))


def test_an_unknown_language_of_a_pair_is_named_with_its_row(tmp_path):
    lines(tmp_path / "pairs.jsonl", [{"prompt": "p", "chosen": "a", "rejected": "b", "language": "qqq"}])
    with pytest.raises(PolyarenaError, match=r"pairs.jsonl, row 1: unknown language 'qqq'"):
        pairs.run(PairsStage(name="pairs", path="pairs.jsonl"), context(tmp_path))


@pytest.mark.parametrize(
    ("row", "changes", "message"),
    [
        ({}, {}, "the rows have no field 'language_code'"),
        ({"language_code": "qqq"}, {}, "polyarena does not know qqq"),
        ({"language_code": "eng"}, {"languages": "deu"}, "`languages` of the stage names others"),
        ({"language_code": "eng"}, {"held_out": 9}, "all rows are held out"),
    ],
)
def test_a_source_of_which_nothing_is_left_says_what_became_of_its_rows(tmp_path, row, changes, message):
    lines(tmp_path / "rows.jsonl", [{"inputs": f"a question {at}", "targets": "b", **row} for at in range(3)])
    with pytest.raises(DataError, match=message) as error:
        mixed(tmp_path, **changes)
    assert error.value.where == "source own"
    assert error.value.fix


def test_pairs_without_a_language_are_refused(tmp_path):
    lines(tmp_path / "pairs.jsonl", [{"prompt": "p", "chosen": "a", "rejected": "b"}])
    with pytest.raises(DataError, match="no language"):
        pairs.run(PairsStage(name="pairs", path="pairs.jsonl"), context(tmp_path))


def pool(tmp_path):
    folder = tmp_path / "pool"
    folder.mkdir(exist_ok=True)
    answers = [
        PooledCompletion(f"{at}", code, f"q{at}", teacher, f"{teacher} {at}" if text else "", value, f"L-{teacher}")
        for at, (code, values) in enumerate(
            [("eng_Latn", (1.0, 2.0)), ("deu_Latn", (3.0, 2.5)), ("deu_Latn", (1.0, 1.0))]
        )
        for teacher, value, text in zip("ab", values, (True, at != 2), strict=True)
    ]
    write_records(folder / "pool.jsonl", answers)
    return {"pool": folder}


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        ({"router": "reward"}, ["b 0", "a 1", "a 2"]),
        ({"router": "single", "teacher": "a"}, ["a 0", "a 1", "a 2"]),
        ({"router": "single", "teacher": "b"}, ["b 0", "b 1"]),
        ({"router": "fixed", "by_language": {"eng": "a", "deu": "b"}}, ["a 0", "b 1"]),
    ],
)
def test_a_router_names_the_teacher_of_each_prompt(tmp_path, router, expected):
    routing.run(ArbitrageStage(name="routed", pool="pool", **router), context(tmp_path, pool(tmp_path)))
    assert [row.completion for row in read_rows(tmp_path / "out")] == expected


def test_the_random_router_depends_on_the_seed_alone(tmp_path):
    stage = ArbitrageStage(name="routed", pool="pool", router="random")
    found = []
    for _ in range(2):
        routing.run(stage, context(tmp_path, pool(tmp_path)))
        found.append(read_rows(tmp_path / "out"))
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_a_report_says_which_teacher_won_where(tmp_path):
    routing.run(ArbitrageStage(name="routed", pool="pool"), context(tmp_path, pool(tmp_path)))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    wins = {(each["language"], each["teacher"]): each["chosen"] for each in results["teachers"]}
    assert wins == {("deu_Latn", "a"): 2, ("deu_Latn", "b"): 0, ("eng_Latn", "a"): 0, ("eng_Latn", "b"): 1}
    assert "| deu_Latn | 2 | **100%** |" in (tmp_path / "out" / "teachers.md").read_text()


def test_preferences_pair_the_highest_with_the_lowest_reward(tmp_path):
    preferred.run(PreferencesStage(name="pairs", pool="pool", least_gap=0.6), context(tmp_path, pool(tmp_path)))
    (pair,) = read_pairs(tmp_path / "out")
    assert (pair.chosen, pair.rejected, pair.chosen_reward, pair.rejected_reward) == ("b 0", "a 0", 2.0, 1.0)
    assert json.loads((tmp_path / "out" / "results.json").read_text())["lengths"] == [
        {"language": "eng_Latn", "pairs": 1, "chosen_characters": 3.0, "rejected_characters": 3.0, "chosen_longer": 0.5}
    ]
    with pytest.raises(DataError, match="no prompt gives a preference pair"):
        preferred.run(PreferencesStage(name="pairs", pool="pool", least_gap=5), context(tmp_path, pool(tmp_path)))
