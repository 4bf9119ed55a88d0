"""Which models an endpoint says it offers, for messages about one that it does not."""

from __future__ import annotations

from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.harness.endpoints.transport.outcome import mask_key
from polyarena.tasks.suggest import closest
from polyarena.tasks.text import sanitize_text

_TIMEOUT_S = 5.0
_MOST_NAMED = 12
_LONGEST = 100


def list_models(settings: EndpointSettings, key: str) -> tuple[str, ...]:
    """Return the names of an endpoint's models, sorted; none if it does not say within five seconds.

    Args:
        settings: Which endpoint.
        key: The API key.
    """
    import openai

    try:
        with openai.OpenAI(api_key=key, base_url=settings.url, max_retries=0, timeout=_TIMEOUT_S) as client:
            names = [model.id for model in client.models.list()]
    except (openai.OpenAIError, OSError, ValueError, TypeError, AttributeError):
        return ()  # It is asked for the sake of a message only, and a server may answer anything.
    told = [name for name in names if isinstance(name, str) and mask_key(name, key) == name]
    found = {" ".join(sanitize_text(name).split())[:_LONGEST] for name in told}
    return tuple(sorted(name for name in found if name))


def suggest_model(model: str, offered: tuple[str, ...]) -> str:
    """Return advice that names the offered models most like ``model``; empty if nothing is offered."""
    near = closest(model, offered)
    if near:
        return "did you mean " + " or ".join(repr(name) for name in near) + "?"
    rest = len(offered) - _MOST_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return f"it offers {', '.join(offered[:_MOST_NAMED])}{more}" if offered else ""
