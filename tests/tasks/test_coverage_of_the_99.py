"""What the 99 languages really have: by the cards, and by the items that are on this machine."""

from collections import Counter, defaultdict

import pytest

from polyarena.tasks.audit import AuditSource
from polyarena.tasks.coverage import CoverageKind, by_language, coverage, left_out
from polyarena.tasks.languages import select_languages
from polyarena.tasks.suites import resolve_suite

NINETY_NINE = {language.code for language in select_languages("aya99")}


@pytest.fixture(scope="module")
def rows():
    return coverage(resolve_suite("aya99"))


@pytest.fixture(scope="module")
def counted(test_data):
    """The rows of tasks whose data lies in the mirror, with the number of their items."""
    found = coverage(resolve_suite("aya99"), AuditSource(test_data / "hub"))
    return [row for row in found if row.n_items]


def kinds(rows):
    found = defaultdict(Counter)
    for row in rows:
        found[row.language][row.kind] += 1
    return found


def test_all_of_them_and_no_other(rows):
    assert len(NINETY_NINE) == 99
    assert {row.language for row in rows} == NINETY_NINE


def test_each_has_a_discriminative_and_two_generative_tasks_without_counting_judged_ones(rows):
    found = kinds(rows)
    assert [code for code in NINETY_NINE if found[code][CoverageKind.DISCRIMINATIVE] < 1] == []
    assert [code for code in NINETY_NINE if found[code][CoverageKind.GENERATIVE] < 2] == []


def test_each_has_them_with_items_at_hand(counted):
    found = kinds(counted)
    assert [code for code in NINETY_NINE if not found[code][CoverageKind.DISCRIMINATIVE]] == []
    # English is the other side of every translation; its two are MGSM and Global MGSM, of which one lies here.
    lacking = {code for code in NINETY_NINE if found[code][CoverageKind.GENERATIVE] < 2}
    assert lacking <= {"eng_Latn"}


def test_most_have_three_generative_tasks_or_more(rows):
    found = kinds(rows)
    assert sum(found[code][CoverageKind.GENERATIVE] >= 3 for code in NINETY_NINE) >= 85


def test_every_headline_is_adequate_or_doubtful(rows):
    assert {row.adequacy for row in rows} == {"adequate", "doubtful", "judged"}


def test_doubtful_headlines_are_of_scripts_without_spaces_or_of_unknown_languages(rows):
    doubtful = {row.language for row in rows if row.adequacy == "doubtful"}
    assert 0 < len(doubtful) < 20
    assert "zho_Hans" in doubtful
    assert not doubtful & {"eng_Latn", "swh_Latn", "arb_Arab"}
    # The makers of Multi-IF count a word of Hindi several times.
    assert {row.task for row in rows if row.language == "hin_Deva" and row.adequacy == "doubtful"} == {"multi_if"}


def test_parallel_tasks_have_the_same_number_of_items_everywhere(counted):
    sizes = defaultdict(set)
    for row in counted:
        sizes[row.task].add(row.n_items)
    assert sizes["sib200"] == {204}
    assert sizes["flores_from_english"] == sizes["flores_to_english"] == {204}
    assert sizes["mgsm"] == {250}
    assert sizes["m_arenahard"] == {500}
    assert sizes["xcopa"] == {500}


def test_tiers_come_in_their_order(rows):
    tiers = [each.language.tier for each in by_language(rows, "aya99")]
    assert tiers == sorted(tiers, key=["high", "mid", "low", ""].index)
    assert Counter(tiers) == Counter(language.tier for language in select_languages("aya99"))


@pytest.mark.parametrize(
    ("manifest", "n_left_out"), [("all", 0), ("aya99", 0), ("aya23", 76), ("eng_Latn", 98), (["swh_Latn", "aya23"], 75)]
)
def test_what_a_system_does_not_claim_is_left_out(rows, manifest, n_left_out):
    assert len(left_out(rows, manifest)) == n_left_out


def test_names_of_cldr_are_beside_the_suite_and_not_in_it(rows):
    assert "cldr_names" not in {row.task for row in rows}
