"""The lm-eval backend on a real ``hf`` model that is small enough for every test run."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, GenerateResult, Model, ModelContext
from polyarena.tasks.errors import DataError, ModelError, PolyarenaError

Asking = Callable[..., list[GenerateRequest]]
Choosing = Callable[..., ChoiceRequest]
HINDI = "भारत की राजधानी"


def load(folder: Path, chat_template: bool | str = True, **args: Any) -> Model:
    context = ModelContext(base=str(folder.parent))
    return find_model_type("hf").load({"pretrained": folder.name, **args}, chat_template, context)


@pytest.fixture(scope="module")
def model(tiny_llama: Path) -> Iterator[Any]:
    loaded = load(tiny_llama, dtype="float32", device="cpu")
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def bare(tiny_llama: Path) -> Iterator[Any]:
    loaded = load(tiny_llama, False, dtype="float32", device="cpu")
    yield loaded
    loaded.close()


def timeless(answers: list[Any]) -> list[Any]:
    return [dataclasses.replace(answer, latency_s=None) for answer in answers]


def test_prompt_is_the_rendered_template(model: Any, asking: Asking) -> None:
    answer = model.generate(asking("Hello", system="Be brief."))[0]
    assert answer.prompt == "<s>[system]Be brief.\n[user]Hello\n[assistant]"
    assert answer.prompt_tokens == len("[system]Be brief.\n[user]Hello\n[assistant]") + 1


def test_without_template_contents_are_joined_by_a_blank_line(bare: Any, asking: Asking) -> None:
    assert bare.generate(asking("Hello", system="Be brief."))[0].prompt == "Be brief.\n\nHello"


def test_answers_come_in_the_order_of_the_requests(model: Any, asking: Asking) -> None:
    texts = ["a much longer question than the others", "b", "a question"]
    together = model.generate(asking(*texts))
    assert ["[user]" + text in answer.prompt for text, answer in zip(texts, together, strict=True)] == [True] * 3
    alone = [model.generate(asking(text))[0] for text in texts]
    assert [answer.text for answer in alone] == [answer.text for answer in together]


def test_long_answers_are_cut_and_said_to_be(model: Any, asking: Asking) -> None:
    for answer in model.generate(asking("one", "two", "three", max_tokens=5)):
        assert (answer.finish_reason, answer.completion_tokens) == ("length", 5) or answer.finish_reason == "stop"
    assert any(answer.finish_reason == "length" for answer in model.generate(asking("one", "two", max_tokens=1)))


def test_tokens_are_counted_as_generated_not_as_read_again(model: Any, asking: Asking) -> None:
    # Random bytes are seldom UTF-8: what is decoded and encoded again has other lengths.
    answers = model.generate(asking(*map(str, range(12)), max_tokens=7))
    cut = [answer for answer in answers if answer.finish_reason == "length"]
    assert cut
    assert {answer.completion_tokens for answer in cut} == {7}
    assert any(len(answer.text.encode()) != 7 for answer in cut)


def test_stop_texts_end_an_answer(model: Any, asking: Asking) -> None:
    whole = model.generate(asking("tell me", max_tokens=24))[0]
    end = next(letter for letter in whole.text[1:] if letter.isascii())
    cut = model.generate(asking("tell me", max_tokens=24, stop=(end,)))[0]
    assert cut.text == whole.text.split(end)[0]
    assert cut.finish_reason == "stop"
    assert cut.completion_tokens is not None
    assert cut.completion_tokens < 24


def test_same_cell_gives_the_same_answers_whatever_was_asked_before(model: Any, asking: Asking) -> None:
    cell = asking("one", "two", HINDI, max_tokens=12)
    first = timeless(model.generate(cell))
    model.generate(asking("something else", "and more of it", max_tokens=30, temperature=1.0))
    assert timeless(model.generate(cell)) == first


def test_sampled_answers_depend_on_seed_and_sample_index_alone(model: Any, asking: Asking) -> None:
    def sampled(seed: int, index: int) -> list[GenerateResult]:
        return timeless(model.generate(asking("one", "two", temperature=1.0, seed=seed, sample_index=index)))

    first = sampled(3, 0)
    other = sampled(3, 1)
    assert sampled(3, 0) == first
    assert other != first
    # Seed 4's first sample is seed 3's second: the seed of a call is their sum.
    assert sampled(4, 0) == other
    both = asking("one", "two", temperature=1.0, seed=3) + asking("one", "two", temperature=1.0, seed=3, sample_index=1)
    assert timeless(model.generate(both)) == first + other


def test_sampling_leaves_the_global_generator_alone(model: Any, asking: Asking) -> None:
    import torch

    before = torch.random.get_rng_state()
    model.generate(asking("one", temperature=1.0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_bfloat16_is_deterministic_too(tiny_llama: Path, asking: Asking, choosing: Choosing) -> None:
    model = load(tiny_llama, dtype="bfloat16", device="cpu")
    cell, question = asking("one", "two", max_tokens=12), choosing("one", "a", "bb")
    first = timeless(model.generate(cell)), timeless(model.choose([question]))
    model.choose([choosing("another", "c", "d")])
    assert (timeless(model.generate(cell)), timeless(model.choose([question]))) == first
    assert model.provenance["dtype"] == "bfloat16"


@pytest.mark.parametrize("templated", [True, False])
def test_loglikelihood_is_the_sum_over_the_choice_alone(
    templated: bool, model: Any, bare: Any, tiny_llama: Path, choosing: Choosing
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    asked = model if templated else bare
    choices = ("Delhi", "दिल्ली", "x")
    chosen = asked.choose([choosing(HINDI, *choices), choosing("short", "a", "b")])
    assert [len(one.loglikelihoods) for one in chosen] == [3, 2]
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    reference = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)
    prompt = chosen[0].prompt
    assert prompt == (f"<s>[user]{HINDI}\n[assistant]" if templated else HINDI)
    before = tokenizer.encode(prompt, add_special_tokens=not templated)
    assert chosen[0].prompt_tokens == len(before)
    for choice, found in zip(choices, chosen[0].loglikelihoods, strict=True):
        after = tokenizer.encode(("" if templated else " ") + choice, add_special_tokens=False)
        with torch.no_grad():
            logits = reference(torch.tensor([before + after])).logits[0].log_softmax(-1)
        expected = sum(float(logits[len(before) + i - 1, token]) for i, token in enumerate(after))
        assert found == pytest.approx(expected, abs=1e-4)
    assert chosen[0].completion_tokens == sum(len(choice.encode()) for choice in choices)


def test_choices_of_many_items_are_as_those_of_one(model: Any, choosing: Choosing) -> None:
    questions = [choosing(f"question {n}" * (n + 1), "a", "bb", "ccc") for n in range(5)]
    together = model.choose(questions)
    for question, found in zip(questions, together, strict=True):
        assert model.choose([question])[0].loglikelihoods == pytest.approx(found.loglikelihoods, abs=1e-4)


def test_there_is_never_a_second_bos(model: Any, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    original = model._lm._model_generate

    def listening(*args: Any, **kwargs: Any) -> Any:
        seen.append(kwargs.get("context", args[0] if args else None))
        return original(*args, **kwargs)

    monkeypatch.setattr(model._lm, "_model_generate", listening)
    model.generate(asking("one", "a longer one"))
    rows = [row for batch in seen for row in batch.tolist()]
    assert rows
    assert all(row.count(0) == 1 for row in rows)


def test_choices_have_no_second_bos(model: Any, choosing: Choosing, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    original = model._lm.scorer.score

    def listening(requests: Any, *rest: Any) -> Any:
        seen.extend(requests)
        return original(requests, *rest)

    monkeypatch.setattr(model._lm.scorer, "score", listening)
    model.choose([choosing("one", "a", "b")])
    assert seen
    assert all(request.inputs.count(0) == 1 for request in seen)


def test_texts_that_cannot_be_stored_do_no_harm(model: Any, asking: Asking) -> None:
    answer = model.generate(asking("nul \x00 and lone \ud800"))[0]
    assert "nul \ufffd and lone \ufffd" in answer.prompt
    answer.prompt.encode()


def test_nothing_asked_nothing_answered(model: Any) -> None:
    assert model.generate([]) == []
    assert model.choose([]) == []


def test_provenance_says_what_was_loaded(model: Any, bare: Any, tiny_llama: Path) -> None:
    known = model.provenance
    assert known["dtype"] == "float32"
    assert known["device"] == "cpu"
    assert known["batch_size"] == "8"
    assert known["chat_template"].startswith("sha256:")
    assert json.loads(known["separator"]) == ""
    assert json.loads(known["generation_config"])["eos_token_id"] == 1
    assert bare.provenance["chat_template"] == "none"
    assert json.loads(bare.provenance["separator"]) == " "
    assert str(tiny_llama.parent) not in json.dumps(dict(known))


def test_a_template_of_the_experiment_replaces_the_models_own(tiny_llama: Path, asking: Asking) -> None:
    template = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}=>"
    model = load(tiny_llama, template, device="cpu")
    assert model.generate(asking("Hi"))[0].prompt == "<user>Hi=>"
    assert model.provenance["chat_template"] != load(tiny_llama, device="cpu").provenance["chat_template"]


def test_a_template_that_drops_the_system_message_is_refused(tiny_llama: Path, asking: Asking) -> None:
    # What lm-eval would do is drop the message, with a line in the log.
    template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    )
    model = load(tiny_llama, template, device="cpu")
    assert model.generate(asking("Hi"))
    with pytest.raises(ModelError, match="leaves out the system message"):
        model.generate(asking("Hi", system="Answer in Swahili."))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{{ m.content", "chat template cannot be applied"),
        ("constant", "leaves out the user message"),
    ],
)
def test_a_broken_template_is_refused_when_loading(tiny_llama: Path, template: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load(tiny_llama, template, device="cpu")


def test_a_model_without_template_says_how_to_go_on(tiny_llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "base-model"
    shutil.copytree(tiny_llama, folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="chat_template: false"):
        load(folder, device="cpu")
    assert load(folder, False, device="cpu").provenance["chat_template"] == "none"


def test_an_argument_that_the_class_does_not_know(tiny_llama: Path) -> None:
    with pytest.raises(ModelError, match="no_such_argument") as caught:
        load(tiny_llama, device="cpu", no_such_argument=1)
    assert "remove the argument" in caught.value.fix


def test_damaged_weights(tiny_llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_llama, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder, device="cpu")


def test_answers_longer_than_the_model_can_hold(model: Any, asking: Asking) -> None:
    with pytest.raises(ModelError, match="did not answer") as caught:
        model.generate(asking("one", max_tokens=4096))
    assert "max_tokens" in caught.value.fix


@pytest.mark.parametrize("answers", [[], [None, "b"]])
def test_missing_answers_are_no_empty_answers(
    model: Any, asking: Asking, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model._lm, "generate_until", lambda requests: answers)
    with pytest.raises(PolyarenaError, match="without an answer"):
        model.generate(asking("one", "two"))


def test_nothing_is_written_to_the_terminal(
    tiny_llama: Path, asking: Asking, choosing: Choosing, capfd: pytest.CaptureFixture[str]
) -> None:
    model = load(tiny_llama, device="cpu", batch_size="auto", max_batch_size=2)
    model.generate(asking("one", "two"))
    model.choose([choosing("one", "a", "b")])
    model.close()
    assert tuple(capfd.readouterr()) == ("", "")


def test_batches_of_texts_are_told_before_the_next_begins(tiny_llama: Path, asking: Asking) -> None:
    model: Any = load(tiny_llama, device="cpu", batch_size=2)
    requests = asking("one", "a longer prompt", "two", "one", "the longest prompt of all", max_tokens=4)
    lengths: list[int] = []
    inner, told = model._lm._model_generate, []

    def generate(*args: Any, **kwargs: Any) -> Any:
        found = inner(*args, **kwargs)
        lengths.append(len(told))
        return found

    model._lm._model_generate = generate
    model.generate_in_batches(requests, lambda batch: told.extend(batch))
    assert sorted(place for place, _ in told) == [0, 1, 2, 3, 4]
    assert lengths == [0, 2, 4]
    results = dict(told)
    assert timeless([results[place] for place in range(5)]) == timeless(model.generate(requests))
    assert all(result.latency_s > 0 for result in results.values())


def test_batches_of_choices_are_told_before_the_next_begins(tiny_llama: Path, choosing: Choosing) -> None:
    model: Any = load(tiny_llama, device="cpu", token_budget=200)
    requests = [choosing(f"{letter} " * 20, "yes", "yes, of course") for letter in "abcdef"]
    batches: list[list[int]] = []
    seen: list[int] = []
    told: dict[int, Any] = {}

    def take(batch: Any) -> None:
        batches.append([place for place, _ in batch])
        seen.append(model._lm.scorer.counts.batches)
        told.update(batch)

    before = model._lm.scorer.counts.batches
    model.choose_in_batches(requests, take)
    assert len(batches) > 1
    assert seen == sorted(set(seen))
    assert seen[0] < before + model._lm.scorer.counts.batches
    assert sorted(place for batch in batches for place in batch) == list(range(6))
    assert timeless([told[place] for place in range(6)]) == timeless(model.choose(requests))
    assert model._lm.on_scored is None


def test_an_error_while_a_batch_is_told_is_not_taken_for_the_models(tiny_llama: Path, choosing: Choosing) -> None:
    model: Any = load(tiny_llama, device="cpu")

    def refuse(_: Any) -> None:
        raise DataError("the disk is full")

    with pytest.raises(DataError, match="the disk is full"):
        model.choose_in_batches([choosing("one", "a", "b")], refuse)


@pytest.mark.parametrize("special", [None, False])
def test_tokens_are_counted_together_as_one_by_one(tiny_llama: Path, special: bool | None) -> None:
    model: Any = load(tiny_llama, device="cpu")
    texts = ["", "one", "<s>one", "हिन्दी", "one"]
    assert model._counts(texts, special) == {text: model._count(text, special) for text in texts}
