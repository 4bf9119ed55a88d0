"""A loaded model of lm-eval, with polyarena's model protocol."""

from __future__ import annotations

import gc
import importlib
import inspect
import itertools
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from polyarena.harness.endpoints.loopback import bypass_proxies
from polyarena.harness.models.converted_weights import with_converted_weights
from polyarena.harness.models.lm_eval.backend_error import backend_error
from polyarena.harness.models.lm_eval.backends import COMPLETIONS, TREE_SCORED, find_backend
from polyarena.harness.models.lm_eval.generation import generation_arguments, has_base, seed_torch
from polyarena.harness.models.lm_eval.observer import Observation, attach_observer
from polyarena.harness.models.lm_eval.order_test import order_shift
from polyarena.harness.models.lm_eval.provenance import describe, describe_engine
from polyarena.harness.models.lm_eval.quiet import quiet
from polyarena.harness.models.protocol import ChoiceRequest, ChoiceResult, GenerateRequest, GenerateResult, Model
from polyarena.harness.models.rendering import (
    Messages,
    apply_chat_template,
    choice_separator,
    close_before_choices,
    join_messages,
    prompt_text,
    set_template,
    thinking_arguments,
)
from polyarena.tasks.errors import ModelError
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import split_thought, thought_opened_by

_Request = TypeVar("_Request")
_Result = TypeVar("_Result")

BATCH_SIZE = 8
"""For local models, unless the experiment sets another (lm-eval's own default is 1)."""


def load_model(
    name: str,
    args: Mapping[str, Any],
    chat_template: bool | str,
    recorded: Mapping[str, str] | None = None,
    licence: str = "",
) -> Model:
    """Load a model through lm-eval's registry.

    Args:
        name: In lm-eval's registry.
        args: Of the lm-eval class, paths resolved. Local models get ``batch_size`` 8 and the machine's accelerator (or
            the processor) unless they say otherwise.
        chat_template: As in :meth:`polyarena.harness.models.protocol.ModelType.load`.
        recorded: As in :attr:`polyarena.harness.models.protocol.ModelContext.recorded`.
        licence: Of the weights; empty where unknown.

    Raises:
        PolyarenaError: The model cannot be loaded, or not with this chat template.
    """
    if chat_template is not True and find_backend(name).messages:
        raise ModelError(
            f"the model type {name!r} cannot set its chat template",
            where=name,
            why="it sends messages, and the server renders them",
            fix="set `chat_template: true`, or use the completions type of the same server",
        )
    if find_backend(name).local:
        _share_the_processor()
    elif isinstance(args.get("base_url"), str):
        bypass_proxies(args["base_url"])
    try:
        importlib.import_module("lm_eval.models")  # fills the registry with names
        from lm_eval.api.registry import get_model

        with quiet():
            built = _scored_by_tree() if name in TREE_SCORED else get_model(name)
            if name == COMPLETIONS:
                built = importlib.import_module("polyarena.harness.models.lm_eval.completions_api").ChosenTokensAPI
        given = dict(args)
        # lm-eval's own argument refuses multiple choice, and wants a mark at which it throws the thought away.
        enabled = given.pop("enable_thinking", None) if find_backend(name).local else None
        with quiet():
            if name in TREE_SCORED:
                given = with_converted_weights(given)
            complete = _with_defaults(built, given)
            if name in TREE_SCORED:
                complete = {**_recorded_budget(recorded or {}, str(complete["device"])), **complete}
            lm = built.create_from_arg_obj(complete)
            if isinstance(chat_template, str):
                set_template(lm, chat_template, name)
            thinks = None if enabled is None else bool(enabled)
            model = LmEvalModel(name, lm, chat_template is not False, thinks, licence)
    except Exception as error:
        raise backend_error("the model cannot be loaded", error, name) from error
    return model


class LmEvalModel:
    """A loaded model of lm-eval; a :class:`polyarena.harness.models.protocol.Model`."""

    def __init__(self, name: str, lm: Any, templated: bool, thinks: bool | None = None, licence: str = "") -> None:
        self._name = name
        self._lm = lm
        self._templated = templated
        self._thinks = thinks
        self._tested = False
        self._observer = attach_observer(lm)
        self._provenance: Mapping[str, str] = {**describe(lm, templated), **({"licence": licence} if licence else {})}
        if templated:
            # A template that cannot be applied is refused before anything is asked.
            probe = self._render([{"role": "user", "content": "probe"}])
            opened = thought_opened_by(probe) if isinstance(probe, str) else None
            self._provenance = {**self._provenance, **({"thought_opened_by": opened} if opened else {})}

    @property
    def provenance(self) -> Mapping[str, str]:
        """What is known only after loading; see :func:`polyarena.harness.models.lm_eval.provenance.describe`."""
        return {**self._provenance, **describe_engine(self._lm)} if self._lm is not None else self._provenance

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """Generate one text per request, in order.

        Requests of one sampling and one sample index go to lm-eval in one call; sampled ones are seeded for each call.
        Latency is the time of a batch, or of the call where batches are not known, divided by its requests.

        Raises:
            ModelError: The backend failed, or left a request without an answer.
        """
        return _collect(self.generate_in_batches, requests)

    def generate_in_batches(
        self, requests: Sequence[GenerateRequest], on_batch: Callable[[Sequence[tuple[int, GenerateResult]]], None]
    ) -> None:
        """Generate texts; see :class:`polyarena.harness.models.protocol.BatchReporting`."""

        def group(place: int) -> str:
            return repr((requests[place].sampling, requests[place].sample_index))

        for _, members in itertools.groupby(sorted(range(len(requests)), key=group), key=group):
            self._generate(requests, list(members), on_batch)

    def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Score the choices of each request, in order, as continuations of the rendered prompt.

        Between prompt and choice stands :func:`~polyarena.harness.models.rendering.choice_separator`; choices that are
        whole texts are scored after nothing. A thought that the chat template opens is closed first. All choices of all
        requests go to lm-eval in one call.

        Raises:
            ModelError: The backend cannot score continuations, or failed, or a thought cannot be closed.
        """
        return _collect(self.choose_in_batches, requests)

    def choose_in_batches(
        self, requests: Sequence[ChoiceRequest], on_batch: Callable[[Sequence[tuple[int, ChoiceResult]]], None]
    ) -> None:
        """Score the choices of requests; see :class:`polyarena.harness.models.protocol.BatchReporting`."""
        prompts = [self._before_choices(request) for request in requests]
        pairs = [
            (prompt, choice_separator(self._templated, request.separator) + sanitize_text(choice))
            for prompt, request in zip(prompts, requests, strict=True)
            for choice in request.choices
        ]
        self._test_order(pairs)
        owners = [(place, number) for place, request in enumerate(requests) for number in range(len(request.choices))]
        prompt_tokens = self._counts(prompts, special=None)
        choice_tokens = self._counts(choice for request in requests for choice in request.choices)
        values = [dict[int, float]() for _ in requests]
        left = set(range(len(requests)))
        began = time.perf_counter()

        def result(place: int, latency: float) -> ChoiceResult:
            counts = [choice_tokens[choice] for choice in requests[place].choices]
            return ChoiceResult(
                prompt=prompt_text(prompts[place]),
                loglikelihoods=tuple(values[place][number] for number in range(len(counts))),
                prompt_tokens=prompt_tokens[prompts[place]],
                completion_tokens=None if None in counts else sum(count or 0 for count in counts),
                latency_s=latency,
            )

        def scored(batch: Iterable[tuple[int, Any]]) -> None:
            nonlocal began
            for position, score in batch:
                place, number = owners[position]
                values[place][number] = float(score[0])
            complete = sorted(place for place in left if len(values[place]) == len(requests[place].choices))
            if complete:
                latency = (time.perf_counter() - began) / len(complete)
                left.difference_update(complete)
                on_batch([(at, result(at, latency)) for at in complete])
                began = time.perf_counter()

        if hasattr(self._lm, "on_scored"):
            self._lm.on_scored = scored
        try:
            answers = self._call("loglikelihood", pairs, [number for _, number in owners])
        finally:
            if hasattr(self._lm, "on_scored"):
                self._lm.on_scored = None
        if left:
            scored(enumerate(answers))

    def _test_order(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Test a server once, by its first questions, for answers that depend on what it was asked before."""
        if self._tested or not pairs or not has_base(self._lm, "TemplateAPI"):
            return
        shift = order_shift(lambda pair: float(self._call("loglikelihood", [pair])[0][0]), pairs, self._name)
        self._provenance = {**self._provenance, "order_shift": f"{shift:.2g} nats"}
        self._tested = True

    @contextmanager
    def halved_batches(self, *, texts: bool = False) -> Iterator[bool]:
        """Work in batches of half the size; only ``transformers`` does so in this process, at a size of its own."""
        scorer = None if texts else getattr(self._lm, "scorer", None)
        holder, name = (scorer, "budget") if scorer is not None else (self._lm, "batch_size_per_gpu")
        size = getattr(holder, name, None)
        if not has_base(self._lm, "HFLM") or not isinstance(size, int) or size < 2:
            yield False
            return
        half = size // 2
        truncated = getattr(self._lm, "truncated", 0)
        setattr(holder, name, half)
        try:
            yield True
        finally:
            # Less if the device lacked memory meanwhile.
            if getattr(holder, name) == half:
                setattr(holder, name, size)
            if scorer is not None:
                self._lm.truncated = truncated

    def close(self) -> None:
        """Free the memory that the model holds."""
        self._lm = None
        self._observer.clear()
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _generate(
        self,
        requests: Sequence[GenerateRequest],
        places: Sequence[int],
        on_batch: Callable[[Sequence[tuple[int, GenerateResult]]], None],
    ) -> None:
        """Generate the texts of requests that have one sampling and one sample index."""
        first = requests[places[0]]
        sampling, index = first.sampling, first.sample_index
        prompts = {place: self._render(requests[place].messages, sampling.reasoning_effort) for place in places}
        opened = {place: self._opened(prompts[place], requests[place]) for place in places}
        arguments = generation_arguments(self._lm, sampling, index, thinks=any(opened.values()))
        self._observer.thinking = first.thinking
        waiting: dict[Any, deque[int]] = {}
        for place in places:
            waiting.setdefault(prompts[place], deque()).append(place)
        began = time.perf_counter()

        def answered(batch: Sequence[tuple[Any, str]]) -> None:
            nonlocal began
            latency = (time.perf_counter() - began) / len(batch)
            results = []
            for prompt, text in batch:
                place = waiting[prompt].popleft()
                seen = self._observer.pop(prompt)
                results.append((place, self._generated(requests[place], prompt, text, seen, opened[place], latency)))
            on_batch(results)
            began = time.perf_counter()

        self._observer.on_batch = answered
        try:
            with seed_torch(self._lm, sampling, index):
                texts = self._call("generate_until", [(prompts[place], dict(arguments)) for place in places])
            self._observer.end_batch()
        finally:
            self._observer.on_batch = None
        rest = {place for several in waiting.values() for place in several}
        answers = [(prompts[place], text) for place, text in zip(places, texts, strict=True) if place in rest]
        if answers:
            answered(answers)

    def _before_choices(self, request: ChoiceRequest) -> Any:
        if not request.messages:
            return ""
        prompt = self._render(request.messages)
        if not self._templated or not isinstance(prompt, str):
            return prompt
        return close_before_choices(prompt, request.thinking, self._name)

    @staticmethod
    def _opened(prompt: Any, request: GenerateRequest) -> str | None:
        return thought_opened_by(prompt, request.thinking) if isinstance(prompt, str) else None

    def _generated(
        self,
        request: GenerateRequest,
        prompt: Any,
        text: str,
        seen: Observation | None,
        opened: str | None,
        latency: float,
    ) -> GenerateResult:
        count = seen.completion_tokens if seen else None
        cut = seen is not None and seen.text is not None and seen.text != text
        if count is None or cut:
            count = self._count(text)
        reason = seen.finish_reason if seen else None
        if reason is None and count is not None:
            ended = seen is not None and (seen.ended or cut)
            reason = "length" if count >= request.sampling.total_tokens and not ended else "stop"
        asked = seen.prompt_tokens if seen else None
        return GenerateResult(
            prompt=prompt_text(prompt),
            text=sanitize_text(text),
            finish_reason=reason,
            prompt_tokens=self._count(prompt, special=None) if asked is None else asked,
            completion_tokens=count,
            latency_s=latency,
            thought=seen.thought if seen else None,
            thought_tokens=self._thought_tokens(request, text, opened, count, seen),
            opened=opened,
        )

    def _thought_tokens(
        self, request: GenerateRequest, text: str, opened: str | None, count: int | None, seen: Observation | None
    ) -> int | None:
        """Return the tokens of the thought, its marks included: those that are not the answer's."""
        if seen is not None and seen.thought_tokens is not None:
            return seen.thought_tokens
        split = split_thought(text, request.thinking, opened=opened)
        answer = self._count(split.answer)
        if split.thought is None or count is None or answer is None:
            return None
        return max(0, count - answer)

    def _render(self, messages: Messages, effort: str | None = None) -> Any:
        if not self._templated:
            return join_messages(messages)
        arguments = thinking_arguments(effort, self._thinks) if find_backend(self._name).local else {}
        return apply_chat_template(self._lm, messages, self._name, arguments)

    def _call(
        self, method: str, arguments: Sequence[tuple[Any, Any]], numbers: Sequence[int] | None = None
    ) -> list[Any]:
        """Call a method of lm-eval; ``numbers`` count the choices of each question, or all arguments if left out."""
        from lm_eval.api.instance import Instance

        if not arguments:
            return []
        self._observer.clear()
        numbers = range(len(arguments)) if numbers is None else numbers
        instances = [Instance(method, {}, pair, number) for number, pair in zip(numbers, arguments, strict=True)]
        asked = getattr(self._lm, method)
        silent = {"disable_tqdm": True} if "disable_tqdm" in inspect.signature(asked).parameters else {}
        try:
            with quiet():
                answers = list(asked(instances, **silent))
        except Exception as error:
            raise backend_error("the model did not answer", error, self._name) from error
        if len(answers) != len(arguments) or any(answer is None for answer in answers):
            raise ModelError(
                "the model left questions without an answer",
                where=self._name,
                why=f"{sum(a is not None for a in answers)} answers to {len(arguments)} questions; see the log for why",
            )
        return answers

    def _counts(self, texts: Iterable[Any], special: bool | None = False) -> dict[Any, int | None]:
        """Count the tokens of many texts: in one call where the model offers that, which uses all cores."""
        distinct = dict.fromkeys(texts)
        count = getattr(self._lm, "count_tokens", None)
        if count is not None and all(isinstance(text, str) for text in distinct):
            return dict(count(distinct, special))
        return {text: self._count(text, special) for text in distinct}

    def _count(self, text: Any, special: bool | None = False) -> int | None:
        """Count tokens; ``None`` without a tokenizer. Prompts get the special tokens that the backend adds."""
        if not isinstance(text, str) or not has_base(self._lm, "TemplateLM") or self._lm.tokenizer is None:
            return None
        options = {} if special is None else {"add_special_tokens": special}
        tokens = self._lm.tok_encode(text, **options) if text else []
        return len(tokens) if isinstance(tokens, list) and all(isinstance(token, int) for token in tokens) else None


def _collect(
    in_batches: Callable[[Sequence[_Request], Callable[[Sequence[tuple[int, _Result]]], None]], None],
    requests: Sequence[_Request],
) -> list[_Result]:
    """Return the results of a call that reports them batch by batch, in the order of the requests."""
    results: dict[int, _Result] = {}
    in_batches(requests, results.update)
    return [results[place] for place in range(len(requests))]


def _with_defaults(built: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    """Add a batch size and a device to the arguments of classes that run ``transformers`` themselves."""
    names = {each.__name__ for each in built.__mro__}
    if "HFLM" not in names:
        return dict(args)
    return {"batch_size": BATCH_SIZE, "device": _best_device(), **args}


def _scored_by_tree() -> Any:
    """Return lm-eval's ``hf`` with the engine: imported only where torch is, and only when a model is loaded."""
    return importlib.import_module("polyarena.harness.models.hf_tree.lm").TreeLM


def _recorded_budget(recorded: Mapping[str, str], device: str) -> dict[str, int]:
    """Return the size of batches that a run began with, as long as it continues on such a device."""
    same = recorded.get("device", "").partition(":")[0] == device.partition(":")[0]
    budget = recorded.get("token_budget", "")
    return {"token_budget": int(budget)} if same and budget.isdecimal() else {}


def _share_the_processor() -> None:
    """Let torch's threads sleep instead of spin while they wait for each other; read when torch is imported.

    Spinning gains nothing on an idle machine, and makes answers several times slower as soon as anything else runs on
    the same cores. Whoever sets the variable has the last word.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
