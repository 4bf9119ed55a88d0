"""From messages to the prompt that a model sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyarena.tasks.errors import ModelError
from polyarena.tasks.text import sanitize_text

Messages = Sequence[Mapping[str, str]]


def choice_separator(templated: bool, wanted: str = " ") -> str:
    """Return what stands between the rendered prompt and a choice.

    A template ends where the answer begins. Without one it is what the task asks for: a single space unless it says
    otherwise, in all scripts alike, so that one rule holds for every language and every choice pays the same for it.

    Args:
        templated: Whether a chat template is applied.
        wanted: The task's :attr:`polyarena.tasks.item.Item.choice_separator`.
    """
    return "" if templated else wanted


def join_messages(messages: Messages) -> str:
    """Join the contents of all messages by blank lines: the prompt of a model without a chat template."""
    return "\n\n".join(sanitize_text(message["content"]) for message in messages)


def apply_chat_template(lm: Any, messages: Messages, where: str) -> Any:
    """Render messages with the chat template of an lm-eval model, up to where the answer begins.

    Returns:
        A text; for model types that send messages as they are, lm-eval's own JSON string of them.

    Raises:
        ModelError: There is no template, it cannot be rendered, or it leaves out a message. (lm-eval drops the system
            message when a template refuses it; the answers would be those of another system.)
    """
    chat = [{"role": message["role"], "content": sanitize_text(message["content"])} for message in messages]
    try:
        rendered = lm.apply_chat_template(chat, add_generation_prompt=True)
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
