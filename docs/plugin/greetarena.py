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
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.records import Completion
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


# start: judge
@dataclass(frozen=True)
class Brevity:
    """Prefers the shorter answer."""

    signature = "judge:brevity@1"
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
        """Let go of nothing."""


class ParrotType:
    """The model type: what can be known without loading."""

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
