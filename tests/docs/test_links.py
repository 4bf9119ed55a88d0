"""Every link from one page to another, or to a file of the repository, leads somewhere."""

import re
from pathlib import PurePosixPath

import pytest

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
INCLUDE = re.compile(r"^```\{(?:literalinclude|image)\} (?P<target>\S+)$", re.MULTILINE)
TREE = re.compile(r"^```\{toctree\}\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def anchors(text):
    """The anchors of a page's headings, as GitHub and MyST make them."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,3} (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(pages):
    for page, text in pages.items():
        for match in (*LINK.finditer(text), *INCLUDE.finditer(text)):
            if "://" not in match["target"]:
                yield page, match["target"]


def resolved(page, target):
    parts = []
    for part in (PurePosixPath(page).parent / target).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def test_links_lead_to_files_and_headings(pages, repository):
    found = list(links(pages))
    assert len(found) > 30
    broken = []
    for page, target in found:
        path, _, anchor = target.partition("#")
        name = resolved(page, path) if path else page
        if not (repository / name).exists() or (anchor and anchor not in anchors(pages[name])):
            broken.append(f"{page}: {target}")
    assert broken == []


def test_the_check_finds_a_broken_anchor(pages):
    assert "what-is-in-a-cells-key" in anchors(pages["docs/systems.md"])
    assert "no-such-heading" not in anchors(pages["docs/systems.md"])
    assert resolved("docs/a.md", "../examples/x.yaml") == "examples/x.yaml"


def test_every_page_is_in_a_table_of_contents(pages):
    listed = set()
    for page, text in pages.items():
        for tree in TREE.finditer(text):
            names = [line for line in tree["body"].splitlines() if line and not line.startswith(":")]
            listed |= {resolved(page, f"{name}.md") for name in names}
    assert {page for page in pages if page.startswith("docs/")} - {"docs/index.md"} == listed


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_the_picture_is_there_and_small(page, pages, repository):
    assert "_static/quickstart.png" in pages[page]
    picture = (repository / "docs" / "_static" / "quickstart.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 300_000
