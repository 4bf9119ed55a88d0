"""A tokenizer that is named takes the place of what texts may have."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.planning import plan
from polyarena.harness.planning.cost import FRAME, SAMPLE, call_size, open_counter, tokens_per_byte
from polyarena.harness.running.runner import run
from polyarena.judges.protocol import Call
from polyarena.tasks.errors import ExperimentError

PRICED = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "prices": {"input": 2, "output": 8}}


@pytest.fixture
def tokenizer(tmp_path):
    """A tokenizer that takes each character for a token."""
    made = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    (tmp_path / "characters").mkdir()
    made.save(str(tmp_path / "characters/tokenizer.json"))
    return tmp_path / "characters"


def settings(tokenizer, **changes):
    return EndpointSettings(**PRICED, tokenizer=str(tokenizer), **changes)


def call(*texts):
    return Call(tuple({"role": "user", "content": text} for text in texts))


def characters(texts):
    return [len(text) for text in texts]


def test_nothing_counts_where_no_tokenizer_is_named():
    assert open_counter(None, ".") is None
    assert open_counter(EndpointSettings(**PRICED), ".") is None


@pytest.mark.parametrize("name", ["", "tokenizer.json"])
def test_a_folder_and_a_file_are_read(tokenizer, name):
    count = open_counter(settings(tokenizer / name), ".")
    assert count(["Grüße", "", "ไทย\n中文"]) == [5, 0, 6]


def test_a_path_is_seen_from_the_experiment(tokenizer):
    assert open_counter(settings(tokenizer.name), tokenizer.parent)(["abc"]) == [3]


def test_long_texts_are_counted_whole(tokenizer):
    made = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    made.enable_truncation(4)
    made.enable_padding(length=8, pad_token="?")
    made.save(str(tokenizer / "tokenizer.json"))
    assert open_counter(settings(tokenizer), ".")(["a" * 100, "b"]) == [100, 1]


def test_no_answer_depends_on_it(tokenizer):
    assert settings(tokenizer).key_fields == EndpointSettings(**PRICED).key_fields


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"model": 3})])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ExperimentError, match="cannot be read") as caught:
        open_counter(settings(tmp_path), ".")
    assert caught.value.where == str(tmp_path / "tokenizer.json")


def test_a_name_that_is_nowhere_is_told_as_one(monkeypatch):
    monkeypatch.setattr(Tokenizer, "from_pretrained", lambda name: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(ExperimentError, match="cannot be read") as caught:
        open_counter(EndpointSettings(**PRICED, tokenizer="nobody/nothing-of-this-name"), ".")
    assert "not a file" in caught.value.why
    assert "no network" in caught.value.why


def test_all_counted_leaves_only_the_frame():
    calls = [call("ab", "cde"), call("ไทย")]
    span = tokens_per_byte(calls, characters)
    size = sum(map(call_size, calls))
    assert span.low * size == pytest.approx(8 + FRAME[0] * 3)
    assert span.high * size == pytest.approx(8 + FRAME[1] * 3)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=3 * SAMPLE))
def test_few_questions_are_counted_and_stand_for_all(texts):
    seen = []

    def count(some):
        seen.extend(some)
        return characters(some)

    span = tokens_per_byte([call(text) for text in texts], count)
    assert len(seen) == min(len(texts), SAMPLE)
    assert 0 < span.low < span.high
    if len(texts) <= SAMPLE:
        size = sum(call_size(call(text)) for text in texts)
        assert span.low * size == pytest.approx(sum(map(len, texts)) + FRAME[0] * len(texts))


def test_a_sample_is_honest_about_the_rest():
    texts = ["a" * (10 + n % 7) + "ü" * (n % 5) for n in range(10 * SAMPLE)]
    calls = [call(text) for text in texts]
    span = tokens_per_byte(calls, characters)
    size, tokens = sum(map(call_size, calls)), sum(map(len, texts))
    assert span.low * size <= tokens + FRAME[0] * len(texts)
    assert tokens + FRAME[1] * len(texts) <= span.high * size
    assert (span.high - span.low) * size < 1.5 * (FRAME[1] - FRAME[0]) * len(texts)


@pytest.fixture
def planned(toys, tmp_path):
    def planned(answered=True, **changes):
        systems = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")]
        data = {"name": "x", "systems": systems, "baseline": "one", "tasks": ["toy_open"], "languages": ["deu_Latn"]}
        if answered:
            run(plan(data, output=tmp_path / "run"))
        judge = {"name": "j", "judge": "llm", "endpoint": {**PRICED, **changes}}
        return plan({**data, "judges": [judge]}, output=tmp_path / "run")

    return planned


def test_the_plan_of_a_judge_is_narrower_with_one(planned, tokenizer):
    wide, narrow = (planned(**more).games[0].prompt_tokens for more in ({}, {"tokenizer": str(tokenizer)}))
    assert wide.low < narrow.low
    assert narrow.high - narrow.low < (wide.high - wide.low) / 20


def test_answers_to_come_are_still_a_range(planned, tokenizer):
    known = planned(tokenizer=str(tokenizer)).games[0].prompt_tokens
    unknown = planned(answered=False, tokenizer=str(tokenizer))
    assert unknown.games[0].stored is False
    assert known.low > 0


def test_the_plan_of_a_candidate_counts_its_prompts(toys, tmp_path, tokenizer):
    def prompt(**more):
        system = {"name": "one", "model": "endpoint", "args": {**PRICED, **more}, "system_prompt": "Sei kurz."}
        data = {"name": "x", "systems": [system], "tasks": ["toy_open"], "languages": ["deu_Latn"]}
        return plan(data, output=tmp_path / "run").cells[0]

    wide, narrow = prompt(), prompt(tokenizer=str(tokenizer))
    assert narrow.key == wide.key
    items = [f"question {number} in deu_Latn" for number in range(narrow.items)]
    exact = sum(len(item) + len("Sei kurz.") for item in items)
    assert narrow.prompt_tokens.low == pytest.approx(exact + 2 * FRAME[0] * len(items))
    assert narrow.prompt_tokens.high == pytest.approx(exact + 2 * FRAME[1] * len(items))
    assert narrow.price.low > wide.price.low
