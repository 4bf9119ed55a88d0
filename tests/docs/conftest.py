"""Fixtures: the pages, and a folder in which their examples can run."""

import re

import pytest

BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

QUICKSTART = """
name: quickstart
systems:
  - { name: plain, model: toy, args: { voice: plain } }
  - { name: told-the-language, model: toy, args: { voice: told } }
baseline: plain
tasks:
  - { task: polyarena_mini, languages: "deu_Latn, hin_Deva" }
  - { task: cldr_names, languages: "swh_Latn, hin_Deva", limit: 2 }
judges: [rules]
"""


@pytest.fixture(scope="session")
def pages(repository):
    """The text of every page for people, by its path from the repository's root."""
    found = [*repository.glob("*.md"), *(repository / "docs").glob("*.md"), *(repository / "docs").glob("api/*.md")]
    return {str(path.relative_to(repository)): path.read_text(encoding="utf-8") for path in sorted(found)}


@pytest.fixture(scope="session")
def blocks(pages):
    """Return the code blocks of one language on one page."""

    def of(page, language):
        return [match["text"] for match in BLOCK.finditer(pages[page]) if match["language"] == language]

    return of


@pytest.fixture
def beside_quickstart(toys, tmp_path, monkeypatch):
    """A working folder with examples/quickstart.yaml, in which toy models answer in place of a real one."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "quickstart.yaml").write_text(QUICKSTART, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path
