"""A tiny model of random weights, a scripted chat server, and short ways to ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, ModelContext
from polyarena.tasks.sampling import Sampling

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``save_pretrained`` writes it: one layer, bytes as tokens, a BOS from tokenizer and template both."""
    torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")
    pytest.importorskip("transformers", reason="the [hf] extra is not installed")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("weights") / "tiny-llama"
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate(["<s>", "</s>", "<pad>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", chat_template=TEMPLATE
    ).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=1,
                num_attention_heads=2,
                num_key_value_heads=2,
                max_position_embeddings=512,
                initializer_range=0.5,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=2,
            )
        ).save_pretrained(folder)
    return folder


@pytest.fixture
def context(tmp_path: Path) -> ModelContext:
    return ModelContext(base=str(tmp_path))


@pytest.fixture(scope="session")
def asking() -> Callable[..., list[GenerateRequest]]:
    """``asking("text", ..., system="", max_tokens=..., ...)``: one request a text."""

    def build(*texts: str, system: str = "", sample_index: int = 0, **sampling: Any) -> list[GenerateRequest]:
        before = ({"role": "system", "content": system},) if system else ()
        return [
            GenerateRequest(
                "eng_Latn",
                f"item-{place}",
                (*before, {"role": "user", "content": text}),
                Sampling(**{"max_tokens": 8, **sampling}),
                sample_index,
            )
            for place, text in enumerate(texts)
        ]

    return build


@pytest.fixture(scope="session")
def choosing() -> Callable[..., ChoiceRequest]:
    """``choosing("question", "choice", ...)``."""

    def build(text: str, *choices: str) -> ChoiceRequest:
        return ChoiceRequest("eng_Latn", "item", ({"role": "user", "content": text},), choices)

    return build


class ChatServer:
    """Answers with what ``reply`` makes of each request; keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.reply: Callable[[dict[str, Any]], tuple[int, str]] = self.echo
        self.url = ""

    @staticmethod
    def echo(request: dict[str, Any]) -> tuple[int, str]:
        text = request["messages"][-1]["content"].upper()
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 11, "completion_tokens": len(text)}
        return 200, json.dumps({"choices": [choice], "usage": usage})


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A server of this machine that speaks enough of the chat completions protocol."""
    server = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(body)
            status, answer = server.reply(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_address[1]}/v1/chat/completions"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        listening.shutdown()
        thread.join()
