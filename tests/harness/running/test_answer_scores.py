"""A reward judge scores each answer once in a run, and to the same bits whatever is stored."""

import hashlib
from itertools import chain

import pytest

from polyarena.harness import plan, run
from polyarena.harness.events import GamesDone
from polyarena.harness.models.reward import RewardModel
from polyarena.judges import pairwise

FOUR = ("one", "two", "three", "four")
JUDGE = {"name": "reward", "judge": "reward", "args": {"model": "somebody/on-the-hub"}}
LANGUAGES, ITEMS = 3, 12


@pytest.fixture
def batches(monkeypatch):
    """What the reward model was given; as with a real one, the last bits of a score depend on the whole batch."""
    batches = []

    def score(model, asked):
        batches.append(list(asked))
        noise = int(hashlib.sha256(repr(list(asked)).encode()).hexdigest()[:4], 16) * 2**-40
        return [len(answer) + noise for _, answer in asked]

    monkeypatch.setattr(RewardModel, "__call__", score)
    # Small cells; several groups in each.
    monkeypatch.setattr(pairwise, "ITEMS_IN_GROUP", 5)
    return batches


@pytest.fixture
def meet(experiment, tmp_path, toys, batches):
    def meet(folder="run", *, opponents="all", listener=None, names=FOUR, **changes):
        systems = [{"name": name, "model": "toy", "args": {"voice": name}} for name in names]
        settings = {"systems": systems, "tasks": ["toy_open"], "judges": [JUDGE], "opponents": opponents, **changes}
        return run(plan(experiment(**settings), output=tmp_path / folder), listener=listener, report=False)

    return meet


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("games", "ratings")
        for path in (folder / part).rglob("*.parquet")
    }


def test_each_answer_is_scored_once_however_many_pairs_it_is_in(meet, batches):
    finished = meet()
    assert not finished.failures
    assert len(finished.games()) == 6 * LANGUAGES * ITEMS * 2
    scored = list(chain.from_iterable(batches))
    assert len(scored) == len(set(scored)) == len(FOUR) * LANGUAGES * ITEMS
    # Groups of 5, 5 and 2 items.
    assert len(batches) == len(FOUR) * LANGUAGES * 3


@pytest.mark.parametrize("after", [1, 4, 8])
def test_an_interrupted_run_stores_the_same_bytes(meet, tmp_path, batches, after):
    meet("whole")
    done = []

    def interrupt(event):
        done.extend([event] if isinstance(event, GamesDone) else [])
        if len(done) == after:
            done.clear()
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            meet("killed", listener=interrupt)
    batches.clear()
    meet("killed")
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")
    assert len(batches) <= len(FOUR) * LANGUAGES * 3


def test_games_that_are_missing_come_back_as_they_were(meet, tmp_path):
    meet()
    before = digests(tmp_path / "run")
    for path in list((tmp_path / "run" / "games").rglob("*.parquet"))[::3]:
        path.unlink()
    meet()
    assert digests(tmp_path / "run") == before


def test_scores_do_not_depend_on_the_other_systems(meet, tmp_path):
    meet("few", opponents=None, names=("one", "two"))
    meet("many")
    few, many = digests(tmp_path / "few"), digests(tmp_path / "many")
    assert few
    assert few.items() <= many.items()


def test_scores_do_not_depend_on_the_items_that_a_pair_is_given(meet, batches):
    every = meet("every").ratings()
    batches.clear()
    some = meet("some", opponents={"games": 200, "first": 2, "step": 2}).ratings()

    def values(ratings):
        return set(ratings[["system", "language", "item_id", "value"]].itertuples(index=False, name=None))

    assert values(some) < values(every)
    assert len(values(every)) == len(FOUR) * LANGUAGES * ITEMS
    scored = list(chain.from_iterable(batches))
    assert len(scored) == len(set(scored)) < len(FOUR) * LANGUAGES * ITEMS


def test_behind_a_language_gate_they_are_scored_once_as_well(meet, batches):
    meet(judges=[{**JUDGE, "language_gate": "loss"}])
    scored = list(chain.from_iterable(batches))
    assert len(scored) == len(set(scored))
