"""A task, a model type and a judge in one file: the smallest distribution that adds to polyarena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyarena.harness.models.protocol import ChoiceRequest, ChoiceResult, GenerateRequest, GenerateResult, ModelContext
from polyarena.judges import Ask, Call, Label, Match, Verdict
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.hooks import metric_of
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.metric import Direction, Metric, Unit
from polyarena.tasks.metrics.translation import translation_statistics
from polyarena.tasks.records import Completion
from polyarena.tasks.signature import Signature
from polyarena.tasks.suggest import unknown

# start: task
PROMPTS = {
    "deu_Latn": {"morning": "Grüße mich am Morgen.", "night": "Wünsche mir eine gute Nacht."},
    "swh_Latn": {"morning": "Nisalimie asubuhi.", "night": "Nitakie usiku mwema."},
}


class Greetings:
    """Two prompts in two languages; answers are only judged."""

    card = TaskCard(
        name="greetings",
        version="1",
        title="Greetings: 2 prompts in 2 languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(id="builtin", revision="1", licence="CC0-1.0"),
        languages=tuple(sorted(PROMPTS)),
        provenance=dict.fromkeys(PROMPTS, Provenance.NATIVE),
        shared="the 2 prompts",
    )

    def items(self, language: str, data: DataSource) -> Iterator[Item]:  # noqa: ARG002
        """Yield the prompts in a fixed order; the source_id is the same in all languages."""
        for name, prompt in PROMPTS[language].items():
            yield Item(item_id=name, source_id=name, language=language, prompt=prompt)

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:  # noqa: ARG002
        """Return no metric."""
        return {}


task = Greetings()
# end: task


# start: hooks
NOON_GREETING = {"deu_Latn": "Guten Tag", "swh_Latn": "Habari za mchana"}
NOON_PROMPTS = {
    "plain": {"deu_Latn": "Grüße mich am Mittag.", "swh_Latn": "Nisalimie mchana."},
    "kind": {"deu_Latn": "Bitte grüße mich am Mittag.", "swh_Latn": "Tafadhali nisalimie mchana."},
}


def count_words(item: Item, completion: Completion) -> float:  # noqa: ARG001
    """Return the number of words of an answer."""
    return float(len((completion.text or "").split()))


words = Metric(
    name="greetarena_words",
    description="Words of an answer.",
    high=None,
    unit=Unit.POINTS,
    direction=Direction.LOWER,
    measure=count_words,
)


@dataclass(frozen=True)
class Noon:
    """One prompt in two languages, with two templates; the answers are scored and have a reference."""

    template: str = "plain"

    @property
    def card(self) -> TaskCard:
        """The task's identity; that of a template has the template in its name."""
        return TaskCard(
            name="noon" if self.template == "plain" else f"noon.{self.template}",
            version="1",
            title="Greetings at noon in 2 languages",
            kind=Kind.GENERATIVE,
            dataset=Dataset(id="builtin", revision="1", licence="CC0-1.0"),
            languages=tuple(sorted(NOON_GREETING)),
            provenance=dict.fromkeys(NOON_GREETING, Provenance.NATIVE),
            metrics=("chrf++", words.name),
            shared="the prompt",
        )

    def items(self, language: str, data: DataSource) -> Iterator[Item]:  # noqa: ARG002
        """Yield the prompt; its source_id is the same in all languages."""
        prompt = NOON_PROMPTS[self.template][language]
        yield Item("noon", "noon", language, prompt, references=(NOON_GREETING[language],))

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the value of each metric of the card."""
        measures = {name: metric_of(self, name).measure for name in self.card.metrics}
        values = {name: measure(item, completion) for name, measure in measures.items() if measure}
        return {name: value for name, value in values.items() if value is not None}

    # The rest are hooks: a task leaves out those that it does not need.

    @property
    def templates(self) -> tuple[str, ...]:
        """Name the templates, the default one first; `noon.kind` asks for the other."""
        return tuple(NOON_PROMPTS)

    def variant(self, name: str) -> Noon:
        """Return the task with one of its templates."""
        return Noon(name)

    def answer_language(self, language: str) -> str:
        """Name the language of the answers; a task without this hook is answered in the language of its items."""
        return language

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of a metric."""
        return metric_of(self, metric).signature

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return what is summed over items, for metrics of a whole corpus such as chrF++."""
        return translation_statistics(item, completion, ["chrf++"])

    own_separators = False


noon = Noon()
# end: hooks


# start: judge
@dataclass(frozen=True)
class Brevity:
    """Prefers the shorter answer."""

    signature = Signature({"judge": "brevity@1"})
    description = "brevity: the answer with fewer characters wins; it does not read them"

    def calls(self, match: Match) -> list[Call]:  # noqa: ARG002
        """Ask nobody."""
        return []

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order."""
        for match in matches:
            a, b = len(match.a.text), len(match.b.text)
            label = Label.TIE if a == b else Label.A if a < b else Label.B
            yield Verdict(label, f"{a} characters against {b}")


def build_brevity(args: Mapping[str, Any], ask: Ask | None) -> Brevity:
    """Build the judge; it takes no arguments and no endpoint."""
    if args or ask is not None:
        raise ExperimentError("the judge 'brevity' takes no arguments and no endpoint")
    return Brevity()


# end: judge


# start: model
class Parrot:
    """A loaded model that repeats the prompt."""

    provenance: Mapping[str, str] = {"chat_template": "none"}

    def __init__(self, times: int) -> None:
        self.times = times

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """Return one text for each request, in order."""
        prompts = [str(request.messages[-1]["content"]) for request in requests]
        return [GenerateResult(prompt, " ".join([prompt] * self.times), finish_reason="stop") for prompt in prompts]

    def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Refuse: a parrot has no likelihoods."""
        raise ModelError(f"a parrot cannot choose between the answers of {len(requests)} items")

    def close(self) -> None:
        """Release nothing."""


class ParrotType:
    """The model type: what can be known without loading."""

    inputs = frozenset({"text"})

    def check(self, args: Mapping[str, Any], context: ModelContext, where: str) -> None:  # noqa: ARG002
        """Refuse unknown arguments before anything is spent."""
        for name in args:
            if name != "times":
                raise unknown("argument", name, ["times"], where=where)

    def supports(self, kind: Kind) -> bool:
        """Answer whatever is answered by writing."""
        return kind is not Kind.MULTIPLE_CHOICE

    def endpoint(self, args: Mapping[str, Any]) -> None:
        """Ask no endpoint: a parrot bills nobody."""

    def identity(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Mapping[str, str]:  # noqa: ARG002
        """Name all that changes an answer; it becomes part of each cell's key."""
        return {"times": str(args.get("times", 1))}

    def load(self, args: Mapping[str, Any], chat_template: bool | str, context: ModelContext) -> Parrot:  # noqa: ARG002
        """Load the model; called once for each system."""
        return Parrot(int(args.get("times", 1)))


parrot = ParrotType()
# end: model
