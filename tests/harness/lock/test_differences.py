"""In what two runs differ, and whether that keeps their numbers from being compared."""

import pytest
from every_case import every_case

from polyarena.harness.lock import Aspect, Effect, Lock, differences
from polyarena.tasks.registry import find_task

SYSTEM = {"name": "ours", "model": "toy", "args": {"voice": "a"}}
BASE = {"name": "base", "model": "toy"}
JUDGES = {"llm": {"signature": "judge:llm@1|model:m", "description": "d"}}
GREEDY = {"settings": {"max_tokens": 64}, "samples": 1}


def lock(
    *,
    systems=(SYSTEM, BASE),
    baseline="base",
    judges=JUDGES,
    statistics=None,
    task=None,
    card=None,
    entries=None,
    **more,
):
    own = find_task("polyarena_mini").card
    own = own.model_copy(update=card or {})
    entry = {
        "card": own.model_dump(mode="json"),
        "languages": ["deu_Latn"],
        "sampling": {"ours": GREEDY},
        **(task or {}),
    }
    resolved = {
        "name": "x", "systems": list(systems), "baseline": baseline, "tasks": ["polyarena_mini"],
        "statistics": statistics or {},
    }  # fmt: skip
    content = {
        "experiment": {"name": "x", "digest": "d", "resolved": resolved},
        "versions": {"polyarena": "1", "numpy": "2"},
        "identifier": "lid@1",
        "tasks": {"polyarena_mini": entry} if entries is None else entries,
        "judges": judges,
        "cells": {
            each["name"]: {"polyarena_mini": {"deu_Latn": f"key-{each['name']}-{each.get('args')}"}} for each in systems
        },
        **more,
    }
    return Lock.model_validate(content)


def test_a_run_does_not_differ_from_itself():
    found = differences(lock(), lock())
    assert (list(found), len(found), found.comparable) == ([], 0, True)
    assert (found.shared_tasks, found.shared_judges) == (("polyarena_mini",), ("llm",))
    assert found.obstacles("polyarena_mini", "llm") == ()


DATASET = find_task("polyarena_mini").card.dataset
PREFIX = f"{DATASET.id}@{DATASET.revision}/"


@every_case(
    ("change", "aspect", "effect", "name", "field"),
    [
        ({"card": {"version": "9"}}, Aspect.TASK, Effect.MEASUREMENT, "polyarena_mini", "version"),
        (
            {"card": {"dataset": DATASET.model_copy(update={"revision": "r"})}},
            Aspect.DATA, Effect.MEASUREMENT, "polyarena_mini", "revision",
        ),
        ({"data": {f"{PREFIX}a": "2"}}, Aspect.DATA, Effect.MEASUREMENT, "polyarena_mini", f"{PREFIX}a"),
        ({"task": {"limit": 5}}, Aspect.ITEMS, Effect.MEASUREMENT, "polyarena_mini", "limit"),
        (
            {"task": {"family": "mini", "template": "formal"}},
            Aspect.PROMPT, Effect.MEASUREMENT, "polyarena_mini", "name",
        ),
        (
            {"task": {"languages": ["deu_Latn", "fra_Latn"]}},
            Aspect.LANGUAGES, Effect.COVERAGE, "polyarena_mini", "languages",
        ),
        (
            {"judges": {"llm": {"signature": "judge:llm@1|model:n", "description": "d"}}},
            Aspect.JUDGE, Effect.MEASUREMENT, "llm", "signature",
        ),
        (
            {"judges": {"llm": {**JUDGES["llm"], "repeats": 3}}},
            Aspect.JUDGE, Effect.MEASUREMENT, "llm", "repeats",
        ),
        ({"statistics": {"strong_weight": 3}}, Aspect.JUDGE, Effect.MEASUREMENT, "llm", "strong_weight"),
        ({"baseline": "ours"}, Aspect.BASELINE, Effect.MEASUREMENT, "", "system"),
        (
            {"systems": [SYSTEM, {**BASE, "system_prompt": "Be brief."}]},
            Aspect.BASELINE, Effect.MEASUREMENT, "base", "system prompt text",
        ),
        (
            {"systems": [{**SYSTEM, "args": {"voice": "b"}}, BASE]},
            Aspect.SYSTEM, Effect.SYSTEM, "ours", "args.voice",
        ),
        (
            {"systems": [{**SYSTEM, "chat_template": False}, BASE]},
            Aspect.CHAT_TEMPLATE, Effect.SYSTEM, "ours", "template",
        ),
        (
            {"systems": [{**SYSTEM, "system_prompt": "Be brief."}, BASE]},
            Aspect.SYSTEM_PROMPT, Effect.SYSTEM, "ours", "text",
        ),
        (
            {"task": {"sampling": {"ours": {**GREEDY, "settings": {"max_tokens": 64, "temperature": 0.7}}}}},
            Aspect.DECODING, Effect.SYSTEM, "ours", "polyarena_mini: temperature",
        ),
        ({"models": {"ours": {"commit": "abc"}}}, Aspect.MODEL, Effect.SYSTEM, "ours", "commit"),
        ({"statistics": {"confidence": 0.9}}, Aspect.STATISTICS, Effect.INTERVAL, "", "confidence"),
        ({"versions": {"polyarena": "1", "numpy": "3"}}, Aspect.VERSION, Effect.ENVIRONMENT, "numpy", "installed"),
        ({"identifier": "lid@2"}, Aspect.IDENTIFIER, Effect.MEASUREMENT, "", "model"),
    ],
    ids=str,
)  # fmt: skip
def test_each_difference_is_found_once_with_what_it_means(change, aspect, effect, name, field):
    ours = lock(data={f"{PREFIX}a": "1"}) if "data" in change else lock()
    found = differences(ours, lock(**change))
    assert [(each.aspect, each.effect, each.name, each.field) for each in found] == [(aspect, effect, name, field)]
    assert found.comparable == (effect is not Effect.MEASUREMENT)
    back = differences(lock(**change), ours)
    assert [(each.ours, each.theirs) for each in back] == [(each.theirs, each.ours) for each in found]
    (one,) = found
    assert field in str(one)
    assert one.ours != one.theirs


def test_obstacles_are_those_of_the_task_and_the_judge():
    changed = lock(judges={"llm": {"signature": "other", "description": "d"}})
    found = differences(lock(), changed)
    assert found.obstacles("polyarena_mini") == ()
    assert [each.aspect for each in found.obstacles("polyarena_mini", "llm")] == [Aspect.JUDGE]
    assert found.obstacles("polyarena_mini", "another") == ()
    limited = differences(lock(), lock(task={"limit": 3}))
    assert [each.field for each in limited.obstacles("polyarena_mini")] == ["limit"]
    assert limited.obstacles("another task") == ()


def test_without_a_judge_the_baseline_changes_no_score():
    other = lock(judges={}, systems=[SYSTEM, {**BASE, "system_prompt": "Be brief."}])
    (one,) = differences(lock(judges={}), other)
    assert (one.aspect, one.effect) == (Aspect.SYSTEM_PROMPT, Effect.SYSTEM)


def test_runs_without_a_task_in_common_cannot_be_compared():
    found = differences(lock(), lock(entries={}))
    assert not found.comparable
    assert [(each.aspect, each.effect) for each in found if each.aspect is Aspect.TASK] == [
        (Aspect.TASK, Effect.COVERAGE)
    ]


@pytest.mark.parametrize(("name", "aspect", "comparable"), [("ours", "model", True), ("base", "baseline", False)])
def test_another_key_of_a_cell_is_a_difference_that_no_setting_tells(name, aspect, comparable):
    cells = dict(lock().cells)
    cells[name] = {"polyarena_mini": {"deu_Latn": "another"}}
    found = differences(lock(), lock(cells=cells))
    (one,) = found
    assert (one.name, str(one.aspect)) == (name, aspect)
    assert "cells of polyarena_mini" in one.field
    assert found.comparable == comparable


def test_systems_and_judges_that_only_one_has_are_named():
    found = differences(lock(), lock(systems=[BASE], judges={}))
    assert {(each.aspect, each.name, each.ours, each.theirs) for each in found} == {
        (Aspect.SYSTEM, "ours", True, False),
        (Aspect.JUDGE, "llm", True, False),
    }
    assert found.comparable
