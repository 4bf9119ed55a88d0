"""The site in Chromium, from a disk: what is shown, hostile content, accessibility, printing, phones."""

import json
import shutil
import urllib.parse
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest

from polyarena.reports.board import Board, BoardSettings, Column, PublishedValue, SystemInfo, site_files, standings
from polyarena.reports.board.tables import item_tables
from polyarena.reports.stats import mean_scores

pytestmark = pytest.mark.browser
LANGUAGES = ("arb_Arab", "deu_Latn", "hin_Deva", "swh_Latn")
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest.fixture(scope="module")
def chromium():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def scores(systems, tasks=("quiz",), n=40):
    import numpy as np

    generator = np.random.default_rng(0)
    rows = [
        (system, task, code, f"q{i}", 0, f"q{i}", "acc", float(generator.random() < 0.3 + 0.06 * s), "acc")
        for s, system in enumerate(systems)
        for task in tasks
        for code in LANGUAGES
        for i in range(n)
    ]
    names = ["system", "task", "language", "item_id", "sample_index", "source_id", "metric", "value", "signature"]
    return pd.DataFrame(rows, columns=names).assign(statistics=None)


def board_of(frame, **facts):
    columns = [
        Column(f"c{i}", key.task, key.task, key.metric, "", "", f"task:{key.task}", table, texts=True,
               provenance={code: "native" if code == "deu_Latn" else "machine-translated" for code in LANGUAGES})
        for i, (key, table) in enumerate(item_tables(frame).items())
    ]  # fmt: skip
    systems = tuple(SystemInfo(name, size=i + 1.0, open_weights=i % 2 == 0) for i, name in
                    enumerate(sorted(set(frame["system"]))))  # fmt: skip
    return Board(BoardSettings(title="Made board"), facts.pop("systems", systems), tuple(columns), **facts)


def write(board, folder, texts=None):
    for name, content in site_files(board, texts):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    frame = scores([f"system-{i}" for i in range(8)], tasks=("one", "two"))
    board = board_of(frame)
    return frame, board, write(board, tmp_path_factory.mktemp("site"))


def shown(value):
    """Return a share in percent as the page writes it: halves are rounded up."""
    return str(Decimal(100 * value).quantize(Decimal("0.1"), ROUND_HALF_UP))


class Page:
    def __init__(self, browser, site, address="", **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog {dialog.message}"))
        self.requests = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(f"{site.as_uri()}/index.html{address}")
        self.settle()

    def settle(self, after="0"):
        # A strict policy forbids the evaluation of texts that waiting for a function needs.
        for _ in range(200):
            ready = self.page.evaluate("document.documentElement.dataset.ready")
            if ready and int(ready) > int(after):
                return ready
            self.page.wait_for_timeout(20)
        raise AssertionError(f"the page did not become ready: {self.errors}")

    def change(self, action):
        before = self.page.evaluate("document.documentElement.dataset.ready")
        action(self.page)
        self.settle(before)

    @property
    def sentence(self):
        return self.page.inner_text(".sentence")

    @property
    def rows(self):
        script = """[...document.querySelectorAll('table.board tbody tr:not([aria-hidden])')].map(
          (row) => [...row.querySelectorAll('th, td:not(.gap)')].map((cell) => cell.innerText.replace(/\\s+/g, ' ')))"""
        return self.page.evaluate(script)

    def close(self):
        self.context.close()
        assert self.errors == []


@pytest.fixture
def open_page(chromium):
    pages = []

    def build(*arguments, **options):
        pages.append(Page(chromium, *arguments, **options))
        return pages[-1]

    yield build
    for page in pages:
        page.close()


def test_the_first_view_is_the_ranking_of_everything(made, open_page):
    _, board, site = made
    page = open_page(site)
    expected = standings(board.columns, board.settings)
    assert page.sentence.startswith(f"{expected.distinct_neighbours} of 7 neighbouring systems can be told apart")
    assert [row[1].split()[0] for row in page.rows] == [each.system for each in expected.averages]
    best = expected.averages[0]
    assert page.rows[0][2].startswith(f"{shown(best.value)} {shown(best.low)}–{shown(best.high)}")
    assert all(url.startswith(("file:", "data:")) for url in page.requests)


def test_a_filter_computes_scores_intervals_and_ranks_again(made, open_page):
    frame, board, site = made
    page = open_page(site, "#task=c0")
    page.page.click("summary:text-is('Filters')")
    page.change(lambda it: it.select_option("label:has-text('family') select", "Afro-Asiatic"))
    expected = mean_scores(frame[(frame["task"] == "one") & (frame["language"] == "arb_Arab")], groupings={})
    rows = expected.query("level == 'macro'").set_index("system")
    assert len(page.rows) == 8
    for row in page.rows:
        own = rows.loc[row[1].split()[0]]
        assert row[2] == f"{shown(own['value'])} {shown(own['low'])}–{shown(own['high'])}"
    again = standings(board.columns[:1], board.settings, languages=frozenset({"arb_Arab"}))
    assert page.sentence.startswith(f"{again.distinct_neighbours} of {again.neighbours} ")
    assert [row[0].split()[0] for row in page.rows] == [str(each.rank) for each in again.averages]


def test_a_filter_on_provenance_keeps_the_languages_of_each_task(made, open_page):
    _, board, site = made
    page = open_page(site, "#provenance=native")
    expected = standings(board.columns, board.settings, languages=frozenset({"deu_Latn"}))
    assert page.rows[0][2].startswith(f"{shown(expected.averages[0].value)} ")
    assert "1 language)" in page.sentence


def test_the_address_keeps_the_state(made, open_page):
    _, _, site = made
    page = open_page(site)
    page.change(lambda it: it.select_option("label:has-text('columns') select", "languages"))
    page.page.click("summary:text-is('Filters')")
    page.change(lambda it: it.select_option("label:has-text('script') select", "Deva"))
    page.change(lambda it: it.click("thead button:has-text('System')"))
    address = page.page.evaluate("location.hash")
    again = open_page(site, address)
    assert again.rows == page.rows
    assert again.page.get_attribute("th:has(button:has-text('System'))", "aria-sort") == "ascending"
    assert len(again.rows[0]) == len(page.rows[0])


def test_sorting_changes_rows_and_not_ranks(made, open_page):
    _, _, site = made
    page = open_page(site)
    ranks = {row[1]: row[0] for row in page.rows}
    page.change(lambda it: it.click("thead button:has-text('Average')"))
    page.change(lambda it: it.click("thead button:has-text('Average')"))
    assert {row[1]: row[0] for row in page.rows} == ranks
    assert next(iter(ranks)) == page.rows[-1][1]


def test_search_hides_rows_and_leaves_the_ranking(made, open_page):
    _, _, site = made
    page = open_page(site)
    before = page.sentence
    page.change(lambda it: it.fill("input[type=search] >> nth=0", "system-3"))
    assert len(page.rows) == 1
    assert page.sentence == before


def test_what_is_shown_can_be_downloaded(made, open_page):
    _, _, site = made
    page = open_page(site)
    with page.page.expect_download() as download:
        page.page.click("text=Download CSV")
    text = download.value.path().read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("rank,rank_low,rank_high,tie_group,system")
    assert len(text.splitlines()) == 9
    with page.page.expect_download() as download:
        page.page.click("text=Download JSON")
    document = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert (len(document["rows"]), document["neighbours"]) == (8, 7)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("#view=system&system=system-7&task=c0", "By language"),
        ("#view=system&system=system-7&pin=system-0&task=c0", "is better than system-0"),
        ("#view=language&language=hin_Deva", "Items: machine-translated"),
        ("#view=compare&compare=system-7&compare=system-0&task=c0", "better"),
        ("#view=methods", "task:one"),
        ("#view=history", "first build"),
        ("#view=nothing", "Rank"),
        ("#languages=~9~f&sort=x:y&task=none&by=zzz", "Rank"),
    ],
)
def test_every_view_opens_from_its_address(made, open_page, address, says):
    _, _, site = made
    assert says in open_page(site, address).page.inner_text("main")


def test_languages_that_the_makers_do_not_claim_are_marked(tmp_path, open_page):
    systems = (SystemInfo("a", languages=("deu_Latn",)), SystemInfo("b"))
    site = write(board_of(scores(["a", "b"]), systems=systems), tmp_path)
    text = open_page(site, "#view=system&system=a").page.inner_text("main")
    assert "Languages claimed\n1: German" in text
    assert "Swahili (not claimed)" in text
    assert "German (not claimed)" not in text
    assert "not claimed" not in open_page(site, "#view=system&system=b").page.inner_text("main")
    table = open_page(site, "#by=languages").page
    assert table.locator("td[title*='not a language that its makers claim']").count() == len(LANGUAGES) - 1


def test_a_board_of_published_values_opens_with_them(tmp_path, open_page):
    value = PublishedValue("model", "AlpacaEval", "eng_Latn", "win_rate", 76.91979180386511, "AlpacaEval: board.csv")
    board = Board(BoardSettings(title="Published"), (), (), published=(value,))
    page = open_page(write(board, tmp_path))
    assert page.page.locator("nav a").all_inner_texts() == ["Published", "Methods"]
    assert "76.9198" in page.page.inner_text("main")


@pytest.mark.parametrize("width", [380, 1400])
def test_the_plot_of_a_system_has_an_axis_and_its_text_keeps_its_size(made, open_page, width):
    _, _, site = made
    page = open_page(site, "#view=system&system=system-7&task=c0", viewport={"width": width, "height": 700})
    scale = "e => e.getBoundingClientRect().width / e.viewBox.baseVal.width"
    assert page.page.locator("svg.plot").evaluate(scale) == pytest.approx(1, abs=0.02)
    assert page.page.locator("svg.plot .tick").count() >= 2
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_works_on_a_phone_and_in_the_dark(made, open_page):
    _, _, site = made
    page = open_page(site, viewport={"width": 380, "height": 700}, color_scheme="dark")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 380
    assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_embedding_shows_the_table_alone(made, open_page):
    _, _, site = made
    page = open_page(site, "?embed=1")
    assert not page.page.is_visible("nav")
    assert page.page.is_visible("table.board")


def test_only_what_is_in_view_is_rendered_and_everything_before_printing(tmp_path, open_page):
    site = write(board_of(scores([f"s{i:03}" for i in range(120)], n=4)), tmp_path)
    page = open_page(site)
    assert 10 < len(page.rows) < 60
    assert page.page.get_attribute("table.board", "aria-rowcount") == "121"
    page.page.evaluate("document.querySelector('.scroll').scrollTop = 1e6")
    page.page.wait_for_timeout(100)
    assert page.page.get_attribute("tbody tr:last-child", "aria-rowindex") == "121"
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(page.rows) == 120
    page.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(page.rows) < 60


def test_the_keyboard_reaches_headers_links_and_the_table(made, open_page):
    _, _, site = made
    page = open_page(site)
    reached = set()
    for _ in range(45):
        page.page.keyboard.press("Tab")
        reached.add(page.page.evaluate("document.activeElement.tagName + '.' + document.activeElement.className"))
    assert {"BUTTON.", "A.", "SELECT.", "DIV.scroll"} <= reached


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "address", ["", "#view=system&system=system-7", "#view=language", "#view=methods", "#by=languages"]
)
def test_axe_finds_nothing_serious(made, open_page, axe, address, theme):
    _, _, site = made
    # axe-core is no part of the page, so its policy is set aside here; the other tests obey it.
    page = open_page(site, address, color_scheme=theme, bypass_csp=True)
    page.page.evaluate(axe)
    found = page.page.evaluate("axe.run()")["violations"]
    # It asks for the style sheet again, which pages from a disk may not.
    page.errors.clear()
    serious = [each for each in found if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in serious] == []


HOSTILE = (
    EVIL,
    "javascript:alert(1)",
    "=HYPERLINK(\"http://x\")",
    "../../../etc/passwd",
    "__proto__",
    "constructor",
    "‮gnp.exe",
    "x" * 1_000_000,
)  # fmt: skip


def test_hostile_names_and_texts_are_inert(tmp_path, open_page):
    frame = scores(HOSTILE, n=12)
    infos = tuple(
        SystemInfo(name, title="" if i else EVIL, organisation=EVIL, link="javascript:alert(1)", licence=EVIL)
        for i, name in enumerate(sorted(HOSTILE))
    )
    published = (PublishedValue(EVIL, EVIL, EVIL, EVIL, 1.0, "javascript:alert(1)", EVIL),)
    board = board_of(frame, systems=infos, published=published, notes=(EVIL,))
    texts = pd.DataFrame(
        [(name, "quiz", "deu_Latn", "q1", EVIL, EVIL + "y" * 1_000_000) for name in HOSTILE],
        columns=["system", "task", "language", "item_id", "prompt", "text"],
    )
    site = write(board, tmp_path, texts)
    assert all(path.resolve().is_relative_to(tmp_path) for path in site.rglob("*"))
    for address in ("", "#view=methods", "#view=published", "#view=history", "#by=languages",
                    f"#view=system&system={urllib.parse.quote(EVIL)}", "#view=system&system=__proto__",
                    "#view=compare&compare=__proto__&compare=constructor", "#view=language"):  # fmt: skip
        page = open_page(site, address)
        assert page.page.evaluate("[typeof window.hacked, ({}).polluted, document.images.length]") == [
            "undefined", None, 0,
        ]  # fmt: skip
        assert page.page.evaluate("[...document.links].every((a) => /^(file|https?):/.test(a.href))")
    page = open_page(site, "#view=system&system=__proto__")
    page.page.select_option("section:has-text('Items') select", "deu_Latn")
    page.page.wait_for_selector("article")
    assert EVIL in page.page.inner_text("article >> nth=1")
    assert page.page.evaluate("typeof window.hacked") == "undefined"
    page = open_page(site)
    with page.page.expect_download() as download:
        page.page.click("text=Download CSV")
    lines = download.value.path().read_text(encoding="utf-8")
    assert "\"'=HYPERLINK" in lines


def test_the_policy_lets_no_other_script_run(made, open_page):
    _, _, site = made
    page = open_page(site)
    ran = page.page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = 1";
      document.head.append(script);
      return typeof window.injected;
    }""")
    assert ran == "undefined"
    assert any("Content Security Policy" in error for error in page.errors)
    page.errors.clear()


def test_chromium_computes_what_node_and_python_do(made, open_page):
    """The numbers of a filter, as the page downloads them, are those of reports.stats to 1e-9."""
    frame, _, site = made
    page = open_page(site, "#task=c1&languages=deu_Latn.swh_Latn")
    with page.page.expect_download() as download:
        page.page.click("text=Download JSON")
    rows = json.loads(download.value.path().read_text(encoding="utf-8"))["rows"]
    own = frame[(frame["task"] == "two") & frame["language"].isin(["deu_Latn", "swh_Latn"])]
    expected = mean_scores(own, groupings={}).query("level == 'macro'").set_index("system")
    assert len(rows) == 8
    for row in rows:
        for name in ("value", "standard_error", "low", "high"):
            assert row[name] == pytest.approx(expected.loc[row["system"], name], abs=1e-9)


@pytest.mark.parametrize(
    ("systems", "says"),
    [
        (("a",), "a is the only system with a score. Items"),
        (("a", "b"), "The data cannot tell who is best: "),
        (("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"), "other systems cannot be told from it. Next is"),
    ],
)
def test_the_page_of_a_language_says_whether_the_data_can_tell(tmp_path, open_page, systems, says):
    site = tmp_path / "site"
    write(board_of(scores(systems)), site)
    text = open_page(site, "#view=language&language=deu_Latn").page.inner_text("p.sentence")
    assert says in text
    assert ("neighbouring systems can be told apart" in text) == (len(systems) > 1)
    assert ("on the same items, the difference is" in text) == (len(systems) > 1)
