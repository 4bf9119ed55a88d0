"""Files that are almost right: nothing wrong is taken in, and nothing is lost without a word."""

import pytest

from polyarena.harness.cli import main
from polyarena.harness.importing import ImportOptions, find_format
from polyarena.judges import collapse
from polyarena.tasks.errors import DataError, PolyarenaError, UnknownNameError

GAME = {"language": "de", "item_id": "i", "system_a": "x", "system_b": "y", "label": "A>B"}


def read(name, path, **options):
    return find_format(name).read(path, ImportOptions(**options))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"score": 1.5}, "score is 1.5"),
        ({"score": -0.1}, "score is -0.1"),
        ({"score": True}, "score is True"),
        ({"cost": -1}, "cost is -1"),
        ({"cost": 10**400}, "cost is 1000"),
        ({"repeat": 2**31}, "repeat is 2147483648"),
        ({"repeat": 0.5}, "repeat is 0.5"),
        ({"prompt_tokens": 10**30}, "prompt_tokens is 1000"),
        ({"completion_tokens": 1.5}, "completion_tokens is 1.5"),
        ({"asked": -1}, "asked is -1"),
        ({"wrong_language": "yes"}, "unknown wrong_language 'yes'"),
        ({"follow_ups": -1}, "follow_ups is -1"),
        ({"task": {"a": 1}}, "needs 'task'"),
        ({"judge": ["gpt-4"]}, "needs 'judge'"),
        ({"source_id": 1.5}, "needs 'source_id'"),
    ],
)
def test_values_that_no_record_can_hold_are_refused_with_their_line(changes, what, write):
    path = write("g.jsonl", [GAME, {**GAME, "item_id": "j", **changes}])
    with pytest.raises(PolyarenaError) as caught:
        read("polyarena", path)
    assert what in caught.value.what
    assert caught.value.where == f"{path}:2"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "changes", [{"score": 0, "label": "B>A"}, {"score": 1}, {"cost": 0}, {"repeat": 2**31 - 1}, {"asked": None}]
)
def test_the_ends_of_each_range_are_in_it(changes, write):
    (game,) = read("polyarena", write("g.jsonl", [{**GAME, **changes}])).games
    assert {name: getattr(game, name) for name in changes} == changes


def test_a_game_needs_no_more_than_four_fields_and_a_language(write):
    (game,) = read("polyarena", write("g.jsonl", [GAME]), judge="jury", task="talk").games
    assert (game.judge, game.task, game.source_id, game.repeat, game.score) == ("jury", "talk", "i", 0, None)
    (game,) = read("polyarena", write("g.jsonl", [{k: v for k, v in GAME.items() if k != "language"}]),
                   language="sw").games  # fmt: skip
    assert (game.language, game.judge, game.task) == ("swh_Latn", "judge", "imported")


@pytest.mark.parametrize(("order", "count"), [([("x", "y")], 1), ([("x", "y"), ("y", "x")], 2)])
def test_how_many_orders_were_shown_is_seen(order, count, write):
    rows = [{**GAME, "system_a": a, "system_b": b} for a, b in order]
    assert read("polyarena", write("g.jsonl", rows)).orders == count


ROW = {"prompt": "p", "Aya": "one", "Qwen": "two", "winner": "Aya"}


def deja_vu(content, write):
    return read("deja-vu", write("d.json", {"de": {"repeat_0": content}}))


@pytest.mark.parametrize(
    "columns",
    [
        {"winner": ["Aya", "Aya"], "Aya": "xy", "Qwen": "zw"},
        {"winner": ["Aya"], "Aya": ["x"], "Qwen": ["y"], "notes": {"judge": "me"}},
        {"winner": ["Aya"], "Aya": ["x"], "Qwen": ["y"], "seed": 3},
    ],
)
def test_a_column_that_is_no_list_is_neither_split_into_letters_nor_dropped(columns, write):
    with pytest.raises(DataError, match="is no list") as caught:
        deja_vu(columns, write)
    assert caught.value.where.endswith("$.de.repeat_0")


@pytest.mark.parametrize("repeat", ["repeat_²", "one", ""])
def test_a_repeat_without_a_number_is_refused(repeat, write):
    with pytest.raises(DataError, match="numbers no repeat"):
        read("deja-vu", write("d.json", {"de": {repeat: [ROW]}}))


def test_repeats_are_counted_in_the_order_of_their_numbers(write):
    file = {"de": {"repeat_10": [{**ROW, "Aya": "ten"}], "repeat_9": [{**ROW, "Aya": "nine"}]}}
    found = read("deja-vu", write("d.json", file))
    texts = {sample: answer.text for (system, *_, sample), answer in found.completions.items() if system == "Aya"}
    assert texts == {0: "nine", 1: "ten"}


@pytest.mark.parametrize("winner", ["aya", {"Aya": 1}, 7])
def test_an_unknown_winner_is_kept_as_invalid_and_counted(winner, write):
    found = deja_vu([{**ROW, "winner": winner}], write)
    assert found.games[0].label == "invalid"
    assert [field.what for field in found.unmapped] == ["an unknown winner (kept as invalid)"]


def test_other_values_of_a_row_are_named(write):
    (field,) = deja_vu([{**ROW, "seconds": 3.5, "tokens": 0, "empty": None}], write).unmapped[:1]
    assert (field.what, field.examples) == ("field seconds", ("3.5",))


def annotation(preference=1, **changes):
    return {"instruction": "Sing.", "output_1": "la", "output_2": "li", "generator_1": "old", "generator_2": "new",
            "preference": preference, **changes}  # fmt: skip


def test_an_instruction_that_stands_twice_is_two_items_of_one_source(write):
    rows = [annotation(1), annotation(2), annotation(2, instruction="Dance.")]
    found = read("alpaca-eval", write("a.json", rows))
    items = [(game.item_id, game.source_id) for game in found.games]
    assert len({item for item, _ in items}) == 3
    assert items[1] == (f"{items[0][0]}.2", items[0][1])
    assert items[0][0] == items[0][1]
    assert [battle.score for battle in collapse(found.games, "new", "old")].count(1.0) == 2


def test_the_same_instruction_meets_over_systems_and_annotators(write):
    rows = [annotation(1, annotator="a"), annotation(1, annotator="b"), annotation(1, generator_2="third")]
    assert len({game.item_id for game in read("alpaca-eval", write("a.json", rows)).games}) == 1


@pytest.mark.parametrize("price", [float("nan"), float("inf"), None, True, "0.1"])
def test_a_price_that_is_none_is_unknown(price, write):
    assert read("alpaca-eval", write("a.json", [annotation(price_per_example=price)])).games[0].cost is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [({"a": 1}, "list of objects"), (["x"], "no object"), ([{}], "needs 'instruction'"),
     ([annotation(float("inf"))], "preference is inf")],
)  # fmt: skip
def test_annotations_that_are_none_are_refused(content, complaint, write):
    with pytest.raises(DataError, match=complaint):
        read("alpaca-eval", write("a.json", content))


@pytest.mark.parametrize(
    ("winner", "label"),
    [("tie", "A=B"), ("model_1", "A>B"), ("model_2", "B>A"), ("error", "invalid"), (None, "invalid")],
)
def test_fastchat_winners(winner, label, write):
    row = {"question_id": 1, "model_1": "a", "model_2": "b", "g1_winner": winner}
    found = read("fastchat", write("f.jsonl", [row]))
    assert [game.label for game in found.games] == [label]
    assert "a line with one game only (the other order is missing)" in {each.what for each in found.unmapped}
    assert (found.games[0].error is None) == (label != "invalid")


@pytest.mark.parametrize("judge", [None, [], "gpt-4", ["gpt-4", "pair-v2"]])
def test_fastchat_judges_by_their_model(judge, write):
    row = {"question_id": 1, "model_1": "a", "model_2": "b", "g1_winner": "tie", "g2_winner": "tie", "judge": judge}
    assert {game.judge for game in read("fastchat", write("f.jsonl", [row])).games} == {"gpt-4" if judge else "judge"}


@pytest.mark.parametrize("games", ["ab", {}, None])
def test_arena_hard_lines_without_games_are_counted(games, write):
    row = {"question_id": "1", "model": "m", "judge": "j", "games": games}
    found = read("arena-hard", write("m.jsonl", [row]))
    assert found.games == []
    assert found.unmapped[0].what == "a line without games (not judged)"


def test_arena_hard_conversations_of_the_judge_are_kept_whole(write):
    game = {"score": "A>B", "judgment": [{"answer": "first"}, "second", {"other": 1}]}
    row = {"question_id": "1", "model": "m", "judge": "j", "games": [game, "no object"]}
    with pytest.raises(DataError, match="a game is no object"):
        read("arena-hard", write("m.jsonl", [row]))
    assert read("arena-hard", write("m.jsonl", [{**row, "games": [game]}])).games[0].raw == "first\nsecond\n"


VOTE = {"item_id": "1", "language": "de", "system_a": "x", "system_b": "y", "vote": "a", "voter": "ann"}


def test_tables_of_votes_may_end_in_capitals(write):
    path = write("V.CSV", ",".join(VOTE) + "\n" + ",".join(VOTE.values()) + "\n")
    assert len(read("votes", path).games) == 1


def test_a_folder_of_votes_holds_both_kinds_of_files(write, tmp_path):
    write("votes/a.jsonl", [VOTE])
    write("votes/b.csv", ",".join(VOTE) + "\n" + ",".join({**VOTE, "voter": "bob"}.values()) + "\n")
    found = read("votes", tmp_path / "votes")
    assert sorted(game.repeat for game in found.games) == [0, 1]


def test_a_system_that_is_called_b_is_meant_by_its_name(write):
    rows = [{**VOTE, "system_a": "b", "system_b": "a", "vote": "b"}]
    assert read("votes", write("v.jsonl", rows)).games[0].label == "A>B"


@pytest.mark.parametrize(
    ("name", "content"), [("g.jsonl", "{}\n"), ("g.jsonl", "[1]\n"), ("g.jsonl", ""), ("g.csv", "a")]
)
@pytest.mark.parametrize("kind", ["alpaca-eval", "arena-hard", "deja-vu", "fastchat", "polyarena", "votes"])
def test_no_format_takes_another_for_its_own(kind, name, content, tmp_path, capsys):
    path = tmp_path / name
    path.write_text(content)
    assert main(["import", kind, str(path), "-o", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert "defect" not in err
    assert name in err
    assert not (tmp_path / "run").exists()


def test_an_unknown_language_option_is_named(write, tmp_path):
    from polyarena.harness.importing import import_verdicts

    with pytest.raises(UnknownNameError) as caught:
        import_verdicts("votes", write("v.jsonl", [VOTE]), tmp_path / "run", ImportOptions(language="klingon"))
    assert caught.value.where == "--language"
