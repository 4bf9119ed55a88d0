"""A mixture that was interrupted is the same when it is made again, and nothing half-written is taken for it."""

import importlib
import json

import pytest

from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train
from polyarena.tasks.errors import DataError

mixture = importlib.import_module("polyarena.harness.stages.rows.mixture")


@pytest.mark.parametrize("step", ["held_out_prompts", "mix", "write_rows", "mixture_card", "write_json"])
def test_a_mixture_interrupted_anywhere_ends_with_the_same_bytes(pipeline_data, tmp_path, monkeypatch, step):
    mapping = pipeline_data("mix")
    whole = train(load_pipeline({**mapping, "output": str(tmp_path / "whole")}))[0]
    other = load_pipeline({**mapping, "output": str(tmp_path / "interrupted")})
    original = getattr(mixture, step)

    def interrupted(*args, **kwargs):
        if step == "write_rows":
            args[0].write_text('{"half": ')
        elif step == "write_json":
            original(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(mixture, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(other)
    assert list((tmp_path / "interrupted").glob("mix/*.partial"))
    assert not list((tmp_path / "interrupted").rglob("stage.json"))
    monkeypatch.setattr(mixture, step, original)
    again = train(other)[0]
    assert again.manifest == whole.manifest
    assert not list((tmp_path / "interrupted").glob("mix/*.partial"))


def two_sources(pipeline_data, tmp_path):
    mapping = pipeline_data("mix")
    rows = [{"inputs": f"{number} or not?", "targets": f"{number} no", "language_code": "eng"} for number in range(20)]
    (tmp_path / "more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mapping["stages"][0]["sources"].append({"name": "more", "path": str(tmp_path / "more.jsonl")})
    return mapping


def test_a_source_that_was_read_before_a_kill_is_not_pruned_again(pipeline_data, tmp_path, monkeypatch):
    mapping = two_sources(pipeline_data, tmp_path)
    whole = train(load_pipeline({**mapping, "output": str(tmp_path / "whole")}))[0]
    other = load_pipeline({**mapping, "output": str(tmp_path / "interrupted")})
    module = importlib.import_module("polyarena.tasks.mixtures.mix")
    original, read = module.scan_source, []

    def scan(name, *args, **options):
        read.append(name)
        if read == ["own", "more"]:
            raise KeyboardInterrupt
        return original(name, *args, **options)

    monkeypatch.setattr(module, "scan_source", scan)
    monkeypatch.setattr(mixture, "held_out_prompts", counted := Counted(mixture.held_out_prompts))
    with pytest.raises(KeyboardInterrupt):
        train(other)
    again = train(other)[0]
    assert read == ["own", "more", "more"]
    assert counted.calls == 1
    assert again.manifest == whole.manifest
    assert not (again.folder / "parts").exists()


class Counted:
    """Counts the calls of a function."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


def test_a_source_that_changed_since_it_was_read_is_read_anew_the_next_time(pipeline_data, tmp_path, monkeypatch):
    pipeline = load_pipeline(two_sources(pipeline_data, tmp_path))
    monkeypatch.setattr(mixture, "write_rows", lambda *_: (_ for _ in ()).throw(DataError("the source has changed")))
    with pytest.raises(DataError, match="has changed"):
        train(pipeline)
    assert not list(pipeline.folder.rglob("*.npz"))
