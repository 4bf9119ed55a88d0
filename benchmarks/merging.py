"""Measures the peak memory and the time of merges beside mergekit's, method by method, in one run.

    python benchmarks/merging.py [--layers 3] [--mebibytes 64] [--repeat 3] [--folder FOLDER]

Needs the extras `train` and `merge-oracle`. A base and two checkpoints of so many layers, whose large tensors are of
that size in float32, are written to a temporary folder, or into FOLDER; with the results, five times the size of a
checkpoint. Each merge is a process of its own. Memory is what the process itself holds at the most (anonymous pages,
above what it held before the merge); pages of the checkpoints' own files are the system's cache and not counted. It is
printed in large tensors. The last column compares the results.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

METHODS = ("linear", "slerp", "ties", "dare_ties")
WEIGHTS = {"one": 0.6, "two": 0.4}
HIDDEN = 1024
MIB = 2**20


def write_checkpoints(folder: Path, layers: int, mebibytes: int) -> None:
    """Write a base and two checkpoints near it: Llamas whose large tensors are of one size."""
    import torch
    from safetensors.torch import save_file

    inner = mebibytes * MIB // 4 // HIDDEN
    shapes = {"model.embed_tokens.weight": (inner, HIDDEN), "model.norm.weight": (HIDDEN,)}
    for number in range(layers):
        layer = f"model.layers.{number}"
        shapes |= {f"{layer}.self_attn.{name}_proj.weight": (HIDDEN, HIDDEN) for name in "qkvo"}
        shapes |= {f"{layer}.mlp.{name}_proj.weight": (inner, HIDDEN) for name in ("gate", "up")}
        shapes |= {f"{layer}.mlp.down_proj.weight": (HIDDEN, inner)}
        shapes |= {f"{layer}.{name}_layernorm.weight": (HIDDEN,) for name in ("input", "post_attention")}
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": inner, "hidden_size": HIDDEN,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": 8, "num_key_value_heads": 8,
        "tie_word_embeddings": True,
    }  # fmt: skip
    for seed, name in enumerate(("base", *WEIGHTS)):
        (folder / name).mkdir(parents=True)
        found = {}
        for number, (tensor, shape) in enumerate(shapes.items()):
            base = torch.randn(shape, generator=torch.Generator().manual_seed(number))
            own = torch.randn(shape, generator=torch.Generator().manual_seed(1000 * seed + number))
            found[tensor] = base + (1e-3 * own if seed else 0)
        save_file(found, folder / name / "model.safetensors", metadata={"format": "pt"})
        (folder / name / "config.json").write_text(json.dumps(config))


def ours(method: str, folder: Path, output: Path) -> None:
    """Merge with this project."""
    from polyarena.harness.stages.merging import MergeMethod, MergeSettings
    from polyarena.harness.stages.merging.merge import merge_checkpoints

    settings = MergeSettings(method=MergeMethod(method), weights=WEIGHTS, density=0.5, seed=7)
    with peak():
        merge_checkpoints({name: folder / name for name in WEIGHTS}, output, settings, base=folder / "base")


def theirs(method: str, folder: Path, output: Path) -> None:
    """Merge with mergekit."""
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    parameters = {"density": 0.5} if "ties" in method else {}
    models = [{"model": str(folder / name), "parameters": {"weight": WEIGHTS[name], **parameters}} for name in WEIGHTS]
    config = {"merge_method": method, "dtype": "float32", "models": models}
    if method == "slerp":
        config |= {"parameters": {"t": WEIGHTS["two"]}, "base_model": str(folder / "one")}
        config["models"] = [{"model": str(folder / name)} for name in WEIGHTS]
    elif method != "linear":
        config["base_model"] = str(folder / "base")
    options = MergeOptions(random_seed=7, quiet=True, copy_tokenizer=False, write_model_card=False)
    with peak():
        run_merge(MergeConfiguration.model_validate(config), str(output), options)


@contextmanager
def peak() -> Iterator[None]:
    """Print, as JSON, the seconds that something takes and the MiB that it adds to the memory of this process."""
    before, most, done = held(), held(), threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, held())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    print(json.dumps({"mebibytes": most - before, "seconds": seconds}))


def held() -> float:
    """Return the MiB of anonymous pages of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def merged(who: str, method: str, folder: Path) -> dict[str, float]:
    """Merge in a process of its own; returns what it printed."""
    output = folder / who
    if output.exists():
        shutil.rmtree(output)
    command = [sys.executable, __file__, "--one", who, method, "--folder", str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found: dict[str, float] = json.loads(told.splitlines()[-1])
    return found


def largest_difference(folder: Path) -> float:
    """Return the largest difference of the two results."""
    from safetensors import safe_open

    most = 0.0
    with ExitStack() as stack:
        readers = {
            who: stack.enter_context(safe_open(next((folder / who).glob("*.safetensors")), "pt"))
            for who in ("ours", "theirs")
        }
        for name in readers["ours"].keys():  # noqa: SIM118 (a reader is no mapping)
            difference = readers["ours"].get_tensor(name) - readers["theirs"].get_tensor(name)
            most = max(most, float(difference.abs().max()))
    return most


def compare(folder: Path, layers: int, mebibytes: int, repeat: int) -> None:
    """Print a row for each method."""
    print(f"Checkpoints with {3 * layers + 1} large tensors of {mebibytes} MiB each; medians of {repeat}.\n")
    print("| method | tensors held | mergekit's | seconds | mergekit's | mergekit's / ours | largest difference |")
    print("| --- " * 7 + "|")
    for method in METHODS:
        runs = [{who: merged(who, method, folder) for who in ("ours", "theirs")} for _ in range(repeat)]
        memory = {who: median(run[who]["mebibytes"] for run in runs) / mebibytes for who in runs[0]}
        seconds = {who: median(run[who]["seconds"] for run in runs) for who in runs[0]}
        ratio = median(run["theirs"]["seconds"] / run["ours"]["seconds"] for run in runs)
        print(
            f"| `{method}` | {memory['ours']:.1f} | {memory['theirs']:.1f} | {seconds['ours']:.1f} | "
            f"{seconds['theirs']:.1f} | {ratio:.2f} | {largest_difference(folder):.1e} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=3, help="with three large tensors each")
    parser.add_argument("--mebibytes", type=int, default=64, help="of a large tensor")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="kept for the next time")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        who, method = options.one
        {"ours": ours, "theirs": theirs}[who](method, options.folder, options.folder / who)
        return
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "two" / "config.json").is_file():
            write_checkpoints(folder, options.layers, options.mebibytes)
        compare(folder, options.layers, options.mebibytes, options.repeat)


if __name__ == "__main__":
    main()
