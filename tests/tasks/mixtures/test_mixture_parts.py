"""Templates, licences, presets and held-out prompts."""

import pytest
from every_case import every_case
from pydantic import ValidationError

from polyarena.tasks.errors import DataError, ExperimentError, UnknownNameError
from polyarena.tasks.mixtures.held_out import held_out_prompts
from polyarena.tasks.mixtures.licences import licence_warning
from polyarena.tasks.mixtures.presets import AYA_101, AYA_101_SOURCES, aya_101_mixture
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.templates import RowTemplate, apply_template


@every_case(
    ("prompt", "expected"),
    [
        ("{question}", "Who?"),
        ("Q: {question} ({year})", "Q: Who? (1990)"),
        ("{{{question}}}", "{Who?}"),
        ("no field", "no field"),
        ("{{question}}", "{question}"),
    ],
)
def test_templates_fill_in_fields(prompt, expected):
    found = apply_template(
        [RowTemplate(prompt=prompt, completion="{answer}")],
        {"question": "Who?", "answer": "{question}", "year": 1990},
        "eng_Latn",
        "1",
    )
    assert found == (expected, "{question}")


def test_templates_of_a_language_are_for_it_alone_and_are_used_evenly():
    templates = [RowTemplate(prompt=f"{mark} {{q}}", completion="{q}", languages=codes)
                 for mark, codes in (("A", ()), ("B", ()), ("D", ("deu_Latn",)))]  # fmt: skip
    english = [apply_template(templates, {"q": "x"}, "eng_Latn", str(at))[0][0] for at in range(400)]
    german = {apply_template(templates, {"q": "x"}, "deu_Latn", str(at))[0][0] for at in range(100)}
    assert set(english) == {"A", "B"}
    assert 150 < english.count("A") < 250
    assert german == {"A", "B", "D"}
    assert english[:9] == [apply_template(templates, {"q": "y"}, "eng_Latn", str(at))[0][0] for at in range(9)]


@pytest.mark.parametrize("row", [{"other": "x"}, {"q": None}, {"q": ["x"]}, {"q": True}])
def test_a_row_without_the_field_of_a_template_is_refused(row):
    with pytest.raises(DataError, match="field 'q'"):
        apply_template([RowTemplate(prompt="{q}", completion="a")], row, "eng_Latn", "1", where="f:1")


def test_a_language_without_a_template_is_refused():
    with pytest.raises(DataError, match="no template is for eng_Latn"):
        apply_template([RowTemplate(prompt="a", completion="b", languages=("deu_Latn",))], {}, "eng_Latn", "1")


def test_an_empty_template_is_refused():
    with pytest.raises(ValidationError):
        RowTemplate(prompt="", completion="x")


@every_case(
    ("licence", "forbids"),
    [
        ("CC-BY-NC-4.0", "commercial"),
        ("cc-by-nc-sa-4.0", "commercial"),
        ("CC BY-ND 4.0", "derivatives"),
        ("CC-BY-NC-ND-4.0", "may not either; allows no derivatives"),
        ("non-commercial use only", "commercial"),
        ("OpenAI terms of use", "service"),
        ("unknown", "No licence is stated for one, two."),
        ("", "No licence is stated for one, two."),
        ("All rights reserved", "forbids"),
        ("Apache-2.0", None),
        ("CC-BY-SA-4.0", None),
        ("MIT", None),
        ("BSD-3-Clause", None),
        ("CC0-1.0", None),
        ("ODC-By-1.0", None),
    ],
)
def test_licences_that_forbid_training_have_a_warning(licence, forbids):
    found = licence_warning(licence, ["one", "two"])
    assert found is None if forbids is None else forbids in found and "one, two" in found


@every_case("variant", AYA_101)
def test_the_published_mixtures_sum_to_100(variant):
    assert sum(AYA_101[variant].values()) == 100
    assert sum(share.weight for share in aya_101_mixture(variant).sources) == pytest.approx(100)


def test_the_released_mixture_is_translation_heavy():
    weights = AYA_101["translation_heavy"]
    assert weights["aya_translations"] + weights["sharegpt_command"] == 70
    assert aya_101_mixture("translation_heavy").budget == 25_000_000


def test_sources_that_you_lack_leave_the_proportions_of_the_others():
    found = aya_101_mixture("human_heavy", {"aya_dataset": "people", "aya_translations": "translated"}, budget=110)
    assert [(share.name, round(share.weight, 2)) for share in found.sources] == [
        ("people", 45.45),
        ("translated", 54.55),
    ]


@pytest.mark.parametrize(
    ("variant", "sources", "error"),
    [
        ("human", None, UnknownNameError),
        ("human_heavy", {"aya": "x"}, UnknownNameError),
        ("human_heavy", {}, ExperimentError),
    ],
)
def test_wrong_presets_are_refused(variant, sources, error):
    with pytest.raises(error):
        aya_101_mixture(variant, sources)


def test_the_sources_are_in_the_order_of_the_paper():
    assert AYA_101_SOURCES[0] == "aya_dataset"
    assert dict(AYA_101["human_heavy"]) == dict(zip(AYA_101_SOURCES, (25, 4, 20, 6, 30, 15), strict=True))


def test_held_out_prompts_depend_on_seed_and_text_alone():
    rows = [
        TrainingRow(str(at), "s", ("eng_Latn", "deu_Latn")[at % 2], f"p{at // 2 % 20}", "c", "MIT") for at in range(120)
    ]
    chosen = held_out_prompts(rows, 5, seed=1)
    assert len(chosen) == 10
    assert chosen == held_out_prompts(rows[::-1], 5, seed=1) != held_out_prompts(rows, 5, seed=2)
    assert held_out_prompts(rows, 3, seed=1) < chosen
    assert held_out_prompts(rows, 0, seed=1) == frozenset()
    assert len(held_out_prompts(rows, 100, seed=1)) == 40
