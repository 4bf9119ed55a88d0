"""What is written beside a figure replaces only what was written there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyarena.harness.reporting.beside_captions import CAPTION, write_beside_caption
from polyarena.tasks.errors import StoreError

FIRST = {".png": b"one", ".csv": b"a\n1\n", ".caption.txt": b"One.\n", CAPTION: b"\\caption{One.}\n"}
SECOND = {".png": b"two", ".csv": b"a\n2\n", ".caption.txt": b"Two.\n", CAPTION: b"\\caption{Two.}\n"}


@pytest.mark.parametrize("end", FIRST)
def test_a_file_of_somebody_else_is_kept_and_nothing_is_written(tmp_path: Path, end: str) -> None:
    own = tmp_path / f"pub{end}"
    own.write_bytes(b"my own values")
    with pytest.raises(StoreError) as caught:
        write_beside_caption(tmp_path / "pub", FIRST)
    assert f"pub{end}" in str(caught.value)
    assert "another name" in caught.value.fix
    assert [*tmp_path.iterdir()] == [own]
    assert own.read_bytes() == b"my own values"


def test_the_same_command_with_other_numbers_replaces_its_files(tmp_path: Path) -> None:
    write_beside_caption(tmp_path / "fig", FIRST)
    assert [path.name for path in write_beside_caption(tmp_path / "fig", SECOND)] == [f"fig{end}" for end in SECOND]
    assert (tmp_path / "fig.csv").read_bytes() == b"a\n2\n"
    assert (tmp_path / "fig.caption.tex").read_text().startswith("\\caption{Two.}\n% polyarena wrote ")


@pytest.mark.parametrize("end", FIRST)
def test_what_was_changed_since_is_kept(tmp_path: Path, end: str) -> None:
    write_beside_caption(tmp_path / "fig", FIRST)
    changed = tmp_path / f"fig{end}"
    changed.write_bytes(b"mine\n" + changed.read_bytes())
    with pytest.raises(StoreError):
        write_beside_caption(tmp_path / "fig", SECOND)
    assert changed.read_bytes().startswith(b"mine")


def test_files_of_another_format_are_still_known_later(tmp_path: Path) -> None:
    as_pdf = {".pdf" if end == ".png" else end: content for end, content in SECOND.items()}
    for contents in (FIRST, as_pdf, SECOND):
        write_beside_caption(tmp_path / "fig", contents)
    assert (tmp_path / "fig.png").read_bytes() == b"two"


def test_the_file_that_is_drawn_is_never_replaced(tmp_path: Path) -> None:
    write_beside_caption(tmp_path / "fig", FIRST)
    with pytest.raises(StoreError, match="read from this file"):
        write_beside_caption(tmp_path / "fig", SECOND, [tmp_path / "fig.csv"])
    write_beside_caption(tmp_path / "fig", FIRST, [tmp_path / "fig.csv"])


def test_a_file_that_happens_to_have_the_content_stays_that_of_its_owner(tmp_path: Path) -> None:
    own = tmp_path / "fig.csv"
    own.write_bytes(FIRST[".csv"])
    write_beside_caption(tmp_path / "fig", FIRST)
    with pytest.raises(StoreError):
        write_beside_caption(tmp_path / "fig", SECOND)
    assert own.read_bytes() == FIRST[".csv"]


def test_a_folder_in_place_of_a_file_or_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "fig.png").mkdir()
    with pytest.raises(StoreError, match="folder"):
        write_beside_caption(tmp_path / "fig", FIRST)
    (tmp_path / "afile").write_text("text")
    with pytest.raises(StoreError, match="cannot be written"):
        write_beside_caption(tmp_path / "afile" / "fig", FIRST)


def drawn_by_an_early_build(folder: Path) -> None:
    """Write the files of a figure without the list of digests, as the first builds did."""
    for end, content in FIRST.items():
        (folder / f"fig{end}").write_bytes(content)


def test_a_figure_of_an_early_build_is_drawn_again(tmp_path: Path) -> None:
    drawn_by_an_early_build(tmp_path)
    write_beside_caption(tmp_path / "fig", SECOND)
    assert (tmp_path / "fig.png").read_bytes() == b"two"
    assert "% polyarena wrote .png" in (tmp_path / "fig.caption.tex").read_text()


@pytest.mark.parametrize("end", [".caption.txt", CAPTION, ".csv"])
def test_a_file_that_does_not_belong_to_an_early_figure_is_kept(tmp_path: Path, end: str) -> None:
    drawn_by_an_early_build(tmp_path)
    (tmp_path / f"fig{end}").write_bytes(b"mine,\n2,\n")
    with pytest.raises(StoreError, match="not replaced"):
        write_beside_caption(tmp_path / "fig", SECOND)
    assert (tmp_path / "fig.png").read_bytes() == b"one"
