"""Checkpoints within a stage: only complete ones are continued from."""

import json

import pytest

from polyarena.harness.stages.training.checkpoints import SEAL, newest_checkpoint, remove_checkpoints, seal
from polyarena.tasks.errors import StoreError

FILES = ("optimizer.pt", "scheduler.pt", "trainer_state.json", "rng_state.pth", "model.safetensors")


def checkpoint(folder, step, *, sealed=True, without=()):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    for name in FILES:
        if name not in without:
            (path / name).write_text(f"{name} {step}")
    if sealed:
        seal(path)
    return path


def test_the_newest_sealed_checkpoint_is_used_and_unsealed_ones_are_removed(tmp_path):
    old, unsealed = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10, sealed=False)
    assert newest_checkpoint(tmp_path) == old
    assert not unsealed.exists()
    assert newest_checkpoint(tmp_path / "none") is None
    remove_checkpoints(tmp_path)
    assert newest_checkpoint(tmp_path) is None


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "trainer_state.json", "rng_state.pth"])
def test_a_checkpoint_without_a_part_is_refused(tmp_path, name):
    with pytest.raises(StoreError, match=f"{name} is missing"):
        checkpoint(tmp_path / "a", 1, without=[name])
    path = checkpoint(tmp_path / "b", 1)
    (path / name).unlink()
    with pytest.raises(StoreError, match=f"{name} is missing"):
        newest_checkpoint(tmp_path / "b")


def test_the_random_states_of_several_processes_count_as_one(tmp_path):
    path = checkpoint(tmp_path, 1, sealed=False, without=["rng_state.pth"])
    (path / "rng_state_0.pth").touch()
    seal(path)
    assert newest_checkpoint(tmp_path) == path


@pytest.mark.parametrize("content", ["", "optimizer.pt 2"])
def test_a_checkpoint_with_a_cut_or_changed_file_is_refused(tmp_path, content):
    path = checkpoint(tmp_path, 1)
    (path / "optimizer.pt").write_text(content)
    with pytest.raises(StoreError, match="another content"):
        newest_checkpoint(tmp_path)


@pytest.mark.parametrize("name", FILES[:4])
def test_a_seal_that_does_not_list_a_part_is_refused(tmp_path, name):
    path = checkpoint(tmp_path, 1)
    sealed = json.loads((path / SEAL).read_text())
    del sealed[name]
    (path / SEAL).write_text(json.dumps(sealed))
    with pytest.raises(StoreError, match=f"{name} is missing"):
        newest_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["scheduler.pt", "trainer_state.json"])
def test_a_file_of_another_name_is_no_schedule_and_no_state(tmp_path, name):
    path = checkpoint(tmp_path, 1, sealed=False, without=[name])
    (path / name).with_suffix(".bin").touch()
    with pytest.raises(StoreError, match=f"{name} is missing"):
        seal(path)


def test_a_damaged_seal_is_refused(tmp_path):
    (checkpoint(tmp_path, 1) / SEAL).write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        newest_checkpoint(tmp_path)
