"""A processor leaves out what no score needs: keys after a block of queries, and the last MLP where nothing is read."""

from __future__ import annotations

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


def computed_by_mlps(lm: Any) -> list[list[int]]:
    """Return lists, one a layer, that grow by the positions of each call of its MLP."""
    computed: list[list[int]] = []
    for layer in lm.model.model.layers:
        sizes: list[int] = []
        layer.mlp.gate_proj.register_forward_pre_hook(
            lambda _, inputs, sizes=sizes: sizes.append(inputs[0].shape[:-1].numel())
        )
        computed.append(sizes)
    return computed


def test_the_last_mlp_computes_scored_positions_only(build: Build, scores: Scores, agree: Agree) -> None:
    lm = build("llama")
    agree(lm, PAIRS)
    first, last = computed_by_mlps(lm)
    scores(lm, PAIRS[:9])
    # Of each of three questions: the end of its context, and each choice but for its last token; two have a space in
    # common.
    assert last == [
        3 * len({"", *(choice[:end] for choice in (" yes", " no", " of course") for end in range(len(choice)))})
    ]
    assert first[0] > 5 * last[0]


def test_half_precision_computes_every_position(build: Build, scores: Scores) -> None:
    import torch

    lm = build("llama", dtype=torch.bfloat16)
    first, last = computed_by_mlps(lm)
    scores(lm, PAIRS)
    assert first == last


def test_layers_with_one_mlp_for_all_are_scored_all_the_same(build: Build, agree: Agree) -> None:
    from polyarena.harness.models.hf_tree.lm import TreeLM

    lm = build("llama")
    first, last = lm.model.model.layers
    first.mlp = last.mlp
    lm = TreeLM(pretrained=lm.model, tokenizer=lm.tokenizer, device="cpu", batch_size=4)
    agree(lm, PAIRS)
    assert lm.scorer.counts.computed < lm.scorer.counts.tokens


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
    faults = [
        int(subprocess.run([sys.executable, "-c", program, how], capture_output=True, text=True, check=True).stdout)
        for how in ("returned", "kept")
    ]
    assert faults[1] < faults[0] / 3
