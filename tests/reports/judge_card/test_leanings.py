"""Length, markup, relatives and wrong languages."""

import dataclasses

import pytest

from polyarena.judges import Game
from polyarena.reports.judge_card import leanings


def game(label, item="1", swapped=False, **changes):
    a, b = ("old", "new") if swapped else ("new", "old")
    return dataclasses.replace(Game("j", "t", "deu_Latn", item, f"s{item}", a, b, 0, label, ""), **changes)


def looks(new, old, item="1"):
    return leanings.looks_of({("new", "t", "deu_Latn", item): new, ("old", "t", "deu_Latn", item): old})


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("plain words - no list, 3 * 4, a | b", 0),
        ("# Title\n\n- one\n- two\n\n1. first\n> quote\n", 5),
        ("some **bold** and **more bold** words", 2),
        ("```python\nx = 1\n```\n", 2),
        ("| a | b |\n|---|---|\n", 2),
        ("#hashtag and 1.5 metres", 0),
        ("**" * 5000, 0),
    ],
)
def test_marks_of_markdown(text, count):
    assert leanings.marks(text) == count


def test_the_longer_answer_gets_what_the_battle_gives_it():
    scored = leanings.unit_scores([game("A>B"), game("B>A", swapped=True)])
    assert [v for _, v in leanings.prefers_longer(scored, looks(["long text"], ["short"]))] == [1]
    assert [v for _, v in leanings.prefers_longer(scored, looks(["short"], ["long text"]))] == [0]
    assert list(leanings.prefers_longer(scored, looks(["equal"], ["equal"]))) == []
    assert list(leanings.prefers_longer(scored, {})) == []


def test_samples_are_averaged():
    found = looks(["a", "aaa"], ["aa"])
    assert found["new", "t", "deu_Latn", "1"].length == 2


def test_markup_is_compared_where_it_differs():
    scored = leanings.unit_scores([game("A=B")])
    assert [v for _, v in leanings.prefers_marked(scored, looks(["# a\n"], ["a"]))] == [0.5]
    assert list(leanings.prefers_marked(scored, looks(["a"], ["much longer"]))) == []


def test_relatives_against_others_only():
    scored = leanings.unit_scores([game("B>A")])
    assert [v for _, v in leanings.prefers_relatives(scored, ["old"])] == [1]
    assert [v for _, v in leanings.prefers_relatives(scored, ["new"])] == [0]
    assert list(leanings.prefers_relatives(scored, ["new", "old"])) == []
    assert list(leanings.prefers_relatives(scored, [])) == []


def test_wrong_language_is_seen_from_the_answer_that_is_wrong():
    games = [game("A>B", wrong_language="a"), game("A>B", wrong_language="b"), game("A=B", wrong_language="a"),
             game("A>B", wrong_language="both"), game("A>B"), game("invalid", wrong_language="a")]  # fmt: skip
    assert [v for _, v in leanings.tolerates_wrong_language(games)] == [1, 0, 0.5]
    seen = looks(["x"], ["y"])
    assert [v for _, v in leanings.in_wrong_language(games[:1], seen)] == [1, 0]
    assert list(leanings.in_wrong_language(games, {})) == []
    assert sum(v for _, v in leanings.in_wrong_language(games, seen)) == 6
