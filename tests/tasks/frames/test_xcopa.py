"""XCOPA on the real data and on rows of its schema."""

import pytest

from polyarena.tasks.benchmarks.xcopa import CONFIGS, CONNECTIVES, task
from polyarena.tasks.errors import DataError

ROW = {
    "premise": "Mwanamume alifungua bomba.",
    "choice1": "Choo kilijaa maji.",
    "choice2": "Maji yalitiririka.",
    "question": "effect",
    "label": 1,
    "idx": 0,
    "changed": False,
}


def test_the_default_item(ask):
    (item,) = ask(task, "swh_Latn", ROW)
    assert item.prompt == "Mwanamume alifungua bomba kwa hiyo"
    assert item.choices == ("choo kilijaa maji.", "maji yalitiririka.")
    assert (item.gold, item.source_id) == (1, "0")
    assert item.fields == {"question": "effect"}


def test_causes_have_another_connective(ask):
    (item,) = ask(task, "swh_Latn", {**ROW, "question": "cause"})
    assert item.prompt == "Mwanamume alifungua bomba kwa sababu"


@pytest.mark.parametrize(
    ("language", "premise", "prompt"),
    [
        ("tha_Thai", "ผู้ชายเปิดก๊อกนํ้า", "ผู้ชายเปิดก๊อกนํ้า ดังนั้น"),
        ("tam_Taml", "நான் என் சட்டைப்பையைக் காலி செய்தேன்", "நான் என் சட்டைப்பையைக் காலி செய்தேன் எனவே"),
        ("zho_Hans", "男人打开水龙头。", "男人打开水龙头 所以"),
        ("ita_Latn", " L'uomo aprì il rubinetto. ", "L'uomo aprì il rubinetto quindi"),
    ],
)
def test_only_a_period_is_dropped(ask, language, premise, prompt):
    assert ask(task, language, {**ROW, "premise": premise})[0].prompt == prompt


def test_every_language_has_its_connectives():
    assert set(CONNECTIVES) == set(CONFIGS)
    assert all(because != so for because, so in CONNECTIVES.values())


@pytest.mark.parametrize("template", task.templates[1:])
@pytest.mark.parametrize("relation", ["cause", "effect"])
def test_other_templates_show_everything(ask, template, relation):
    (item,) = ask(task.variant(template), "swh_Latn", {**ROW, "question": relation})
    assert item.choices == (ROW["choice1"], ROW["choice2"])
    assert all(ROW[field] in item.prompt for field in ("premise", "choice1", "choice2"))


@pytest.mark.parametrize("template", task.templates)
def test_causes_and_effects_are_asked_differently(ask, template):
    (cause,) = ask(task.variant(template), "swh_Latn", {**ROW, "question": "cause"})
    (effect,) = ask(task.variant(template), "swh_Latn", ROW)
    assert cause.prompt != effect.prompt


def test_real_data_is_parallel(real):
    first = [item.source_id for item in real(task, "est_Latn")]
    assert len(set(first)) == 500
    for language in CONFIGS:
        found = real(task, language)
        assert [item.source_id for item in found] == first
        assert {item.gold for item in found} == {0, 1}


def test_real_questions_that_the_card_warns_of(real):
    """They should be the same in all languages; in Thai, every item asks for the effect."""
    right = [item.fields["question"] for item in real(task, "est_Latn")]
    golds = [item.gold for item in real(task, "est_Latn")]
    wrong = {}
    for language in CONFIGS:
        found = real(task, language)
        assert [item.gold for item in found] == golds
        count = sum(item.fields["question"] != other for item, other in zip(found, right, strict=True))
        if count:
            wrong[language] = count
    assert wrong == {"tha_Thai": 250, "tur_Latn": 51, "swh_Latn": 37, "ind_Latn": 4, "ita_Latn": 4}
    assert {item.fields["question"] for item in real(task, "tha_Thai")} == {"effect"}
    assert all(str(count) in task.card.notes for count in wrong.values())


@pytest.mark.parametrize(("field", "value"), [("question", "reason"), ("label", 2), ("label", "left")])
def test_what_is_neither_is_refused(ask, field, value):
    with pytest.raises(DataError, match=f"'{field}' does not name a choice"):
        ask(task, "swh_Latn", {**ROW, field: value})
