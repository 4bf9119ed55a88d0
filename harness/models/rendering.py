"""Renders messages as the prompt of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from polyarena.judges.protocol import Message, message_text
from polyarena.tasks.errors import ModelError
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import Detection, ThinkingRule, close_thought, thought_opened_by

Messages = Sequence[Message]


def choice_separator(templated: bool, wanted: str = " ") -> str:
    """Return the separator between the rendered prompt and a choice.

    A template ends where the answer begins. Without one it is what the task asks for: a single space unless it says
    otherwise, in all scripts alike, so that one rule holds for every language and every choice pays the same for it.

    Args:
        templated: Whether a chat template is applied.
        wanted: The task's :attr:`polyarena.tasks.item.Item.choice_separator`.
    """
    return "" if templated else wanted


def join_messages(messages: Messages) -> str:
    """Join the contents of all messages by blank lines: the prompt of a model without a chat template."""
    return "\n\n".join(sanitize_text(message_text(message)) for message in messages)


def apply_chat_template(lm: Any, messages: Messages, where: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Render messages with the chat template of an lm-eval model, up to where the answer begins.

    Args:
        lm: The model.
        messages: To render.
        where: The model, for messages.
        arguments: What the template is given beside the messages, such as ``enable_thinking``; only for models whose
            prompts are rendered on this side.

    Returns:
        A text; for model types that send messages as they are, lm-eval's own JSON string of them.

    Raises:
        ModelError: There is no template, it cannot be rendered, or it leaves out a message. (lm-eval drops the system
            message when a template refuses it; the answers would be those of another system.)
    """
    chat = [{"role": message["role"], "content": sanitize_text(message_text(message))} for message in messages]
    try:
        with _template_arguments(lm, arguments or {}, where):
            rendered = lm.apply_chat_template(chat, add_generation_prompt=True)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            "the chat template cannot be applied",
            where=where,
            why=f"{type(error).__name__}: {error}".strip(),
            fix="set `chat_template: false` for a model without one, or give the text of a Jinja template",
        ) from error
    if not isinstance(rendered, str):
        return rendered
    lost = next((message for message in chat if message["content"].strip() not in rendered), None)
    if lost is not None:
        raise ModelError(
            f"the chat template leaves out the {lost['role']} message",
            where=where,
            why="many templates have no place for a system message",
            fix="put the text into the user message, or give the text of a Jinja template that shows all messages",
        )
    return rendered


def thinking_arguments(effort: str | None, enabled: bool | None = None) -> dict[str, Any]:
    """Return what chat templates are given so that a model thinks as it is asked to.

    Args:
        effort: As ``reasoning_effort``, by which gpt-oss and others are told; ``none`` also switches thinking off.
        enabled: As ``enable_thinking`` (Qwen, SmolLM, GLM) and ``thinking`` (DeepSeek, Granite); ``None`` leaves the
            template's own default.
    """
    arguments: dict[str, Any] = {} if effort is None else {"reasoning_effort": effort}
    if effort == "none":
        enabled = False
    return arguments if enabled is None else {**arguments, "enable_thinking": enabled, "thinking": enabled}


@contextmanager
def _template_arguments(lm: Any, arguments: Mapping[str, Any], where: str) -> Iterator[None]:
    """Give arguments to the chat template of a model, for one prompt."""
    given = getattr(lm, "chat_template_args", None)
    if not arguments:
        yield
        return
    if not isinstance(given, dict):
        raise ModelError(
            "this model type cannot be told how hard to think",
            where=where,
            why="its chat template takes no arguments",
            fix="leave `effort` out of `thinking`",
        )
    # lm-eval's vLLM class hands its own `enable_thinking` to the template, which may be given once only.
    own = "enable_thinking" in arguments and any(each.__name__ == "VLLM" for each in type(lm).__mro__)
    before = lm.enable_thinking if own else None
    lm.chat_template_args = {**given, **arguments}
    if own:
        lm.enable_thinking = lm.chat_template_args.pop("enable_thinking")
    try:
        yield
    finally:
        lm.chat_template_args = given
        if own:
            lm.enable_thinking = before


def close_before_choices(prompt: str, rule: ThinkingRule, where: str) -> str:
    """Return a rendered prompt in which no thought is open, so that choices may be scored behind it.

    A thought that the chat template opens is closed as the family's own templates do when they skip it.

    Args:
        prompt: With the chat template applied.
        rule: Of the system.
        where: The model, for messages.

    Raises:
        ModelError: The prompt opens a thought, and how it is closed is not known, or is not to be looked for.
    """
    if rule.detection is not Detection.OFF:
        closed = close_thought(close_thought(prompt, rule))
        if closed == prompt and rule.opened and rule.end:
            closed = f"{prompt}\n{rule.end}\n\n"
        if closed != prompt or not rule.opened:
            return closed
        why, fix = "the prompt opens it by a mark that is not known", "set `end` under `thinking`"
    elif thought_opened_by(prompt) is None:
        return prompt
    else:
        why = f"the chat template opens it ({thought_opened_by(prompt)}), and `thinking: off` leaves it open"
        fix = "leave `thinking: off` out, and the thought is closed; or set `enable_thinking: false` in `args`"
    raise ModelError("the choices would be scored inside a thought", where=where, why=why, fix=fix)


def prompt_text(rendered: Any) -> str:
    """Return a rendered prompt as text, also where it is lm-eval's JSON string of messages."""
    return rendered if isinstance(rendered, str) else str(rendered.prompt)


def set_template(lm: Any, template: str, where: str) -> None:
    """Give a model another chat template.

    Args:
        lm: A model of lm-eval whose prompts are rendered on this side.
        template: Text of a Jinja template, in the manner of ``transformers``.
        where: The model, for messages.

    Raises:
        ModelError: The model's prompts are not rendered by a tokenizer that takes templates.
    """
    tokenizer: Any = getattr(lm, "tokenizer", None)
    if tokenizer is None or not hasattr(tokenizer, "chat_template"):
        raise ModelError(
            "this model takes no chat template",
            where=where,
            why="it has no tokenizer of the transformers library",
            fix="set `chat_template: true` to use the server's own, or `chat_template: false`",
        )
    tokenizer.chat_template = template
    if hasattr(lm, "hf_chat_template"):  # vLLM resolves its template once, when it is loaded
        lm.hf_chat_template = template
