"""All data that cannot be read is told at once."""

import json
import re

import pytest

from polyarena.harness.planning import plan
from polyarena.harness.planning.items import ItemLoader
from polyarena.tasks.errors import DataError

SYSTEMS = [{"name": "a", "model": "dummy"}]


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "hub").mkdir()

    def refusal(*tasks, root=tmp_path / "hub"):
        given = {"name": "x", "systems": SYSTEMS, "tasks": list(tasks), "data_root": str(root) if root else None}
        with pytest.raises(DataError) as caught:
            plan(given, output=tmp_path / "run")
        return caught.value

    return refusal


def write(root, dataset, config, split, *rows):
    path = root / dataset / config / f"{split}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_a_suite_without_its_data_is_one_list_of_data_sets(refusal, tmp_path):
    error = refusal({"suite": "aya99", "limit": 3})
    assert "data sets cannot be read" in error.what
    assert error.where == str(tmp_path / "hub")
    for named in ("Davlan/sib200 (sib200)", "davidstap/NTREX (ntrex_from_english, ntrex_to_english)"):
        assert named in error.why
    assert error.why.count("cambridgeltl/xcopa") == 1
    assert not error.also
    assert "POLYARENA_DATA" in error.fix
    (line,) = re.findall(r"`exclude: \[(.+?)\]`", error.fix)
    left = line.split(", ")
    assert {"sib200", "ntrex_from_english", "ntrex_to_english"} <= set(left)
    assert len(left) == len(set(left))


def test_one_fault_is_told_as_it_is(refusal):
    error = refusal({"task": "xcopa", "languages": ["tha_Thai"]})
    assert error.what == "the local mirror lacks cambridgeltl/xcopa, config 'th', split 'test'"
    assert not error.also


def test_missing_languages_and_changed_fields_are_told_apart(refusal, tmp_path):
    root = tmp_path / "hub"
    write(root, "cambridgeltl/xcopa", "th", "test", {"premise": "p", "choice1": "a", "choice_2": "b"})
    write(root, "juletxara/mgsm", "en", "test", {"question": "q", "answer_number": 1})
    error = refusal("xcopa", "mgsm", {"task": "sib200", "languages": ["tha_Thai"]})
    assert error.what == "3 data sets cannot be read as the experiment needs"
    assert error.why == "not there: Davlan/sib200 (sib200)"
    xcopa, mgsm = error.also
    assert "10 more like it" in xcopa.what
    assert "juletxara/mgsm (mgsm)" in mgsm.where
    assert "config 'bn'" in mgsm.what
    assert "9 more like it" in mgsm.what


def test_a_changed_schema_names_field_and_revision(refusal, tmp_path):
    write(tmp_path / "hub", "cambridgeltl/xcopa", "th", "test", {"premise": "p", "choice1": "a", "choice_2": "b"})
    error = refusal({"task": "xcopa", "languages": ["tha_Thai"]})
    assert "the field 'choice2' is missing" in error.what
    assert "as of revision" in error.why
    assert "did you mean 'choice_2'?" in error.fix


def test_the_hub_is_asked_once_for_each_data_set_that_fails(refusal, monkeypatch):
    asked = []

    def fails(self, task, language):
        asked.append((task.spec.task, language))
        raise DataError("the hub cannot be reached", where=task.card.dataset.id)

    monkeypatch.setattr(ItemLoader, "cell_items", fails)
    error = refusal("xcopa", "flores_from_english", "flores_to_english", root=None)
    assert [name for name, _ in asked] == ["xcopa", "flores_from_english"]
    assert error.where == "the hub"
    assert len(error.also) == 2
