"""Tables that figures draw: names, languages and numbers in them are checked before anything is drawn."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyarena.harness.reporting.figure_data import draw_figure
from polyarena.harness.reporting.figure_request import FigureRequest
from polyarena.harness.reporting.table_rows import check_numbers, of_languages, of_systems, whole_names
from polyarena.reports.figures import KINDS
from polyarena.tasks.errors import DataError, ExperimentError, PolyarenaError, UnknownNameError

COMMA = "Aya-101 (TR-H, final)"
TABLE = f"""system,level,group,value
"{COMMA}",language,deu_Latn,61.6
"{COMMA}",language,yo,31.5
"{COMMA}",macro,all,46.6
mT0x,language,deu_Latn,51.8
mT0x,language,yo,21.5
"""
CELL = {"level": "language", "group": "deu_Latn", "kind": "all"}


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        [[COMMA, "language", "deu_Latn", 61.6], [COMMA, "macro", "all", 46.6], ["mT0x", "language", "yo", 21.5]],
        columns=["system", "level", "group", "value"],
    )


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("Aya-101 (TR-H, final)", (COMMA,)),
        ("mT0x,Aya-101 (TR-H,final)", ("mT0x", COMMA)),
        ("Aya-101 (TR-H, final), mT0x", (COMMA, "mT0x")),
        ("a, b", ("a", "b")),
        ("Aya-101 (TR-H, typo", ("Aya-101 (TR-H", "typo")),
    ],
)
def test_a_name_with_a_comma_is_one_name(given: str, names: tuple[str, ...]) -> None:
    assert whole_names([part.strip() for part in given.split(",")], [COMMA, "mT0x", "a", "b"]) == names


def test_the_longest_name_is_taken() -> None:
    assert whole_names(["a", "b", "a"], ["a", "b", "a, b"]) == ("a, b", "a")


def test_rows_of_systems_and_of_languages_by_any_code() -> None:
    assert set(of_systems(frame(), ["mT0x"], "heat-map")["system"]) == {"mT0x"}
    assert list(of_languages(frame(), ["yor_Latn"])["group"]) == ["yo"]
    assert list(of_languages(frame(), ["deu_Latn"])["level"]) == ["language"]
    assert len(of_languages(of_systems(frame(), [], "heat-map"), [])) == 3


def test_stages_stand_in_the_order_asked_for() -> None:
    stages = pd.DataFrame({"stage": ["sft", "base", "dpo"], "value": [2.0, 1.0, 3.0]})
    assert list(of_systems(stages, ["base", "sft"], "steps")["stage"]) == ["base", "sft"]


def test_languages_that_are_not_there_are_named_with_those_that_are() -> None:
    with pytest.raises(ExperimentError) as caught:
        of_languages(frame(), ["fra_Latn"])
    assert "fra_Latn" in caught.value.what
    assert caught.value.fix == "choose from deu_Latn, yor_Latn"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["systems", "languages"])
def test_every_kind_refuses_names_that_are_not_there(tmp_path: Path, kind: str, option: str) -> None:
    columns = dict.fromkeys(KINDS[kind].columns, "1") | {
        name: "mT0x" if name in ("system", "against", "stage") else CELL[name]
        for name in KINDS[kind].columns
        if name in ("system", "against", "stage", *CELL)
    }
    path = written(tmp_path / "t.csv", f"{','.join(columns)}\n{','.join(columns.values())}\n")
    asked = {"systems": ("mT0",), "languages": ("fra_Latn",)}[option]
    with pytest.raises(PolyarenaError) as caught:
        draw_figure(FigureRequest(kind, (path,), **{option: asked}))
    names = {"systems": {"system", "stage"}, "languages": {"group"}}[option]
    if not names & {*columns}:
        assert f"--{option} has no meaning" in caught.value.what
    elif option == "systems":
        assert isinstance(caught.value, UnknownNameError)
        assert "mT0x" in caught.value.fix
    else:
        assert "fra_Latn" in caught.value.what


def test_what_is_written_is_what_is_drawn(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", TABLE)
    request = FigureRequest(
        "heat-map", (path,), systems=("Aya-101 (TR-H", "final)"), languages=("deu_Latn",), venue="acl-1col"
    )
    data = draw_figure(request).data
    assert data[["system", "group", "value"]].to_numpy().tolist() == [[COMMA, "deu_Latn", 61.6]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("system,value\na,1\nb,abc\n", "t.csv:3, column value"),
        ("system,value\n\na,1\n\n\nb,abc\n", "t.csv:6, column value"),
        ('system,value\n"a\nb",1\nb,abc\n', "t.csv:4, column value"),
        ("system,value,low\na,1,\nb,,x y\n", "t.csv:3, column low"),
    ],
)
def test_a_text_in_a_column_of_numbers_is_named_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = written(tmp_path / "t.csv", text)
    with pytest.raises(DataError) as caught:
        check_numbers(pd.read_csv(path), path)
    assert caught.value.where.endswith(place)
    assert "is no number" in caught.value.what


def test_a_row_of_parquet_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2, column value"):
        check_numbers(pd.DataFrame({"value": ["1", "abc"]}), tmp_path / "t.parquet")


def test_other_columns_and_empty_cells_may_be_anything(tmp_path: Path) -> None:
    table = pd.DataFrame({"system": ["a", "b"], "value": [None, "2"], "note": ["x", None]})
    assert check_numbers(table, tmp_path / "t.csv") is table
