"""Each format is read whole: what our records hold is right, and what they do not is named."""

import json
from dataclasses import asdict, replace

import pandas as pd
import pytest

from polyarena.harness.importing import FORMATS, ImportOptions, find_format
from polyarena.judges import Game, collapse
from polyarena.tasks.errors import DataError, UnknownNameError


def read(name, path, **options):
    return find_format(name).read(path, ImportOptions(**options))


def shown(found):
    return [(game.item_id, game.system_a, game.system_b, game.repeat, game.label) for game in found.games]


def left(found):
    return {field.what: field.count for field in found.unmapped}


def arena(score1="A>B", score2="A>>B", **changes):
    games = [
        {"score": score1, "judgment": "first [[A>B]]", "user_prompt": "p"},
        {"score": score2, "judgment": "second"},
    ]
    return {"question_id": "q1", "model": "new", "judge": "gpt-4", "games": games, **changes}


def test_an_unknown_format_is_named_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="did you mean 'arena-hard'"):
        find_format("arena-hart")
    assert {"arena-hard", "alpaca-eval", "fastchat", "deja-vu", "polyarena", "votes"} == set(FORMATS)


def test_arena_hard_shows_the_baseline_first_then_the_model(write):
    found = read("arena-hard", write("a.jsonl", [arena()]))
    assert shown(found) == [("q1", "gpt-4-0314", "new", 0, "A>B"), ("q1", "new", "gpt-4-0314", 0, "A>>B")]
    assert found.games[0].raw == "first [[A>B]]"
    assert found.games[0].task == "m_arenahard"
    assert found.games[0].language == "eng_Latn"
    assert left(found) == {"field games.user_prompt": 1}


def test_arena_hard_takes_the_baseline_that_is_given(write):
    found = read("arena-hard", write("a.jsonl", [arena()]), baseline="old", language="kor_Hang", judge="jury")
    assert {game.system_a for game in found.games} == {"old", "new"}
    assert {(game.judge, game.language) for game in found.games} == {("jury", "kor_Hang")}
    assert found.baselines == {"old"}


@pytest.mark.parametrize(("written", "kept"), [("A<B", "B>A"), ("A<<B", "B>>A"), ("B<A", "A>B"), ("B=A", "A=B")])
def test_arena_hard_labels_written_the_other_way_round_are_understood(written, kept, write):
    found = read("arena-hard", write("a.jsonl", [arena(written)]))
    assert found.games[0].label == kept


@pytest.mark.parametrize("written", [None, "A=B=C", "", "C"])
def test_arena_hard_games_without_a_label_are_kept_as_invalid(written, write):
    found = read("arena-hard", write("a.jsonl", [arena(written)]))
    assert [game.label for game in found.games] == ["invalid", "A>>B"]
    assert "no label" in found.games[0].error
    assert ("an unknown label (kept as invalid)" in left(found)) == (written is not None)


def test_arena_hard_v2_names_item_and_baseline_and_keeps_the_answer_of_the_judge(write):
    games = [{"score": "A=B", "judgment": {"answer": "equal [[A=B]]"}, "prompt": ["p"]}, None]
    rows = [
        {"uid": "u", "category": "creative_writing", "model": "m", "baseline": "base", "judge": "j", "games": games}
    ]
    found = read("arena-hard", write("b.jsonl", rows))
    assert shown(found) == [("u", "base", "m", 0, "A=B"), ("u", "m", "base", 0, "invalid")]
    assert found.games[0].raw == "equal [[A=B]]"
    assert left(found)["field category (kept in no record)"] == 1


def test_arena_hard_v2_needs_a_baseline(write):
    with pytest.raises(DataError, match="no baseline"):
        read("arena-hard", write("b.jsonl", [{"uid": "u", "model": "m", "judge": "j", "games": [{}]}]))


def test_arena_hard_lines_that_lack_a_game_are_counted(write):
    found = read("arena-hard", write("a.jsonl", [arena(games=[{"score": "A>B"}]), arena(question_id="q2", games=[])]))
    assert len(found.games) == 1
    assert sum(left(found).values()) == 2
    with pytest.raises(DataError, match="3 games"):
        read("arena-hard", write("c.jsonl", [arena(games=[{}, {}, {}])]))


def annotation(preference, **changes):
    return {
        "instruction": "Sing.", "output_1": "la", "output_2": "la la la", "generator_1": "old", "generator_2": "new",
        "annotator": "weighted", "preference": preference, "price_per_example": 0.01, "raw_completion": "m",
        "time_per_example": 2.5, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("preference", "label", "win"),
    [(1, "A>B", 0), (2, "B>A", 1), (1.5, "A=B", 0.5), (0, "A=B", 0.5), (1.25, "A>B", 0.25), (1.999, "B>A", 0.999)],
)
def test_alpaca_eval_keeps_the_graded_preference(preference, label, win, write):
    found = read("alpaca-eval", write("annotations.json", [annotation(preference)]))
    assert found.games[0].label == label
    (battle,) = collapse(found.games, "new", "old")
    assert battle.score == pytest.approx(win)
    assert found.games[0].cost == 0.01
    assert found.baselines == {"old"}
    assert not found.order_known


def test_alpaca_eval_answers_become_completions(write):
    found = read("alpaca-eval", write("annotations.json", [annotation(1), annotation(2, generator_2="third")]))
    texts = {completion.system: completion.text for completion in found.completions.values()}
    assert texts == {"old": "la", "new": "la la la", "third": "la la la"}
    assert left(found) == {"field time_per_example": 2}
    assert len({game.item_id for game in found.games}) == 1


def test_alpaca_eval_without_a_preference_is_invalid_and_an_impossible_one_refused(write):
    found = read("alpaca-eval", write("annotations.json", [annotation(None), annotation(float("nan"))]))
    assert [game.label for game in found.games] == ["invalid", "invalid"]
    for wrong in (3, -1, "B", True):
        with pytest.raises(DataError, match="preference"):
            read("alpaca-eval", write("annotations.json", [annotation(wrong)]))


def pair(**changes):
    return {
        "question_id": 81, "model_1": "alpaca", "model_2": "vicuna", "g1_winner": "model_2", "g2_winner": "model_1",
        "judge": ["gpt-4", "pair-v2"], "g1_judgment": "[[B]]", "g2_judgment": "[[B]]", "turn": 1, "tstamp": 1.0,
        **changes,
    }  # fmt: skip


def test_fastchat_winners_are_systems_whatever_the_order(write):
    found = read("fastchat", write("p.jsonl", [pair(), pair(turn=2, g1_winner="tie", g2_winner="error")]))
    assert shown(found) == [
        ("81", "alpaca", "vicuna", 0, "B>A"),
        ("81", "vicuna", "alpaca", 0, "B>A"),
        ("81.turn2", "alpaca", "vicuna", 0, "A=B"),
        ("81.turn2", "vicuna", "alpaca", 0, "invalid"),
    ]
    assert {game.source_id for game in found.games} == {"81"}
    assert {game.judge for game in found.games} == {"gpt-4"}
    assert left(found) == {"field tstamp": 2, "the name of the judge's prompt (kept in no record)": 2}


SYSTEMS = ("Aya", "Qwen")


def result(winner, prompt="p"):
    return {"prompt": prompt, "Aya": "aya says", "Qwen": "qwen says", "winner": winner}


@pytest.mark.parametrize(
    "content",
    [
        [result("Aya"), result("Qwen"), result("tie")],
        {"a": result("Aya"), "b": result("Qwen"), "c": result("tie")},
        {"prompt": ["p"] * 3, "Aya": ["x"] * 3, "Qwen": ["y"] * 3, "winner": ["Aya", "Qwen", "tie"]},
    ],
)
def test_deja_vu_rows_are_read_however_they_are_laid_out(content, write):
    file = {"de": {"repeat_0": content, "repeat_1": content}, "meta_information": {"judge": "gpt-4o"}}
    found = read("deja-vu", write("d.json", file))
    assert [game.label for game in found.games] == ["A>B", "B>A", "A=B"] * 2
    assert {game.language for game in found.games} == {"deu_Latn"}
    assert {game.judge for game in found.games} == {"gpt-4o"}
    assert {game.repeat for game in found.games} == {0, 1}
    assert len(found.completions) == 12
    assert found.facts == {"judge": "gpt-4o"}


def test_deja_vu_prompts_meet_over_languages_by_their_place(write):
    file = {"de": {"0": [result("Aya", "eins")]}, "fr": {"0": [result("Qwen", "un")]}}
    found = read("deja-vu", write("d.json", file))
    assert {game.source_id for game in found.games} == {"0"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([], "one object by language"),
        ({"xx-none": {}}, "unknown language"),
        ({"de": []}, "no repeats"),
        ({"de": {"zero": []}}, "numbers no repeat"),
        ({"de": {"0": 3}}, "no rows"),
        ({"de": {"0": [{"prompt": "p", "Aya": "x", "winner": "Aya"}]}}, "two answers"),
        ({"de": {"0": {"Aya": ["x"], "Qwen": ["y", "z"], "winner": ["Aya"]}}}, "different lengths"),
    ],
)
def test_deja_vu_says_what_is_wrong(content, complaint, write):
    with pytest.raises((DataError, UnknownNameError), match=complaint):
        read("deja-vu", write("d.json", content))


def test_our_own_games_come_back_whole(write):
    row = {
        "judge": "j", "task": "t", "language": "sw", "item_id": "i", "source_id": "s", "system_a": "x",
        "system_b": "y", "repeat": 3, "label": "B>>A", "raw": "why", "prompt_tokens": 5, "cost": 0.5, "asked": 2,
        "wrong_language": "a", "score": 0.1, "mood": "bad", "question": "0123456789abcdef", "rater": "ann",
    }  # fmt: skip
    found = read("polyarena", write("g.jsonl", [row]))
    (game,) = found.games
    expected = {**row, "language": "swh_Latn"}
    assert {name: getattr(game, name) for name in row if name != "mood"} == {
        name: value for name, value in expected.items() if name != "mood"
    }
    assert left(found) == {"field mood": 1}


def test_the_games_of_a_run_written_by_pandas_come_back_whole(write):
    games = [
        Game("j", "t", "deu_Latn", "1", "s1", "x", "y", 0, "A>B", "why", 5, 7, 0.25, None, 2, "a", 2 / 3),
        Game("j", "t", "deu_Latn", "1", "s1", "y", "x", 0, "invalid", "", error="nothing was said"),
    ]
    # A column of whole numbers with gaps is one of floating point there: 5.0.
    text = pd.DataFrame(games).to_json(orient="records", lines=True, double_precision=15)
    path = write("g.jsonl", [json.loads(line) for line in text.splitlines()])
    found = read("polyarena", path)
    assert [replace(game, score=None) for game in found.games] == [replace(game, score=None) for game in games]
    assert found.games[0].score == pytest.approx(2 / 3, abs=1e-15)
    assert left(found) == {}
    with pytest.raises(DataError, match=r"asked is 1\.5"):
        read("polyarena", write("g.jsonl", [{**asdict(games[0]), "asked": 1.5}]))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"label": "A>>>B"}, "label"),
        ({"repeat": -1}, "repeat"),
        ({"cost": "much"}, "cost"),
        ({"system_a": ""}, "system_a"),
    ],
)
def test_our_own_games_are_checked(changes, complaint, write):
    row = {"language": "de", "item_id": "i", "system_a": "x", "system_b": "y", "label": "A>B", **changes}
    with pytest.raises((DataError, UnknownNameError), match=complaint):
        read("polyarena", write("g.jsonl", [row]))


VOTE = {"item_id": "1", "language": "de", "system_a": "x", "system_b": "y", "vote": "a", "voter": "ann"}


@pytest.mark.parametrize(
    ("vote", "label"),
    [("a", "A>B"), ("model_b", "B>A"), ("x", "A>B"), ("y", "B>A"), ("tie (bothbad)", "A=B"), ("Both good", "A=B"),
     ("B>>A", "B>>A"), ("TIE", "A=B"), ("Answer A", "A>B")],
)  # fmt: skip
def test_votes_are_read_as_people_write_them(vote, label, write):
    found = read("votes", write("v.jsonl", [{**VOTE, "vote": vote}]))
    assert found.games[0].label == label
    assert found.games[0].judge == "humans"


def test_votes_of_several_people_are_games_of_one_judge(write):
    table = "question_id,model_a,model_b,winner,judge,language,mood\n7,x,y,model_a,ann,de,\n7,x,y,tie,bob,de,calm\n"
    found = read("votes", write("v.csv", table))
    assert shown(found) == [("7", "x", "y", 0, "A>B"), ("7", "x", "y", 1, "A=B")]
    assert [(game.rater, game.raw) for game in found.games] == [("ann", ""), ("bob", "")]
    assert left(found) == {"field mood": 1}


def test_votes_without_a_voter_are_nobodys(write):
    found = read("votes", write("v.jsonl", [{k: v for k, v in VOTE.items() if k != "voter"}] * 2))
    assert [game.rater for game in found.games] == ["unnamed"] * 2
    assert [game.repeat for game in found.games] == [0, 1]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([VOTE, {**VOTE, "vote": "b"}], "'ann' votes twice"),
        ([VOTE, {**VOTE, "system_a": "y", "system_b": "x"}], "'ann' votes twice"),
        ([{**VOTE, "vote": "perhaps"}], "the vote is 'perhaps'"),
        ([{k: v for k, v in VOTE.items() if k != "item_id"}], "needs 'item_id'"),
    ],
)
def test_votes_are_checked_and_the_line_is_named(rows, complaint, write):
    with pytest.raises(DataError, match=complaint) as caught:
        read("votes", write("v.jsonl", rows))
    assert f"v.jsonl:{len(rows)}" in caught.value.where


def test_a_table_with_too_many_cells_or_none_is_refused(write):
    with pytest.raises(DataError, match="more cells"):
        read("votes", write("v.csv", "item_id,vote\n1,a,b\n"))
    with pytest.raises(DataError, match="empty"):
        read("votes", write("v.csv", ""))
