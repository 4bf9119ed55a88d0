"""Which files a command may replace."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from polyarena.harness.gate.reference import _is_reference, write_reference
from polyarena.harness.gate.surfaces import Surfaces, check_files
from polyarena.harness.importing.leaderboards import import_published
from polyarena.harness.reporting.archive import _is_archive, write_archive
from polyarena.harness.store import RunFolder
from polyarena.harness.store.replacing import begins_with, refuse_to_replace, require_suffix
from polyarena.tasks.errors import ExperimentError, StoreError


def of_a_user(path: Path) -> Path:
    path.write_text("mine: 1\n", "utf-8")
    return path


def test_a_new_file_and_an_own_one_are_written(tmp_path: Path) -> None:
    refuse_to_replace(tmp_path / "new", lambda path: False, "a table")
    refuse_to_replace(of_a_user(tmp_path / "old"), lambda path: True, "a table")


def unreadable(path: Path) -> bool:
    raise ValueError(path)


@pytest.mark.parametrize("is_own", [lambda path: False, unreadable])
def test_another_file_is_named_with_what_to_do(tmp_path: Path, is_own: Callable[[Path], bool]) -> None:
    path = of_a_user(tmp_path / "mine.csv")
    with pytest.raises(StoreError) as caught:
        refuse_to_replace(path, is_own, "a table")
    assert caught.value.where == str(path)
    assert "not a table" in caught.value.why
    assert "another name" in caught.value.fix


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder"):
        refuse_to_replace(tmp_path, lambda path: True, "a table")


def test_the_suffix_is_that_of_the_format() -> None:
    require_suffix(Path("a.ZIP"), (".zip",), "an archive")
    require_suffix(Path("a"), (".md", ""), "a summary")
    with pytest.raises(ExperimentError) as caught:
        require_suffix(Path("e.yaml"), (".zip",), "an archive")
    assert caught.value.fix == "name it e.zip"
    with pytest.raises(ExperimentError, match=r"a file without a suffix"):
        require_suffix(Path("e"), (".zip",), "an archive")


def test_a_file_is_known_by_its_first_line(tmp_path: Path) -> None:
    for content, own in ((b"a,b\n1,2\n", True), (b"a,b\r\n", True), (b"a,b,c\n", False), (b"", False)):
        (tmp_path / "t.csv").write_bytes(content)
        assert begins_with("a,b")(tmp_path / "t.csv") is own


def test_an_archive_is_known_by_its_entries(tmp_path: Path) -> None:
    for names, own in ((("CHECKSUMS.sha256", "LICENCES.csv", "README.txt"), True), (("README.txt",), False)):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name in names:
                archive.writestr(f"run/{name}", "")
        assert _is_archive(tmp_path / "a.zip") is own
    assert not _is_archive(of_a_user(tmp_path / "b.zip"))


@pytest.mark.parametrize("name", ["e.yaml", "e.zip"])
def test_an_archive_replaces_no_other_file(tmp_path: Path, name: str) -> None:
    path = of_a_user(tmp_path / name)
    with pytest.raises((ExperimentError, StoreError), match=name):
        write_archive(RunFolder(tmp_path / "run"), path)
    assert path.read_text() == "mine: 1\n"


def test_a_parquet_file_of_somebody_else_is_no_reference(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    assert not _is_reference(tmp_path / "a.parquet")
    for name in ("a.parquet", "g.csv"):
        path = tmp_path / name
        before = path.read_bytes() if path.exists() else of_a_user(path).read_bytes()
        with pytest.raises((ExperimentError, StoreError), match=name):
            write_reference(cast("Any", None), path)
        assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["v.yaml", "v.csv"])
def test_published_values_replace_no_other_file(tmp_path: Path, name: str) -> None:
    path = of_a_user(tmp_path / name)
    with pytest.raises((ExperimentError, StoreError), match=name):
        import_published("euroeval", tmp_path / "results.jsonl", path)
    assert path.read_text() == "mine: 1\n"


@pytest.mark.parametrize(
    ("option", "suffix", "own"),
    [
        ("json", ".json", '{\n  "format": 1,\n'),
        ("junit", ".xml", '<testsuites name="polyarena gate">'),
        ("markdown", ".md", "<!-- polyarena gate -->\n### Text"),
        ("comment", ".md", "<!-- polyarena gate -->\n### Text"),
    ],
)
def test_files_of_a_gate_replace_only_those_of_a_gate(tmp_path: Path, option: str, suffix: str, own: str) -> None:
    path = tmp_path / f"gate{suffix}"
    for content in ("", own):
        path.write_text(content, "utf-8")
        check_files(Surfaces(**{option: path}))
    with pytest.raises(StoreError, match=path.name):
        check_files(Surfaces(**{option: of_a_user(path)}))
    with pytest.raises(ExperimentError, match=r"mine\.yml"):
        check_files(Surfaces(**{option: tmp_path / "mine.yml"}))
