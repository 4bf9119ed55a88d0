from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from polyarena.reports.page import Figure, JudgeInfo, OffTargetCount, PageContent, SystemInfo, page
from polyarena.reports.page import TaskInfo as Used  # under its own name pytest would take it for a test
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.item import Kind

HOSTILE = "<script>alert(1)</script>\"'&\x00\u202e"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><path d="M0 0h4v4z"/></svg>'
VOID = {"meta", "img", "br", "wbr"}


class Reader(HTMLParser):
    """Collects elements and checks that they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def card(**changes: object) -> TaskCard:
    content: dict[str, object] = {
        "name": "mini",
        "version": "0.1",
        "title": "Eight prompts",
        "kind": next(iter(Kind)),
        "dataset": Dataset(id="builtin", revision="0.1.0", licence="Apache-2.0"),
        "languages": ("arb_Arab", "deu_Latn"),
        "provenance": {"arb_Arab": Provenance.HUMAN, "deu_Latn": Provenance.NATIVE},
        "shared": "the 8 prompts",
        "left_out": {"lat_Latn": "nobody to write it"},
        **changes,
    }
    return TaskCard.model_validate(content)


@pytest.fixture
def content(win_estimates: pd.DataFrame, score_estimates: pd.DataFrame) -> PageContent:
    return PageContent(
        title="Quickstart",
        version="0.1.0",
        systems=(SystemInfo("new", "candidate", "a model, greedy"), SystemInfo("old", "baseline", "the same model")),
        tasks=(Used(card(), {"mini": "sha256:0f3a"}, limit=8, first=True),),
        judges=(JudgeInfo("rules", "Looks at language and script; for smoke runs and CI.", "judge:rules@1"),),
        estimates=pd.concat([win_estimates, score_estimates]),
        figures=(Figure("win rates by language", (SVG,), ("figures/a b.png", "figures/a.pdf")),),
        answers=(OffTargetCount("old", "mini", 184, 60, 110, 10, 4, (("arb_Arab", 8, 8),)),),
        files=("results/estimates.csv",),
        notes=("A note.",),
    )


def test_a_limit_says_which_items_it_took(content: PageContent) -> None:
    (task,) = content.tasks
    spread = page(replace(content, tasks=(replace(task, first=False),)))
    assert "Only 8 items of each language were run, spread over the data" in spread
    assert "first 8 items" not in spread
    assert "items of each language were run" not in page(replace(content, tasks=(replace(task, limit=None),)))


def test_the_page_holds_what_was_run_and_what_came_out(content: PageContent) -> None:
    text = re.sub(r"\s+", " ", " ".join(read(page(content)).text))
    for expected in (
        "Quickstart",
        "new has a win rate of 55.2% against old",
        "Looks at language and script; for smoke runs and CI.",
        "judge:rules@1",
        "a model, greedy",
        "(baseline)",
        "Eight prompts",
        "licence Apache-2.0",
        "human-translated: 1 language, native: 1 language",
        "the 8 prompts",
        "first 8 items",
        "sha256:0f3a",
        "nobody to write it",
        "Games without a verdict",
        "Arabic 8/8",
        "How to read this",
        "A note.",
        "|polyarena:",
    ):
        assert expected in text


def test_every_signature_is_on_the_page(content: PageContent) -> None:
    text = "".join(read(page(content)).text)
    for signature in set(content.estimates["signature"]):
        assert signature in text


def test_own_names_carry_language_and_direction(content: PageContent, aya23: list[str]) -> None:
    spans = [attributes for attributes in read(page(content)).all("span") if "lang" in attributes]
    assert len(spans) == 2 * len(aya23)
    directions = {attributes["lang"]: attributes["dir"] for attributes in spans}
    assert directions["ar-Arab"] == directions["he-Hebr"] == directions["fa-Arab"] == "rtl"
    assert directions["de-Latn"] == directions["ja-Jpan"] == "ltr"


def test_figures_are_inside_the_page_and_linked(content: PageContent) -> None:
    reader = read(page(content))
    (image,) = reader.all("img")
    source = image["src"] or ""
    assert base64.b64decode(source.removeprefix("data:image/svg+xml;base64,")) == SVG
    assert image["alt"]
    links = {link["href"] for link in reader.all("a") if not (link["href"] or "").startswith("#")}
    assert links == {"figures/a%20b.png", "figures/a.pdf", "results/estimates.csv"}


def test_nothing_is_asked_of_the_network_and_nothing_runs(content: PageContent) -> None:
    html = page(content)
    reader = read(html)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in reader.elements}
    for _, attributes in reader.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert not (attributes.get(name) or "").startswith(("http:", "https:", "//", "javascript:"))
    assert "@import" not in html
    assert "url(" not in html


def test_hostile_texts_are_shown_not_obeyed(content: PageContent, win_estimates: pd.DataFrame) -> None:
    hostile = replace(
        content,
        title=HOSTILE,
        systems=(SystemInfo(HOSTILE, HOSTILE, HOSTILE),),
        judges=(JudgeInfo(HOSTILE, HOSTILE, HOSTILE),),
        tasks=(Used(card(title=HOSTILE, notes=HOSTILE, left_out={"deu_Latn": HOSTILE}), {HOSTILE: HOSTILE}),),
        estimates=win_estimates.assign(system=HOSTILE, judge=HOSTILE, note=HOSTILE, signature=HOSTILE),
        figures=(Figure(HOSTILE, (SVG,), (HOSTILE, "javascript:alert(1)")),),
        answers=(OffTargetCount(HOSTILE, HOSTILE, 1, 0, 1, 0, 0, ((HOSTILE, 1, 1),)),),
        notes=(HOSTILE,),
    )
    html = page(hostile)
    reader = read(html)
    assert not reader.all("script")
    assert "\x00" not in html
    assert "alert(1)" in "".join(reader.text)
    assert not any((link["href"] or "").startswith("javascript:") for link in reader.all("a"))
    names = [tag for tag, _ in reader.elements]
    assert names.count("bdi") >= 3


def test_the_page_can_always_be_written(content: PageContent) -> None:
    html = page(replace(content, title="lone \ud800 surrogate", notes=("\x1b[31m",)))
    assert "lone \N{REPLACEMENT CHARACTER} surrogate" in html
    assert html.encode("utf-8")
    assert "\x1b" not in html


def test_the_same_content_gives_the_same_page_without_a_date(content: PageContent) -> None:
    html = page(content)
    assert html == page(content)
    assert not re.search(r"20\d\d-\d\d-\d\d", html)


def test_an_empty_run_has_a_page_too(content: PageContent, win_estimates: pd.DataFrame) -> None:
    bare = PageContent("Nothing", "0.1.0", (), (), (), win_estimates.head(0))
    reader = read(page(bare))
    assert "There are no estimates yet." in " ".join(reader.text)
    assert not reader.all("table")


def test_rows_without_value_say_so(content: PageContent, win_estimates: pd.DataFrame) -> None:
    silent = win_estimates.copy()
    gone = silent["group"] == "deu_Latn"
    silent.loc[gone, ["value", "low", "high", "standard_error"]] = None
    silent.loc[gone, "note"] = "no game has a verdict"
    text = "".join(read(page(replace(content, estimates=silent))).text)
    assert "deu_Latn: no game has a verdict" in text
    assert not re.search(r"\bnan\b", text.lower())


def test_light_and_dark_and_small_screens_are_served(content: PageContent) -> None:
    html = page(content)
    assert "light-dark(" in html
    assert '<meta name="viewport" content="width=device-width' in html
    assert "position: sticky" in html
