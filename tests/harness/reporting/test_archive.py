"""Archives of a run: complete, checked, the same every time; and anonymous ones tell nobody who took part."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness import plan, run
from polyarena.harness.reporting.anonymous import NOWHERE, WITHHELD, Renamer
from polyarena.harness.reporting.archive import write_archive
from polyarena.harness.reporting.item_views import item_views, withheld
from polyarena.harness.results import open_run
from polyarena.harness.store import RunFolder
from polyarena.tasks.errors import StoreError
from polyarena.tasks.registry import find_task

SECRET = "aurora-secret-7B"


@pytest.fixture
def finished(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A judged run of two systems, one of which must not be named."""
    monkeypatch.setattr("polyarena.reports.figures.FORMATS", ("svg",))
    experiment = tmp_path / "experiment.yaml"
    experiment.write_text(
        f"name: supplement\nsystems:\n- {{name: {SECRET}, model: toy, system_prompt: I am {SECRET}}}\n"
        "- {name: base, model: toy}\nbaseline: base\n"
        "tasks: [{task: polyarena_mini, languages: 'deu, arb', limit: 2}]\njudges: [rules]\n"
        f"statistics: {{rounds: 100}}\noutput: {tmp_path / 'run'}\n"
    )
    run(plan(experiment))
    return RunFolder(tmp_path / "run")


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}


def test_an_archive_has_everything_with_checksums(finished: RunFolder, tmp_path: Path) -> None:
    packed = write_archive(finished, tmp_path / "a.zip")
    files = read(packed.path)
    assert packed.files == len(files)
    for needed in (
        "README.txt",
        "LICENCES.csv",
        "lock.json",
        "experiment.yaml",
        "report/index.html",
        "report/items.html",
        "report/references.bib",
        "results/estimates.parquet",
        f"cells/{SECRET}/polyarena_mini/deu_Latn.parquet",
        f"games/rules/{SECRET}--base/polyarena_mini/arb_Arab.parquet",
    ):
        assert needed in files
    sums = dict(line.split("  ", 1)[::-1] for line in files.pop("CHECKSUMS.sha256").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert b'"task","polyarena_mini","Apache-2.0"' in files["LICENCES.csv"]
    assert not {"events.jsonl", "status.json", "attempts.jsonl"} & files.keys()
    again = write_archive(finished, tmp_path / "b" / "a.zip")
    assert again.path.read_bytes() == packed.path.read_bytes()


def test_an_anonymous_archive_names_nobody(finished: RunFolder, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in finished.path.rglob("*") if path.is_file()}
    packed = write_archive(finished, tmp_path / "anonymous.zip", anonymous=True)
    assert packed.names == {SECRET: "system-1", "base": "system-2"}
    files = read(packed.path)
    for name, content in files.items():
        assert SECRET not in name
        assert SECRET.encode() not in content, name
        assert str(tmp_path).encode() not in content, name
    (tmp_path / "out").mkdir()
    with zipfile.ZipFile(packed.path) as archive:
        archive.extractall(tmp_path / "out")
    records = open_run(tmp_path / "out" / "anonymous")
    assert set(records.completions()["system"]) == {"system-1", "system-2"}
    assert set(records.games()["system_a"]) == {"system-1", "system-2"}
    old, new = (r.estimates().sort_values(["level", "group"]) for r in (open_run(finished), records))
    assert list(new["value"]) == list(old["value"])
    assert records.missing() == []
    assert {path: path.read_bytes() for path in finished.path.rglob("*") if path.is_file()} == before


def test_texts_that_may_not_be_passed_on_stay_out(
    finished: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyarena.harness.reporting.archive.withheld", lambda _card: "it may do harm")
    packed = write_archive(finished, tmp_path / "a.zip")
    files = read(packed.path)
    assert packed.left_out == {"polyarena_mini": "it may do harm"}
    assert not any(name.startswith(("cells/", "games/")) for name in files)
    assert b"polyarena_mini are left out: it may do harm" in files["README.txt"]
    whole = read(write_archive(finished, tmp_path / "b.zip", everything=True).path)
    assert any(name.startswith("cells/") for name in whole)


def test_a_run_without_report_says_what_to_do(finished: RunFolder, tmp_path: Path) -> None:
    (finished.report / "index.html").unlink()
    with pytest.raises(StoreError, match="polyarena report"):
        write_archive(finished, tmp_path / "a.zip")


def test_items_have_both_answers_and_both_orders(finished: RunFolder) -> None:
    found = item_views(open_run(finished))
    assert len(found) == 4
    for view in found:
        assert (view.candidate, view.baseline) == (SECRET, "base")
        assert [answer.system for answer in view.answers] == [SECRET, "base"]
        assert {verdict.first for verdict in view.verdicts} == {SECRET, "base"}
        assert view.prompt


def test_harmful_and_unclear_texts_are_withheld(finished: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    card = find_task("polyarena_mini").card
    unclear = card.model_copy(update={"dataset": card.dataset.model_copy(update={"licence": "LicenseRef-PAWS"})})
    assert withheld(card) == ""
    assert "LicenseRef-PAWS" in withheld(unclear)
    assert "harm" in withheld(card.model_copy(update={"harmful": True}))
    monkeypatch.setattr("polyarena.harness.reporting.item_views.withheld", lambda _card: "a reason")
    for view in item_views(open_run(finished)):
        assert view.withheld == "a reason"
        assert view.prompt == ""
        assert not any(answer.text or answer.thought for answer in view.answers)
        assert not any(verdict.text for verdict in view.verdicts)


RENAME = Renamer({"gpt-4": "system-1", "gpt-4-turbo": "system-2", "a.b": "system-3"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpt-4", "system-1"),
        ("gpt-4-turbo--gpt-4/task", "system-2--system-1/task"),
        ("of gpt-4. Then", "of system-1. Then"),
        ("gpt-4o and my-gpt-4", "gpt-4o and my-gpt-4"),
        ("effort:gpt-4=low,a.b=high", "effort:system-1=low,system-3=high"),
        ("axb", "axb"),
    ],
)
def test_names_are_replaced_as_words(text: str, expected: str) -> None:
    assert RENAME.text(text) == expected


def test_plain_data_loses_paths_and_addresses() -> None:
    content: dict[str, Any] = {
        "gpt-4": ["/home/me/models/x", "see https://host.example/v1 there", 3, None, True],
        "base_url": "https://host.example",
        "pretrained": "me/secret",
        "output": "",
        "endpoint": {"base_url": NOWHERE},
        "rev": "9f3/a",
    }
    assert RENAME.value(content) == {
        "system-1": [WITHHELD, f"see {WITHHELD} there", 3, None, True],
        "base_url": WITHHELD,
        "pretrained": WITHHELD,
        "output": "",
        "endpoint": {"base_url": NOWHERE},
        "rev": "9f3/a",
    }


@given(
    names=st.lists(st.from_regex(r"[a-z][a-z0-9.\-]{0,6}[a-z0-9]", fullmatch=True), min_size=1, max_size=4, unique=True)
)
def test_no_name_is_left_alone_in_a_text(names: list[str]) -> None:
    rename = Renamer({name: f"system-{i}" for i, name in enumerate(names)})
    for name in names:
        assert rename.text(f"x {name} y") == f"x {rename.names[name]} y"


def test_nothing_to_rename_changes_nothing() -> None:
    assert Renamer({}).text("gpt-4") == "gpt-4"
