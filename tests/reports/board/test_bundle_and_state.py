"""The bundle of modules, the address, downloads and names, without a browser."""

import json
import re
import shutil
import subprocess

import pytest

from polyarena.reports.board.bundle import bundle, read_modules
from polyarena.reports.board.model import Board, BoardSettings, SystemInfo
from polyarena.reports.board.site_files import file_slug, site_files

STATE = """
import { readState, writeState } from "SITE/state.js";
const main = ({ search, hash, codes }) => {
  const state = readState(search, hash, codes);
  return { state: { ...state, languages: state.languages && [...state.languages] }, again: writeState(state, codes) };
};
"""
CSV = 'import { csv } from "SITE/download.js";\nconst main = ({ header, rows }) => csv(header, rows);'
NAMES = """
import { safeLink, shownName } from "SITE/dom.js";
const main = ({ links, names }) => [links.map(safeLink), names.map(shownName)];
"""
CODES = [f"l{i:02}_Latn" for i in range(60)]


def test_the_bundle_is_one_classic_script(tmp_path):
    text = bundle(read_modules())
    assert not re.search(r"^\s*(import|export)\b", text, flags=re.MULTILINE)
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node.js is not installed")
    path = tmp_path / "site.js"
    path.write_text(text, encoding="utf-8")
    assert subprocess.run([program, "--check", str(path)], capture_output=True).returncode == 0


def test_modules_are_joined_in_the_order_of_their_needs():
    modules = {
        "main": 'import { a } from "./b.js";\nimport * as c from "./c.js";\nout(a, c.d);',
        "b": 'import { d as e } from "./c.js";\nexport const a = e + 1;\nconst hidden = 2;',
        "c": "const d = 1;\nexport { d };",
    }
    text = bundle(modules)
    assert text.index("module_c =") < text.index("module_b =") < text.index("module_main =")
    assert "return { a };" in text
    assert "{ d: e } = module_c" in text.replace("{  ", "{ ").replace("  }", " }")


@pytest.mark.parametrize(
    ("modules", "says"),
    [
        ({"main": 'import { a } from "./gone.js";'}, "gone"),
        ({"main": 'import { a } from "./b.js";', "b": 'import { c } from "./main.js";'}, "each other"),
        ({"main": 'import x from "./b.js";', "b": ""}, "form"),
        ({"main": "export default 1;"}, "form"),
    ],
)
def test_what_cannot_be_joined_is_refused(modules, says):
    with pytest.raises(ValueError, match=says):
        bundle(modules)


def test_no_module_parses_html_or_runs_text():
    for name, text in read_modules().items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )
        assert not re.search(r"\bfetch\(|XMLHttpRequest|localStorage|https?://(?!www\.w3\.org/2000/svg)", text), name


def test_the_policy_allows_only_the_sites_own_files():
    board = Board(BoardSettings(), (), ())
    page = dict(site_files(board))["index.html"].decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"<script(?! src=)|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize(
    "hash",
    [
        "",
        "#task=c0&by=languages&sort=system%3Adown",
        "#q=a%20b%26c&min=3",
        "#view=compare&compare=%2B1&compare=__proto__",
    ],
)
def test_the_address_survives_a_round_trip(node, hash):
    found = node(STATE, {"search": "", "hash": hash, "codes": CODES})
    again = node(STATE, {"search": "", "hash": found["again"], "codes": CODES})
    assert again == found


def test_many_languages_stay_short_and_few_are_named(node):
    few = node(STATE, {"search": "", "hash": "#languages=l03_Latn.l07_Latn.nothing", "codes": CODES})
    assert few["state"]["languages"] == ["l03_Latn", "l07_Latn"]
    chosen = ".".join(CODES[:50])
    many = node(STATE, {"search": "", "hash": f"#languages={chosen}", "codes": CODES})
    assert len(many["again"]) < 60
    again = node(STATE, {"search": "", "hash": many["again"], "codes": CODES})
    assert again["state"]["languages"] == CODES[:50]
    other = node(STATE, {"search": "", "hash": many["again"], "codes": CODES[:-1]})
    assert other["state"]["languages"] is None


def test_unknown_parts_of_an_address_are_ignored(node):
    found = node(STATE, {"search": "?embed=1", "hash": "#__proto__=1&toString=2&zzz=3", "codes": CODES})
    assert found["state"]["embed"] is True
    assert found["again"] == "#"


def test_cells_that_a_spreadsheet_would_run_are_quoted(node):
    rows = [["=1+1", "+x", "-5", "@a", "\tb", -5, 0.25, None, 'say "hi", you', "two\nlines"]]
    text = node(CSV, {"header": ["a"], "rows": rows})
    assert text == 'a\r\n\'=1+1,\'+x,\'-5,\'@a,\'\tb,-5,0.25,,"say ""hi"", you","two\nlines"\r\n'


def test_links_and_names_are_made_safe(node):
    links = [
        "javascript:alert(1)",
        "https://example.org/a",
        "HTTP://example.org",
        "data:text/html,x",
        "//x.org",
        5,
        None,
    ]
    found, names = node(NAMES, {"links": links, "names": ["a\u202eb\u2069c", "x" * 5000, "  two\n words ", "ـ\u200dك"]})
    assert found == [None, "https://example.org/a", "http://example.org/", None, None, None, None]
    assert names[0] == "abc"
    assert len(names[1]) == 201
    assert names[2:] == ["two words", "ـ\u200dك"]


def test_data_files_hand_over_json_as_text():
    board = Board(BoardSettings(title="</script>\u2028"), (SystemInfo("__proto__"),), ())
    text = dict(site_files(board))["data/board.js"].decode()
    found = re.fullmatch(r"polyarenaBoard\.start\((.*)\);\n", text, flags=re.DOTALL)
    document = json.loads(json.loads(found[1]))
    assert document["systems"][0]["name"] == "__proto__"
    assert document["title"] == "</script>\u2028"


@pytest.mark.parametrize("name", ["../../x", "a/b", "CON", "", ".", "ä" * 300, "x" * 100_000])
def test_file_names_are_plain(name):
    assert re.fullmatch(r"[a-z0-9-]{1,60}", file_slug(name))
    assert file_slug(name) != file_slug(name + "!")
