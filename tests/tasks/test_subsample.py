from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.item import Item
from polyarena.tasks.subsample import hash_rank, subsample

IDS = st.lists(st.text(max_size=8), unique=True, max_size=40)
LIMITS = st.integers(min_value=0, max_value=50)


def items_of(ids: list[str], language: str = "eng_Latn") -> list[Item]:
    return [Item(f"{language}:{each}", each, language, "a prompt") for each in ids]


def sources(items: Iterator[Item]) -> list[str]:
    return [item.source_id for item in items]


def is_subsequence(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(each in rest for each in part)


@given(IDS, LIMITS)
def test_as_many_as_asked_for_in_the_order_of_the_data(ids: list[str], limit: int) -> None:
    found = sources(subsample(items_of(ids), limit))
    assert len(found) == min(limit, len(ids))
    assert is_subsequence(found, ids)


@given(IDS, st.integers(min_value=0, max_value=20))
def test_all_where_the_limit_is_no_limit(ids: list[str], more: int) -> None:
    items = items_of(ids)
    assert list(subsample(items, len(items) + more)) == items
    assert list(subsample(items, None)) == items


@given(IDS.flatmap(lambda ids: st.tuples(st.just(ids), st.permutations(ids))), LIMITS)
def test_the_same_source_items_in_every_language_whatever_their_order(
    both: tuple[list[str], list[str]], limit: int
) -> None:
    ours = subsample(items_of(both[0]), limit)
    theirs = subsample(items_of(both[1], "swh_Latn"), limit)
    assert set(sources(ours)) == set(sources(theirs))


@given(IDS, LIMITS)
def test_a_larger_limit_keeps_what_a_smaller_one_had(ids: list[str], limit: int) -> None:
    assert set(sources(subsample(items_of(ids), limit))) <= set(sources(subsample(items_of(ids), limit + 1)))


@given(IDS, LIMITS, st.data())
def test_a_language_that_lacks_an_item_keeps_the_others(ids: list[str], limit: int, data: st.DataObject) -> None:
    lacking = data.draw(st.lists(st.sampled_from(ids), unique=True) if ids else st.just([]))
    chosen = set(sources(subsample(items_of(ids), limit)))
    rest = set(sources(subsample(items_of([each for each in ids if each not in lacking]), limit)))
    assert chosen - set(lacking) <= rest


@given(IDS, LIMITS)
def test_they_are_those_with_the_smallest_places(ids: list[str], limit: int) -> None:
    found = set(sources(subsample(items_of(ids), limit)))
    left = set(ids) - found
    assert max(map(hash_rank, found), default=0) <= min(map(hash_rank, left), default=2**64)


def test_items_that_share_a_source_are_taken_in_their_order() -> None:
    items = [Item(f"i{number}", "same", "eng_Latn", "a prompt") for number in range(5)]
    assert [item.item_id for item in subsample(items, 3)] == ["i0", "i1", "i2"]


def test_sorted_data_is_spread() -> None:
    topics = ["science", "travel", "politics", "sports"]
    items = [Item(str(n), str(n), "eng_Latn", "p", fields={"topic": topics[n // 50]}) for n in range(200)]
    counts = Counter(item.fields["topic"] for item in subsample(items, 40))
    assert set(counts) == set(topics)
    assert max(counts.values()) <= 20


def test_no_more_items_are_held_than_asked_for() -> None:
    alive: set[int] = set()
    most = 0

    class Watched:
        def __init__(self, number: int) -> None:
            self.source_id = str(number)
            self.number = number
            alive.add(number)

        def __del__(self) -> None:
            alive.discard(self.number)

    def stream() -> Iterator[Watched]:
        nonlocal most
        for number in range(500):
            yield Watched(number)
            most = max(most, len(alive))

    assert len(list(subsample(stream(), 10))) == 10  # type: ignore[arg-type]
    assert most <= 13


def test_the_place_is_the_same_on_every_machine() -> None:
    assert hash_rank("12") == int(hashlib.sha256(b"12").hexdigest()[:16], 16)
    assert hash_rank("0") == 0x5FECEB66FFC86F38
    assert hash_rank("lone \ud800 surrogate") != hash_rank("lone surrogate")


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        subsample(items_of(["a"]), -1)
