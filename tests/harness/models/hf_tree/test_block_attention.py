"""On a processor, attention takes a block of queries at a time, and the keys that these can see."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .conftest import FAMILIES

Agree = Callable[..., None]
Build = Callable[..., Any]
Scores = Callable[..., list[tuple[float, bool]]]

CONTEXT = "A river, a village and seven mountains. " * 4
PAIRS = [
    *((f"{CONTEXT}{place}", choice) for place in range(3) for choice in (" yes", " no", " of course")),
    *((f"{place} {CONTEXT[:place]}", " yes") for place in range(1, 80, 7)),
]


@given(
    st.lists(st.lists(st.integers(0, 6), min_size=9, max_size=9), min_size=1, max_size=3),
    st.integers(0, 3),
    st.integers(1, 10),
)
def test_blocks_contain_every_key_that_a_query_sees(reach: list[list[int]], before: int, size: int) -> None:
    pytest.importorskip("torch", reason="the [hf] extra is not installed")
    from polyarena.harness.models.hf_tree.block_attention import key_blocks

    places = np.arange(9)
    last = np.minimum(places + np.array(reach), 8)
    blocks = key_blocks(last, before, size)
    assert [query for queries, _ in blocks for query in range(queries.start, queries.stop)] == list(range(9))
    for queries, keys in blocks:
        for query in range(queries.start, queries.stop):
            seen = [place for place in range(query + 1) if (last[:, place] >= query).any()]
            seen = [*range(before), *(before + place for place in seen)]
            assert all(keys.start <= key < keys.stop for key in seen)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_agree_in_blocks_of_any_size(family: str, build: Build, scores: Scores) -> None:
    from polyarena.harness.models.hf_tree.engine import Engine
    from polyarena.harness.models.hf_tree.forward import Decoder

    lm = build(family, attention="eager" if family == "gemma2" else "sdpa")
    lm._scorer = Engine(Decoder(lm.model), 1024)
    whole = scores(lm, PAIRS)
    for block in (7, 64):
        lm._scorer = Engine(Decoder(lm.model, block=block), 1024)
        in_blocks = scores(lm, PAIRS)
        assert [value for value, _ in in_blocks] == pytest.approx([value for value, _ in whole], abs=2e-5, rel=0)
        assert [greedy for _, greedy in in_blocks] == [greedy for _, greedy in whole]


def queries_of_calls(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Return a set that grows by the number of queries of each call of torch's attention."""
    import torch

    sizes: set[int] = set()
    attend = torch.nn.functional.scaled_dot_product_attention

    def noted(query: Any, *args: Any, **kwargs: Any) -> Any:
        sizes.add(query.shape[2])
        return attend(query, *args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", noted)
    return sizes


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 64), ("bfloat16", 200)])
def test_attention_is_in_blocks_in_float32(
    dtype: str, largest: int, build: Build, scores: Scores, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    lm = build("llama", dtype=getattr(torch, dtype))
    sizes = queries_of_calls(monkeypatch)
    scores(lm, PAIRS[:9])
    assert max(sizes) == largest


def test_a_model_that_takes_no_blocks_is_scored_without_them(
    build: Build, agree: Agree, monkeypatch: pytest.MonkeyPatch
) -> None:
    from polyarena.harness.models.hf_tree.lm import TreeLM

    lm = build("llama")
    body = lm.model.base_model
    forward = body.forward

    def strict(*args: Any, **kwargs: Any) -> Any:
        if "key_blocks" in kwargs:
            raise TypeError("no such argument")
        return forward(*args, **kwargs)

    monkeypatch.setattr(body, "forward", strict)
    lm = TreeLM(pretrained=lm.model, tokenizer=lm.tokenizer, device="cpu", batch_size=4)
    sizes = queries_of_calls(monkeypatch)
    agree(lm, PAIRS[:9])
    assert max(sizes) > 64


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_reused() -> None:
    program = """
import resource, sys, torch
if sys.argv[1] == "kept":
    from polyarena.harness.models.hf_tree.allocator import keep_freed_memory
    keep_freed_memory()
def step():
    return [torch.ones(6 << 20, dtype=torch.uint8) + 1 for _ in range(8)]
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    pytest.importorskip("torch", reason="the [hf] extra is not installed")
    # glibc raises its limits by itself, from sizes and orders; these are those that it begins with, fixed.
    limits = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}

    def count_faults(how: str) -> int:
        command = [sys.executable, "-c", program, how]
        run = subprocess.run(command, env={**os.environ, **limits}, capture_output=True, text=True, check=True)
        return int(run.stdout)

    faults = [count_faults(how) for how in ("returned", "kept")]
    assert faults[1] < faults[0] / 3
