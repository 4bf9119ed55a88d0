"""Long work of stages in parts: a killed stage does no part twice, and ends with the same bytes."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.stages.parts import PARTS, clear_but_parts, drop_parts, in_parts
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import Silence, train

RESULTS = [{"text": "a\u2028b\n\ud800", "tokens": 3}, [0.1 + 0.2, -1e300], "", None, [["Ünï", True]]]


def go(path, results=RESULTS, fails_at=None):
    worked = []

    def work(number, part):
        if number == fails_at:
            raise KeyboardInterrupt
        worked.append(number)
        return part

    return list(in_parts(path, results, work)), worked


@given(st.data())
def test_a_file_cut_anywhere_is_continued_after_its_last_whole_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "deep" / "work.jsonl"
    found, worked = go(path)
    assert (found, worked) == (RESULTS, [0, 1, 2, 3, 4])
    whole = path.read_bytes()
    assert whole.count(b"\n") == len(RESULTS)
    left = whole[: data.draw(st.integers(0, len(whole)))]
    path.write_bytes(left)
    again, worked = go(path)
    assert again == RESULTS
    assert worked == list(range(left.count(b"\n"), len(RESULTS)))
    assert path.read_bytes() == whole


def test_what_was_done_before_an_interruption_is_kept(tmp_path):
    for stop in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            go(tmp_path / "work.jsonl", fails_at=stop)
    found, worked = go(tmp_path / "work.jsonl")
    assert (found, worked) == (RESULTS, [4])


def test_without_a_file_nothing_is_stored():
    assert go(None) == (RESULTS, [0, 1, 2, 3, 4])


def test_a_number_that_is_not_finite_is_not_stored(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        go(tmp_path / "work.jsonl", [1.0, math.nan])
    assert (tmp_path / "work.jsonl").read_text() == "1.0\n"


def test_an_interrupted_folder_keeps_its_parts_and_a_finished_one_has_none(tmp_path):
    go(tmp_path / PARTS / "one.jsonl")
    go(tmp_path / "round-1" / PARTS / "1" / "samples.jsonl")
    (tmp_path / "rows.jsonl").write_text("half")
    drop_parts(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["round-1", "rows.jsonl"]
    go(tmp_path / PARTS / "one.jsonl")
    clear_but_parts(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["one.jsonl", PARTS]


class StopAt(Silence):
    """Interrupts at the report of this number, and notes what was done."""

    def __init__(self, stop=None):
        self.stop = stop
        self.reported = []

    def report(self, activity, done, total, numbers):
        if len(self.reported) == self.stop:
            raise KeyboardInterrupt
        if "training" not in activity and activity != "merging":
            self.reported.append((activity, done))


SAMPLING = {"max_tokens": 40, "temperature": 1.0, "batch_size": 8}
TINY = {"name": "tiny", "stage": "base", "sampling": SAMPLING, "licence": "MIT"}
REWARD = [{"judge": "rules", "weight": 2.0}, {"judge": "reward", "stage": "rm"}]
STAGES = {
    "pool": {
        "type": "pool", "prompts": "mix", "limit": 6, "arbiters": REWARD,
        "teachers": [{"name": "people", "people": True}, TINY, {**TINY, "name": "told", "system_prompt": "{language}"}],
    },
    "safe": {"type": "safety", "prompts": "mix", "rows": "mix", "teacher": TINY, "weight": 10},
    "translated": {
        "type": "translated_pairs", "prompts": "mix", "limit": 6, "strong": TINY, "weaker": {**TINY, "name": "weak"},
        "translator": TINY,
    },
    "online": {"model": "base", "steps": 1, "arbiters": REWARD},
    "searched": {
        "type": "merge", "models": ["base", "sft"], "search": {"measure_on": "mix", "parts": 3, "max_length": 96},
    },
}  # fmt: skip


@pytest.mark.training
@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_interrupted_again_and_again_does_no_part_twice(pipeline_data, monkeypatch, name):
    monkeypatch.setattr("polyarena.harness.stages.preferences.identify", lambda text: None)
    monkeypatch.setattr("polyarena.harness.stages.preferences.agreement", lambda found, code: None)
    before = {"online": ("pairs", "rm", "online"), "pool": ("pairs", "rm"), "searched": ("sft",)}.get(name, ())
    changes = {"online": STAGES["online"]} if name == "online" else {}
    mapping = pipeline_data("base", "mix", *before, **changes)
    if name != "online":
        mapping["stages"].append({"name": name, **STAGES[name]})
    train(load_pipeline({**mapping, "stages": mapping["stages"][:-1]}))
    whole = StopAt()
    done = train(load_pipeline(mapping), listener=whole)[-1]
    parts = len(whole.reported)
    assert parts >= 4
    assert not list(done.folder.rglob(PARTS))

    other = {**mapping, "output": mapping["output"] + "-killed"}
    train(load_pipeline({**other, "stages": mapping["stages"][:-1]}))
    reported = []
    chosen = random.Random(name)
    for _ in range(parts + 1):
        listener = StopAt(chosen.randint(1, 3))
        try:
            again = train(load_pipeline(other), listener=listener)[-1]
            break
        except KeyboardInterrupt:
            pass
        finally:
            reported += listener.reported
    assert again.manifest.content == done.manifest.content
    # Each part is reported when it is begun, and interrupted before that: none is begun a second time.
    assert sorted(reported) == sorted(whole.reported)
