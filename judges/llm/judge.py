"""The ``llm`` judge: asks a chat model which of two answers is better, or whether each of them is good."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from polyarena.judges.arguments import read_arguments
from polyarena.judges.llm.follow_up import Question, ask_with_follow_up
from polyarena.judges.llm.rendering import RenderSettings, again, answer_messages, messages
from polyarena.judges.llm.structured import verdict_schema
from polyarena.judges.llm.template import JudgeTemplate, TemplateKind
from polyarena.judges.llm.template_set import TemplateSet, load_templates
from polyarena.judges.llm.verdicts import assess, is_answered, is_refused, pairwise_verdict, question_id, read_reply
from polyarena.judges.protocol import Ask, Call, Judge, Match, Message, Reply, Verdict
from polyarena.judges.ratings import label_of_bad, rated_verdict
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.signature import Signature


class LlmSettings(BaseModel):
    """Arguments of the judge.

    Attributes:
        template: Name of a template that ships with polyarena, or the path of a ``.toml`` file; files beside it named
            ``<name>.<language>.toml`` are for these languages. Or a mapping from languages to such names, with
            ``default`` for all others.
        structured: ``auto`` asks for a JSON object where the template says how to write one, ``json`` insists that it
            does, ``off`` never asks for one. An endpoint without structured output is asked for the object in words.
            Replies are read in either form.
        ask_again: Whether a judge whose reply holds no usable verdict is asked once more.
        max_tokens: Longest reply; a thought has ``thinking_budget`` beside it.
        thinking_budget: Tokens that a reasoning model may think before its reply.
        reasoning_effort: How hard it is asked to think, such as ``low``; left to the model if left out.
        temperature: 0 is greedy.
        seed: Of sampled replies, and of the delimiters around the answers.
        max_answer_chars: Longest answer that is shown whole; longer ones lose their middle, with a visible mark.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    template: str | dict[str, str] = "pairwise"
    structured: Literal["auto", "json", "off"] = "auto"
    ask_again: bool = True
    max_tokens: Annotated[int, Field(gt=0)] = 1024
    thinking_budget: Annotated[int, Field(ge=0, le=10**7)] = 0
    reasoning_effort: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=40)] | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0
    max_answer_chars: Annotated[int, Field(ge=100)] = 20_000


def _thinking(settings: LlmSettings) -> dict[str, object]:
    """Return effort and budget for the signature, where they are set."""
    effort = {"effort": settings.reasoning_effort} if settings.reasoning_effort is not None else {}
    budget = {"thinking": settings.thinking_budget} if settings.thinking_budget else {}
    return {**effort, **budget}


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
    templates = load_templates(settings.template)
    if settings.structured == "json":
        for template in (templates.default, *templates.by_language.values()):
            if not template.json:
                raise ExperimentError(
                    f"the judge template {template.name!r} does not say how to reply in JSON",
                    where="args of the judge 'llm'",
                    fix="add `json = ...` to the template, or use `structured: auto`",
                )
    return LlmJudge(settings, templates, ask)


def build_harm(args: Mapping[str, Any], ask: Ask | None) -> Judge:
    """Build the ``harm`` judge: the ``llm`` judge with the template ``harm``, unless the arguments name another."""
    return build({"template": "harm", **args}, ask)


@dataclass(frozen=True)
class LlmJudge:
    """Shows a chat model the request and the answers, and reads the verdict that it ends with.

    A pairwise template shows both answers at once. A template for one answer is asked about each alone, in two
    questions that are the same in both orders and are therefore paid for once; the good answer wins, and two of a kind
    are a tie.
    """

    settings: LlmSettings
    templates: TemplateSet
    ask: Ask | None = field(default=None, repr=False)
    inputs: ClassVar[frozenset[str]] = frozenset({"text", "image", "audio"})

    @property
    def signature(self) -> Signature:
        """All settings but the model, which belongs to the endpoint and is named by whoever opened it."""
        settings, template = self.settings, self.templates.default
        return Signature(
            {
                "judge": "llm@4",
                "template": f"{template.name}@{template.version}",
                "digest": self.templates.digest,
                "output": "json" if self._structured(template) else "text",
                "ask_again": "yes" if settings.ask_again else "no",
                "max_tokens": settings.max_tokens,
                "temperature": f"{settings.temperature:g}",
                "seed": settings.seed,
                "max_answer_chars": settings.max_answer_chars,
                **_thinking(settings),
                "parser": 4,
            }
        )

    @property
    def description(self) -> str:
        """What it is, and what it is not."""
        template = self.templates.default
        reads = "both answers" if template.kind is TemplateKind.PAIRWISE else "each answer alone"
        return (
            f"llm: a language model that reads the request and {reads} (template {template.name}@{template.version}, "
            f"{len(template.words)} labels); its taste is not that of people, and may differ by language"
        )

    def calls(self, match: Match) -> list[Call]:
        """The questions that this match costs, second tries apart."""
        return [question.call for question in self._questions(match)]

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
        asked: deque[tuple[str, tuple[str | None, ...]]] = deque()

        def questions() -> Iterator[Question]:
            for match in matches:
                own = tuple(self._questions(match))
                asked.append((match.language, self._names(match, own)))
                yield from own

        replies = ask_with_follow_up(ask, questions())
        for first in replies:
            language, names = asked.popleft()
            yield self._verdict(self.templates.of(language), names, first, replies)

    def _verdict(
        self,
        template: JudgeTemplate,
        names: tuple[str | None, ...],
        first: tuple[Reply, ...],
        rest: Iterator[tuple[Reply, ...]],
    ) -> Verdict:
        limit = self.settings.max_tokens + self.settings.thinking_budget
        if template.kind is TemplateKind.PAIRWISE:
            return pairwise_verdict(template, first, limit, names[0])
        second = next(rest)
        a, b = (
            assess(template, replies, limit, name or "") for replies, name in zip((first, second), names, strict=True)
        )
        both = (*first, *second)
        return rated_verdict(a, b, label_of_bad, answered=is_answered(both), refused=is_refused(both))

    def _names(self, match: Match, questions: tuple[Question, ...]) -> tuple[str | None, ...]:
        """Return the names of questions that other games may ask as well; ``None`` for one that is this game's own."""
        alone = self.templates.of(match.language).kind is TemplateKind.ANSWER
        if not alone and (match.a.text, match.a.earlier) != (match.b.text, match.b.earlier):
            return (None,)
        return tuple(question_id(question.call) for question in questions)

    def _questions(self, match: Match) -> Iterator[Question]:
        template = self.templates.of(match.language)
        view = RenderSettings(self.settings.max_answer_chars, self.settings.seed, self._structured(template))
        if template.kind is TemplateKind.PAIRWISE:
            yield self._question(template, match, messages(template, match, view))
        else:
            for answer in (match.a, match.b):
                yield self._question(template, match, answer_messages(template, match, answer, view))

    def _question(self, template: JudgeTemplate, match: Match, shown: tuple[Message, ...]) -> Question:
        settings = self.settings
        sampling = Sampling(
            settings.max_tokens,
            settings.temperature,
            seed=settings.seed,
            thinking_budget=settings.thinking_budget,
            reasoning_effort=settings.reasoning_effort,
        )
        schema = verdict_schema(template.words.values(), template.json) if self._structured(template) else None
        return Question(
            Call(shown, sampling, match.repeat, schema, match.key),
            lambda reply: read_reply(template, reply.text, reply.finish_reason) is not None,
            again(template, match) if settings.ask_again else None,
        )

    def _structured(self, template: JudgeTemplate) -> bool:
        return bool(template.json) and self.settings.structured != "off"
