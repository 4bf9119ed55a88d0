"""Mixtures: shares, caps, temperature, determinism, resuming, and what is refused."""

import json
from collections import Counter

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.item import Item
from polyarena.tasks.mixtures.allocation import capped_shares, rounded_shares
from polyarena.tasks.mixtures.card import mixture_card, mixture_warnings, render_card
from polyarena.tasks.mixtures.mix import mix
from polyarena.tasks.mixtures.overlap import ItemIndex
from polyarena.tasks.mixtures.pruning import Rule
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.scan import Scan
from polyarena.tasks.mixtures.settings import MixtureSettings, PruningSettings, SourceShare

PLAIN = PruningSettings(wrong_language=False, near_duplicates=False)
"""Made-up rows are in no language and resemble one another."""


def settings(*shares, **others):
    others.setdefault("pruning", PLAIN)
    return MixtureSettings(sources=tuple(SourceShare(**share) for share in shares), **others)


@pytest.fixture
def two(make_rows):
    return {
        "a": make_rows("a", 100) + make_rows("a", 10, "swh_Latn"),
        "b": make_rows("b", 50) + make_rows("b", 50, "deu_Latn"),
    }


def languages(rows):
    return dict(Counter(row.language for row in rows))


def test_without_weights_and_budget_every_row_is_taken_once(two, opened):
    mixture = mix(opened(two), settings({"name": "a"}, {"name": "b"}), seed=0)
    assert list(mixture) == two["a"] + two["b"]
    assert len(mixture) == 210


def test_weights_are_percent_of_the_budget(two, opened):
    rows = list(mix(opened(two), settings({"name": "a", "weight": 75}, {"name": "b", "weight": 25}, budget=80), seed=0))
    assert Counter(row.source for row in rows) == {"a": 60, "b": 20}
    assert languages(rows) == {"eng_Latn": 65, "swh_Latn": 5, "deu_Latn": 10}


@every_case(
    ("temperature", "expected"),
    [
        (1, {"eng_Latn": 45, "swh_Latn": 5}),
        (2, {"eng_Latn": 38, "swh_Latn": 12}),
        (100, {"eng_Latn": 26, "swh_Latn": 24}),
    ],
)
def test_temperature_raises_languages_with_few_rows(temperature, expected, two, opened):
    # 50 * sqrt(10) / (sqrt(100) + sqrt(10)) = 12.01; 50 * 10^0.01 / (100^0.01 + 10^0.01) = 24.7.
    rows = list(mix(opened({"a": two["a"]}), settings({"name": "a"}, budget=50, temperature=temperature), seed=0))
    found = languages(rows)
    assert {code: pytest.approx(count, abs=1) for code, count in expected.items()} == found
    assert len(rows) == 50


def test_no_row_is_repeated_more_often_than_allowed(two, opened):
    shares = [{"name": "a", "weight": 100}]
    mixture = mix(opened({"a": two["a"]}), settings(*shares, budget=10_000, max_repeats=3), seed=0)
    rows = list(mixture)
    assert len(rows) == 330
    assert len({row.row_id for row in rows}) == 330
    assert set(Counter((row.language, row.prompt) for row in rows).values()) == {3}
    assert {row.row_id.partition("#")[2] for row in rows} == {"", "2", "3"}
    assert "a gives 330 of the 10000 rows of its share: a cap, or `max_repeats`, stops it." in mixture_warnings(mixture)


@pytest.mark.parametrize(
    ("shares", "others", "expected"),
    [
        ([{"name": "a", "max_rows": 20}], {}, {"eng_Latn": 18, "swh_Latn": 2}),
        ([{"name": "a", "max_rows_per_language": 30}], {}, {"eng_Latn": 30, "swh_Latn": 10}),
        ([{"name": "a"}], {"max_rows_per_language": 5}, {"eng_Latn": 5, "swh_Latn": 5}),
    ],
)
def test_caps_hold(shares, others, expected, two, opened):
    assert languages(mix(opened({"a": two["a"]}), settings(*shares, **others), seed=0)) == expected


def test_a_cap_on_a_language_lowers_its_sources_in_proportion(two, opened):
    rows = list(mix(opened(two), settings({"name": "a"}, {"name": "b"}, max_rows_per_language=30), seed=0))
    assert Counter(row.source for row in rows if row.language == "eng_Latn") == {"a": 20, "b": 10}


def test_the_seed_decides_and_nothing_else(two, opened):
    def drawn(seed):
        return [row.row_id for row in mix(opened(two), settings({"name": "a"}, {"name": "b"}, budget=60), seed=seed)]

    assert drawn(0) == drawn(0) != drawn(1)


def test_a_larger_budget_keeps_the_rows_of_a_smaller_one(two, opened):
    def drawn(budget):
        return {row.row_id for row in mix(opened({"a": two["a"]}), settings({"name": "a"}, budget=budget), seed=0)}

    assert drawn(20) < drawn(60)


def test_an_interrupted_mixture_continues_from_stored_scans(two, opened):
    pruned = settings({"name": "a"}, {"name": "b"}, budget=60, pruning=PruningSettings(wrong_language=False))
    stored = []
    whole = mix(opened(two), pruned, seed=0, on_scan=lambda scan: stored.append(scan.to_bytes()))

    def never():
        raise AssertionError("a source was scanned again")

    again = [Scan.from_bytes(content) for content in stored]
    continued = mix({"a": never, "b": never}, pruned, seed=0, scanned=again)
    assert continued.allocation == whole.allocation
    half = mix(opened(two), pruned, seed=0, scanned=again[:1])
    assert list(half) == list(whole)
    assert mixture_card(half, "m") == mixture_card(whole, "m")


def test_duplicates_are_found_across_sources_and_the_first_source_keeps_its_row(make_rows, opened):
    rows = {"a": make_rows("a", 20), "b": make_rows("b", 30)}
    pruned = settings({"name": "a"}, {"name": "b"}, pruning=PruningSettings(wrong_language=False, near_duplicates=1.0))
    mixture = mix(opened(rows), pruned, seed=0)
    assert Counter(row.source for row in mixture) == {"a": 20, "b": 10}
    assert mixture.scans[1].removed == {(Rule.NEAR_DUPLICATE, "eng_Latn"): 20}


@pytest.mark.parametrize(
    ("shares", "others", "message"),
    [
        ([{"name": "a", "weight": 60}, {"name": "b", "weight": 50}], {}, r"sum to 110, not to 100"),
        ([{"name": "a", "weight": 60}, {"name": "b"}], {}, r"no weight for the source b"),
        ([{"name": "a"}, {"name": "a"}], {}, r"two sources are called 'a'"),
        ([{"name": "a"}, {"name": "b"}], {"temperature": 2}, r"a temperature needs a budget"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(shares, others, message, two, opened):
    with pytest.raises(ExperimentError, match=message):
        mix(opened({share["name"]: two[share["name"]] for share in shares}), settings(*shares, **others), seed=0)


def test_weights_that_sum_to_100_but_for_rounding_are_taken(two, opened, make_rows):
    rows = {**two, "c": make_rows("c", 10)}
    shares = [{"name": name, "weight": 100 / 3} for name in rows]
    assert len(list(mix(opened(rows), settings(*shares, budget=30), seed=0))) == 30


@pytest.mark.parametrize("wrong", [{"temperature": 0.5}, {"budget": 0}, {"max_repeats": 0}, {"temprature": 2}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        settings({"name": "a"}, **wrong)


def test_an_empty_source_is_refused_by_name(two, opened):
    with pytest.raises(DataError, match="source b: the source is empty"):
        mix(opened({"a": two["a"], "b": []}), settings({"name": "a"}, {"name": "b"}), seed=0)


def test_a_source_of_which_pruning_leaves_nothing_is_refused(two, opened):
    pruned = settings({"name": "a"}, pruning=PruningSettings(min_characters=1000))
    with pytest.raises(DataError, match="pruning leaves nothing of the source a"):
        mix(opened({"a": two["a"]}), pruned, seed=0)


def test_a_language_without_data_is_refused_with_the_rule_that_removed_it(two, opened, make_rows):
    with pytest.raises(DataError, match="no rows in yor_Latn") as refused:
        mix(opened({"a": two["a"]}), settings({"name": "a"}, languages=("eng_Latn", "yor_Latn")), seed=0)
    assert "0 rows in yor_Latn" in refused.value.why
    rows = [*make_rows("a", 5), TrainingRow("1", "a", "yor_Latn", "p", "", "MIT")]
    with pytest.raises(DataError, match="no rows in yor_Latn") as refused:
        mix(opened({"a": rows}), settings({"name": "a"}, languages=("yor_Latn",)), seed=0)
    assert "1 rows in yor_Latn, all removed or left out (empty)" in refused.value.why


QUESTION = "How many apples does Anna have if she buys seven, gives three to Ben and eats one of the rest herself?"


@pytest.fixture
def index():
    index = ItemIndex()
    questions = (
        QUESTION,
        "Which river flows through the largest number of countries before it reaches the northern sea?",
    )
    index.add("maths", "eng_Latn", [Item(str(at), str(at), "eng_Latn", text) for at, text in enumerate(questions)])
    return index


def test_a_source_that_holds_test_items_is_refused_with_the_items(index, two, opened, make_rows):
    leak = TrainingRow("b:7", "b", "eng_Latn", f"Please answer: {QUESTION}", "Three.", "MIT")
    rows = {"a": two["a"], "b": [*two["b"], leak]}
    stored = []
    with pytest.raises(DataError, match="1 training rows contain 1 test items") as refused:
        mix(opened(rows), settings({"name": "a"}, {"name": "b"}), seed=0, items=index, on_scan=stored.append)
    assert refused.value.where == "source b"
    assert "maths eng_Latn 0 (in b:7, 100%)" in refused.value.why
    assert [scan.source for scan in stored] == ["a"]


@every_case(
    ("text", "found"),
    [
        (QUESTION, True),
        (QUESTION.upper().replace(",", " -"), True),
        (QUESTION[: len(QUESTION) // 2], False),
        (" ".join(QUESTION.split()[::-1]), False),
        (QUESTION.replace("Anna", "Maria").replace("Ben", "Tom"), False),
        ("", False),
    ],
)
def test_an_item_is_found_by_runs_of_its_words(text, found, index, make_rows):
    row = TrainingRow("1", "a", "eng_Latn", text, "So.", "MIT")
    assert bool(index.hits(row)) is found


def test_items_too_short_to_tell_from_chance_are_not_looked_for():
    index = ItemIndex()
    index.add("short", "eng_Latn", [Item("1", "1", "eng_Latn", "What is this?"), Item("2", "2", "eng_Latn", QUESTION)])
    index.add("none", "eng_Latn", [])
    assert len(index) == 1


def test_the_card_counts_what_was_removed_and_warns_of_licences(two, opened, make_rows):
    rows = {"a": [*two["a"], TrainingRow("e", "a", "swh_Latn", "p", " ", "MIT")]}
    rows["b"] = make_rows("b", 10, licence="CC-BY-NC-4.0")
    mixture = mix(opened(rows), settings({"name": "a", "weight": 90}, {"name": "b", "weight": 10}, budget=50), seed=3)
    card = mixture_card(mixture, "made up")
    assert json.loads(json.dumps(card)) == card
    assert card["sources"][0] == {
        "source": "a", "weight": 90, "read": 111, "removed": {"empty": 1}, "remaining": 110, "wanted": 45, "taken": 45,
    }  # fmt: skip
    swahili = next(each for each in card["languages"] if each["language"] == "swh_Latn")
    assert (swahili["name"], swahili["read"], swahili["removed"], swahili["taken"]) == ("Swahili", 11, {"empty": 1}, 4)
    assert card["licences"] == {"CC-BY-NC-4.0": ["b"], "MIT": ["a"]}
    assert card["warnings"] == [
        "The licence 'CC-BY-NC-4.0' of b allows no commercial use; a model trained on it may not either."
    ]
    text = render_card(card)
    assert "| source | weight | read | empty | remaining | taken |" in text
    assert "| a | 90% | 111 | 1 | 110 | 45 |" in text
    assert "- The licence 'CC-BY-NC-4.0' of b allows no commercial use" in text


def test_a_source_that_changes_between_the_passes_is_refused(two):
    rows = list(two["a"])
    mixture = mix({"a": lambda: iter(rows)}, settings({"name": "a"}), seed=0)
    del rows[50:]
    with pytest.raises(DataError, match="source a has changed"):
        list(mixture)


@given(st.integers(0, 1000), st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_rounded_shares_sum_to_the_total_and_are_within_one_of_their_share(total, weights):
    shares = rounded_shares(total, weights)
    if sum(weights) == 0:
        assert sum(shares) == 0
        return
    assert sum(shares) == total
    assert all(abs(got - total * weight / sum(weights)) < 1.001 for got, weight in zip(shares, weights, strict=True))


@given(st.integers(0, 500), st.lists(st.tuples(st.floats(0.1, 10), st.integers(0, 100)), min_size=1, max_size=6))
def test_capped_shares_keep_every_cap_and_give_what_they_can(total, parts):
    weights, caps = zip(*parts, strict=True)
    shares = capped_shares(total, weights, caps)
    assert all(got <= cap for got, cap in zip(shares, caps, strict=True))
    assert sum(shares) == min(total, sum(caps))
