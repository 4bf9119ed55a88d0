"""Systems that think, from the file to the numbers: only answers are scored, identified and judged."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from every_case import every_case

from polyarena.harness import plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.models.protocol import GenerateRequest, GenerateResult
from polyarena.harness.models.split_result import AnswerParts, split_result
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.thinking import OFF

REQUEST = GenerateRequest("eng_Latn", "1", ({"role": "user", "content": "6 * 7?"},), Sampling(stop=("\n\n",)))
THOUGHT = "<think>Okay, the user asks in Hindi about the weather.</think>\n"
HINDI = "आज मौसम बहुत अच्छा है और धूप निकली हुई है, इसलिए हम सब बाहर घूमने जा सकते हैं।"
MESSAGES = {
    "the text": lambda text: {"content": f"<think>\nThe capital of Kenya, I think.\n</think>\n\n{text}"},
    "the text, opened by the template": lambda text: {"content": f"The capital, I think.\n</think>\n\n{text}"},
    "a field": lambda text: {"content": text, "reasoning_content": "The capital of Kenya, I think."},
    "a part": lambda text: {
        "content": [{"type": "thinking", "thinking": "The capital."}, {"type": "text", "text": text}]
    },
}


def split(request, given):
    return split_result(request.thinking, request.sampling.stop, given)


def result(text, **fields):
    return GenerateResult("6 * 7?", text, **{"finish_reason": "stop", "completion_tokens": 9, **fields})


@every_case(
    ("given", "parts"),
    [
        (result("42"), AnswerParts("42", None, None, 0, 9)),
        (result("<think>6 * 7\n\n</think>\n42\n\nQ: more"), AnswerParts("42", "6 * 7", True, None, None)),
        (result("<think>6</think>42", thought_tokens=7), AnswerParts("42", "6", True, 7, 2)),
        (result("<think>6 * 7 is 42", finish_reason="length"), AnswerParts("", "6 * 7 is 42", False, 9, 0)),
        (result("6 * 7 is 42", opened="<think>"), AnswerParts("", "6 * 7 is 42", False, 9, 0)),
        (result("42", thought="6 * 7", thought_tokens=7), AnswerParts("42", "6 * 7", True, 7, 2)),
        (result("", thought="6 * 7", finish_reason="max_tokens"), AnswerParts("", "6 * 7", False, 9, 0)),
        (result("", thought_tokens=9, finish_reason="length"), AnswerParts("", None, False, 9, 0)),
        (result("42", thought_tokens=5), AnswerParts("42", None, True, 5, 4)),
        (result("", finish_reason="length"), AnswerParts("", None, None, 0, 9)),
        (result("</think>", is_split=True), AnswerParts("</think>", None, None, 0, 9)),
        (result("", is_split=True, thought="6", thought_ended=False), AnswerParts("", "6", False, 9, 0)),
        (result("42\x00", completion_tokens=None), AnswerParts("42\ufffd", None, None, None, None)),
    ],
)
def test_parts_of_a_result(given, parts):
    assert split(REQUEST, given) == parts


def test_stop_texts_of_a_system_that_does_not_think_are_the_backends_business():
    assert split(REQUEST, result("a\n\nb")).text == "a\n\nb"


def test_off_takes_the_whole_text():
    request = GenerateRequest("eng_Latn", "1", REQUEST.messages, thinking=OFF)
    assert split(request, result("<think>6</think>42")).text == "<think>6</think>42"


@pytest.fixture
def go(tmp_path, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    def go(tasks, languages, system=None, folder="run", report=False, **changes):
        endpoint = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.05}
        systems = [{"name": "thinker", "model": "endpoint", "args": endpoint, **(system or {})}]
        experiment = {
            "name": "thoughts", "systems": systems, "tasks": tasks, "languages": languages,
            "statistics": {"rounds": 100}, **changes,
        }  # fmt: skip
        return run(plan(experiment, output=tmp_path / folder), report=report)

    return go


def message(server, fields, finish_reason="stop", **details):
    usage = {"prompt_tokens": 10, "completion_tokens": 30}
    if details:
        usage["completion_tokens_details"] = details
    choice = {"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": finish_reason}
    return server.raw(json.dumps({"choices": [choice], "usage": usage}).encode())


def test_an_english_thought_before_a_hindi_answer_is_a_hindi_answer(go, scripted_server):
    """Case 1."""
    scripted_server.script = lambda request: scripted_server.ok(THOUGHT + HINDI)
    finished = go([{"task": "polyarena_mini", "limit": 3}], ["hin_Deva"])
    answers = finished.completions()
    assert not finished.failures
    assert set(answers["text"]) == {HINDI}
    assert set(answers["identified_language"]) == {"hin_Deva"}
    assert set(answers["thought"]) == {"Okay, the user asks in Hindi about the weather."}
    assert set(answers["thought_ended"]) == {True}


def test_a_judge_is_shown_the_answer_alone(go, scripted_server, tmp_path):
    """Case 1: the judge never sees the thought."""
    asked = []

    def script(request):
        if request.body["model"] == "judge":
            asked.append(json.dumps(request.body["messages"], ensure_ascii=False))
            return scripted_server.ok("[[A=B]]")
        return scripted_server.ok(THOUGHT + HINDI)

    scripted_server.script = script
    endpoint = {"base_url": scripted_server.base_url, "model": "judge"}
    finished = go(
        [{"task": "polyarena_mini", "limit": 2}],
        ["hin_Deva"],
        systems=[{"name": name, "model": "endpoint", "args": endpoint | {"model": name}} for name in ("one", "two")],
        baseline="one",
        judges=[{"name": "llm", "judge": "llm", "endpoint": endpoint}],
    )
    assert not finished.failures
    assert asked
    assert all(HINDI[:20] in text for text in asked), asked[0]
    assert not any("asks in Hindi" in text for text in asked)


@pytest.fixture
def data(tmp_path):
    """Two questions of TyDi QA and two problems of MGSM, as their mirrors have them."""
    passage = {"title": "Kenya", "context": "Mji mkuu ni Nairobi.", "question": "Mji mkuu ni upi?"}
    answers = {"text": ["Nairobi"], "answer_start": [12]}
    rows = {
        "google-research-datasets/tydiqa/secondary_task/validation": [
            {"id": f"swahili-{number}-0", **passage, "answers": answers} for number in range(2)
        ],
        "juletxara/mgsm/sw/test": [
            {"question": "Sita mara saba?", "answer": None, "answer_number": 42, "equation_solution": None}
        ]
        * 2,
    }
    for name, each in rows.items():
        path = tmp_path / "mirror" / f"{name}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in each), "utf-8")
    return str(tmp_path / "mirror")


@pytest.mark.parametrize("form", MESSAGES)
def test_right_answers_after_a_thought_are_right(go, scripted_server, data, form):
    """Case 2."""
    scripted_server.script = lambda request: message(scripted_server, MESSAGES[form]("Nairobi"))
    finished = go(["tydiqa_goldp"], ["swh_Latn"], data_root=data)
    assert not finished.failures
    scores = finished.scores()
    assert set(scores["metric"]) == {"exact_match", "f1"}
    assert set(scores["value"]) == {1.0}


def test_a_number_in_a_thought_that_was_cut_off_is_no_answer(go, scripted_server, data):
    """Case 3."""
    text = "<think>\nSo 6 times 7 is 42. Let me check 6*7 = 42"
    scripted_server.script = lambda request: message(scripted_server, {"content": text}, "length")
    finished = go(["mgsm.direct"], ["swh_Latn"], data_root=data)
    assert set(finished.scores()["value"]) == {0.0}
    answers = finished.completions()
    assert set(answers["text"]) == {""}
    assert set(answers["thought_ended"]) == {False}
    assert set(answers["thought"]) == {text.removeprefix("<think>\n")}


def test_a_thinking_system_has_a_budget_of_its_own(go, scripted_server, data):
    scripted_server.script = lambda request: message(
        scripted_server, {"content": "42", "reasoning": "6 * 7"}, reasoning_tokens=25
    )
    finished = go(
        ["mgsm.direct"], ["swh_Latn"], data_root=data, system={"thinking": {"budget": 1000, "effort": "high"}}
    )
    [sent] = {json.dumps([r.body["max_tokens"], r.body["reasoning_effort"]]) for r, _ in scripted_server.log}
    assert json.loads(sent) == [1256, "high"]
    answers = finished.completions()
    assert set(answers["reasoning_effort"]) == {"high"}
    assert set(answers["thought_tokens"]) == {25}
    assert set(answers["answer_tokens"]) == {5}
    assert set(finished.scores()["value"]) == {1.0}


def test_another_rule_is_another_cell_and_buys_nothing_anew(go, scripted_server, data):
    scripted_server.script = lambda request: scripted_server.ok("<think>6 * 7</think>42")
    go(["mgsm.direct"], ["swh_Latn"], data_root=data)
    bought = len(scripted_server.log)
    finished = go(["mgsm.direct"], ["swh_Latn"], data_root=data, system={"thinking": "off"})
    assert len(scripted_server.log) == bought
    assert set(finished.completions()["text"]) == {"<think>6 * 7</think>42"}


def test_the_language_of_the_thought_is_a_number_of_its_own(go, scripted_server, tmp_path):
    english = "Okay, the user wants to know what the weather is like today, so I should describe it to them."

    def script(request):
        thought = HINDI if len(scripted_server.log) % 2 else english
        return scripted_server.ok(f"<think>{thought}</think>{HINDI}")

    scripted_server.script = script
    finished = go([{"task": "polyarena_mini", "limit": 4}], ["hin_Deva"])
    answers = finished.completions()
    assert sorted(answers["thought_language"]) == ["eng_Latn"] * 2 + ["hin_Deva"] * 2
    assert set(answers["thought_agreement"]) == {"same", "other script"}
    rates = pd.read_parquet(tmp_path / "run" / "results" / "thoughts.parquet")
    [row] = rates[rates["level"] == "language"].to_dict("records")
    assert (row["metric"], row["system"], row["group"]) == ("thought_language", "thinker", "hin_Deva")
    assert (row["value"], row["n"]) == (0.5, 4)
    assert "metric:thought_language" in row["signature"]


def test_effort_and_budget_are_in_every_signature(go, scripted_server, data):
    scripted_server.script = lambda request: scripted_server.ok("42")
    finished = go(["mgsm.direct"], ["swh_Latn"], {"thinking": {"effort": "low"}}, data_root=data)
    assert all("|effort:low|thinking:8192|" in each for each in finished.estimates()["signature"])
    plain = go(["mgsm.direct"], ["swh_Latn"], folder="plain", data_root=data)
    assert not any("effort" in each or "thinking" in each for each in plain.estimates()["signature"])


def test_answers_that_are_all_empty_are_said_at_the_top(go, scripted_server, tmp_path, capsys):
    """Case 22."""
    scripted_server.script = lambda request: message(scripted_server, {"content": None}, "length")
    go([{"task": "polyarena_mini", "limit": 4}], ["hin_Deva"], report=True)
    page = (tmp_path / "run" / "report" / "index.html").read_text("utf-8")
    warning = "thinker gave no answer at all to polyarena_mini in Hindi (4 of 4)"
    assert warning in page
    assert page.index(warning) < page.index('<section id="finding"')
    assert main(["report", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    assert "Warning: thinker gave no answer at all" in said
