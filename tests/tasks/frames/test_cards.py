"""What holds for every multiple-choice benchmark."""

import importlib

from every_case import every_case

from polyarena.tasks.card import Provenance
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.protocol import Task

WHERE = {
    "sib200": ("sib200", "task", 118, 7),
    "xcopa": ("xcopa", "task", 11, 2),
    "xwinograd": ("xwinograd", "task", 6, 2),
    "belebele": ("belebele", "task", 95, 4),
    "xnli": ("xnli", "task", 15, 3),
    "xstorycloze": ("xstorycloze", "task", 11, 2),
    "pawsx": ("pawsx", "task", 7, 2),
    "m_mmlu": ("m_mmlu", "task", 34, 4),
    "global_mmlu": ("global_mmlu", "task", 42, 4),
    "global_mmlu_lite": ("global_mmlu", "lite", 16, 4),
    "global_piqa_parallel": ("global_piqa", "parallel", 77, 4),
    "global_piqa_nonparallel": ("global_piqa", "nonparallel", 77, 2),
    "blend_choice": ("blend", "choice", 1, 4),
    "mlogiqa": ("mlogiqa", "task", 10, 4),
    "m_arc": ("m_arc", "task", 31, 4),
    "m_hellaswag": ("m_hellaswag", "task", 31, 4),
    "mmlu_prox": ("mmlu_prox", "task", 29, 0),
    "mmlu_prox_lite": ("mmlu_prox", "lite", 29, 0),
    "mmmlu": ("mmmlu", "task", 14, 4),
    "include": ("include", "task", 44, 4),
    "multiblimp": ("multiblimp", "task", 53, 2),
    "afrixnli": ("afrixnli", "task", 15, 3),
    "afrimmlu": ("afrimmlu", "task", 15, 4),
}

FIXED_LABELS_NOTE = {"sib200", "afrixnli"}


def find(name):
    module, attribute, *_ = WHERE[name]
    return getattr(importlib.import_module(f"polyarena.tasks.benchmarks.{module}"), attribute)


every_task = every_case("name", WHERE)


@every_task
def test_cards(name):
    task = find(name)
    _, _, languages, choices = WHERE[name]
    assert isinstance(task, Task)
    assert task.card.name == name
    assert task.card.kind is Kind.MULTIPLE_CHOICE
    assert len(task.card.languages) == languages
    assert list(task.card.languages) == sorted(set(task.card.provenance))
    assert all(find_language(code).code == code for code in task.card.languages)
    assert task.card.metrics == (("acc",) if name in FIXED_LABELS_NOTE else ("acc", "acc_bytes"))
    assert task.card.chance == (1 / choices if choices else None)
    assert task.card.dataset.licence
    assert task.card.dataset.url.endswith(task.card.dataset.id)
    assert task.card.citation
    assert not set(task.card.left_out) & set(task.card.languages)


@every_task
def test_every_language_has_its_own_config(name):
    task = find(name)
    assert set(task.card.languages) <= set(task.configs)
    used = [task.configs[code] for code in task.card.languages]
    assert len(set(used)) == len(used)


@every_task
def test_labels_have_no_score_by_length(name):
    task = find(name)
    for template in task.templates:
        card = task.variant(template).card
        assert card.metrics[0] == "acc"
        assert ("acc_bytes" in card.metrics) == (template not in task.fixed_labels)
    assert task.fixed_labels <= set(task.templates)
    assert ("longest label" in task.card.notes) == (task.templates[0] in task.fixed_labels)


@every_task
def test_templates_are_described_and_differ(name):
    task = find(name)
    assert all(template.__doc__ for template in task.prompts.values())
    assert len(set(task.prompts.values())) == len(task.prompts)
    assert task.templates == (*task.prompts, *task.shots)
    assert all(shots.split != task.card.dataset.split for shots in task.shots.values())
    assert task.variant(task.templates[0]).card == task.card
    for template in task.templates[1:]:
        assert task.variant(template).card.name == f"{name}.{template}"


@every_case("name", ["xcopa", "xnli", "xstorycloze", "xwinograd"])
def test_the_tasks_of_the_aya_protocol_have_five_templates(name):
    assert len(find(name).templates) == 5


def test_every_one_of_the_99_has_a_task():
    covered = {code for name in WHERE for code in find(name).card.languages}
    assert {language.code for language in select_languages("aya99")} <= covered
    assert {language.code for language in select_languages("aya99")} <= set(find("sib200").card.languages)


def test_provenance():
    global_mmlu = find("global_mmlu").card.provenance
    counts = {how: list(global_mmlu.values()).count(how) for how in set(global_mmlu.values())}
    assert counts == {
        Provenance.NATIVE: 1,
        Provenance.HUMAN: 14,
        Provenance.POST_EDITED: 11,
        Provenance.MACHINE: 16,
    }
    assert global_mmlu["eng_Latn"] is Provenance.NATIVE
    assert set(find("include").card.provenance.values()) == {Provenance.NATIVE}
    assert find("m_mmlu").card.provenance["swe_Latn"] is Provenance.MACHINE
    assert find("xcopa").card.provenance["swh_Latn"] is Provenance.HUMAN
    assert set(find("mmmlu").card.provenance.values()) == {Provenance.HUMAN}


def test_splits_are_those_that_hold_the_questions():
    splits = {name: find(name).card.dataset.split for name in WHERE}
    assert {name: split for name, split in splits.items() if split != "test"} == {
        "xnli": "validation",
        "xstorycloze": "eval",
        "multiblimp": "train",
        "m_hellaswag": "val",
    }


def test_data_sets_that_are_programs_are_read_from_their_conversion():
    for name in ("xwinograd", "xstorycloze"):
        assert find(name).card.dataset.revision == "refs/convert/parquet"


def test_irregular_configs():
    assert find("xwinograd").configs["jpn_Jpan"] == "jp"
    assert find("mmmlu").configs["por_Latn"] == "PT_BR"
    assert find("include").configs["mkd_Cyrl"] == "North Macedonian"
    assert find("include").configs["als_Latn"] == "Albanian"
    assert find("multiblimp").configs["pes_Arab"] == "fas"
    assert find("multiblimp").configs["als_Latn"] == "sqi"
    assert find("afrixnli").configs["gaz_Latn"] == "orm"
    assert find("global_mmlu").configs["tgl_Latn"] == "fil"
    assert find("sib200").configs["quy_Latn"] == "quy_Latn"


def test_languages_left_out_have_a_reason():
    assert set(find("sib200").card.left_out) == {"fry_Latn", "lat_Latn", "pcm_Latn", "srp_Latn"}
    assert "cym_Latn" in find("belebele").card.left_out
    assert "hbs" in find("multiblimp").card.left_out["srp_Cyrl"]
    assert "eng_Latn" in find("mmmlu").card.left_out
