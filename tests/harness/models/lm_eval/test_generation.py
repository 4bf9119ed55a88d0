"""What sampling means to lm-eval's backends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.models.lm_eval.generation import generation_arguments, has_base, seed_torch
from polyarena.tasks.sampling import Sampling


class HFLM:
    device = "cpu"


class Steered(HFLM):
    pass


class TemplateAPI:
    pass


class Other:
    pass


BACKENDS: list[Any] = [HFLM(), Steered(), TemplateAPI(), Other()]


@settings(deadline=None)
@given(st.sampled_from(BACKENDS), st.integers(1, 4096))
def test_greedy_is_greedy_everywhere(lm: Any, longest: int) -> None:
    assert generation_arguments(lm, Sampling(max_tokens=longest), 3) == {
        "max_gen_toks": longest,
        "do_sample": False,
        "temperature": 0.0,
    }


def test_stop_texts_only_where_there_are_some() -> None:
    assert generation_arguments(Other(), Sampling(stop=("\n", "Q:")), 0)["until"] == ["\n", "Q:"]
    assert "until" not in generation_arguments(Other(), Sampling(), 0)


def test_sampled_answers_by_backend() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, seed=10)
    base = {"max_gen_toks": 512, "do_sample": True, "temperature": 0.7, "top_p": 0.9}
    assert generation_arguments(Steered(), sampling, 2) == {**base, "top_k": 0}
    assert generation_arguments(TemplateAPI(), sampling, 2) == {**base, "seed": 12}
    assert generation_arguments(Other(), sampling, 2) == base


def test_families_are_told_by_name_and_inherited() -> None:
    assert has_base(Steered(), "HFLM")
    assert not has_base(Other(), "HFLM", "TemplateAPI")


def test_seeding_is_repeatable_and_leaves_no_trace() -> None:
    torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")

    def draw(seed: int, index: int, temperature: float = 1.0) -> float:
        with seed_torch(HFLM(), Sampling(temperature=temperature, seed=seed), index):
            return float(torch.rand(()))

    before = torch.random.get_rng_state()
    assert draw(1, 0) == draw(1, 0) == draw(0, 1)
    assert draw(1, 0) != draw(1, 1)
    assert torch.equal(torch.random.get_rng_state(), before)
