"""The part of an experiment file that says which server is started for a system."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue

from polyarena.harness.experiment.strict import Strict


class ServerSpec(Strict):
    """A server that the run starts for a system of the model type ``endpoint``; its name alone is short for this.

    Attributes:
        engine: ``vllm``, ``sglang`` or ``llama.cpp`` (``llama-server``, or the package ``xllamacpp``).
        model: Name on the hub, folder or GGUF file that is served; the endpoint's ``model`` if left out.
        args: Flags of the server's command line: ``max_model_len: 4096`` is ``--max-model-len 4096``, ``true`` a flag
            without a value.
        command: Words that start the server in place of the installed program, such as one in an environment of its
            own; ``--host``, ``--port`` and ``args`` are added.
        wait_s: Longest time until it is healthy, in seconds.
    """

    engine: Literal["vllm", "sglang", "llama.cpp"]
    model: Annotated[str, Field(min_length=1)] | None = None
    args: dict[str, JsonValue] = {}  # noqa: RUF012 - pydantic copies defaults
    command: tuple[str, ...] = ()
    wait_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0


def _server(value: Any) -> Any:
    return {"engine": value} if isinstance(value, str) else value


ShortServer = Annotated[ServerSpec, BeforeValidator(_server, json_schema_input_type=ServerSpec | str)]

LOCAL_SERVER = "http://localhost/v1"
"""Address of a server that is not running yet; its answers are known by what is served, not by where."""
