"""Test items in training texts: whole, in part, in any script, and not by chance."""

import json

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.audit import AuditSource, Overlap, Severity, audit_task
from polyarena.tasks.audit.overlap import tokens
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item

QUESTIONS = (
    "How many apples does Anna have if she buys seven, gives three to Ben and eats one of the rest herself?",
    "Which river flows through the largest number of countries before it reaches the sea in the north of the land?",
    "Why did the captain of the small ship refuse to leave the harbour on the morning of the great storm?",
)
CHINESE = (
    "小明昨天在市场上买了七个苹果，他把三个送给了他的朋友，还剩下几个苹果？",
    "哪一条河流在到达大海之前流经的国家数量最多？",
)


def items(*questions):
    return [Item(str(number), str(number), "eng_Latn", question) for number, question in enumerate(questions)]


@pytest.fixture
def training(tmp_path):
    def training(*rows):
        path = tmp_path / "train.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        return Overlap(path)

    return training


def test_an_item_that_stands_whole_in_a_training_text_is_found(training):
    overlap = training({"text": "Some text before. " + QUESTIONS[1].upper() + " And after."}, {"text": "nothing"})
    found = {each.item_id: (each.exact, each.share) for each in overlap.shared(items(*QUESTIONS))}
    assert found == {"0": (False, 0.0), "1": (True, 1.0), "2": (False, 0.0)}


def test_chat_messages_are_read_wherever_they_stand(training):
    row = {"messages": [{"role": "user", "content": QUESTIONS[0]}, {"role": "assistant", "content": "three"}], "n": 1}
    assert [each.exact for each in training(row).shared(items(*QUESTIONS))] == [True, False, False]


def test_the_share_is_that_of_the_13_grams(training):
    words = QUESTIONS[2].split()
    first = " ".join(words[:15])
    (_, _, third) = training({"text": first}).shared(items(*QUESTIONS))
    assert len(words) == 20
    assert (third.exact, third.share) == (False, pytest.approx(3 / 8))


def test_scripts_without_spaces_go_by_characters(training):
    overlap = training({"text": f"前面。{CHINESE[0]}后面。"}, {"text": CHINESE[1][:16]})
    first, second = overlap.shared(items(*CHINESE))
    assert (first.exact, first.share) == (True, 1.0)
    assert not second.exact
    assert 0 < second.share < 0.7


def test_the_template_is_no_overlap(training):
    template = "Answer the following question about the world in one word and say nothing more than that at all: "
    overlap = training({"text": template})
    assert [each.share for each in overlap.shared(items(*(template + question for question in QUESTIONS)))] == [0, 0, 0]


def test_short_items_are_left_out(training):
    overlap = training({"text": "What is two plus two?"})
    assert overlap.shared([*items("What is two plus two?"), *items(*QUESTIONS)[1:]])[0].item_id == "1"


@every_case(
    ("text", "read"),
    [
        ("Hello, World_2!", ["hello", "world", "2"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("ไทย ok", ["ไ", "ท", "ย", "ok"]),
        ("你好abc", ["你", "好", "abc"]),
        ("ＡＢＣ", ["abc"]),
        ("", []),
    ],
)
def test_tokens(text, read):
    assert tokens(text) == read


@given(st.text(max_size=200))
def test_tokens_do_not_depend_on_case_or_spaces(text):
    assert all(token.strip() and token == token.casefold() for token in tokens(text))
    assert tokens(f"  {text}\n") == tokens(text)


@given(st.lists(st.sampled_from(QUESTIONS[0].split()), min_size=8, max_size=40))
def test_what_was_trained_on_is_always_found(tmp_path_factory, words):
    path = tmp_path_factory.getbasetemp() / "trained.jsonl"
    text = " ".join(words)
    path.write_text(json.dumps({"text": f"before {text} after"}) + "\n", "utf-8")
    (found,) = Overlap(path).shared(items(text))
    assert (found.exact, found.share) == (True, 1.0)


def test_findings_name_the_items_and_the_file(training, made_up, mirror, row_maker):
    rows = [row_maker("deu_Latn")[3], {"text": " ".join(row_maker("swh_Latn")[5]["article"].split()[:17])}]
    found = audit_task(made_up(template="Lies: {article}\nAntwort:"), AuditSource(mirror), training(*rows))
    whole = [each for each in found if each.check == "trained-on"]
    assert [(each.language, each.severity) for each in whole] == [("deu_Latn", Severity.ERROR)]
    assert "train.jsonl" in whole[0].message
    assert "3" in whole[0].examples


def test_a_broken_training_file_is_the_users_to_mend(tmp_path, made_up, mirror):
    path = tmp_path / "train.jsonl"
    path.write_text("{", "utf-8")
    with pytest.raises(DataError, match="not JSON"):
        audit_task(made_up(), AuditSource(mirror), Overlap(path))


def passage(of):
    return " ".join(f"word{of}x{number}" for number in range(120))


def asked(*questions):
    prompts = [
        f"Answer from the passage.\n\nPassage: {passage(number)}\nQuestion: {question}\nAnswer:"
        for number, question in enumerate(questions)
    ]
    return items(*prompts)


def test_a_leaked_question_is_found_without_its_passage(training):
    overlap = training({"messages": [{"role": "user", "content": QUESTIONS[0]}, {"role": "assistant", "content": "3"}]})
    found = overlap.shared(asked(*QUESTIONS))
    assert [each.line for each in found] == [True, False, False]
    assert not any(each.exact for each in found)


def test_a_short_question_is_found_as_a_text_of_its_own_and_not_within_one(training):
    questions = ("Who wrote the first book?", QUESTIONS[1])
    assert [each.line for each in training({"q": "who wrote the first book"}).shared(asked(*questions))] == [
        True,
        False,
    ]
    text = "He asked who wrote the first book of all and left."
    assert not any(each.line for each in training({"text": text}).shared(asked(*questions)))


def test_a_leaked_passage_is_no_leaked_line(training):
    found = training({"text": f"{passage(0)} and more"}).shared(asked(*QUESTIONS))
    assert not any(each.line for each in found)
    assert [each.share > 0.5 for each in found] == [True, False, False]


def test_the_right_one_of_whole_texts_is_looked_for(training):
    item = Item("0", "0", "eng_Latn", "", choices=(QUESTIONS[0], QUESTIONS[1]), gold=1, whole_choices=True)
    other = Item("1", "1", "eng_Latn", "", choices=(QUESTIONS[2], QUESTIONS[0]), gold=0, whole_choices=True)
    assert [each.exact for each in training({"text": QUESTIONS[1]}).shared([item, other])] == [True, False]


def test_the_questions_of_real_belebele_in_the_training_file_are_found(training, test_data):
    from polyarena.tasks.benchmarks import belebele
    from polyarena.tasks.data import DataSource

    listed = list(belebele.task.items("deu_Latn", DataSource(test_data / "hub")))
    rows = [{"question": line[3:]} for item in listed for line in item.prompt.split("\n") if line.startswith("Q: ")]
    assert len(rows) == len(listed)
    shared = training(*rows).shared(listed)
    assert sum(each.line for each in shared) > 0.9 * len(listed)
    (found,) = training(*rows).compare(belebele.task.card, "deu_Latn", listed)
    assert (found.check, found.severity) == ("trained-on", Severity.ERROR)
    assert not any(each.line for each in training({"text": "nothing of it"}).shared(listed))
