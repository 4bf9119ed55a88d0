"""Names of imported systems in other scripts: what page and board show of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyarena.harness.board.run_source import _systems
from polyarena.harness.cli import main
from polyarena.harness.reporting.imported_names import names_in_files
from polyarena.harness.results import open_run

NAME = "通义千问-7B"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with verdicts on a system with a Chinese name, an accent and a slash in other names."""
    folder = tmp_path_factory.mktemp("names")
    for name in (NAME, "org/Modèle"):
        rows = [
            {"judge": "j", "system_a": name, "system_b": "base", "task": "t", "language": "zho_Hans",
             "item_id": f"q{i}", "label": "A>B" if i % 3 else "B>A"}
            for i in range(12)
        ]  # fmt: skip
        file = folder / "verdicts" / f"{'a' if name == NAME else 'b'}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert main(["import", "polyarena", str(folder / "verdicts"), "-o", str(folder / "run"), "--baseline", "base"]) == 0
    return folder / "run"


def test_only_names_that_lost_letters_are_remembered(imported: Path) -> None:
    found = names_in_files(open_run(imported))
    assert sorted(found.values()) == ["org/Modèle", NAME]
    (code,) = (new for new, old in found.items() if old == NAME)
    assert code.startswith("7B-")


def test_the_board_shows_the_name_of_the_files(imported: Path) -> None:
    records = open_run(imported)
    names = names_in_files(records)
    systems = _systems(records, {*names, "base"})
    assert {name: each.title for name, each in systems.items()} == {**names, "base": ""}


def test_the_page_says_both_names(imported: Path) -> None:
    assert main(["report", str(imported), "--figures", "none"]) == 0
    page = (imported / "report" / "index.html").read_text("utf-8")
    assert f"{NAME} in the imported files" in page
