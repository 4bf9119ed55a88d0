"""Signatures are values; only their last step is a text."""

import copy
import json
import pickle

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from polyarena.tasks.signature import Signature

JUDGE = Signature({"judge": "llm@4", "seed": 0})
names = st.text("abcdef@_", min_size=1, max_size=4)
flat = st.dictionaries(names, st.text("xyz:+1", max_size=4), max_size=5).map(Signature)
nested = st.recursive(
    flat,
    lambda inner: st.dictionaries(
        names, st.one_of(st.text("xyz", max_size=3), inner, st.lists(inner, max_size=3).map(tuple)), max_size=4
    ).map(Signature),
    max_leaves=6,
)


def test_settings_are_formatted_in_their_order_and_flags_by_their_name_alone():
    assert str(Signature({"metric": "f1", "lc": "", "punct": "no"})) == "metric:f1|lc|punct:no"
    assert str(Signature()) == ""


def test_a_signature_within_another_is_formatted_as_itself_and_keeps_its_own_names():
    whole = Signature({"task": "t@1", "judge": JUDGE}).with_(n=5, seed=7)
    assert str(whole) == "task:t@1|judge:llm@4|seed:0|n:5|seed:7"
    assert (whole["judge"]["seed"], whole["seed"]) == ("0", "7")


def test_alternatives_are_sorted_and_joined_and_one_alone_is_itself():
    one, other = Signature({"metric": "acc"}), Signature({"metric": "acc", "v": 2})
    several = Signature({"task": "t", "metric": Signature.one_of([other, one, other])}).with_(n=1)
    assert str(several) == "task:t|metric:acc+metric:acc|v:2|n:1"
    assert Signature.one_of([one, one]) == one
    with pytest.raises(ValueError, match="needs a signature"):
        Signature.one_of([])


def test_an_empty_signature_within_another_leaves_no_separator():
    assert str(Signature({"task": "t", "metric": Signature()}).with_(n=1)) == "task:t|n:1"


def test_adding_changes_a_copy_and_an_old_name_keeps_its_place():
    before = Signature({"a": 1, "b": 2})
    assert str(before.with_(a=3, c=4)) == "a:3|b:2|c:4"
    assert str(before.with_({"pass@k": 5})) == "a:1|b:2|pass@k:5"
    assert str(before.without("a", "nothing")) == "b:2"
    assert str(before) == "a:1|b:2"


def test_order_counts_for_equality_as_it_does_for_the_text():
    assert Signature({"a": 1, "b": 2}) != Signature({"b": 2, "a": 1})
    assert Signature({"a": 1}) != {"a": "1"}
    assert len({Signature({"a": 1}), Signature({"a": "1"}), Signature({"a": 2})}) == 2


def test_the_signature_of_sacrebleu_is_read_as_it_is():
    text = "nrefs:1|case:mixed|eff:no|tok:flores200|smooth:exp|version:2.6.0"
    assert Signature.parse(text)["tok"] == "flores200"
    assert str(Signature.parse(text)) == text


def test_a_repeated_name_in_a_text_is_kept():
    assert str(Signature.parse("seed:0|n:5|seed:1")) == "seed:0|n:5|seed:1"


@given(flat)
def test_a_flat_signature_comes_back_from_its_text(signature):
    if all(":" not in name and "+" not in name for name in signature):
        assert str(Signature.parse(str(signature))) == str(signature)


@given(nested)
def test_signatures_survive_copies_and_pickles(signature):
    assert copy.deepcopy(signature) is copy.copy(signature) is signature
    assert pickle.loads(pickle.dumps(signature)) == signature
    assert hash(Signature(dict(signature))) == hash(signature)


def test_alternatives_must_be_signatures():
    with pytest.raises(TypeError, match="alternatives"):
        Signature({"a": ("x", "y")})


class Model(BaseModel):
    signature: Signature


def test_models_read_and_write_signatures_as_the_line_that_people_read():
    model = Model(signature=Signature({"task": "t", "judge": JUDGE}))
    text = model.model_dump_json()
    assert json.loads(text) == {"signature": "task:t|judge:llm@4|seed:0"}
    assert str(Model.model_validate_json(text).signature) == "task:t|judge:llm@4|seed:0"


@every_case("wrong", [3, None, ["a"], {"a": "1"}])
def test_models_refuse_what_is_no_signature(wrong):
    with pytest.raises(ValidationError):
        Model(signature=wrong)
