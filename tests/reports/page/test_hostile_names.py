"""Names that look like markup, in every place where the page shows a name; and what is listed, linked and closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarena.reports.flags import Flag, add_flags
from polyarena.reports.page import Figure, JudgeInfo, OffTargetCount, PageContent, SystemInfo, Table, page
from polyarena.reports.page.cost_table import cost_table
from polyarena.reports.page.render import MOST_OPEN
from polyarena.reports.page.verdict_tables import bad_answer_tables
from polyarena.reports.stats import custom_groups, mean_scores, win_rates
from polyarena.reports.stats.categories import category_scores

Make = Callable[..., pd.DataFrame]
HOSTILE = "</td></script><script>alert('1')</script><a href=\"javascript:x\" onclick=x>&amp;\u202e"
VALUES = {"deu_Latn": [1, 0, 1, 1] * 3, "swh_Latn": [0, 0, 1, 1] * 3}
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Reads a page, strictly: what is open must be closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shape(html: str) -> list[tuple[str, list[str]]]:
    """Return the elements with the names of their attributes: what no name may change."""
    return [(tag, sorted(attributes)) for tag, attributes in Page(html).tags]


def content(name: str, make_scores: Make, make_battles: Make) -> PageContent:
    """A page with the name in every place that takes a text."""
    battles = win_rates(make_battles(VALUES, candidate=name, baseline=f"{name} 2", judge=name, task=name), rounds=20)
    scores = make_scores(VALUES, system=name, task=f"{name} exam", metric=name, signature=name)
    scores = scores.assign(category=[name, f"other {name}"] * (len(scores) // 2))
    groups = custom_groups("group", {name: "German, Swahili"})
    found = pd.concat(
        [battles, mean_scores(scores, rounds=20, groupings=groups), category_scores(scores, rounds=20)],
        ignore_index=True,
    )
    return PageContent(
        title=name,
        version=name,
        systems=(SystemInfo(name, name, name),),
        tasks=(),
        judges=(JudgeInfo(name, name, name),),
        estimates=add_flags(found.assign(note=name), [Flag(f"{name} exam", "deu_Latn", name, name, name)], groups),
        figures=(Figure(name, (b"<svg/>",), (f"{name}.pdf", "x.svg")),),
        answers=(OffTargetCount(name, name, 4, 1, 1, 1, 1, ((name, 1, 4),)),),
        files=(f"results/{name}.csv",),
        notes=(name,),
        tables=(Table(name, (name, "x"), ((name, name),), notes=(name,)),),
    )


def test_a_hostile_name_changes_nothing_but_texts(make_scores: Make, make_battles: Make) -> None:
    plain, hostile = (page(content(name, make_scores, make_battles)) for name in ("plain", HOSTILE))
    assert shape(hostile) == shape(plain)
    assert "<script" not in hostile
    read = Page(hostile)
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    for tag, attributes in read.tags:
        if tag == "a":
            assert (attributes["href"] or "").startswith(("#", "results/", "x.svg", "%3C/td"))
    assert read.text.count("alert('1')") > 20


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.sampled_from("<>&\"'/ab{%}#-!\\\u202e"), min_size=1, max_size=12).filter(str.strip))
def test_whatever_the_name_the_page_has_the_same_elements(make_scores: Make, make_battles: Make, name: str) -> None:
    assert shape(page(content(name, make_scores, make_battles))) == shape(
        page(content("plain", make_scores, make_battles))
    )


def test_names_are_shown_whole(make_scores: Make, make_battles: Make) -> None:
    read = Page(page(content("{{ 7 * 7 }}{% raw %}", make_scores, make_battles)))
    assert "{{ 7 * 7 }}{% raw %}" in read.text
    assert "49" not in re.sub(r"\d\d\.\d", "", read.text)


def test_links_to_files_are_written_as_urls(make_scores: Make, make_battles: Make) -> None:
    read = Page(page(replace(content("p", make_scores, make_battles), files=("results/50 % & ü#1?.csv",))))
    links = [attributes["href"] for tag, attributes in read.tags if tag == "a"]
    assert "results/50%20%25%20%26%20%C3%BC%231%3F.csv" in links


def test_contents_lead_to_what_there_is_and_nowhere_else(make_scores: Make, make_battles: Make) -> None:
    full = content("plain", make_scores, make_battles)
    for bare in (full, replace(full, figures=(), answers=(), tables=()), replace(full, judges=(), notes=())):
        read = Page(page(bare))
        links = [a["href"] for tag, a in read.tags if tag == "a" and (a["href"] or "").startswith("#")]
        ids = [a["id"] for _, a in read.tags if "id" in a]
        assert len(ids) == len(set(ids))
        assert {f"#{each}" for each in ids} >= set(links)
        assert ("#figures" in links) == (len(bare.figures) > 1)
        assert ("#judges" in links) == bool(bare.judges)
        assert ("#answers" in links) == bool(bare.answers)
        assert sum(link.startswith("#summary-") for link in links if link) == len(bare.tables)


@pytest.mark.parametrize(("many", "closed"), [(MOST_OPEN, False), (MOST_OPEN + 1, True)])
def test_many_notes_are_closed_and_none_is_lost(make_scores: Make, many: int, closed: bool) -> None:
    notes = tuple(f"Note {i} of them." for i in range(many))
    html = page(PageContent("t", "1", (), (), (), mean_scores(make_scores(VALUES), rounds=20), notes=notes))
    assert (f"<summary>Notes: {many}</summary>" in html) == closed
    positions = [html.index(f"<p>{note}</p>") for note in notes]
    assert positions == sorted(positions)


@pytest.mark.parametrize(("many", "closed"), [(3 * MOST_OPEN, False), (3 * MOST_OPEN + 1, True)])
def test_many_files_are_closed_and_none_is_lost(make_scores: Make, many: int, closed: bool) -> None:
    files = tuple(f"results/{i:02}.csv" for i in range(many))
    html = page(PageContent("t", "1", (), (), (), mean_scores(make_scores(VALUES), rounds=20), files=files))
    assert (f"All numbers as files: {many}" in html) == closed
    assert re.findall(r'<a href="(results/[^"]+)">', html) == list(files)


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_characters_that_cannot_be_shown_are_replaced(make_scores: Make, control: str) -> None:
    estimates = mean_scores(make_scores(VALUES), rounds=20)
    html = page(PageContent(f"a{control}b", "1", (), (), (), estimates, notes=(f"c{control}d",)))
    assert control not in html
    assert "<bdi>a\ufffdb</bdi>" in html
    assert "<p>c\ufffdd</p>" in html
    assert html.encode()


def test_flags_are_said_below_the_table_of_each_grouping(make_scores: Make) -> None:
    groups = custom_groups("group", {"north": "German", "south": "Swahili"})
    estimates = mean_scores(make_scores(VALUES), rounds=20, groupings=groups)
    html = page(PageContent("t", "1", (), (), (), add_flags(estimates, [
        Flag("names", "swh_Latn", "accuracy", "doubtful", "few words"),
        Flag("names", "deu_Latn", "accuracy", "inadequate", "many words"),
    ], groups)))  # fmt: skip
    part = html[html.index('<section id="by-group">') :]
    part = part[: part.index("</section>")]
    both = "doubtful in 1 of 2 languages: few words; inadequate in 1 of 2 languages: many words"
    assert f'<p class="quiet">‡ accuracy on names: {both}.</p>' in part
    assert part.count("‡") == 4


def spent(rows: list[dict[str, Any]]) -> Table:
    plain = {"who": "judges", "name": "gpt", "language": "deu_Latn", "requests": 1, "answered": 1, "maybe_billed": 0,
             "prompt_tokens": 5, "completion_tokens": 6, "cost": "0.1", "currency": "USD"}  # fmt: skip
    full = [plain | row for row in rows]
    found = cost_table(pd.DataFrame([{"cost_upper_bound": row["cost"], **row} for row in full]))
    assert found is not None
    return found


@given(st.lists(st.tuples(st.sampled_from(["deu_Latn", "swh_Latn"]), st.integers(0, 10**9)), min_size=1, max_size=9))
def test_costs_are_exact_sums_whatever_their_number(costs: list[tuple[str, int]]) -> None:
    """Binary fractions of a cent would add up to another number."""
    sheet = spent([{"language": code, "cost": f"{units}e-4", "requests": units} for code, units in costs])
    total = sum(units for _, units in costs)
    last = sheet.rows[-1]
    assert last[-1] == f"{total // 10**4}.{total % 10**4:04d} USD"
    assert last[2].replace(",", "") == str(total)
    languages = {code for code, _ in costs}
    assert len(sheet.rows) == len(languages) + (len(languages) > 1)


def test_the_ledger_in_another_order_is_the_same_table() -> None:
    rows = [{"name": name, "language": code, "cost": cost} for name in "ba" for code, cost in
            (("swh_Latn", "0.3"), ("deu_Latn", None))]  # fmt: skip
    assert spent(rows) == spent(rows[::-1])
    assert [(row[0], row[1], row[-1]) for row in spent(rows).rows[:3]] == [
        ("a", "German", "–"), ("a", "Swahili", "0.3000 USD"), ("a", "all 2", "–"),
    ]  # fmt: skip


def test_bad_answers_by_groups_stand_between_the_average_and_the_languages(make_scores: Make) -> None:
    groups = custom_groups("group", {"north": "German", "south": "Swahili"})
    rates = mean_scores(make_scores(VALUES), rounds=20, groupings=groups).assign(judge="j")
    (sheet,) = bad_answer_tables(rates.iloc[::-1])
    assert sheet.rows[0][0] == "All languages"
    assert {row[0] for row in sheet.rows[1:3]} == {"By own groups: north", "By own groups: south"}
    assert {row[0] for row in sheet.rows[3:]} == {"German", "Swahili"}
    cells = dict(sheet.rows)
    assert cells["German"] == cells["By own groups: north"]
