"""What the page says of a run: who played which part, how it was asked, what is missing and what nobody judged."""

from collections import Counter
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.lock import Lock, Pair
from polyarena.harness.lock.imported_judges import stored_systems
from polyarena.harness.reporting.omissions import MOST_NAMED
from polyarena.harness.reporting.page_content import page_content
from polyarena.harness.store import RunFolder
from polyarena.tasks.counts import count_of
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion, to_table
from polyarena.tasks.registry import find_task

GREEDY = {"temperature": 0, "top_p": 1.0, "max_tokens": 512}


@dataclass
class Records:
    """A run folder that is only what a test says of it."""

    lock: Lock
    answers: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    without: list = field(default_factory=list)
    folder: RunFolder = field(default_factory=lambda: RunFolder(Path("nowhere")))

    def completions(self):
        return to_table(self.answers, COMPLETION_SCHEMA).to_pandas()

    def texts(self, system, task, language):
        cell = (system, task, language)
        own = [each for each in self.answers if (each.system, each.task, each.language) == cell]
        return {(each.item_id, each.sample_index): each.text for each in own}

    def missing(self):
        return self.without

    def pairs(self):
        return self.asked

    def games_file(self, pair):
        return self.folder.games(*pair)


def system(name="one", **changes):
    return {"name": name, "model": "toy", **changes}


def make_lock(*systems, baseline=None, sampling=None, task=MappingProxyType({}), **changes):
    resolved = {"name": "x", "systems": list(systems) or [system()], "baseline": baseline, "tasks": ["polyarena_mini"]}
    entry = {"card": find_task("polyarena_mini").card, "languages": ["deu_Latn"], "sampling": sampling or {}, **task}
    content = {
        "experiment": {"name": "x", "digest": "d", "resolved": resolved},
        "tasks": {"polyarena_mini": entry},
        **changes,
    }
    return Lock.model_validate(content)


def content(lock, **records):
    found = Records(lock, **records)
    return page_content(found, pd.DataFrame(), [], [], found.completions())


def described(**changes):
    lock = {name: changes.pop(name) for name in ("sampling", "models", "stored_answers") if name in changes}
    return content(make_lock(system(**changes), **lock)).systems[0].description


def test_names_versions_and_what_is_passed_on():
    records = Records(make_lock())
    found = page_content(records, pd.DataFrame(), [], ["results/x.csv"], records.completions(), notes=["Said."])
    assert (found.title, found.version) == ("x", version("polyarena"))
    assert found.files == ("results/x.csv",)
    assert (found.notes, found.answers, found.figures, found.tables) == (("Said.",), (), (), ())


@every_case(
    ("baseline", "roles"), [(None, ["", ""]), ("one", ["baseline", "candidate"]), ("two", ["candidate", "baseline"])]
)
def test_every_system_has_its_part(baseline, roles):
    found = content(make_lock(system("one"), system("two"), baseline=baseline)).systems
    assert [(each.name, each.role) for each in found] == list(zip(("one", "two"), roles, strict=True))


@every_case(
    ("changes", "says"),
    [
        ({}, "toy; the model's own chat template"),
        ({"args": {"b": 2, "a": "x"}}, "toy: a x, b 2; the model's own chat template"),
        ({"chat_template": False}, "toy; no chat template"),
        ({"chat_template": "mine.jinja"}, "toy; mine.jinja"),
        ({"system_prompt": "Be <kind>."}, "toy; the model's own chat template; system prompt “Be <kind>.”"),
        ({"system_prompt": ""}, "toy; the model's own chat template"),
        (
            {"models": {"one": {"dtype": "float32", "commit": "abc"}, "two": {"dtype": "none"}}},
            "toy; the model's own chat template; loaded: commit abc, dtype float32",
        ),
    ],
    ids=str,
)
def test_a_system_in_one_line(changes, says):
    assert described(**changes) == says


@every_case(
    ("sampling", "says"),
    [
        ({}, "greedy, at most 512 tokens"),
        # Of greedy answers the nucleus means nothing.
        ({"top_p": 0.5}, "greedy, at most 512 tokens"),
        ({"temperature": 0.7, "max_tokens": 9}, "temperature 0.7, at most 9 tokens"),
        ({"temperature": 1.0, "top_p": 0.95}, "temperature 1, top-p 0.95, at most 512 tokens"),
        ({"temperature": 1.0, "samples": 4}, "temperature 1, 4 samples, at most 512 tokens"),
        ({"temperature": 0.1, "top_p": 0.5, "samples": 2}, "temperature 0.1, top-p 0.5, 2 samples, at most 512 tokens"),
    ],
    ids=str,
)
def test_how_a_system_was_sampled(sampling, says):
    samples = sampling.get("samples", 1)
    settings = {name: value for name, value in {**GREEDY, **sampling}.items() if name != "samples"}
    entry = {"settings": settings, "samples": samples}
    assert described(sampling={"one": entry}).endswith(f"; polyarena_mini: {says}")
    assert "tokens" not in described(sampling={"two": entry})
    assert "tokens" not in described()


def test_of_answers_generated_elsewhere_nothing_is_claimed_that_is_not_known():
    unknown = described(model="completions", args={"path": "answers"}, stored_answers={"one": {}})
    assert unknown == (
        "completions: path answers; answers generated elsewhere; prompt, chat template and sampling are unknown"
    )
    told = described(model="completions", stored_answers={"one": {"temperature": "0.7", "model": "m"}})
    assert told == "completions; answers generated elsewhere, as their folder says: model m, temperature 0.7"
    assert described(model="imported").endswith("are unknown")


def test_systems_whose_answers_were_generated_elsewhere_are_known():
    systems = [system("one", model="completions"), system("two", model="imported"), system("three")]
    assert stored_systems(make_lock(*systems, stored_answers={"one": {}})) == {"one", "two"}


def test_a_task_has_the_digests_of_its_own_data():
    dataset = find_task("polyarena_mini").card.dataset
    own = {f"{dataset.id}@{dataset.revision}/deu": "1", f"{dataset.id}@{dataset.revision}/swh": "2"}
    data = {**own, f"{dataset.id}@other/deu": "3", "someone/else@1/deu": "4"}
    (task,) = content(make_lock(data=data, task={"limit": 7})).tasks
    assert (task.card, task.digests, task.limit) == (find_task("polyarena_mini").card, own, 7)


def test_judges_are_sorted_and_their_kinship_is_said():
    judges = {
        "z": {"description": "last", "signature": "s", "relatives": {"two": ["acme", "zeta"], "one": ["acme"]}},
        "a": {"description": "first", "signature": "t"},
    }
    found = content(make_lock(judges=judges))
    assert [(each.name, each.description, each.signature) for each in found.judges] == [
        ("a", "first", "t"), ("z", "last", "s"),
    ]  # fmt: skip
    assert found.notes == (
        "The judge z and the system one are of one family (acme), by the names of their models.",
        "The judge z and the system two are of one family (acme, zeta), by the names of their models.",
    )


@every_case("many", [1, MOST_NAMED, MOST_NAMED + 5])
def test_what_is_missing_is_counted_and_the_first_of_it_named(many):
    (note,) = content(make_lock(), without=[f"cell {n}" for n in range(many)]).notes
    assert note.startswith(f"Incomplete: {many} cell")
    assert note.partition("(")[2].count("cell ") == min(many, MOST_NAMED)
    assert (f"and {many - MOST_NAMED} more" in note) == (many > MOST_NAMED)


def test_languages_that_are_not_claimed_are_gathered_by_system():
    lock = make_lock(unsupported=[["two", "tha_Thai"], ["one", "swh_Latn"], ["two", "deu_Latn"]])
    assert content(lock).notes == (
        "Skipped for one: Swahili (not in its `languages`).",
        "Skipped for two: Thai, German (not in its `languages`).",
    )


def test_notes_come_in_one_order():
    left = {"task": "gone", "languages": [], "reason": "not installed", "metric": "", "suite": "s"}
    judges = {"j": {"description": "", "signature": "", "relatives": {"one": ["acme"]}}}
    lock = make_lock(judges=judges, unsupported=[["one", "tha_Thai"]], omissions=[left])
    found = content(lock, without=["a cell"], answers=given_to("one", "1") + given_to("one", "1", 1)
                    + given_to("two", "1"), asked=[Pair("j", "one", "two", "t", "deu_Latn")])  # fmt: skip
    starts = (
        "The judge j",
        "Incomplete: 1 ",
        "Skipped for one",
        "gone, which the suite s has",
        "Not judged: 1 answer of one",
    )
    assert len(found.notes) == len(starts)
    assert all(note.startswith(start) for note, start in zip(found.notes, starts, strict=True))


def given_to(name, item, sample=0, language="deu_Latn", task="t"):
    return [Completion(name, task, language, item, sample, item, prompt="?", text=f"{name} says x")]


PAIRS = [Pair(judge, "one", "two", "t", language) for judge in ("i", "j") for language in ("deu_Latn", "tha_Thai")]
KEYS = st.sets(st.tuples(st.sampled_from(["deu_Latn", "tha_Thai"]), st.sampled_from("123"), st.integers(0, 2)))


@given(KEYS, KEYS)
def test_answers_without_a_counterpart_are_counted_once_whoever_judges(one, two):
    answers = [
        answer
        for name, keys in (("one", one), ("two", two))
        for language, item, sample in sorted(keys)
        for answer in given_to(name, item, sample, language)
    ]
    notes = content(make_lock(), answers=answers, asked=PAIRS).notes
    languages = {key[0] for key in one} & {key[0] for key in two}
    # In a language that both have, each sample of one that the other lacks stands alone.
    alone = sum(number == 1 for key, number in Counter([*one, *two]).items() if key[0] in languages)
    expected = (f"Not judged: {count_of(alone, 'answer')} of one or two to t without a counterpart.",) if alone else ()
    assert notes == expected


@pytest.mark.parametrize(("other", "told"), [("one says x", True), ("one says y", False)])
def test_two_systems_that_answer_all_alike_may_be_one(other, told):
    answers = given_to("one", "1") + given_to("one", "2") + [
        replace(answer, text=text)
        for answer, text in zip(given_to("two", "1") + given_to("two", "2"), ("one says x", other), strict=True)
    ]  # fmt: skip
    same = ("one and two gave the very same answers to t, 2 of them; they may be one system under two names.",)
    assert content(make_lock(), answers=answers, asked=PAIRS).notes == (same if told else ())


def test_a_task_that_nobody_judges_has_no_counterparts_to_miss():
    answers = given_to("one", "1") + given_to("one", "2") + given_to("two", "1")
    assert content(make_lock(), answers=answers).notes == ()
    other = [Pair("j", "one", "two", "another", "deu_Latn")]
    assert content(make_lock(), answers=answers, asked=other).notes == ()
