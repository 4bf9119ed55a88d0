"""Verdicts that belong together are all as they were, or all as they are, whenever a process is killed."""

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.harness.running.reparsing import reparse
from polyarena.harness.store import RunFolder, folder, shard

LANGUAGES = ("de", "sw", "th", "hi", "tr")


def rows(label, items=2):
    return [
        {"item_id": f"i{n}", "system_a": a, "system_b": b, "label": each, "language": code, "judge": "jury",
         "task": "t"}
        for n in range(items)
        for code in LANGUAGES
        for a, b, each in (("new", "old", label), ("old", "new", {"A>B": "B>A", "B>A": "A>B"}[label]))
    ]  # fmt: skip


class Killed(BaseException):
    """What ends a process at once; nothing catches it."""


def killed_after(monkeypatch, calls):
    """Let the writing of files end the process after so many of them."""
    left = [calls]
    write = shard.write_atomically

    def counted(path, content):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        write(path, content)

    for module in (shard, folder):
        monkeypatch.setattr(module, "write_atomically", counted)


def bring(write, place, label):
    return import_verdicts("polyarena", write("g.jsonl", rows(label)), place, ImportOptions(baseline="old"))


def seen(place):
    """What a reader finds: the labels of all games with ``new`` first, the scores of its battles, the signature."""
    records = open_run(place)
    games = records.games()
    labels = set(games[games["system_a"] == "new"]["label"])
    scores = set(records.collapse_games()["score"])
    return labels, scores, records.lock.judges["jury"].signature, len(games), records.missing()


OLD, NEW = ({"B>A"}, {0.0}), ({"A>B"}, {1.0})


# Of each import: five shards of games, then the lock.
@pytest.mark.parametrize("calls", range(7))
def test_a_second_import_that_is_killed_is_not_seen_in_part(write, tmp_path, monkeypatch, calls):
    bring(write, tmp_path / "run", "B>A")
    before = seen(tmp_path / "run")
    assert before[:2] == OLD
    with monkeypatch.context() as patch:
        killed_after(patch, calls)
        if calls < 6:
            with pytest.raises(Killed):
                bring(write, tmp_path / "run", "A>B")
        else:
            bring(write, tmp_path / "run", "A>B")
    after = seen(tmp_path / "run")
    if calls < 6:
        assert after == before
    else:
        assert after[:2] == NEW
    bring(write, tmp_path / "run", "A>B")
    assert seen(tmp_path / "run")[:2] == NEW


@pytest.mark.parametrize("moved", range(5))
def test_an_import_that_is_killed_while_its_shards_are_put_in_place_is_seen_whole(write, tmp_path, monkeypatch, moved):
    bring(write, tmp_path / "run", "B>A")
    put, left = folder.restore_shard, [moved]

    def restored(path, key):
        if left[0] == 0:
            raise Killed
        left[0] -= "games" in path.parts
        return put(path, key)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "restore_shard", restored)
        with pytest.raises(Killed):
            bring(write, tmp_path / "run", "A>B")
    labels, scores, _, number, missing = seen(tmp_path / "run")
    assert (labels, scores, number, missing) == (*NEW, 20, [])


@pytest.mark.parametrize("calls", range(1, 7))
def test_a_first_import_that_is_killed_can_be_repeated(write, tmp_path, monkeypatch, calls):
    with monkeypatch.context() as patch:
        killed_after(patch, calls - 1)
        with pytest.raises(Killed):
            bring(write, tmp_path / "run", "A>B")
    assert RunFolder(tmp_path / "run").read_lock() is None
    bring(write, tmp_path / "run", "A>B")
    assert seen(tmp_path / "run")[:2] == NEW


TEMPLATE = """
name = "turned"
version = "9"
parser = "marker"
marker = "Verdict:"
labels = { "A>>B" = "much the first", "A>B" = "first", "A=B" = "tie", "B>A" = "second", "B>>A" = "much the second" }
system = "You judge in {language}."
user = '''
{question}
{answer_a}
{answer_b}
'''
"""


@pytest.mark.parametrize("calls", [0, 1, 3, 5])
def test_verdicts_that_are_read_again_and_their_panels_change_at_once(
    toys, tmp_path, monkeypatch, scripted_server, calls
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    scripted_server.script = lambda request: scripted_server.ok("[[A>>B]]\nVerdict: second")
    endpoint = {"base_url": scripted_server.base_url, "model": "m"}
    experiment = {
        "name": "reparsed", "baseline": "one", "tasks": [{"task": "toy_open", "limit": 2}],
        "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
        "languages": ["deu_Latn", "swh_Latn"],
        "judges": [{"name": "llm", "judge": "llm", "args": {"ask_again": False}, "endpoint": endpoint}, "rules"],
        "panels": [{"name": "both", "judges": ["llm", "rules"]}], "statistics": {"rounds": 100},
    }  # fmt: skip
    run(plan(experiment, output=tmp_path / "run"), report=False)
    place, template = RunFolder(tmp_path / "run"), tmp_path / "turned.toml"
    template.write_text(TEMPLATE)
    before = open_run(place)
    old = before.games()
    with monkeypatch.context() as patch:
        killed_after(patch, calls)
        if calls < 5:
            with pytest.raises(Killed):
                reparse(place, "llm", str(template))
        else:
            reparse(place, "llm", str(template))
    now = open_run(place)
    if calls < 5:
        assert now.games().equals(old)
        assert now.lock == before.lock
    else:
        assert set(now.games().query("judge == 'llm'")["label"]) == {"B>A"}
        assert now.lock.judges["both"].signature != before.lock.judges["both"].signature
    run(plan(experiment, output=tmp_path / "run"), report=False)
    assert open_run(place).games().equals(old)
