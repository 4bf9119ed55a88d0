"""Who voted, kept with the game."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Game, Label
from polyarena.judges.votes import ANONYMOUS, vote_text, voter_of


def game(raw):
    return Game(
        judge="people",
        task="t",
        language="swh_Latn",
        item_id="1",
        source_id="1",
        system_a="ours",
        system_b="theirs",
        repeat=0,
        label=Label.A,
        raw=raw,
    )


@given(st.text().filter(lambda name: name != ANONYMOUS))
def test_a_voter_is_found_again(name):
    assert voter_of(game(vote_text(name))) == name


def test_nobody_is_named_by_the_name_for_nobody():
    assert voter_of(game(vote_text(ANONYMOUS))) is None


@pytest.mark.parametrize("raw", ["", "My final verdict is [[A>B]].", "A vote of confidence", "VOTE OF ann"])
def test_the_words_of_a_judge_are_no_vote(raw):
    assert voter_of(game(raw)) is None
