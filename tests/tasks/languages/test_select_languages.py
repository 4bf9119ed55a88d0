"""Selectors."""

import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.tasks.errors import ExperimentError, UnknownNameError
from polyarena.tasks.languages import all_languages, named_languages, select_languages

LANGUAGES = all_languages()


def codes(selector) -> list[str]:
    return [language.code for language in select_languages(selector)]


@every_case(
    ("selector", "count"),
    [
        ("all", 122),
        ("aya101", 101),
        ("aya99", 99),
        ("AYA23", 23),
        ("tiny_aya", 70),
        ("tiny-aya", 70),
        ("set:aya23", 23),
        ("tier:low", 51),
        ("Tier: High", 24),
        ("joshi:5", 7),
        ("region:earth", 16),
        ("region:asia-pacific", 14),
        ("region: Asia Pacific", 14),
        ("region:south_asia", 9),
        ("family:Atlantic-Congo", 15),
        ("script:deva", 3),
        ("direction:rtl", 8),
    ],
)
def test_sets_and_facets(selector: str, count: int):
    assert len(codes(selector)) == count


def test_members_of_some_facets():
    assert codes("script:Deva") == ["hin_Deva", "mar_Deva", "npi_Deva"]
    assert codes("direction:rtl") == sorted(
        ["arb_Arab", "heb_Hebr", "kas_Arab", "pbt_Arab", "pes_Arab", "snd_Arab", "urd_Arab", "ydd_Hebr"]
    )
    assert codes("family:dravidian") == ["kan_Knda", "mal_Mlym", "tam_Taml", "tel_Telu"]


def test_names_and_codes_are_sorted_by_code_and_appear_once():
    assert codes("Swahili, sw, de, swh_Latn") == ["deu_Latn", "swh_Latn"]


@every_case("selector", ["script:Deva, tier:high", "script:Deva+tier:high", ["script:Deva", "tier:high"]])
def test_union(selector):
    assert set(codes(selector)) == set(codes("script:Deva")) | set(codes("tier:high"))


def test_intersection_binds_closer_than_union():
    assert codes("aya99 & tier:low & script:Cyrl, en") == ["eng_Latn", "khk_Cyrl", "kir_Cyrl", "mkd_Cyrl", "tgk_Cyrl"]


@every_case("selector", ["aya23,-eng_Latn", "-eng_Latn,aya23", "aya23 & -English", ["aya23", "-en"], "aya23 , - en"])
def test_exclusion_wherever_it_stands(selector):
    assert set(codes("aya23")) - set(codes(selector)) == {"eng_Latn"}
    assert len(codes(selector)) == 22


def test_exclusion_of_a_set_and_of_a_facet():
    assert codes("aya101, -aya99") == ["fry_Latn", "lat_Latn"]
    assert set(codes("aya99 & tier:low, -swa")) == set(codes("tier:low")) - {"swh_Latn", "fry_Latn"}
    assert codes("script:Deva & -tier:low") == ["hin_Deva"]


def test_exclusions_alone_start_from_all():
    assert len(codes("-English")) == 121
    assert codes(["-aya101", "-tiny_aya", "-extra"]) == ["asm_Beng", "bem_Latn", "fon_Latn", "kin_Latn", "srp_Latn"]


def test_a_hyphen_within_a_word_excludes_nothing():
    assert codes("zh-Hans, swh-Latn") == ["swh_Latn", "zho_Hans"]
    assert codes("zh-yue") == ["yue_Hant"]


@every_case(
    ("selector", "meant"),
    [
        ("aya32", "'aya23'"),
        ("aya23, Germann", "'German'"),
        ("tier:lwo", "'low'"),
        ("family:Atlantic-Kongo", "'Atlantic-Congo'"),
        ("scirpt:Deva", "'script'"),
        ("-Englsh", "'English'"),
        ("joshi:9", "use one of: 0, 1, 2, 3, 4, 5"),
        ("sr-Arab", "srp_Cyrl"),
    ],
)
def test_misspelt_has_a_suggestion(selector: str, meant: str):
    with pytest.raises(UnknownNameError) as caught:
        select_languages(selector, where="experiment.yaml:4")
    assert meant in caught.value.fix
    assert caught.value.where == "experiment.yaml:4"


@every_case("selector", ["", " ", "aya23,", "aya23,,en", "&", "aya23 &", "-", "tier:", ":low", "+", [""], []])
def test_malformed(selector):
    with pytest.raises(ExperimentError) as caught:
        select_languages(selector, where="experiment.yaml:4")
    assert caught.value.fix
    assert caught.value.where == "experiment.yaml:4"


@every_case("selector", ["aya23 & extra", "en, -en", "tier:high & tier:low", "all, -all"])
def test_an_empty_result_says_so(selector: str):
    with pytest.raises(ExperimentError, match="selects no language"):
        select_languages(selector)


def test_what_yaml_makes_of_a_bare_no():
    with pytest.raises(ExperimentError, match=r"bare `no`(.|\n)*quotes"):
        select_languages([False, "en"])


@every_case("selector", [None, 5, {"tier": "low"}, [{"tier": "low"}], b"en"])
def test_what_is_no_text(selector):
    with pytest.raises(ExperimentError, match="is not a language"):
        select_languages(selector)


TERMS = st.sampled_from(["aya23", "tier:low", "script:Latn", "region:earth", "swh_Latn", "zho_Hans", "joshi:3", "all"])


def members(term: str) -> set[str]:
    return set(codes(term))


@settings(deadline=None)
@given(st.lists(TERMS, min_size=1, max_size=4), st.lists(TERMS, max_size=3))
def test_sums_and_exclusions_are_those_of_sets(added: list[str], removed: list[str]):
    expected = set.union(*map(members, added)).difference(*map(members, removed))
    selector = ",".join([*added, *(f"-{term}" for term in removed)])
    if expected:
        assert codes(selector) == sorted(expected)
    else:
        with pytest.raises(ExperimentError):
            select_languages(selector)


@settings(deadline=None)
@given(TERMS, TERMS)
def test_intersections_are_those_of_sets(first: str, second: str):
    both = members(first) & members(second)
    rest = members(first) - members(second)
    assert (codes(f"{first} & {second}") if both else []) == sorted(both)
    assert (codes(f"-{second} & {first}") if rest else []) == sorted(rest)


@settings(deadline=None)
@given(st.text(alphabet="abyt23-+,&: _:low", max_size=16))
def test_any_text_selects_or_fails_with_an_error_of_ours(text: str):
    try:
        chosen = select_languages(text)
    except (ExperimentError, UnknownNameError):
        return
    assert chosen == tuple(sorted(set(chosen), key=lambda language: language.code))
    assert chosen


@every_case(
    ("selector", "named"),
    [
        ("swh_Latn", ["swh_Latn"]),
        ("aya23, sw + German", ["swh_Latn", "deu_Latn"]),
        (["tier:low", "no"], ["nob_Latn"]),
        ("aya99 & swh_Latn, -deu_Latn", []),
        ("all", []),
    ],
)
def test_only_languages_called_by_name_are_named(selector, named):
    assert [language.code for language in named_languages(selector)] == named


@every_case("word", ["!deu", "^deu_Latn", "~ German", "\u2212deu", "\u2013de"])
def test_what_is_not_a_minus_is_shown_one(word):
    with pytest.raises(UnknownNameError) as caught:
        select_languages(f"aya23, {word}")
    assert caught.value.fix == f"leave a language out with a minus: -{word[1:].strip()}"
