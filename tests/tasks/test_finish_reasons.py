"""Every house's word for "cut" and for "withheld" is known."""

import pytest

from polyarena.tasks.finish_reasons import is_cut, is_withheld

CUT = [
    "length", "LENGTH", "max_tokens", "MAX_TOKENS", "FinishReason.MAX_TOKENS", "FINISH_REASON_MAX_TOKENS",
    "max_output_tokens", "model_length", "model_context_window_exceeded", "MODEL_LENGTH", "incomplete",
]  # fmt: skip
WITHHELD = [
    "content_filter", "content_filtered", "refusal", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII",
    "guardrail_intervened", "ERROR_TOXIC", "sensitive", "finish_reason.safety",
]  # fmt: skip
ENDED = ["stop", "STOP", "end_turn", "eos_token", "stop_sequence", "COMPLETE", "tool_calls", "error", "", None]


@pytest.mark.parametrize("reason", CUT)
def test_cut(reason):
    assert is_cut(reason)
    assert not is_withheld(reason)


@pytest.mark.parametrize("reason", WITHHELD)
def test_withheld(reason):
    assert is_withheld(reason)
    assert not is_cut(reason)


@pytest.mark.parametrize("reason", ENDED)
def test_neither(reason):
    assert not is_cut(reason)
    assert not is_withheld(reason)
