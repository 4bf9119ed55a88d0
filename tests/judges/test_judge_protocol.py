"""What judges are given and give back, and games stored before a column was added."""

import pyarrow.parquet as pq
from every_case import every_case

from polyarena.judges import Answer, Call, Match, Verdict, games, message_text, pairings
from polyarena.judges.records import GAME_SCHEMA, Game, Label
from polyarena.tasks.item import Item
from polyarena.tasks.prompt import Media
from polyarena.tasks.records import Completion, from_table, to_table


def paired(**item):
    items = {"a": Item("a", "s", "deu_Latn", "Was?", **item)}
    one, other = ([Completion(name, "t", "deu_Latn", "a", 0, "s", "p", "text")] for name in ("new", "old"))
    return pairings(one, other, items)


def test_a_match_knows_what_the_task_knows_of_its_item():
    parts = ("Was?", Media("image/png", b"1"))
    fields = {"answer_language": "fra_Latn"}
    match = next(paired(references=("42", "43"), parts=parts, fields=fields, category="maths").matches())
    assert (match.reference, match.parts, match.category) == ("42", parts, "maths")
    assert (match.question, match.media) == ("Was?", parts[1:])
    assert (match.answer_language, match.expected_language) == ("fra_Latn", "fra_Latn")
    plain = next(paired().matches())
    assert (plain.reference, plain.parts, plain.category, plain.answer_language) == (None, (), None, None)
    assert plain.expected_language == "deu_Latn"


@every_case("asked", [None, 1, 2])
def test_how_often_a_judge_was_asked_is_kept(asked):
    made = list(games("j", paired(), [Verdict(Label.TIE, "", asked=asked)] * 2))
    assert from_table(to_table(made, GAME_SCHEMA), Game) == made
    assert {game.asked for game in made} == {asked}


def test_games_stored_before_the_new_columns_are_read(tmp_path):
    """As an earlier version wrote them: without ``asked`` and ``wrong_language``."""
    (game, _) = games("j", paired(), [Verdict(Label.A, "x")] * 2)
    names = [name for name in GAME_SCHEMA.names if name not in ("asked", "wrong_language")]
    pq.write_table(to_table([game], GAME_SCHEMA).select(names), tmp_path / "old.parquet")
    assert from_table(pq.read_table(tmp_path / "old.parquet"), Game) == [game]
    assert (game.asked, game.wrong_language) == (None, None)


def test_the_words_of_a_message():
    assert message_text({"role": "user", "content": "one"}) == "one"
    parts = (Media("image/png", b"1"), "one", "two")
    assert message_text({"role": "user", "content": parts}) == "one\ntwo"
    assert message_text({"role": "user", "content": parts[:1]}) == ""


def test_what_is_new_in_the_protocol_has_defaults():
    assert Call(()).schema is None
    assert Verdict(Label.A, "").asked is None
    assert Match("deu_Latn", "?", Answer("a"), Answer("b")).parts == ()
