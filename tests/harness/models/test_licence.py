"""Licences of models, as their files say them."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyarena.harness.models.licence import model_licence, package_licence


def card(folder: Path, text: str) -> Path:
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "model.gguf").touch()
    return folder


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ("language: [de]\nlicense: 'mit'\ntags: [x]", "mit"),
        ("license: other\nlicense_name: gemma-terms", "gemma-terms"),
        ("license: other", "other"),
        ("language: de", ""),
    ],
)
def test_the_model_card_of_a_folder_says_it(tmp_path: Path, head: str, licence: str) -> None:
    folder = card(tmp_path, f"---\n{head}\n---\n# A model\nlicense: not this one\n")
    assert model_licence("weights", folder) == licence
    assert model_licence("weights/model.gguf", folder / "model.gguf") == licence


def test_a_card_without_a_head_or_no_card_says_nothing(tmp_path: Path) -> None:
    assert model_licence("weights", tmp_path) == ""
    assert model_licence("weights", card(tmp_path, "license: mit\n")) == ""


def test_models_of_the_hub_are_not_looked_up() -> None:
    assert model_licence("org/model", None) == ""


def test_a_package_says_it_in_its_metadata(tmp_path: Path) -> None:
    assert model_licence("package://yaml/x.gguf", tmp_path) == package_licence("PyYAML") == "MIT"
    assert model_licence("package://no_such_module", tmp_path) == package_licence("no-such-package") == ""


def test_the_text_of_a_licence_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from email.message import Message

    told = Message()
    told["License"] = "Permission is hereby granted, free of charge, to any person " * 3
    told["Classifier"] = "License :: OSI Approved :: MIT License"
    monkeypatch.setattr("polyarena.harness.models.licence.metadata", lambda _: told)
    assert package_licence("x") == "MIT License"
