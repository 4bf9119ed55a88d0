"""The table of rules that finds languages in task names and fields."""

from every_case import every_case

from polyarena.harness.importing.task_languages import field_language, task_language, without_language


@every_case(
    ("task", "code", "short"),
    [
        ("belebele_deu_Latn", "deu_Latn", "belebele"),
        ("xcopa_sw", "swh_Latn", "xcopa"),
        ("mgsm_en_cot_sw", "swh_Latn", "mgsm_en_cot"),
        ("global_mmlu_full_sw_anatomy", "swh_Latn", "global_mmlu_full_anatomy"),
        ("mmlu_prox_zh_biology", "zho_Hans", "mmlu_prox_biology"),
        ("polymath_en_high", "eng_Latn", "polymath_high"),
        ("lambada_openai_mt_de", "deu_Latn", "lambada_openai_mt"),
        ("afrimgsm_direct_amh_prompt_1", "amh_Ethi", "afrimgsm_direct_prompt_1"),
        ("include_base_44_dutch_few_shot", "nld_Latn", "include_base_44_few_shot"),
    ],
)
def test_the_language_of_a_task_comes_from_its_name(task, code, short):
    found = task_language(task)
    assert found.code == code
    assert without_language(task, found.text) == short


@every_case("task", ["math_perturbed_full", "arc_easy", "gsm8k_cot", "mmlu_pro", "mmlu_it_x", "truthfulqa_mc1", "coqa"])
def test_a_word_that_is_no_language_is_not_taken_for_one(task):
    found = task_language(task)
    assert found.code is None
    assert found.why == "neither its name nor a field names a language"


@every_case("task", ["flores_deu_Latn-eng_Latn", "wmt16-de-en", "wmt_de_en", "flores_de-en"])
def test_a_pair_of_languages_decides_nothing(task):
    assert task_language(task).why == "it names several languages, deu_Latn and eng_Latn"


def test_the_configuration_of_the_data_counts_where_the_name_is_silent():
    found = task_language("own", "sw")
    assert (found.code, found.in_name) == ("swh_Latn", False)


def test_fields_of_items_name_languages():
    assert field_language({"lang": "th", "dialect": "deu_Latn"}) == "tha_Thai"
    assert field_language({"dialect": "deu_Latn"}) == "deu_Latn"
    assert field_language({"language": 3, "lang": "", "locale": "nowhere"}) is None


def test_a_name_that_is_nothing_but_a_language_stays():
    assert without_language("german", "german") == "german"
    assert without_language("arc", "german") == "arc"
