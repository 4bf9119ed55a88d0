"""The report and the item browser in Chromium: filters, links, hostile texts, widths, themes and axe-core."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyarena.reports.items import Answer, ItemView, Verdict, item_browser
from polyarena.reports.page import Figure, PageContent, SystemInfo, Table, page

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.hit=1"></script><script>window.hit=1</script> \u202eevil\u202c \u2066'


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def view(number: int, **changes: Any) -> ItemView:
    content: dict[str, Any] = {
        "task": "mini",
        "language": "arb_Arab" if number % 2 else "deu_Latn",
        "item_id": f"q{number:05d}",
        "candidate": "new",
        "baseline": "old",
        "prompt": "ما هي عاصمة مصر؟",
        "answers": (Answer("new", "القاهرة", "a thought", cut=number == 3), Answer("old", "Alexandria")),
        "verdicts": (
            Verdict("llm", "new", "A>B", "because"),
            Verdict("llm", "old", "A>B" if number % 5 == 0 else "B>A"),
        ),
        **changes,
    }
    return ItemView(**content)


def write(folder: Path, items: list[ItemView]) -> str:
    found = item_browser("Items", "0.1.0", items)
    (folder / "items.html").write_text(found.page, encoding="utf-8")
    (folder / "items").mkdir(exist_ok=True)
    for name, content in found.data.items():
        (folder / "items" / name).write_bytes(content)
    return (folder / "items.html").as_uri()


def opened(chromium: Any, address: str, **how: Any) -> tuple[Any, list[str]]:
    said: list[str] = []
    tab = chromium.new_page(**how)
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    tab.goto(address)
    return tab, said


def test_filters_lists_and_links(chromium: Any, tmp_path: Path) -> None:
    tab, said = opened(chromium, write(tmp_path, [view(i) for i in range(120)]))
    assert tab.text_content("#count") == "120 of 120 items, page 1 of 3"
    tab.select_option("#language", "arb_Arab")
    assert tab.text_content("#count") == "60 of 120 items, page 1 of 2"
    tab.select_option("#flag", "2")
    assert tab.text_content("#count").startswith("12 of 120")
    tab.select_option("#flag", "1")
    assert tab.text_content("#item h2") == "q00003"
    link = tab.get_attribute("text=Link to this item", "href")
    assert "language=arb_Arab" in link
    again, _ = opened(chromium, (tmp_path / "items.html").as_uri() + link)
    assert again.text_content("#item h2") == "q00003"
    assert again.text_content("#count").startswith("1 of 120")
    assert said == []


def test_right_to_left_thoughts_and_keys(chromium: Any, tmp_path: Path) -> None:
    tab, _ = opened(chromium, write(tmp_path, [view(i) for i in range(4)]))
    texts = tab.locator(".text")
    assert (
        tab.evaluate("getComputedStyle(document.querySelectorAll('.pair .text:not(details .text)')[0]).textAlign")
        == "start"
    )
    assert texts.nth(0).evaluate("e => e.matches(':dir(rtl)')")
    assert tab.locator("details:has-text('Thought')").first.get_attribute("open") is None
    assert tab.text_content("#item h2") == "q00001"
    tab.keyboard.press("j")
    assert tab.text_content("#item h2") == "q00003"
    tab.keyboard.press("k")
    assert tab.text_content("#item h2") == "q00001"


def test_hostile_texts_stay_texts(chromium: Any, tmp_path: Path) -> None:
    long = Answer("new", HOSTILE + "x" * 1_000_000)
    item = view(0, prompt=HOSTILE, item_id=HOSTILE, answers=(long, Answer("old", HOSTILE)), candidate="new")
    tab, said = opened(chromium, write(tmp_path, [item]))
    assert tab.evaluate("window.hit") is None
    assert tab.locator("main img").count() == 0
    assert tab.locator("main code").first.text_content() == "U+202E"
    assert HOSTILE.split(" ")[0] in tab.text_content("main")
    assert said == []


def test_a_large_run_reads_its_files_from_beside_it(chromium: Any, tmp_path: Path) -> None:
    tab, said = opened(chromium, write(tmp_path, [view(i) for i in range(2_300)]))
    assert tab.text_content("#count").startswith("2,300 of 2,300")
    tab.locator(".pair").wait_for()
    tab.fill("#search", "q02299")
    tab.locator("h2:has-text('q02299')").wait_for()
    assert said == []


@pytest.fixture(scope="module")
def report(win_estimates: pd.DataFrame) -> str:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 300"><path d="M0 0h900v300z"/></svg>'
    content = PageContent(
        "A report", "0.1.0", (SystemInfo("new", "candidate", "a model"), SystemInfo("old", "baseline", "a model")),
        (), (), win_estimates, figures=(Figure("Win rates", (svg,), ("figures/w.pdf",), "Lines: intervals."),),
        tables=(Table("Ranking", ("System", "Rank"), (("new", "1"),)),), warnings=("Many answers were cut off.",),
    )  # fmt: skip
    return page(content)


@pytest.mark.parametrize("width", [380, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_pages_fit_and_axe_finds_nothing(
    chromium: Any, axe: str, report: str, tmp_path: Path, width: int, theme: str
) -> None:
    (tmp_path / "index.html").write_text(report, encoding="utf-8")
    for address in ((tmp_path / "index.html").as_uri(), write(tmp_path, [view(i) for i in range(60)])):
        # axe-core is no part of the page, so its policy is set aside here; the other tests obey it.
        tab, said = opened(
            chromium, address, viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True
        )
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.evaluate(axe)
        found = tab.evaluate("axe.run()")["violations"]
        assert [(each["id"], each["impact"]) for each in found if each["impact"] != "minor"] == []
        assert said == []


def test_the_report_obeys_its_policy(chromium: Any, report: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(report, encoding="utf-8")
    tab, said = opened(chromium, (tmp_path / "index.html").as_uri())
    assert tab.evaluate("getComputedStyle(document.body).maxWidth") != "none"
    assert tab.evaluate("document.images[0].naturalWidth") > 0
    assert said == []


def test_every_control_is_reached_and_worked_by_the_keyboard(chromium: Any, tmp_path: Path) -> None:
    tab, _ = opened(chromium, write(tmp_path, [view(i) for i in range(4)]))
    reached = []
    for _ in range(30):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 8)"))
    assert {"language", "flag", "search", "Previous", "Next ite", "Link to ", "Thought"} <= set(reached)
    tab.locator("summary:has-text('Thought')").focus()
    tab.keyboard.press("Enter")
    assert tab.locator("details[open]:has-text('a thought')").count() == 1
    tab.locator("#list a").nth(2).focus()
    tab.keyboard.press("Enter")
    assert tab.text_content("#item h2") == "q00000"
    assert tab.evaluate("document.activeElement.id") == "item"


def test_printing_shows_the_item_whole_and_not_the_filters(chromium: Any, tmp_path: Path) -> None:
    long = Answer("new", "line\n" * 200, "a thought")
    tab, _ = opened(chromium, write(tmp_path, [view(0, answers=(long, Answer("old", "short")))]))
    text = tab.locator(".pair section > .text").first
    assert text.evaluate("e => e.scrollHeight > e.clientHeight + 1")
    tab.emulate_media(media="print")
    assert not tab.is_visible("#filters")
    assert not tab.is_visible("#list")
    assert text.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
    assert tab.locator("details .text").first.is_visible()


def test_wide_tables_of_the_report_are_printed_within_the_page(
    chromium: Any, win_estimates: pd.DataFrame, tmp_path: Path
) -> None:
    columns = ("language", *(f"position_inconsistency_{i}" for i in range(11)))
    rows = tuple((f"Language {k}", *["100.0 [93.8, 100.0]"] * 11) for k in range(5))
    content = PageContent("A report", "0.1.0", (), (), (), win_estimates, tables=(Table("Judge", columns, rows),))
    (tmp_path / "index.html").write_text(page(content), encoding="utf-8")
    tab, _ = opened(chromium, (tmp_path / "index.html").as_uri(), viewport={"width": 718, "height": 1000})
    tab.emulate_media(media="print")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 718
