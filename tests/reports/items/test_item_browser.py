"""The item browser without a browser: what is packed, where, and that no text can leave its place."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.items import Answer, ItemView, Verdict, item_browser
from polyarena.reports.items.browser import CHUNK, MOST_CHARACTERS, MOST_INLINE
from polyarena.reports.page.render import csp_hash

HOSTILE = "</script><script>alert(1)</script><!-- \u2028 \u202e ]]> <img src=x onerror=alert(1)> \ud800 \x00"


def view(number: int = 0, **changes: Any) -> ItemView:
    content: dict[str, Any] = {
        "task": "mini",
        "language": "arb_Arab",
        "item_id": f"q{number:05d}",
        "candidate": "new",
        "baseline": "old",
        "prompt": "سؤال",
        "answers": (Answer("new", "جواب", "a thought", cut=True), Answer("old", "آخر")),
        "verdicts": (Verdict("llm", "new", "A>B", "because"), Verdict("llm", "old", "B>>A", "again")),
        **changes,
    }
    return ItemView(**content)


def data_of(html: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return json.loads(found)


@pytest.mark.parametrize(
    ("labels", "outcome", "orders", "judges"),
    [
        ([("a", "new", "A>B"), ("a", "old", "B>A")], "win", False, False),
        ([("a", "new", "A>B"), ("a", "old", "A>>B")], "tie", True, False),
        ([("a", "new", "B>A"), ("a", "old", "A=B")], "loss", True, False),
        ([("a", "new", "A=B"), ("a", "old", "A=B")], "tie", False, False),
        ([("a", "new", "invalid"), ("a", "old", "B>A")], "win", False, False),
        ([("a", "new", "invalid")], "invalid", False, False),
        ([("a", "new", "A>B"), ("b", "new", "B>A")], "tie", False, True),
        ([("a", "new", "A>B"), ("b", "old", "B>A")], "win", False, False),
        ([("a", "new", "no label")], "invalid", False, False),
        ([], "", False, False),
    ],
)
def test_outcomes_and_disagreement(
    labels: list[tuple[str, str, str]], outcome: str, orders: bool, judges: bool
) -> None:
    item = view(verdicts=tuple(Verdict(*each) for each in labels))
    assert (item.outcome, item.orders_differ, item.judges_differ) == (outcome, orders, judges)


def test_the_page_contains_everything_of_a_small_run() -> None:
    found = item_browser("Mini", "0.1.0", [view(1), view(0)])
    assert found.data == {}
    data = data_of(found.page)
    assert [row[2] for row in data["index"]["rows"]] == ["q00000", "q00001"]
    assert data["index"]["rows"][0][6] == 1
    assert data["index"]["languages"]["arb_Arab"][2:] == ["ar-Arab", "rtl"]
    (chunk,) = data["chunks"]
    assert chunk["texts"].count("جواب") == 1
    first = chunk["items"][0]
    assert chunk["texts"][first["prompt"]] == "سؤال"
    assert [chunk["texts"][answer[2]] for answer in first["answers"]] == ["a thought", ""]
    assert [chunk["texts"][verdict[3]] for verdict in first["verdicts"]] == ["because", "again"]


def test_a_large_run_has_its_texts_beside_the_page() -> None:
    found = item_browser("Large", "0.1.0", [view(i) for i in range(MOST_INLINE + 1)])
    assert len(found.data) == -(-(MOST_INLINE + 1) // CHUNK)
    assert data_of(found.page)["chunks"] == []
    assert "جواب" not in found.page
    first = found.data["data-0000.js"].decode()
    number, content = re.fullmatch(r"polyarenaItems\((\d+),(.*)\);\n", first, re.DOTALL).groups()  # type: ignore[union-attr]
    assert number == "0"
    assert len(json.loads(content)["items"]) == CHUNK
    assert "script-src 'self' 'sha256-" in found.page


def test_too_many_items_are_spread_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyarena.reports.items.browser.MOST_ITEMS", 3)
    found = item_browser("Many", "0.1.0", [view(i) for i in range(9)])
    assert [row[2] for row in data_of(found.page)["index"]["rows"]] == ["q00000", "q00003", "q00006"]
    assert "3 of 9 items, spread over all of them" in found.page


def test_one_script_runs_and_is_named_by_its_hash() -> None:
    html = item_browser(HOSTILE, HOSTILE, [view(prompt=HOSTILE, item_id=HOSTILE, candidate=HOSTILE)]).page
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1
    assert len(re.findall(r"<script\b", html)) == 2
    assert f"script-src '{csp_hash(scripts[0])}'" in html
    assert "'unsafe" not in html
    assert "<img" not in html
    assert data_of(html)["index"]["rows"][0][2] == HOSTILE
    html.encode("utf-8")


@given(text=st.text(max_size=40))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    html = item_browser("x", "0", [view(prompt=text, answers=(Answer("new", text, text),))]).page
    chunk = data_of(html)["chunks"][0]
    assert chunk["texts"][chunk["items"][0]["prompt"]] == text


def test_a_text_of_a_megabyte_is_cut_and_says_so() -> None:
    html = item_browser("x", "0", [view(answers=(Answer("new", "<b>" * 400_000),))]).page
    assert len(html) < 10 * MOST_CHARACTERS
    chunk = data_of(html)["chunks"][0]
    text = chunk["texts"][chunk["items"][0]["answers"][0][1]]
    assert text.endswith("[1,100,000 more characters are in the run folder]")


def test_the_same_items_give_the_same_page_whatever_their_order() -> None:
    items = [view(i) for i in range(5)]
    assert item_browser("x", "0", items) == item_browser("x", "0", items[::-1])


def test_without_items_there_is_a_page_too() -> None:
    assert data_of(item_browser("x", "0", []).page)["index"]["rows"] == []
