"""Battles from tables of games are those from records, to the bit, and so are the refusals."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Game, collapse
from polyarena.judges.collapse import COLLAPSED, GameTable, collapse_table, collapse_tables
from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA, Label
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.records import to_table

GAME = Game("j", "t", "deu_Latn", "1", "s1", "a", "b", 0, "A>B", "")


def table(games: list[Game], columns: tuple[str, ...] = COLLAPSED) -> pa.Table:
    return to_table(games, GAME_SCHEMA).select(columns)


@st.composite
def games(draw: st.DrawFn) -> list[Game]:
    """Games of one cell, in any order: some items lack an order, some games a verdict, some are graded."""
    found = []
    for item in draw(st.lists(st.sampled_from(["1", "10", "2", "é", "𝛼", ""]), unique=True, min_size=1)):
        for pair in (("a", "b"), ("b", "a")):
            for repeat in range(draw(st.integers(0, 3))):
                score = draw(st.none() | st.floats(0, 1))
                label = draw(st.sampled_from([*Label]))
                found.append(Game("j", "t", "deu_Latn", item, f"s{item}", *pair, repeat, label.value, "", score=score))
    return draw(st.permutations(found))


@given(games(), st.sampled_from([1.0, 3.0, 0.1]))
def test_the_table_has_the_same_bits_as_the_records(played: list[Game], weight: float) -> None:
    expected = to_table(collapse(played, "a", "b", strong_weight=weight), BATTLE_SCHEMA)
    assert collapse_table(table(played), "a", "b", strong_weight=weight).equals(expected)


def test_scores_may_be_missing_and_other_columns_are_ignored() -> None:
    played = [GAME, replace(GAME, system_a="b", system_b="a", label="A=B")]
    expected = to_table(collapse(played, "a", "b"), BATTLE_SCHEMA)
    assert collapse_table(table(played, COLLAPSED[:-1]), "a", "b").equals(expected)
    assert collapse_table(to_table(played, GAME_SCHEMA), "a", "b").equals(expected)


def test_games_of_several_languages_are_collapsed_apart() -> None:
    played = [GAME, replace(GAME, language="eng_Latn")]
    expected = to_table(collapse(played, "a", "b"), BATTLE_SCHEMA)
    assert len(expected) == 2
    assert collapse_table(table(played), "a", "b").equals(expected)


PLACES = [("j", "t", "deu_Latn", "a", "b"), ("j", "u", "eng_Latn", "c", "a"), ("k", "t", "deu_Latn", "b", "a")]


@given(
    st.lists(games(), min_size=0, max_size=3),
    st.sampled_from([1.0, 3.0]),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_many_tables_at_once_have_the_same_bits(drawn: list[list[Game]], weight: float, graded: list[bool]) -> None:
    tables = [GameTable(table([]), "a", "b")]
    for played, (judge, task, language, one, other), scores in zip(drawn, PLACES, graded, strict=False):
        names = {"a": one, "b": other}
        moved = [
            replace(
                game,
                judge=judge,
                task=task,
                language=language,
                system_a=names[game.system_a],
                system_b=names[game.system_b],
            )
            for game in played
        ]
        tables.append(GameTable(table(moved, COLLAPSED if scores else COLLAPSED[:-1]), one, other))
    alone = [collapse_table(*each, strong_weight=weight) for each in tables]
    assert collapse_tables(tables, strong_weight=weight).equals(pa.concat_tables(alone))


def test_what_is_wrong_in_one_of_many_tables_is_refused_in_the_same_words() -> None:
    tables = [GameTable(table([GAME]), "a", "b"), GameTable(table([GAME, GAME]), "a", "b")]
    with pytest.raises(DataError, match="two games of 'a' against 'b' with repeat 0"):
        collapse_tables(tables)
    with pytest.raises(DataError, match="only games between 'a' and 'c' are collapsed here"):
        collapse_tables([tables[0], GameTable(table([GAME]), "a", "c")])


def test_the_same_item_of_two_pairs_makes_two_battles() -> None:
    swapped = replace(GAME, system_a="b", system_b="a", source_id="s2")
    found = collapse_tables([GameTable(table([GAME]), "a", "b"), GameTable(table([swapped]), "b", "a")])
    assert found.select(["candidate", "source_id", "score"]).to_pylist() == [
        {"candidate": "a", "source_id": "s1", "score": 1.0},
        {"candidate": "b", "source_id": "s2", "score": 1.0},
    ]


def test_no_game_makes_no_battle() -> None:
    assert collapse_table(table([]), "a", "b").equals(BATTLE_SCHEMA.empty_table())


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(GAME), "two games of 'a' against 'b' with repeat 0"),
        (replace(GAME, repeat=1, source_id="s2"), "games of one item name several sources"),
        (replace(GAME, repeat=1, system_b="c"), "a game between 'a' and 'c'"),
        (replace(GAME, repeat=1, label="A>>>B"), "unknown label 'A>>>B'"),
        (replace(GAME, repeat=1, score=1.5), r"a score of 1.5 outside \[0, 1\]"),
        (replace(GAME, repeat=1, score=float("nan")), "a score of nan outside"),
    ],
)
def test_what_the_records_refuse_is_refused_in_the_same_words(other: Game, what: str) -> None:
    with pytest.raises(DataError, match=what) as by_record:
        collapse([GAME, other], "a", "b")
    with pytest.raises(DataError) as by_table:
        collapse_table(table([GAME, other]), "a", "b")
    assert str(by_table.value) == str(by_record.value)


def test_a_weight_must_be_positive() -> None:
    with pytest.raises(ExperimentError, match="strong_weight cannot be 0"):
        collapse_table(table([GAME]), "a", "b", strong_weight=0)
