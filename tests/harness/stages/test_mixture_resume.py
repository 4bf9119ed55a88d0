"""A mixture that was interrupted is the same when it is made again, and nothing half-written is taken for it."""

import importlib

import pytest

from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train

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
