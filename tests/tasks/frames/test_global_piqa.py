"""Global PIQA: shuffled answers are paired by number, and both parts have their own languages."""

import pytest

from polyarena.tasks.benchmarks import global_piqa
from polyarena.tasks.errors import DataError

PARALLEL = {
    "prompt": "How much water fills an average bathtub? ",
    "solution0": "10 liters",
    "solution1": "50 liters",
    "solution2": "1000 liters",
    "solution3": "200 liters",
    "label": 3,
    "categories": "spatial",
    "example_id": "parallel_ex000075_tur_latn",
}
NONPARALLEL = {
    "prompt": "Bevor die Nudeln ins Wasser kommen,",
    "solution0": "soll das Wasser kochen.",
    "solution1": "soll das Wasser gefroren sein.",
    "label": 0,
    "categories": None,
    "example_id": "nonparallel_ex0000_deu_latn",
}


def test_a_parallel_question(ask):
    (item,) = ask(global_piqa.parallel, "tur_Latn", PARALLEL)
    assert item.prompt == "How much water fills an average bathtub?"
    assert item.choices == ("10 liters", "50 liters", "1000 liters", "200 liters")
    assert (item.gold, item.source_id, item.fields["categories"]) == (3, "000075", "spatial")


def test_a_question_of_a_culture(ask):
    (item,) = ask(global_piqa.nonparallel, "deu_Latn", NONPARALLEL)
    assert item.choices == ("soll das Wasser kochen.", "soll das Wasser gefroren sein.")
    assert (item.gold, item.source_id, dict(item.fields)) == (
        0,
        "deu_Latn:0",
        {"example_id": NONPARALLEL["example_id"]},
    )


def test_the_exam_lists_the_answers(ask):
    (item,) = ask(global_piqa.nonparallel.variant("exam"), "deu_Latn", NONPARALLEL)
    assert item.prompt.endswith("kommen,\nA. soll das Wasser kochen.\nB. soll das Wasser gefroren sein.\nAnswer:")
    assert item.choices == ("A", "B")


@pytest.mark.parametrize("label", [2, 3, -1, None, "x"])
def test_a_label_without_an_answer(ask, label):
    with pytest.raises(DataError, match="'label'"):
        ask(global_piqa.nonparallel, "deu_Latn", {**NONPARALLEL, "label": label})


@pytest.mark.parametrize("example_id", ["75", "parallel_tur_latn", "ex_tur"])
def test_an_id_without_a_number(ask, example_id):
    with pytest.raises(DataError, match="ex000001_"):
        ask(global_piqa.parallel, "tur_Latn", {**PARALLEL, "example_id": example_id})


def test_the_parts_have_their_own_languages():
    parallel, culture = set(global_piqa.CONFIGS), set(global_piqa.NONPARALLEL_CONFIGS)
    assert parallel - culture == {"ceb_Latn", "xho_Latn"}
    assert culture - parallel == {"kaz_Cyrl", "sun_Latn"}
    assert global_piqa.CONFIGS["est_Latn"] == "ekk_latn"
    assert "ory_Orya" in parallel & culture


def test_configs_are_those_of_lm_eval():
    from pathlib import Path

    folder = Path(pytest.importorskip("lm_eval").__file__).parent / "tasks/global_piqa"
    for configs, part in ((global_piqa.CONFIGS, "parallel"), (global_piqa.NONPARALLEL_CONFIGS, "nonparallel")):
        theirs = {path.stem for path in (folder / f"{part}_cloze").glob("[a-z]*.yaml")}
        assert set(configs.values()) <= theirs


def test_real_rows_are_shuffled_and_paired(hub, real):
    if not (hub.root / global_piqa.parallel.card.dataset.id).is_dir():
        pytest.skip("the real rows of Global PIQA are not here")
    golds = {
        code: next(item.gold for item in real(global_piqa.parallel, code) if item.source_id == "000079")
        for code in ("spa_Latn", "zho_Hans", "tur_Latn")
    }
    assert golds == {"spa_Latn": 2, "zho_Hans": 3, "tur_Latn": 0}
    turkish, spanish = ({item.source_id for item in real(global_piqa.parallel, c)} for c in ("tur_Latn", "spa_Latn"))
    assert turkish == spanish
