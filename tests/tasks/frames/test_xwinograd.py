"""XWinograd: the difference of two scores is the score of what follows the option."""

import hashlib
import itertools
import math
from collections import Counter

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks.xwinograd import CONFIGS, continuation, rest_scores, task
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.row import Row
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion

ROW = {"sentence": "The cup broke the plate because _ was hard.", "option1": "the cup", "option2": "the plate"}
ROW |= {"answer": "1"}


def likelihood(context, text):
    """A toy model of characters: each depends on the three before it."""
    total = 0.0
    for place in range(len(context), len(context + text)):
        digest = hashlib.sha256((context + text)[max(0, place - 3) : place + 1].encode()).digest()
        total -= 1 + digest[0] / 64
    return total


def test_the_default_item(ask):
    (item,) = ask(task, "eng_Latn", ROW)
    assert item.prompt == "The cup broke the plate because"
    assert item.choices == ("the cup was hard.", "the plate was hard.", "the cup", "the plate")
    assert item.gold == 0
    assert item.source_id == "eng_Latn:0"


@every_case(
    ("sentence", "prompt", "separator", "choices"),
    [
        ("甲撃乙。_は悪い。", "甲撃乙。", "", ("甲 は悪い。", "乙 は悪い。", "甲", "乙")),
        ("甲打乙，因为_太小", "甲打乙，因为", "", ("甲 太小", "乙 太小", "甲", "乙")),
        ("_が勝った", "", "", ("甲 が勝った", "乙 が勝った", "甲", "乙")),
        ("L'un dit qu'_ part.", "L'un dit qu'", "", ("甲 part.", "乙 part.", "甲", "乙")),
        ("Bob saw _'s hat.", "Bob saw", " ", ("甲 's hat.", "乙 's hat.", "甲", "乙")),
        ("Nothing follows _", "Nothing follows", " ", ("甲", "乙")),
        ("A line.\n_ ran.", "A line.", "\n", ("甲 ran.", "乙 ran.", "甲", "乙")),
        (" _ ran.", "", "", ("甲 ran.", "乙 ran.", "甲", "乙")),
    ],
)
def test_where_the_prompt_ends(sentence, prompt, separator, choices):
    row = Row({"sentence": sentence, "option1": "甲", "option2": "乙"}, "jpn_Jpan", 0, "here")
    assert continuation(row) == (prompt, choices, separator, not prompt)


@given(
    st.text(alphabet="ab 。，\n"),
    st.text(alphabet="ab 。'"),
    st.lists(st.text("xy", min_size=1), min_size=2, max_size=2),
)
def test_every_character_before_the_rest_is_kept(before, after, options):
    values = {"sentence": f"{before}_{after}", "option1": options[0], "option2": options[1]}
    prompt, choices, separator, whole = continuation(Row(values, "eng_Latn", 0, "here"))
    assert len(choices) == (4 if after.strip() else 2)
    assert whole == (not before.strip())
    for option, choice in zip(options, choices[:2], strict=True):
        rest = f" {after.strip()}" if after.strip() else ""
        assert prompt + separator + choice == (before if before.strip() else "") + option + rest


@pytest.mark.parametrize("language", ["eng_Latn", "fra_Latn", "por_Latn", "rus_Cyrl"])
def test_scores_are_those_of_partial_evaluation(real, hub, answer, language):
    """On real items and a toy model: what lm-eval computes from two contexts, we compute from one prompt."""
    rows = hub.rows(task.card.dataset, CONFIGS[language], ())
    compared = 0
    for item, row in itertools.islice(zip(real(task, language), rows, strict=True), 150):
        if len(item.choices) == 2:
            continue
        before, _, after = row["sentence"].partition("_")
        theirs = [likelihood(before + row[option], " " + after.strip()) for option in ("option1", "option2")]
        ours = task.score(
            item, answer(item, *(likelihood(item.prompt, item.choice_separator + choice) for choice in item.choices))
        )
        if math.isclose(*theirs, abs_tol=1e-6):
            continue
        assert ours["acc"] == ours["acc_bytes"] == float(theirs.index(max(theirs)) == item.gold)
        compared += 1
    assert compared >= 60


def test_the_prior_of_an_option_does_not_count(ask, answer):
    (item,) = ask(task, "eng_Latn", ROW)
    # The first option is far less likely in itself, and makes what follows likelier.
    assert task.score(item, answer(item, -52.0, -8.0, -50.0, -3.0)) == {"acc": 1.0, "acc_bytes": 1.0}
    assert task.score(item, answer(item, -52.0, -8.0, -46.0, -3.0)) == {"acc": 0.0, "acc_bytes": 0.0}
    assert task.score(item, answer(item, -52.0, -8.0, -47.0, -3.0)) == {"acc": 0.5, "acc_bytes": 0.5}


def test_options_are_scored_where_nothing_follows(ask, answer):
    (item,) = ask(task, "rus_Cyrl", {**ROW, "sentence": "Он включил _"})
    assert item.choices == ("the cup", "the plate")
    assert task.score(item, answer(item, -3.0, -4.0))["acc"] == 1.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-1.0, -2.0, -0.5), "does not fit"),
        ((-1.0, -2.0), "does not fit"),
        ((-math.inf, -2.0, -math.inf, -1.0), "not a number"),
        ((math.nan, -2.0, -1.0, -1.0), "not a number"),
    ],
)
def test_unusable_completions_are_refused(ask, answer, values, message):
    (item,) = ask(task, "eng_Latn", ROW)
    with pytest.raises(DataError, match=message):
        task.score(item, answer(item, *values))


def test_a_completion_without_likelihoods_is_refused():
    item = Item("1", "1", "eng_Latn", "p", choices=("a b", "c b", "a", "c"), gold=0)
    with pytest.raises(DataError, match="lacks log-likelihoods"):
        rest_scores(item, Completion("s", "t", "eng_Latn", "1", 0, "1", "p", text="a"))


def test_a_sentence_without_a_blank_is_refused(ask):
    with pytest.raises(DataError, match="no blank") as caught:
        ask(task, "eng_Latn", ROW, {**ROW, "sentence": "Nothing to fill."})
    assert caught.value.where == "Muennighoff/xwinograd, config 'en', row 2"


@pytest.mark.parametrize("template", task.templates[1:])
def test_other_templates_show_everything_and_have_two_choices(ask, answer, template):
    variant = task.variant(template)
    (item,) = ask(variant, "eng_Latn", ROW)
    assert all(ROW[field] in item.prompt for field in ("sentence", "option1", "option2"))
    assert item.choices == ("the cup", "the plate")
    assert variant.score(item, answer(item, -2.0, -1.0)) == {"acc": 0.0, "acc_bytes": 0.0}


def test_real_data(real):
    counts = {language: len(real(task, language)) for language in CONFIGS}
    # The mirror has the 16 translated Chinese schemas, not the 504 of the hub.
    assert counts == {
        "eng_Latn": 2325,
        "fra_Latn": 83,
        "jpn_Jpan": 959,
        "por_Latn": 263,
        "rus_Cyrl": 315,
        "zho_Hans": 16,
    }
    for language in CONFIGS:
        golds = Counter(item.gold for item in real(task, language))
        assert set(golds) == {0, 1}
