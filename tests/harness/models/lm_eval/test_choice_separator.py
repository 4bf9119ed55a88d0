"""What stands between prompt and choice, from the item to the request of the backend and the key of the cell."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from polyarena.harness.models.lm_eval.model import LmEvalModel
from polyarena.harness.models.protocol import ChoiceRequest
from polyarena.harness.planning.items import items_digest
from polyarena.tasks.item import Item

ITEM = Item("1", "1", "jpn_Jpan", "問い", choices=("はい", "いいえ"), gold=0)
MESSAGES = ({"role": "user", "content": "問い"},)


class Recorder:
    """A model of lm-eval that keeps what it is asked."""

    def __init__(self):
        self.asked = []

    def apply_chat_template(self, chat, add_generation_prompt):
        return "<" + chat[-1]["content"] + ">"

    def loglikelihood(self, instances):
        self.asked += [instance.args for instance in instances]
        return [(-1.0, False) for _ in instances]


@pytest.fixture
def pairs(monkeypatch):
    """Returns the pairs of context and continuation that a request becomes."""
    from polyarena.harness.models.lm_eval import model as lm_eval_model

    monkeypatch.setattr(lm_eval_model, "attach_observer", lambda lm: SimpleNamespace(clear=lambda: None))
    monkeypatch.setattr(lm_eval_model, "describe", lambda lm, templated: {})

    def pairs(templated, **changes):
        recorder = Recorder()
        request = replace(ChoiceRequest("jpn_Jpan", "1", MESSAGES, ITEM.choices), **changes)
        (chosen,) = LmEvalModel("fake", recorder, templated).choose([request])
        assert len(chosen.loglikelihoods) == 2
        return recorder.asked, chosen.prompt

    return pairs


def test_a_space_unless_the_task_says_otherwise(pairs):
    assert pairs(False)[0] == [("問い", " はい"), ("問い", " いいえ")]
    assert pairs(False, separator="")[0] == [("問い", "はい"), ("問い", "いいえ")]
    assert pairs(False, separator="\n")[0] == [("問い", "\nはい"), ("問い", "\nいいえ")]


def test_nothing_after_a_template(pairs):
    assert pairs(True)[0] == pairs(True, separator="\n")[0] == [("<問い>", "はい"), ("<問い>", "いいえ")]


def test_whole_texts_are_scored_after_nothing(pairs):
    for templated in (True, False):
        asked, prompt = pairs(templated, messages=(), separator="")
        assert asked == [("", "はい"), ("", "いいえ")]
        assert prompt == ""


def test_only_another_separator_changes_the_key():
    plain = items_digest([ITEM])
    assert plain == items_digest([replace(ITEM, choice_separator=" ")])
    keys = {plain, *(items_digest([replace(ITEM, choice_separator=other)]) for other in ("", "\n"))}
    assert len(keys) == 3
    # A key of a cell that was stored before there was a choice of separators.
    assert items_digest([Item("1", "1", "x", "p", choices=("a", "b"), gold=0)]) == (
        "a50f7efdd8afe120c9a98570810a60b48bb0642a2f1facfe86a0208bd2f8e67b"
    )
