"""Images reach a candidate or its cell is refused; few-shot examples are text or turns."""

from dataclasses import dataclass

import pytest

import polyarena.harness.planning.tasks as planning_tasks
from polyarena.harness import plan, run
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import FewShotExample, Item, Kind

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
    images: tuple[str, ...] = ()
    examples: tuple[FewShotExample, ...] = ()

    def items(self, language, data):
        yield Item("1", "1", language, "Was?", images=self.images, examples=self.examples)

    def score(self, item, completion):
        return {}


@pytest.fixture
def planned(toys, tmp_path, monkeypatch):
    def planned(task, **system):
        monkeypatch.setattr(planning_tasks, "find_task", lambda name, **k: task)
        systems = [{"name": "one", "model": "toy", "args": {"voice": "one"}, **system}]
        return plan({"name": "x", "systems": systems, "tasks": ["shown"]}, output=tmp_path / "run")

    return planned


def test_a_cell_with_images_is_refused_for_models_that_take_none(planned):
    with pytest.raises(ExperimentError, match="cannot be shown the images of shown in deu_Latn") as caught:
        planned(Shown(images=("data:image/png;base64,AA",)))
    assert "take: text" in caught.value.why


def test_a_model_type_that_takes_images_is_asked(planned, monkeypatch):
    import toyarena

    monkeypatch.setattr(toyarena.ToyType, "inputs", frozenset({"text", "image"}))
    (cell,) = planned(Shown(images=("data:image/png;base64,AA",))).cells
    assert cell.key != planned(Shown()).cells[0].key


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
