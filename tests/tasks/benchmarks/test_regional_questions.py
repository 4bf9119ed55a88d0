"""BLEnD, AfriQA, IndicGenBench, MLogiQA and the prompts of Tiny Aya, on rows of their schemas and on real ones."""

import json

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks import afriqa, blend, include, indicgenbench, mlogiqa, tiny_aya_prompts
from polyarena.tasks.errors import DataError
from polyarena.tasks.validation import validate_items


def items(task, language, data):
    return validate_items(task, language, task.items(language, data))


def have(hub, task):
    if not (hub.root / task.card.dataset.id).is_dir():
        pytest.skip(f"the real rows of {task.card.dataset.id} are not here")


FOOD = {
    "ID": "Al-en-01",
    "question": "What is a common snack? ",
    "annotations": [{"answers": ["chips", "Chips"], "count": 3}, {"answers": ["fruit ", "chips"], "count": 1}],
    "idks": {"idk": 1, "no-answer": 0, "not-applicable": 0},
}


def in_korean(hub_copy, **changes):
    hub_copy(blend.DATASET, {"annotations": [FOOD]}, "KR")
    return hub_copy(blend.DATASET, {"annotations": [{**FOOD, **changes}]}, "KP")


def test_regions_of_one_language_are_categories(hub_copy):
    south, north = items(blend.short, "kor_Hang", in_korean(hub_copy))
    assert (south.item_id, south.category) == ("KR:Al-en-01", "South Korea")
    assert (north.source_id, north.category) == ("KP:Al-en-01", "North Korea")
    assert south.references == ("chips", "Chips", "fruit")
    assert "in Korean with a word or a short phrase" in south.prompt


@every_case(
    "changes",
    [
        {"annotations": []},
        {"annotations": [{"answers": [" "], "count": 1}]},
        {"idks": {"idk": 5, "no-answer": 0, "not-applicable": 0}},
        {"idks": {"idk": 0, "no-answer": 2, "not-applicable": 1, "not-aplicable": 7}},
    ],
)
def test_questions_that_people_could_not_answer_are_left_out(hub_copy, changes):
    assert [item.category for item in items(blend.short, "kor_Hang", in_korean(hub_copy, **changes))] == ["South Korea"]


@every_case("annotations", [[{"answers": "chips"}], ["chips"]])
def test_annotations_of_another_form_are_refused(hub_copy, annotations):
    with pytest.raises(DataError, match="'annotations' is not a list of answers"):
        items(blend.short, "kor_Hang", in_korean(hub_copy, annotations=annotations))


def test_real_annotations(hub):
    have(hub, blend.short)
    counts = {code: len(items(blend.short, code, hub)) for code in blend.REGIONS}
    assert 95 <= counts["eng_Latn"] <= 120
    assert all(count > 45 for count in counts.values())
    assert {item.category for item in items(blend.short, "spa_Latn", hub)} == {"Spain", "Mexico"}


CHOICE = {
    "MCQID": "Al-en-01_0",
    "ID": "Al-en-01",
    "country": "South_Korea",
    "prompt": "What is a common snack? Without any explanation, choose only one.\n\nA. x\n\nAnswer:",
    "choices": json.dumps({"A": "chips", "B": "rice cake "}),
    "answer_idx": "B",
}


def choices(hub_copy, *rows):
    return items(blend.choice, "eng_Latn", hub_copy(blend.DATASET, {"multiple-choice-questions": rows}))


def test_items_of_one_question_share_their_source(hub_copy):
    one, two = choices(hub_copy, CHOICE, {**CHOICE, "MCQID": "Al-en-01_1"})
    assert one.prompt == "What is a common snack?\nA. chips\nB. rice cake\nAnswer:"
    assert (one.gold, one.category) == (1, "South Korea")
    assert one.source_id == two.source_id == "Al-en-01:South_Korea"
    assert one.item_id != two.item_id


@every_case(
    "change", [{"choices": "no"}, {"choices": '["x", "y"]'}, {"choices": '{"B": "x", "A": "y"}'}, {"prompt": "What?"}]
)
def test_choices_of_another_form_are_refused(hub_copy, change):
    with pytest.raises(DataError, match=next(iter(change))):
        choices(hub_copy, {**CHOICE, **change})


def test_answers_written_as_a_list(hub_copy):
    rows = [
        {"question": "Wa?", "answers": "['Doha', \"Do'ha\"]", "translated_answer": "['Doha']"},
        {"question": "We?", "answers": "[]", "translated_answer": "[]"},
        {"question": "Wo?", "answers": ["gabas"], "translated_answer": "east"},
        {"question": "Wu?", "answers": "['Girls' School', 'GS']", "translated_answer": "[]"},
    ]
    found = items(afriqa.task, "hau_Latn", hub_copy(afriqa.task.card.dataset, {"hau": rows}))
    assert [item.references for item in found] == [("Doha", "Do'ha"), ("gabas", "east"), ("Girls' School", "GS")]
    assert [item.source_id for item in found] == ["hau_Latn:1", "hau_Latn:3", "hau_Latn:4"]


@every_case("language", ["twi_Latn", "zul_Latn"])
def test_real_questions_of_afriqa(hub, language):
    have(hub, afriqa.task)
    found = items(afriqa.task, language, hub)
    assert len(found) == 60
    assert all(item.references and "[" not in item.references[0] for item in found)


@every_case("task", [indicgenbench.xquad_in, indicgenbench.xorqa_in], ids=lambda task: task.card.name)
def test_real_questions_of_india_are_parallel(hub, task):
    have(hub, task)
    sources = {code: [item.source_id for item in items(task, code, hub)] for code in ("ory_Orya", "tam_Taml")}
    assert sources["ory_Orya"] == sources["tam_Taml"]
    assert len(sources["ory_Orya"]) == 20


def test_english_answers_of_xorqa(hub):
    have(hub, indicgenbench.xorqa_in)
    english, odia = (items(indicgenbench.xorqa_in, code, hub)[0] for code in ("eng_Latn", "ory_Orya"))
    assert english.references == ("Portland",)
    assert odia.references != english.references
    assert "about it in Odia" in odia.prompt


def test_nested_rows_of_another_form_are_refused(hub_copy):
    nested = {"id": "q", "question": "?", "context": "c", "answers": "Portland", "lang": "or"}
    data = hub_copy(indicgenbench.xquad_in.card.dataset, {"default": [{"canary": "x", "examples": nested}]})
    with pytest.raises(DataError, match="'answers' is not a list of answers"):
        items(indicgenbench.xquad_in, "ory_Orya", data)


def sentence(source, target, direction):
    return {"examples": {"source": source, "target": target, "lang": "or", "translation_direction": direction}}


def test_sentences_pair_by_the_english_one(hub_copy):
    rows = [sentence("It rains.", "ବର୍ଷା", "enxx"), sentence("ବର୍ଷା", "It rains.", "xxen")]
    data = hub_copy(indicgenbench.flores_in_from_english.card.dataset, {"default": rows})
    (into,) = items(indicgenbench.flores_in_from_english, "ory_Orya", data)
    (back,) = items(indicgenbench.flores_in_to_english, "ory_Orya", data)
    assert (into.references, back.references) == (("ବର୍ଷା",), ("It rains.",))
    assert into.source_id == back.source_id


def test_real_sentences(hub):
    have(hub, indicgenbench.flores_in_from_english)
    assert len(items(indicgenbench.flores_in_from_english, "ory_Orya", hub)) == 15


LOGIC = {"context": "All are. ", "question": "Which?", "options": "['p', 'q', \"r's\", 's']", "answer": 2}


@every_case("options", [LOGIC["options"], ["p", "q", "r's", "s"]])
def test_options_are_a_list_or_its_text(hub_copy, options):
    data = hub_copy(mlogiqa.task.card.dataset, {"ko": [{**LOGIC, "options": options}]})
    (item,) = items(mlogiqa.task, "kor_Hang", data)
    assert item.prompt == "Passage: All are.\nQuestion: Which?\nChoices:\nA. p\nB. q\nC. r's\nD. s\nAnswer:"
    assert (item.choices, item.gold) == (("A", "B", "C", "D"), 2)


@every_case("options", ["p, q", "['p']", "[1, 2, 3, 4]", "__import__('os')"])
def test_other_options_are_refused(hub_copy, options):
    data = hub_copy(mlogiqa.task.card.dataset, {"ko": [{**LOGIC, "options": options}]})
    with pytest.raises(DataError, match="four texts"):
        items(mlogiqa.task, "kor_Hang", data)


def test_prompts_of_arena_hard(hub_copy):
    task = tiny_aya_prompts.m_arenahard_v21
    row = {"question_id": "q1", "category": "hard_prompt", "subcategory": "coding", "prompt": "Kodi?"}
    (item,) = items(task, "sna_Latn", hub_copy(task.card.dataset, {"sn": [row]}))
    assert (item.item_id, item.category, item.fields) == ("q1", "hard_prompt", {"subcategory": "coding"})


@every_case(("extra", "expected"), [({"id": 7}, "7"), ({"question_id": "d9"}, "d9"), ({}, "1")])
def test_prompts_of_dolly_are_known_by_their_id_or_row(hub_copy, extra, expected):
    task = tiny_aya_prompts.dolly_v2
    (item,) = items(task, "sna_Latn", hub_copy(task.card.dataset, {"sn": [{"prompt": "Sei?", **extra}]}))
    assert item.source_id == expected


def test_the_languages_of_tiny_aya_with_a_code_of_two_letters():
    from polyarena.tasks.languages import select_languages

    without = {each.code for each in select_languages("tiny_aya")} - set(tiny_aya_prompts.CONFIGS)
    assert without == {"pcm_Latn", "yue_Hant", "zho_Hant"}


@every_case("nested", ["x", 5, [], True])
def test_rows_that_are_not_nested_are_refused(hub_copy, nested):
    data = hub_copy(indicgenbench.xquad_in.card.dataset, {"default": [{"canary": "x", "examples": nested}]})
    with pytest.raises(DataError, match="'examples' is not an object"):
        items(indicgenbench.xquad_in, "ory_Orya", data)


@every_case("count", ["x", -1, ["a"]])
def test_counts_of_people_that_are_none_are_refused(hub_copy, count):
    with pytest.raises(DataError, match="'idks' has no number"):
        items(blend.short, "kor_Hang", in_korean(hub_copy, idks={"idk": count}))


@every_case("annotations", [5, "x", {}])
def test_annotations_that_are_no_list_are_refused(hub_copy, annotations):
    with pytest.raises(DataError, match="'annotations' is not a list"):
        items(blend.short, "kor_Hang", in_korean(hub_copy, annotations=annotations))


def test_further_languages_of_include_in_the_schema_of_lm_evals_files(hub_copy):
    row = {"question": "Olu ilu? ", **{f"option_{letter}": f"Ilu {letter}" for letter in "abcd"}, "answer": "C"}
    data = hub_copy(include.v2.card.dataset, {"Yoruba": [row, {**row, "answer": 2}]})
    first, second = items(include.v2, "yor_Latn", data)
    # As lm-eval's template writes it.
    assert first.prompt == "Olu ilu?\nA. Ilu a\nB. Ilu b\nC. Ilu c\nD. Ilu d\nAnswer:"
    assert first.choices == ("A", "B", "C", "D")
    assert first.gold == second.gold == 2
    assert first.source_id != second.source_id
    assert len(include.v2.card.languages) == 23
    # Ga of Ghana is no Irish, whose code is the same word.
    assert "gle_Latn" not in include.v2.card.languages
