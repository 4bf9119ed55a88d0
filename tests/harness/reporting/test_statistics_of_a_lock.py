"""How the numbers of a run are made, as its lock says."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment.schema import StatisticsSpec
from polyarena.harness.lock import Lock
from polyarena.harness.reporting.run_statistics import OWN_GROUPS, run_statistics
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import all_languages
from polyarena.tasks.languages.facets import FACETS

CODES = sorted(language.code for language in all_languages())


def statistics(**chosen):
    resolved = {"name": "x", "systems": [{"name": "one", "model": "toy"}], "tasks": ["sums"],
                "statistics": {"confidence": 0.9, "rounds": 500, "seed": 7, **chosen}}  # fmt: skip
    return run_statistics(Lock.model_validate({"experiment": {"name": "x", "digest": "d", "resolved": resolved}}))


def test_what_the_schema_writes_is_what_is_read():
    chosen = StatisticsSpec(groupings=("family", "script"), groups={"dach": "German"}, strong_weight=2.5)
    found = statistics(**chosen.model_dump(mode="json"))
    assert found.bootstrap == {"confidence": chosen.confidence, "rounds": chosen.rounds, "seed": chosen.seed}
    assert list(found.groupings) == ["family", "script", OWN_GROUPS]
    assert found.strong_weight == 2.5


def test_what_the_lock_does_not_say_has_the_defaults_of_the_schema():
    spec = StatisticsSpec()
    assert tuple(statistics().groupings) == spec.groupings
    assert statistics().strong_weight == spec.strong_weight


@every_case("absent", [{}, {"groups": {}}, {"groups": None}], ids=str)
def test_without_own_groups_there_is_no_level_for_them(absent):
    assert OWN_GROUPS not in statistics(**absent).groupings


def test_the_bootstrap_has_its_own_arguments_and_no_others():
    assert statistics(strong_weight=3, groups={"a": "German"}).bootstrap == {
        "confidence": 0.9, "rounds": 500, "seed": 7,
    }  # fmt: skip


@given(st.lists(st.sampled_from(sorted(FACETS)), unique=True, max_size=4))
def test_levels_come_in_the_order_of_the_lock_and_hold_known_languages(names):
    found = statistics(groupings=names).groupings
    assert list(found) == names
    for groups in found.values():
        assert groups
        assert all(set(codes) <= set(CODES) for codes in groups.values())


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5), st.sets(st.sampled_from(CODES), min_size=1, max_size=4), min_size=1
    )
)
def test_own_groups_have_exactly_the_languages_that_they_name(groups):
    found = statistics(groups={name: sorted(codes) for name, codes in groups.items()}).groupings[OWN_GROUPS]
    assert {name: set(codes) for name, codes in found.items()} == groups
    assert all(list(codes) == sorted(codes) for codes in found.values())


@given(st.floats(0.001, 999))
def test_the_weight_is_a_number_whatever_json_made_of_it(weight):
    assert statistics(strong_weight=weight).strong_weight == weight
    whole = statistics(strong_weight=int(weight) + 1).strong_weight
    assert isinstance(whole, float)
    assert whole == int(weight) + 1


@every_case(
    ("chosen", "says"),
    [
        ({"groupings": ["teir"]}, "did you mean 'tier'"),
        ({"groupings": ["tier", "colour"]}, "unknown grouping 'colour'"),
        ({"groups": {"mine": ["Germann"]}}, "German"),
        ({"groups": {"good": "German", "bad": ["xxx_Xxxx"]}}, "xxx_Xxxx"),
    ],
    ids=str,
)
def test_what_this_version_does_not_know_is_named(chosen, says):
    with pytest.raises(UnknownNameError) as caught:
        statistics(**chosen)
    assert says in str(caught.value)
