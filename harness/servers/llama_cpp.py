"""llama.cpp's own server out of the package ``xllamacpp``, with the flags of ``llama-server`` that matter here.

Run as a process of its own: ``python -m polyarena.harness.servers.llama_cpp --model FILE --port N``.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import threading
from typing import Any


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a GGUF file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ctx-size", type=int, default=4096, help="tokens of all slots together")
    parser.add_argument("--parallel", type=int, default=2, help="requests at a time")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as the server chooses")
    parser.add_argument("--no-cache-prompt", action="store_true", help="compute every prompt anew")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.hostnames = [options.host]
    params.port = options.port
    params.n_ctx = options.ctx_size
    params.n_parallel = options.parallel
    params.cache_prompt = not options.no_cache_prompt
    params.warmup = False
    if options.threads:
        params.cpuparams.n_threads = options.threads
        params.cpuparams_batch.n_threads = options.threads
    server = xllamacpp.Server(params)
    sys.stdout.write(f"listening at {server.listening_address}\n")
    sys.stdout.flush()
    ended.wait()


if __name__ == "__main__":
    main()
