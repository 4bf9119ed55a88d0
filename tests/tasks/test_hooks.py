"""Hooks: asked where a task has them, defaults elsewhere, and a misspelt one is an error."""

from dataclasses import dataclass, field

import pytest
from every_case import every_case

from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.hooks import (
    HOOKS,
    answer_language_of,
    check_task,
    has_own_separators,
    hook_protocols,
    metric_of,
    metric_signature_of,
    on_split,
    shots_of,
    splits_of,
    statistics_of,
    templates_of,
    variant_of,
)
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.metric import Metric
from polyarena.tasks.metrics.registry import METRICS
from polyarena.tasks.registry import find_task, installed_tasks
from polyarena.tasks.signature import Signature

CARD = TaskCard(
    name="plain",
    version="1",
    title="a plain task",
    kind=Kind.GENERATIVE,
    dataset=Dataset(id="builtin", revision="1", licence="Apache-2.0"),
    languages=("eng_Latn",),
    provenance={"eng_Latn": Provenance.NATIVE},
    metrics=("f1",),
)


@dataclass(frozen=True)
class Plain:
    card: TaskCard = field(default=CARD)

    def items(self, language, data):
        yield from ()

    def score(self, item, completion):
        return {}


def with_member(name, value=lambda self: None):
    return type("Made", (Plain,), {name: value})()


def test_a_plain_task_has_the_defaults():
    task = check_task(Plain(), "plain")
    assert templates_of(task) == ()
    assert answer_language_of(task, "swh_Latn") == "swh_Latn"
    assert metric_of(task, "f1") is METRICS["f1"]
    assert str(metric_signature_of(task, "f1")) == "metric:f1"
    assert statistics_of(task)(None, None) == {}
    assert not has_own_separators(task)
    assert splits_of(task) == (CARD.dataset.split,)
    assert shots_of(task, "") == 0
    with pytest.raises(UnknownNameError, match="split of the task 'plain'"):
        on_split(task, "dev")
    with pytest.raises(UnknownNameError, match="template of the task 'plain'"):
        variant_of(task, "other")


def test_hooks_are_asked():
    members = {
        "templates": ("one", "two"),
        "variant": lambda self, name: Plain(CARD.model_copy(update={"name": f"plain.{name}"})),
        "other_splits": ("dev",),
        "with_split": lambda self, name: Plain(CARD.model_copy(update={"version": f"1+{name}"})),
        "shots_of": lambda self, template: 3 if template == "two" else 0,
        "answer_language": lambda self, language: "eng_Latn",
        "own_metrics": {"f1": Metric("f1", "Another F1.")},
        "metric_signature": lambda self, metric: Signature({"metric": metric, "mine": 1}),
        "statistics": lambda self, item, completion: {"f1": (1.0, 2.0)},
        "own_separators": True,
    }
    assert set(members) == set(HOOKS)
    task = check_task(type("Hooked", (Plain,), members)(), "hooked")
    assert all(isinstance(task, protocol) for protocol in hook_protocols())
    assert templates_of(task) == ("one", "two")
    assert variant_of(task, "two").card.name == "plain.two"
    assert splits_of(task) == (CARD.dataset.split, "dev")
    assert on_split(task, "dev").card.version == "1+dev"
    assert on_split(task, CARD.dataset.split) is task
    assert (shots_of(task, "one"), shots_of(task, "two")) == (0, 3)
    assert answer_language_of(task, "swh_Latn") == "eng_Latn"
    assert metric_of(task, "f1").description == "Another F1."
    assert str(metric_signature_of(task, "f1")) == "metric:f1|mine:1"
    assert statistics_of(task)(None, None) == {"f1": (1.0, 2.0)}
    assert has_own_separators(task)


@every_case(
    ("written", "meant"),
    [
        ("answer_languages", "answer_language"),
        ("answer_langauge", "answer_language"),
        ("statistic", "statistics"),
        ("template", "templates"),
        ("variants", "variant"),
        ("metrics_signature", "metric_signature"),
        ("own_metric", "own_metrics"),
        ("own_separator", "own_separators"),
    ],
)
def test_a_misspelt_hook_is_an_error_that_names_the_nearest(written, meant):
    with pytest.raises(PolyarenaError, match=f"did you mean '{meant}'") as caught:
        check_task(with_member(written), "mine", where="file:7")
    assert f"member '{written}', which is no hook" in str(caught.value)
    assert "file:7" in str(caught.value)


def test_members_that_resemble_no_hook_are_nobodys_business():
    for name in ("rows", "configs", "scorer", "_statistic", "language", "fields"):
        check_task(with_member(name), "mine")


@every_case(
    ("task", "message"),
    [
        (17, "lacks card and items and score"),
        (type("NoScore", (), {"card": CARD, "items": lambda self: None})(), "lacks score"),
        (with_member("answer_language", "eng_Latn"), "'answer_language' that cannot be called"),
        (with_member("templates", ("one",)), "has 'templates' and lacks 'variant'"),
        (with_member("variant"), "has 'variant' and lacks 'templates'"),
        (Plain(CARD.model_copy(update={"metrics": ("f2",)})), "names the metric 'f2', which is not known"),
    ],
)
def test_what_is_no_task_is_refused_with_the_reason(task, message):
    with pytest.raises(PolyarenaError, match=message):
        check_task(task, "mine")


def test_every_installed_task_passes():
    tasks, broken = installed_tasks()
    assert not broken
    for task in tasks:
        for template in templates_of(task):
            check_task(variant_of(task, template), task.card.name)


def test_our_own_hooks_are_asked():
    assert answer_language_of(find_task("flores_to_english"), "deu_Latn") == "eng_Latn"
    assert templates_of(find_task("xnli"))[0] == "native"
    assert str(metric_signature_of(find_task("flores_to_english"), "chrf++")).startswith("metric:chrf++|nrefs:1")
    assert has_own_separators(find_task("xwinograd"))


def test_a_signature_that_is_a_text_is_refused():
    task = with_member("metric_signature", lambda self, metric: f"metric:{metric}")
    with pytest.raises(PolyarenaError, match="metric_signature of the task 'plain' returns str") as caught:
        metric_signature_of(task, "f1")
    assert "Signature(" in caught.value.fix
