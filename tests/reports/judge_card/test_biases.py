"""Length, markup, relatives and wrong languages."""

import dataclasses

from every_case import every_case

from polyarena.judges import Game
from polyarena.reports.judge_card import biases as biases


def game(label, item="1", swapped=False, **changes):
    a, b = ("old", "new") if swapped else ("new", "old")
    return dataclasses.replace(Game("j", "t", "deu_Latn", item, f"s{item}", a, b, 0, label, ""), **changes)


def styles(new, old, item="1"):
    return biases.answer_styles({("new", "t", "deu_Latn", item): new, ("old", "t", "deu_Latn", item): old})


@every_case(
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
    assert biases.marks(text) == count


def test_the_longer_answer_gets_what_the_battle_gives_it():
    scored = biases.item_scores([game("A>B"), game("B>A", swapped=True)])
    assert [v for _, v in biases.length_bias(scored, styles(["long text"], ["short"]))] == [1]
    assert [v for _, v in biases.length_bias(scored, styles(["short"], ["long text"]))] == [0]
    assert list(biases.length_bias(scored, styles(["equal"], ["equal"]))) == []
    assert list(biases.length_bias(scored, {})) == []


def test_samples_are_averaged():
    found = styles(["a", "aaa"], ["aa"])
    assert found["new", "t", "deu_Latn", "1"].length == 2


def test_markup_is_compared_where_it_differs():
    scored = biases.item_scores([game("A=B")])
    assert [v for _, v in biases.markdown_bias(scored, styles(["# a\n"], ["a"]))] == [0.5]
    assert list(biases.markdown_bias(scored, styles(["a"], ["much longer"]))) == []


def test_relatives_against_others_only():
    scored = biases.item_scores([game("B>A")])
    assert [v for _, v in biases.self_preference(scored, ["old"])] == [1]
    assert [v for _, v in biases.self_preference(scored, ["new"])] == [0]
    assert list(biases.self_preference(scored, ["new", "old"])) == []
    assert list(biases.self_preference(scored, [])) == []


def test_wrong_language_is_seen_from_the_answer_that_is_wrong():
    games = [game("A>B", wrong_language="a"), game("A>B", wrong_language="b"), game("A=B", wrong_language="a"),
             game("A>B", wrong_language="both"), game("A>B"), game("invalid", wrong_language="a")]  # fmt: skip
    assert [v for _, v in biases.wrong_language_bias(games)] == [1, 0, 0.5]
    seen = styles(["x"], ["y"])
    assert [v for _, v in biases.wrong_language_share(games[:1], seen)] == [1, 0]
    assert list(biases.wrong_language_share(games, {})) == []
    assert sum(v for _, v in biases.wrong_language_share(games, seen)) == 6
