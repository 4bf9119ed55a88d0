"""What a model tells of itself while it works reaches the lock, and the next load of the same run."""

import importlib

from polyarena.harness.events import ModelChanged, event_record


def test_a_smaller_batch_is_written_to_the_lock_and_given_to_the_next_load(go, monkeypatch):
    toyarena = importlib.import_module("toyarena")
    recorded = []
    choose, load = toyarena.ToyModel.choose, toyarena.ToyType.load

    def split(self, requests):
        self.provenance = {"voice": self.voice, "token_budget": "512"}
        return choose(self, requests)

    def listening(self, args, chat_template, context):
        recorded.append((args["voice"], dict(context.recorded)))
        model = load(self, args, chat_template, context)
        model.provenance = {**model.provenance, "token_budget": context.recorded.get("token_budget", "1024")}
        return model

    monkeypatch.setattr(toyarena.ToyModel, "choose", split)
    monkeypatch.setattr(toyarena.ToyType, "load", listening)
    first = go(tasks=["toy_choice"], judges=[])
    assert {name: facts["token_budget"] for name, facts in first.lock.models.items()} == {"one": "512", "two": "512"}
    again = go(tasks=["toy_choice", "toy_open"])
    assert recorded == [
        ("one", {}),
        ("two", {}),
        *((name, {"voice": name, "token_budget": "512"}) for name in ("one", "two")),
    ]
    assert again.lock.models["two"]["token_budget"] == "512"
    told = (first.folder.path / "events.jsonl").read_text()
    assert told.count('"ModelChanged"') == 2


def test_a_model_that_tells_nothing_new_is_recorded_once(go):
    finished = go(tasks=["toy_choice"], judges=[])
    assert "ModelChanged" not in (finished.folder.path / "events.jsonl").read_text()


def test_the_event_is_a_plain_record():
    event = ModelChanged(("one",), {"token_budget": "512"})
    assert event_record(event) == {
        "event": "ModelChanged",
        "systems": ("one",),
        "provenance": {"token_budget": "512"},
    }
