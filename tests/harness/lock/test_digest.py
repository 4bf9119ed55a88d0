"""Content addresses: the same for the same content, other for any other."""

from dataclasses import replace
from types import MappingProxyType

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.lock.digest import content_digest, digest, list_digest
from polyarena.harness.planning.items import items_digest
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion
from polyarena.tasks.sampling import Sampling

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=9,
)
ITEM = Item("1", "s", "deu_Latn", "Was?", ("a", "b"), 1, ("r",), {"subject": "x"})
COMPLETION = Completion("one", "t", "deu_Latn", "1", 0, "s", "p", text="Das.", finish_reason="stop", latency_s=1.0)


@given(JSON)
def test_is_64_hexadecimal_digits(value):
    assert len(digest(value)) == 64
    assert set(digest(value)) <= set("0123456789abcdef")


@given(st.dictionaries(st.text(max_size=5), st.integers(), min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value):
    assert digest(value) == digest(dict(reversed(value.items())))


@given(st.text(max_size=9), st.text(max_size=9))
def test_other_content_has_another_address(one, other):
    assert (digest([one]) == digest([other])) == (one == other)
    assert digest([one, other]) != digest([one + other])


def test_a_known_address_stays():
    # Stored keys depend on it: when this changes, every run folder is stale.
    assert digest({"a": [1, "ü"]}) == "eadfa0001c9e4ce9c45fb1e7642b5b0c35fcabce31364169edae6fb921985bda"


def test_dataclasses_and_mappings_are_what_they_hold():
    assert digest(Sampling(max_tokens=3)) == digest(
        {
            "max_tokens": 3,
            "temperature": 0.0,
            "top_p": 1.0,
            "stop": [],
            "seed": 0,
            "thinking_budget": 0,
            "reasoning_effort": None,
        }
    )
    assert digest(MappingProxyType({"a": 1})) == digest({"a": 1})
    assert digest({1, 2, 3}) == digest([1, 2, 3])


@every_case(
    "change",
    [
        {"item_id": "2"},
        {"source_id": "t"},
        {"prompt": "Wer?"},
        {"choices": ("a", "c")},
        {"gold": 0},
        {"references": ()},
    ],
)
def test_whatever_is_asked_or_right_changes_the_items(change):
    assert items_digest([ITEM]) != items_digest([replace(ITEM, **change)])


def test_how_items_are_grouped_changes_nothing():
    assert items_digest([ITEM]) == items_digest([replace(ITEM, fields={})])


@every_case(
    "change",
    [{"text": "Dies."}, {"finish_reason": "length"}, {"identified_language": "nld_Latn"}, {"sample_index": 1}],
)
def test_whatever_a_judge_sees_changes_the_content(change):
    assert content_digest([COMPLETION]) != content_digest([replace(COMPLETION, **change)])


@every_case("change", [{"latency_s": 2.0}, {"prompt_tokens": 9}, {"system": "two"}])
def test_what_it_does_not_see_changes_nothing(change):
    assert content_digest([COMPLETION]) == content_digest([replace(COMPLETION, **change)])


@given(st.lists(JSON, max_size=9), st.integers(1, 3))
def test_a_list_that_comes_in_pieces_has_the_digest_of_the_whole(values, repeats):
    many = values * (100 * repeats)
    assert list_digest(iter(many)) == digest(many)
