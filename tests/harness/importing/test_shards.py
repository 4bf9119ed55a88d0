"""Imported games in the order of a run folder."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.importing.shards import group_into_shards as arranged_by_place
from polyarena.harness.importing.shards import rename_games
from polyarena.judges import Game, collapse
from polyarena.tasks.errors import DataError


def game(a="x", b="y", item="1", repeat=0, task="t", language="deu_Latn", label="A>B"):
    return Game("jury", task, language, item, item, a, b, repeat, label, "")


def group_into_shards(games, baselines):
    return arranged_by_place(games, baselines, [f"f.jsonl:{place}" for place in range(len(games))])


def test_renaming_changes_names_and_nothing_else():
    (found,) = rename_games(
        [game("org/x", "y", label="B>A")], {"org/x": "org-x", "y": "y"}, {"jury": "j"}, {"t": "task"}
    )
    assert (found.judge, found.task, found.system_a, found.system_b) == ("j", "task", "org-x", "y")
    assert (found.item_id, found.label) == ("1", "B>A")


def test_the_named_baseline_is_one_even_with_fewer_opponents():
    games = [game("x", "y"), game("x", "z"), game("x", "w")]
    assert {place[1:3] for place in group_into_shards(games, ["y"])} == {("x", "y"), ("w", "x"), ("z", "x")}


def test_of_equals_the_later_name_is_the_baseline():
    assert {place[1:3] for place in group_into_shards([game("b", "a")], ())} == {("a", "b")}
    assert {place[1:3] for place in group_into_shards([game("b", "a")], ("a", "b"))} == {("a", "b")}


def test_each_task_counts_opponents_for_itself():
    games = [game("x", "hub", task="one"), game("y", "hub", task="one"), game("hub", "z", task="two"),
             game("w", "z", task="two")]  # fmt: skip
    assert {(place[3], place[2]) for place in group_into_shards(games, ())} == {("one", "hub"), ("two", "z")}


def test_both_orders_of_a_pair_lie_in_one_shard():
    (shard,) = group_into_shards([game("y", "x"), game("x", "y"), game("x", "y", repeat=1)], ()).values()
    assert [(each.system_a, each.repeat) for each in shard] == [("x", 0), ("x", 1), ("y", 0)]


@every_case("again", [game(), game(label="B>A")])
@every_case(("repeatable", "fix"), [(True, "number them with `repeat`"), (False, "another judge")])
def test_a_game_that_occurs_twice_is_named_with_both_places(again, repeatable, fix):
    with pytest.raises(DataError, match="'x' against 'y' twice") as caught:
        arranged_by_place([game(), again], (), ["f.jsonl:1", "g.jsonl:7"], repeatable=repeatable)
    assert caught.value.where == "g.jsonl:7"
    assert caught.value.why == "the first time at f.jsonl:1; task t, deu_Latn, item 1, repeat 0"
    assert fix in caught.value.fix


def test_a_system_that_meets_itself_is_named_with_its_place():
    with pytest.raises(DataError, match="'x' meets itself") as caught:
        arranged_by_place([game(), game("x", "x")], (), ["f.jsonl:1", "f.jsonl:2"])
    assert caught.value.where == "f.jsonl:2"


GAMES = st.lists(
    st.builds(
        game,
        a=st.sampled_from("xyz"),
        b=st.sampled_from("uvw"),
        item=st.sampled_from("12"),
        task=st.sampled_from(["t", "s"]),
        language=st.sampled_from(["deu_Latn", "swh_Latn"]),
        label=st.sampled_from(["A>B", "A=B", "B>>A", "invalid"]),
    ),
    max_size=20,
    unique_by=lambda each: (each.task, each.language, each.item_id, each.system_a, each.system_b),
)


@given(GAMES, st.sets(st.sampled_from("xyzuvw")), st.randoms())
def test_no_game_is_lost_and_their_order_does_not_matter(games, baselines, random):
    found = group_into_shards(games, baselines)
    mixed = list(games)
    random.shuffle(mixed)
    assert group_into_shards(mixed, baselines) == found
    assert list(group_into_shards(mixed, baselines)) == sorted(found)
    assert sorted(map(repr, (each for shard in found.values() for each in shard))) == sorted(map(repr, games))


@given(GAMES)
def test_every_shard_can_be_collapsed(games):
    for (_, candidate, baseline, _, _), shard in group_into_shards(games, ()).items():
        battles = collapse(shard, candidate, baseline)
        assert sum(battle.n_games for battle in battles) == len(shard)
