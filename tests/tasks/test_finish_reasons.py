"""Every house's word for why a text ended."""

from __future__ import annotations

from every_case import every_case

from polyarena.tasks.finish_reasons import (
    _KINDS,
    _REASONS,
    FinishKind,
    _fold,
    finish_kind,
    is_cut,
    is_refused_by_host,
    is_withheld,
)


@every_case(
    ("kind", "reasons"),
    [
        (FinishKind.STOP, ["stop", "STOP", "end_turn", "eos_token", "COMPLETE", "tool_calls", "FinishReason.STOP"]),
        (
            FinishKind.CUT,
            ["length", "MAX_TOKENS", "max_tokens", "model_length", "max_output_tokens", "FinishReason.MAX_TOKENS",
             "model_context_window_exceeded", "ERROR_LIMIT", "max-tokens", " length "],
        ),
        (
            FinishKind.WITHHELD,
            ["content_filter", "SAFETY", "refusal", "guardrail_intervened", "PROHIBITED_CONTENT", "ERROR_TOXIC",
             "RECITATION", "sensitive", "content-filter"],
        ),
        (FinishKind.ERROR, ["error", "ERROR", "abort", "network_error", "insufficient_system_resource"]),
        (FinishKind.UNKNOWN, [None, "", "OTHER", "FINISH_REASON_UNSPECIFIED", "because", "length of it"]),
    ],
)  # fmt: skip
def test_words_of_all_houses(kind, reasons):
    assert {reason: finish_kind(reason) for reason in reasons} == dict.fromkeys(reasons, kind)


def test_no_word_means_two_things():
    assert len(_KINDS) == len({_fold(reason) for reasons in _REASONS.values() for reason in reasons})
    sets = [{_fold(reason) for reason in reasons} for reasons in _REASONS.values()]
    assert sum(map(len, sets)) == len(_KINDS)
    assert FinishKind.UNKNOWN not in _KINDS.values()


def test_what_most_callers_ask():
    assert is_cut("MAX_TOKENS")
    assert not is_cut("stop")
    assert not is_cut(None)
    assert is_withheld("SAFETY")
    assert not is_withheld("length")


def test_a_host_refuses_where_nothing_was_generated():
    assert is_refused_by_host("", "content_filter")
    assert is_refused_by_host(None, "refused")
    assert not is_refused_by_host("up to here", "content_filter")
    assert not is_refused_by_host("", "stop")
    assert not is_refused_by_host("", "length")


CUT = [
    "length", "LENGTH", "max_tokens", "MAX_TOKENS", "FinishReason.MAX_TOKENS", "FINISH_REASON_MAX_TOKENS",
    "max_output_tokens", "model_length", "model_context_window_exceeded", "MODEL_LENGTH", "incomplete",
]  # fmt: skip
WITHHELD = [
    "content_filter", "content_filtered", "refusal", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII",
    "guardrail_intervened", "ERROR_TOXIC", "sensitive", "finish_reason.safety",
]  # fmt: skip
ENDED = ["stop", "STOP", "end_turn", "eos_token", "stop_sequence", "COMPLETE", "tool_calls", "error", "", None]


@every_case("reason", CUT)
def test_cut(reason):
    assert is_cut(reason)
    assert not is_withheld(reason)


@every_case("reason", WITHHELD)
def test_withheld(reason):
    assert is_withheld(reason)
    assert not is_cut(reason)


@every_case("reason", ENDED)
def test_neither(reason):
    assert not is_cut(reason)
    assert not is_withheld(reason)
