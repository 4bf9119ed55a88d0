"""Serves a GGUF model by llama.cpp's own server; prints its address, ends when its input is closed.

Run as a process of its own: the model's threads and its memory stay out of the test process.
"""

import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 4096
params.n_parallel = 2
params.cpuparams.n_threads = 1  # more would wait for each other on a busy machine
params.cpuparams_batch.n_threads = 1
params.warmup = False
params.verbosity = 0
params.cache_prompt = False  # so that the server's metrics count all prompt tokens
params.endpoint_metrics = True
server = xllamacpp.Server(params)
sys.stdout.write(f"{server.listening_address}\n")
sys.stdout.flush()
sys.stdin.read()
