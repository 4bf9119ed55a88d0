"""The ``llm`` judge: asks a chat model to compare two answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from polyarena.judges.arguments import read_arguments
from polyarena.judges.llm.parse import parse
from polyarena.judges.llm.rendering import messages
from polyarena.judges.llm.template import Template, load_template
from polyarena.judges.protocol import Ask, Call, Judge, Match, Reply, Verdict
from polyarena.judges.records import Label
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.sampling import Sampling


class LlmSettings(BaseModel):
    """Arguments of the judge.

    Attributes:
        template: Name of a template that ships with polyarena, or the path of a ``.toml`` file.
        max_tokens: Longest reply.
        temperature: 0 is greedy.
        max_answer_chars: Longest answer that is shown whole; longer ones lose their middle, with a visible mark.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    template: str = "pairwise"
    max_tokens: Annotated[int, Field(gt=0)] = 1024
    temperature: Annotated[float, Field(ge=0)] = 0.0
    max_answer_chars: Annotated[int, Field(ge=100)] = 20_000


def build(args: Mapping[str, Any], ask: Ask | None) -> Judge:
    """Build the judge.

    Args:
        args: See :class:`LlmSettings`.
        ask: Reaches the model. Without it the judge can plan (``calls``) and not decide.

    Raises:
        UnknownNameError: An argument, a template or a placeholder does not exist.
        PolyarenaError: A value is out of range, or the template cannot be used.
    """
    settings = read_arguments(LlmSettings, args, "llm")
    return LlmJudge(settings, load_template(settings.template), ask)


@dataclass(frozen=True)
class LlmJudge:
    """Shows a chat model the request and both answers, and parses the label it ends with."""

    settings: LlmSettings
    template: Template
    ask: Ask | None = field(default=None, repr=False)

    @property
    def signature(self) -> str:
        """All settings but the model, which belongs to the endpoint and is named by whoever opened it."""
        return (
            f"judge:llm@1|template:{self.template.name}@{self.template.version}|digest:{self.template.digest}"
            f"|max_tokens:{self.settings.max_tokens}|temperature:{self.settings.temperature:g}"
            f"|max_answer_chars:{self.settings.max_answer_chars}|parser:1"
        )

    @property
    def description(self) -> str:
        """What it is, and what it is not."""
        template = f"template {self.template.name}@{self.template.version}, {len(self.template.labels)} labels"
        return (
            f"llm: a language model that reads the request and both answers ({template}); its taste is not that of "
            "people, and may differ by language"
        )

    def calls(self, match: Match) -> list[Call]:
        """The one question that this match costs."""
        sampling = Sampling(max_tokens=self.settings.max_tokens, temperature=self.settings.temperature)
        return [Call(messages(self.template, match, self.settings.max_answer_chars), sampling, match.repeat)]

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order, drawing matches only as fast as ``ask`` takes them.

        Raises:
            ExperimentError: The judge has no endpoint.
            ModelError: ``ask`` broke its promise of one reply for each call.
        """
        if self.ask is None:
            raise ExperimentError(
                "the judge 'llm' has no endpoint", fix="give it `endpoint:` with base_url and model in the experiment"
            )
        return self._decide(matches, self.ask)

    def _decide(self, matches: Iterable[Match], ask: Ask) -> Iterator[Verdict]:
        asked = 0

        def calls() -> Iterator[Call]:
            nonlocal asked
            for match in matches:
                for call in self.calls(match):
                    asked += 1
                    yield call

        answered = 0
        for reply in ask(calls()):
            answered += 1
            yield self._verdict(reply)
        if answered != asked:
            raise ModelError(f"the endpoint client gave {answered} replies to {asked} questions")

    def _verdict(self, reply: Reply) -> Verdict:
        error = reply.error
        label = Label.INVALID if error is not None else parse(reply.text, self.template.labels)
        if error is None and label is Label.INVALID:
            cut = f"the reply was cut off at {self.settings.max_tokens} tokens, before a label"
            error = cut if reply.finish_reason == "length" else "no usable label in the reply"
        return Verdict(
            label,
            reply.text,
            reply.prompt_tokens,
            reply.completion_tokens,
            reply.cost,
            error,
            answered=reply.error is None,
        )
