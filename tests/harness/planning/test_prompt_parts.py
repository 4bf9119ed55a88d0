"""Images and recordings reach candidate and judge, or are refused; few-shot examples are text or turns."""

from dataclasses import dataclass

import pytest

import polyarena.harness.planning.tasks as planning_tasks
from polyarena.harness import plan, run
from polyarena.harness.models.protocol import GenerateResult
from polyarena.judges import pairings
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import FewShotExample, Item, Kind
from polyarena.tasks.prompt import Media, text_of
from polyarena.tasks.records import Completion

CARD = TaskCard(
    name="shown",
    version="1",
    title="a toy with images or examples",
    kind=Kind.OPEN_ENDED,
    dataset=Dataset(id="builtin", revision="1", licence="CC0-1.0"),
    languages=("deu_Latn",),
    provenance={"deu_Latn": Provenance.GENERATED},
)


@dataclass(frozen=True)
class Shown:
    card: TaskCard = CARD
    parts: tuple[str | Media, ...] = ()
    examples: tuple[FewShotExample, ...] = ()

    def items(self, language, data):
        prompt = text_of(self.parts) if self.parts else "Was?"
        yield Item("1", "1", language, prompt, parts=self.parts, examples=self.examples)

    def score(self, item, completion):
        return {}


@pytest.fixture
def planned(toys, tmp_path, monkeypatch):
    def planned(task, judge=None, **system):
        monkeypatch.setattr(planning_tasks, "find_task", lambda name, **k: task)
        experiment = {
            "name": "x",
            "systems": [{"name": "one", "model": "toy", "args": {"voice": "one"}, **system}],
            "tasks": ["shown"],
        }
        if judge is not None:
            experiment["systems"].append({"name": "two", "model": "toy", "args": {"voice": "two"}})
            experiment |= {"judges": [{"name": "long", "judge": judge}], "baseline": "two"}
        return plan(experiment, output=tmp_path / "run")

    return planned


IMAGE, OTHER, RECORDING = Media("image/png", b"1"), Media("image/png", b"2"), Media("audio/wav", b"1")


@pytest.mark.parametrize(("part", "name"), [(IMAGE, "images"), (RECORDING, "recordings")])
def test_a_cell_with_media_is_refused_for_models_that_take_none(planned, part, name):
    with pytest.raises(ExperimentError, match=f"cannot be given the {name} of shown in deu_Latn") as caught:
        planned(Shown(parts=("Was?", part)))
    assert caught.value.what.startswith("the system 'one' (model type 'toy')")
    assert caught.value.why == f"1 of 1 items have {name}, and it takes: text"
    assert f"`inputs` contains {part.modality}" in caught.value.fix


@pytest.fixture
def shown(monkeypatch):
    """Let the toy model take images, and return the messages that it is given."""
    import toyarena

    given = []

    def generate(self, requests):
        given.extend(request.messages for request in requests)
        return [GenerateResult("a prompt", "Ein Bild.") for _ in requests]

    monkeypatch.setattr(toyarena.ToyType, "inputs", frozenset({"text", "image"}))
    monkeypatch.setattr(toyarena.ToyModel, "generate", generate)
    return given


def test_a_model_type_that_takes_images_is_given_them_in_their_place(planned, shown):
    run(planned(Shown(parts=("Was ist ", IMAGE, "?"))), report=False)
    assert shown == [({"role": "user", "content": ("Was ist ", IMAGE, "?")},)]


def test_examples_stand_before_the_parts(planned, shown):
    run(planned(Shown(parts=(IMAGE, "Was?"), examples=(FewShotExample("Wer?", "Ich."),))), report=False)
    assert shown == [({"role": "user", "content": ("Wer? Ich.\n\n", IMAGE, "Was?")},)]


def test_another_image_or_place_is_another_cell_and_the_same_text_the_same(planned, shown):
    parts = [(), ("Was?", IMAGE), ("Was?", OTHER), (IMAGE, "Was?")]
    keys = [planned(Shown(parts=each)).cells[0].key for each in parts]
    assert len({*keys}) == 4
    assert keys[0] == planned(Shown()).cells[0].key


def test_a_judge_that_is_not_shown_images_is_refused_them(planned, shown):
    task = Shown(parts=("Was?", IMAGE))
    with pytest.raises(ExperimentError, match="the judge 'long' cannot be given the images of shown"):
        planned(task, judge="toy_length")
    assert len(planned(task, judge="rules").games) == 1


def test_matches_carry_the_parts_of_their_items(planned, shown):
    item = next(iter(Shown(parts=(IMAGE, "Was?"), examples=(FewShotExample("Wer?", "Ich."),)).items("deu_Latn", None)))
    answers = [[Completion(name, "t", "deu_Latn", "1", 0, "1", "p", name)] for name in ("one", "two")]
    match = next(pairings(*answers, {"1": item}).matches())
    assert match.parts == ("Wer? Ich.\n\n", IMAGE, "Was?")
    assert match.question == "Wer? Ich.\n\nWas?"


def test_examples_as_turns_are_another_cell(planned):
    task = Shown(examples=(FewShotExample("Wer?", "Ich."),))
    (joined,), (turns,) = planned(task).cells, planned(task, fewshot_as_multiturn=True).cells
    assert joined.key != turns.key
    finished = run(planned(task, fewshot_as_multiturn=True), report=False)
    assert list(finished.completions()["prompt"]) == ["Wer?\nIch.\nWas?"]


def test_examples_as_text_are_the_same_cell_as_a_prompt_that_holds_them(planned):
    @dataclass(frozen=True)
    class Glued(Shown):
        def items(self, language, data):
            yield Item("1", "1", language, "Wer? Ich.\n\nWas?")

    assert planned(Shown(examples=(FewShotExample("Wer?", "Ich."),))).cells[0].key == planned(Glued()).cells[0].key


def test_examples_as_turns_need_a_chat_template(planned):
    with pytest.raises(ExperimentError, match="no chat template"):
        planned(Shown(), fewshot_as_multiturn=True, chat_template=False)
