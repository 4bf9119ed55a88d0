"""What a file says twice in two ways is refused, and so is what our records would swallow; each with file and line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.cli import main
from polyarena.harness.importing import ImportOptions, find_format, import_verdicts
from polyarena.harness.importing.documents import json_path, read_json
from polyarena.harness.importing.rows import require_equal
from polyarena.tasks.errors import DataError

GAME = {"language": "de", "item_id": "i", "system_a": "x", "system_b": "y", "label": "A>B"}
VOTE = {"item_id": "1", "language": "de", "system_a": "x", "system_b": "y", "vote": "a", "voter": "ann"}
ARENA = {"question_id": "1", "model": "m", "judge": "j", "games": [{"score": "A>B"}, {"score": "B>A"}]}
ALPACA = {"instruction": "Sing.", "output_1": "la", "output_2": "li", "generator_1": "old", "generator_2": "new",
          "preference": 1}  # fmt: skip
CHAT = {"question_id": 1, "model_1": "a", "model_2": "b", "g1_winner": "model_1", "g2_winner": "tie", "judge": "j"}
ROW = {"prompt": "p", "Aya": "one", "Qwen": "two", "winner": "Aya"}


def read(name, path, **options):
    return find_format(name).read(path, ImportOptions(**options))


def left(found):
    return {field.what: field.count for field in found.unmapped}


def refusal(name, path, **options):
    with pytest.raises(DataError) as caught:
        read(name, path, **options)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"question_id": "2"}, ("'item_id'", "'question_id'")),
        ({"id": "2"}, ("'item_id'", "'id'")),
        ({"model_a": "z"}, ("'system_a'", "'model_a'")),
        ({"model_b": "z"}, ("'system_b'", "'model_b'")),
        ({"winner": "b"}, ("'vote'", "'winner'")),
        ({"label": "A=B"}, ("'vote'", "'label'")),
        ({"annotator": "bob"}, ("'voter'", "'annotator'")),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_columns_that_mean_the_same_must_agree(fields, named, suffix, write):
    row = {**VOTE, **fields}
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    error = refusal("votes", write(f"v.{suffix}", [row] if suffix == "jsonl" else text))
    assert all(name in error.what for name in named)
    assert all(repr(row[name.strip("'")]) in error.why for name in named)
    assert error.where.endswith(f"v.{suffix}:{1 if suffix == 'jsonl' else 2}")


def test_columns_that_agree_may_both_be_there(write):
    row = {**VOTE, "question_id": 1, "model_a": "x", "winner": "model_a", "label": "A>B", "judge": "ann"}
    (game,) = read("votes", write("v.jsonl", [row])).games
    assert (game.item_id, game.label, game.rater) == ("1", "A>B", "ann")


def test_an_alias_that_is_empty_says_nothing(write):
    assert len(read("votes", write("v.jsonl", [{**VOTE, "question_id": "", "winner": None}])).games) == 1


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_values_agree_only_if_they_are_all_one(values):
    if len(set(values.values())) == 1:
        assert require_equal(values, "f:1") in values.values()
    else:
        with pytest.raises(DataError, match="say different things"):
            require_equal(values, "f:1")


@pytest.mark.parametrize(("field", "value"), [("voter", 0), ("source_id", 0), ("item_id", 0)])
def test_the_number_nought_names_as_any_other(field, value, write):
    (game,) = read("votes", write("v.jsonl", [{**VOTE, field: value}])).games
    assert {"voter": game.rater, "source_id": game.source_id, "item_id": game.item_id}[field].endswith("0")


@pytest.mark.parametrize("field", ["voter", "task", "source_id"])
def test_objects_are_no_names_of_votes(field, write):
    error = refusal("votes", write("v.jsonl", [{**VOTE, field: {"a": 1}}]))
    assert repr(field) in error.what
    assert error.where.endswith("v.jsonl:1")


@pytest.mark.parametrize(
    ("vote", "label"),
    [("left", "A>B"), ("Right", "B>A"), ("invalid", "invalid"), ("neither", "A=B"), ("draw", "A=B"), ("equal", "A=B"),
     ("system_b", "B>A"), ("Answer B", "B>A")],
)  # fmt: skip
def test_every_documented_vote_is_read(vote, label, write, repository):
    assert read("votes", write("v.jsonl", [{**VOTE, "vote": vote}])).games[0].label == label
    assert f"`{vote.lower()}`" in (repository / "docs" / "importing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("vote", "label"), [("a", "B>A"), ("left", "B>A"), ("tie", "A>B")])
def test_the_name_of_a_system_goes_before_what_it_may_mean_besides(vote, label, write):
    one, other = ("tie", "x") if vote == "tie" else ("x", vote)
    row = {**VOTE, "system_a": one, "system_b": other, "vote": vote}
    assert read("votes", write("v.jsonl", [row])).games[0].label == label


@pytest.mark.parametrize(
    ("name", "row", "key"),
    [
        ("polyarena", GAME, "label"),
        ("votes", VOTE, "vote"),
        ("arena-hard", ARENA, "model"),
        ("fastchat", CHAT, "judge"),
    ],
)
def test_keys_that_stand_twice_in_a_line_are_refused(name, row, key, write, tmp_path):
    twice = json.dumps(row)[:-1] + f', "{key}": "B>A"}}'
    (tmp_path / "f.jsonl").write_text(json.dumps({**row, "item_id": "0"}) + "\n" + twice + "\n")
    error = refusal(name, tmp_path / "f.jsonl")
    assert f"the key {key!r} occurs twice" in error.what
    assert error.where.endswith("f.jsonl:2")
    assert "not JSON" not in str(error)


def test_keys_that_stand_twice_inside_a_line_are_refused(tmp_path):
    text = json.dumps(ARENA).replace('{"score": "A>B"}', '{"score": "A>B", "score": "B>A"}')
    (tmp_path / "f.jsonl").write_text(text)
    assert "'score' occurs twice" in refusal("arena-hard", tmp_path / "f.jsonl").what


@pytest.mark.parametrize(
    "text",
    ['{"de": {}, "de": {}}', '{"de": {"0": [], "0": []}}', '{"de": {"0": [{"winner": "a", "winner": "b"}]}}'],
)
def test_keys_that_stand_twice_in_a_document_are_refused(text, tmp_path):
    (tmp_path / "d.json").write_text(text)
    error = refusal("deja-vu", tmp_path / "d.json")
    assert "occurs twice" in error.what
    assert error.where == str(tmp_path / "d.json")


@pytest.mark.parametrize(
    ("label", "score"),
    [("A>B", 0.0), ("A>>B", 0.49), ("B>A", 1), ("B>>A", 0.6), ("A=B", 1), ("A=B", 0.4), ("invalid", 0.5)],
)
def test_labels_and_scores_that_contradict_each_other_are_refused(label, score, write):
    path = write("g.jsonl", [GAME, {**GAME, "item_id": "j", "label": label, "score": score}])
    error = refusal("polyarena", path)
    assert "'label' and 'score' contradict" in error.what
    assert repr(label) in error.why
    assert error.where == f"{path}:2"


@pytest.mark.parametrize(
    ("label", "score"),
    [("A>B", 0.51), ("A>>B", 1), ("B>A", 0), ("B>>A", 0.4), ("A=B", 0.5), ("A>B", 0.5), ("B>A", 0.5 + 1e-12)],
)
def test_labels_and_scores_that_agree_are_read(label, score, write):
    (game,) = read("polyarena", write("g.jsonl", [{**GAME, "label": label, "score": score}])).games
    assert (game.label, game.score) == (label, score)


def repeats(found):
    return {(game.language, game.raw): game.repeat for game in found.games}


def test_repeats_have_the_same_number_in_every_language(write):
    file = {"en": {"1": [ROW]}, "de": {"2": [{**ROW, "winner": "Qwen"}]}}
    found = read("deja-vu", write("d.json", file))
    assert repeats(found) == {("eng_Latn", "Aya"): 0, ("deu_Latn", "Qwen"): 1}
    assert {(language, sample) for _, language, _, sample in found.completions} == {("eng_Latn", 0), ("deu_Latn", 1)}
    assert all(answer.sample_index == key[3] for key, answer in found.completions.items())


def test_repeats_have_the_same_number_in_every_file(write, tmp_path):
    write("d/en.json", {"en": {"repeat_1": [ROW], "repeat_3": [ROW]}})
    write("d/de.json", {"de": {"repeat_3": [ROW]}})
    found = read("deja-vu", tmp_path / "d")
    assert [(game.language, game.repeat) for game in found.games] == [("deu_Latn", 1), ("eng_Latn", 0), ("eng_Latn", 1)]


@pytest.mark.parametrize("second", ["repeat_1", "01"])
def test_two_repeats_of_one_number_are_refused(second, write):
    error = refusal("deja-vu", write("d.json", {"de": {"1": [ROW], second: [ROW]}}))
    assert "have the same number" in error.what
    assert repr(second) in error.what
    assert error.where.endswith("d.json: $.de.repeat_1" if second == "repeat_1" else 'd.json: $.de["01"]')


def test_a_number_that_is_no_number_of_a_repeat_is_refused(write):
    assert "numbers no repeat" in refusal("deja-vu", write("d.json", {"de": {"1" * 5000: [ROW]}})).what


def test_what_files_say_of_themselves_differently_is_told(write, tmp_path):
    write("d/a.json", {"de": {"0": [ROW]}, "meta_information": {"judge": "one"}})
    write("d/b.json", {"fr": {"0": [ROW]}, "meta_information": {"judge": "two"}})
    write("d/c.json", {"sw": {"0": [ROW]}, "meta_information": "by hand"})
    found = read("deja-vu", tmp_path / "d")
    assert found.facts == {"judge": "one"}
    assert left(found) == {
        "meta_information.judge that differs from the first file's": 1,
        "field meta_information": 1,
    }
    assert {game.judge for game in found.games} == {"one", "two", "judge"}


def test_what_an_alpaca_annotation_cannot_keep_is_told(write):
    found = read("alpaca-eval", write("a.json", [{**ALPACA, "output_1": ["la"], "price_per_example": "0.1"}]))
    assert left(found) == {"an answer that is no text": 1, "a price that is no number": 1}


def test_what_a_judgment_of_arena_hard_holds_besides_the_answer_is_told(write):
    games = [{"score": "A>B", "judgment": {"answer": "[[A>B]]", "thought": "hm"}},
             {"score": "B>A", "judgment": [{"answer": "x", "seed": 3}]}]  # fmt: skip
    assert left(read("arena-hard", write("a.jsonl", [{**ARENA, "games": games}]))) == {
        "field games.judgment.thought": 1,
        "field games.judgment.seed": 1,
    }


@pytest.mark.parametrize("given", ["org/base", "org-base", None])
def test_a_baseline_that_the_line_names_too_must_be_the_same(given, write):
    path = write("b.jsonl", [{**ARENA, "uid": "1", "baseline": "org/base"}])
    assert {game.system_a for game in read("arena-hard", path, baseline=given).games} == {"org/base", "m"}
    error = refusal("arena-hard", path, baseline="other")
    assert "'baseline' and '--baseline'" in error.what
    assert error.where == f"{path}:1"


@pytest.mark.parametrize(
    ("row", "why"),
    [({**ARENA, "model": "gpt-4-0314"}, "gpt-4-0314 is assumed"), ({**ARENA, "baseline": "m"}, "it is the baseline")],
)
def test_a_model_that_meets_its_baseline_is_told_of_the_option(row, why, write):
    error = read("arena-hard", write("a.jsonl", [ARENA, row])).first_error
    assert "meets itself" in error.what
    assert why in error.why
    assert "--baseline" in error.fix
    assert error.where.endswith("a.jsonl:2")


FILES = {
    "arena-hard": ("f.jsonl", [ARENA, ARENA]),
    "fastchat": ("f.jsonl", [CHAT, CHAT]),
    "polyarena": ("f.jsonl", [GAME, GAME]),
}


@pytest.mark.parametrize("name", FILES)
def test_games_that_occur_twice_are_named_by_both_lines(name, write, tmp_path):
    path = write(*FILES[name])
    with pytest.raises(DataError, match="twice") as caught:
        import_verdicts(name, path, tmp_path / "run")
    assert caught.value.where == f"{path}:2"
    assert f"the first time at {path}:1" in caught.value.why
    assert ("`repeat`" in caught.value.fix) == (name == "polyarena")


@pytest.mark.parametrize(
    ("name", "file", "rows"),
    [
        ("arena-hard", "f.jsonl", [ARENA, {**ARENA, "model": ".."}]),
        ("arena-hard", "f.jsonl", [ARENA, {**ARENA, "question_id": "2", "judge": "!?"}]),
        ("fastchat", "f.jsonl", [CHAT, {**CHAT, "model_2": "--"}]),
        ("polyarena", "f.jsonl", [GAME, {**GAME, "item_id": "j", "task": ".."}]),
        ("votes", "f.jsonl", [VOTE, {**VOTE, "system_b": ".."}]),
        ("alpaca-eval", "f.json", [ALPACA, {**ALPACA, "generator_2": ".."}]),
        ("deja-vu", "f.json", {"de": {"0": [ROW, {"prompt": "p", "Aya": "x", "..": "y", "winner": "Aya"}]}}),
    ],
)
def test_names_that_name_nothing_are_told_with_their_line(name, file, rows, write, tmp_path):
    path = write(file, rows)
    with pytest.raises(DataError, match="cannot name a system, judge or task") as caught:
        import_verdicts(name, path, tmp_path / "run")
    place = {"alpaca-eval": ": $[1]", "deja-vu": ': $.de["0"][1]'}.get(name, ":2")
    assert caught.value.where.startswith(f"{path}{place}")


def test_a_name_that_an_option_gives_is_told_with_the_option(write, tmp_path):
    with pytest.raises(DataError, match="cannot name") as caught:
        import_verdicts("polyarena", write("f.jsonl", [GAME]), tmp_path / "run", ImportOptions(judge=".."))
    assert caught.value.where == "--judge"


def test_answers_that_are_not_those_of_the_run_are_told(write, tmp_path):
    first = write("a.json", [ALPACA])
    assert import_verdicts("alpaca-eval", first, tmp_path / "run").completions == 2
    again = import_verdicts("alpaca-eval", first, tmp_path / "run")
    assert (again.completions, again.unmapped) == (0, ())
    done = import_verdicts("alpaca-eval", write("b.json", [{**ALPACA, "output_2": "lo"}]), tmp_path / "run")
    (field,) = done.unmapped
    assert (field.what, field.count) == ("an answer that is not the one in the run (the run's is kept)", 1)
    assert "new" in field.examples[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [("[1,\n2,\n}", 3), ('{"a": 1\n "b": 2}', 2), ('{"a"\n 1}', 2), ("{a: 1}", 1), ("[1]\n\nx", 3), ("[1,\n]", 2),
     ("{\n", 2), ("[\n1", 2), ("", 1), ('{"a": 1,\n}', 2)],
)  # fmt: skip
def test_documents_that_are_no_json_are_refused_with_their_line(text, line, tmp_path):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(DataError, match="not JSON") as caught:
        read_json(tmp_path / "d.json")
    assert caught.value.where == f"{tmp_path / 'd.json'}:{line}"


def test_parts_of_a_document_are_named_by_their_path(tmp_path):
    assert json_path(tmp_path / "d.json").endswith("d.json: $")
    assert json_path(tmp_path / "d.json", "de", "repeat_0", 3, "a b").endswith('d.json: $.de.repeat_0[3]["a b"]')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1)),
    lambda parts: (
        st.lists(parts) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1)), parts)
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 1]), st.booleans())
def test_documents_are_read_as_the_library_reads_them(tmp_path_factory, value, indent, ascii_only):
    path = tmp_path_factory.mktemp("documents") / "d.json"
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    assert read_json(path) == value


def test_the_command_names_the_line(write, tmp_path, capsys):
    path = write("v.jsonl", [VOTE, {**VOTE, "question_id": "2"}])
    assert main(["import", "votes", str(path), "-o", str(tmp_path / "run")]) == 2
    assert f"{path}:2: 'item_id' and 'question_id'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
