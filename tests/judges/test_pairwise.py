"""Pairing answers into matches, and verdicts into games."""

import dataclasses

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Label, Verdict, games, pairings, pairwise
from polyarena.judges.records import GAME_SCHEMA, Game
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion, from_table, to_table
from polyarena.tasks.subsample import hash_rank, subsample


def items(*ids, language="deu_Latn"):
    return {each: Item(each, f"source-{each}", language, f"question {each}") for each in ids}


def completion(system, item_id, sample=0, **changes):
    values = {
        "system": system,
        "task": "t",
        "language": "deu_Latn",
        "item_id": item_id,
        "sample_index": sample,
        "source_id": f"source-{item_id}",
        "prompt": f"<user>question {item_id}</user>",
        "text": f"{system} on {item_id}, {sample}",
    }
    return Completion(**{**values, **changes})


def answers(system, *ids, samples=1):
    return [completion(system, each, sample) for each in ids for sample in range(samples)]


def test_both_orders_of_each_item_in_item_order():
    paired = pairings(answers("new", "b", "a"), answers("old", "a", "b"), items("b", "a"))
    assert [(each.item_id, each.system_a, each.system_b) for each in paired] == [
        ("b", "new", "old"),
        ("b", "old", "new"),
        ("a", "new", "old"),
        ("a", "old", "new"),
    ]
    first, swapped = list(paired)[:2]
    assert first.match.question == "question b"
    assert (first.match.a.text, first.match.b.text) == ("new on b, 0", "old on b, 0")
    assert (swapped.match.a, swapped.match.b) == (first.match.b, first.match.a)
    assert first.source_id == "source-b"
    assert list(paired.matches()) == [each.match for each in paired]


def test_the_judge_sees_what_was_identified_and_why_the_answer_ended():
    one = completion(
        "new",
        "a",
        finish_reason="length",
        identified_language="eng_Latn",
        identified_probability=0.9,
        identified_script="Latn",
    )
    shown = next(iter(pairings([one], answers("old", "a"), items("a")))).match.a
    assert (shown.finish_reason, shown.identified_language, shown.identified_probability, shown.identified_script) == (
        "length",
        "eng_Latn",
        0.9,
        "Latn",
    )
    assert "new" not in {field.name for field in dataclasses.fields(shown)}


def test_sample_k_meets_sample_k_and_repeats_are_numbered_apart():
    paired = pairings(answers("new", "a", samples=2), answers("old", "a", samples=3), items("a"), repeats=2)
    assert [(each.match.a.text, each.match.repeat, each.repeat) for each in paired] == [
        ("new on a, 0", 0, 0),
        ("new on a, 0", 1, 1),
        ("old on a, 0", 0, 0),
        ("old on a, 0", 1, 1),
        ("new on a, 1", 0, 2),
        ("new on a, 1", 1, 3),
        ("old on a, 1", 0, 2),
        ("old on a, 1", 1, 3),
    ]
    assert paired.items == 1
    assert paired.only_baseline == 1


def test_what_has_no_counterpart_is_counted():
    paired = pairings(answers("new", "a", "b", "x"), answers("old", "b", "c", "d"), items("a", "b", "c", "d", "e", "f"))
    assert {each.item_id for each in paired} == {"b"}
    assert (paired.items, paired.only_candidate, paired.only_baseline) == (1, 1, 2)
    assert (paired.unasked, paired.unanswered) == (1, 2)


def test_nothing_to_pair_is_not_an_error():
    assert len(pairings([], [], items("a"))) == 0
    assert len(pairings(answers("new", "a"), [], items("a"))) == 0


def test_empty_answers_are_paired():
    paired = pairings([completion("new", "a", text="")], answers("old", "a"), items("a"))
    assert next(iter(paired)).match.a.text == ""


def test_keys_are_unique_in_the_cell_but_for_repeats():
    paired = pairings(
        answers("new", "a", "b", samples=2), answers("old", "a", "b", samples=2), items("a", "b"), repeats=3
    )
    keys = [each.match.key for each in paired]
    assert len(set(keys)) == len(keys) / 3
    assert len({(each.item_id, each.system_a, each.repeat) for each in paired}) == len(paired)


def test_a_limit_judges_what_a_subsample_has():
    ids = "abcdefgh"
    both = answers("new", *ids[:-1]), answers("old", *ids[1:])
    limited = pairings(*both, items(*ids), limit=5)
    chosen = {item.item_id: item for item in subsample(items(*ids).values(), 5)}
    assert limited == pairings(*both, chosen)
    assert limited.unasked == 2 * (len(ids) - 1) - sum(key in chosen for key in (*ids[:-1], *ids[1:]))


def groups_of(paired, system):
    """The group of each of a system's answers, as texts."""
    return {
        (each.item_id, each.sample_index): [text for _, text in each.match.a.group.answers]
        for each in paired
        if each.system_a == system
    }


def test_groups_depend_on_the_answers_of_the_system_alone(monkeypatch):
    monkeypatch.setattr(pairwise, "ITEMS_IN_GROUP", 3)
    ids = "abcdefgh"
    mine = answers("new", *ids, samples=2)
    whole = groups_of(pairings(mine, answers("old", *ids, samples=2), items(*ids)), "new")
    assert whole == groups_of(pairings(answers("older", *ids, samples=2), mine[::-1], items(*ids)), "new")
    few = groups_of(pairings(mine, answers("old", "c", "f"), items(*ids)), "new")
    limited = groups_of(pairings(mine, answers("old", *ids), items(*ids), limit=3), "new")
    assert few == {key: whole[key] for key in few}
    assert limited == {key: whole[key] for key in limited}
    # The first items of every limit are in the first group.
    assert len({tuple(group) for group in limited.values()}) == 1
    assert len({tuple(group) for group in whole.values()}) == 3
    ranked = sorted(ids, key=lambda each: hash_rank(f"source-{each}"))
    assert whole[ranked[0], 1] == [f"new on {each}, {sample}" for each in ranked[:3] for sample in (0, 1)]


@every_case(
    ("candidate", "baseline", "message"),
    [
        ([*answers("new", "a"), *answers("new", "a")], answers("old", "a"), "two answers with sample index 0"),
        ([completion("new", "a", text=None)], answers("old", "a"), "no text to judge"),
        (answers("new", "a"), [completion("old", "a", language="fra_Latn")], "several tasks or languages"),
        (answers("new", "a"), [completion("old", "a", task="u")], "several tasks or languages"),
        ([*answers("new", "a"), *answers("newer", "b")], answers("old", "a"), "several systems"),
    ],
)
def test_bad_completions_are_refused(candidate, baseline, message):
    with pytest.raises(DataError, match=message):
        pairings(candidate, baseline, items("a", "b"))


def test_a_system_is_not_compared_with_itself():
    with pytest.raises(ExperimentError, match="candidate and baseline at once"):
        pairings(answers("new", "a"), answers("new", "b"), items("a"))


def test_at_least_one_repeat():
    with pytest.raises(ExperimentError, match="repeats cannot be 0"):
        pairings([], [], {}, repeats=0)


def test_games_carry_the_verdicts_and_survive_arrow():
    paired = pairings(answers("new", "a"), answers("old", "a"), items("a"))
    verdicts = [Verdict(Label.A, "good \ud800", 10, 2, 0.5), Verdict(Label.INVALID, "", error="timed out\x00")]
    made = list(games("judge", paired, verdicts))
    assert made[0] == Game(
        "judge", "t", "deu_Latn", "a", "source-a", "new", "old", 0, "A>B", "good �", 10, 2, 0.5, None
    )
    assert (made[1].system_a, made[1].label, made[1].error) == ("old", "invalid", "timed out�")
    assert from_table(to_table(made, GAME_SCHEMA), Game) == made


@pytest.mark.parametrize("count", [1, 3])
def test_a_judge_that_loses_or_invents_verdicts_is_caught(count):
    paired = pairings(answers("new", "a"), answers("old", "a"), items("a"))
    with pytest.raises(ValueError, match="zip"):
        list(games("judge", paired, [Verdict(Label.TIE, "")] * count))


ids = st.lists(st.sampled_from("abcdefg"), unique=True)


@given(ids, ids, ids, st.integers(1, 3), st.randoms(use_true_random=False))
def test_every_answer_is_judged_or_counted_once_whatever_the_order_of_rows(new, old, asked, repeats, random):
    candidate, baseline = answers("new", *new, samples=2), answers("old", *old, samples=1)
    paired = pairings(candidate, baseline, items(*asked), repeats=repeats)
    both = set(new) & set(old) & set(asked)
    assert len(paired) == len(both) * 2 * repeats
    assert paired.items + paired.only_candidate == len(set(new) & set(asked)) * 2
    assert paired.only_baseline == len((set(old) - set(new)) & set(asked))
    assert paired.unanswered == len(set(asked) - set(new) - set(old))
    shuffled = [list(candidate), list(baseline)]
    for side in shuffled:
        random.shuffle(side)
    assert pairings(*shuffled, items(*asked), repeats=repeats) == paired
