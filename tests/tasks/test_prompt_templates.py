"""Which prompt templates a task has to choose from, and which of them an experiment means."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import ExperimentError, UnknownNameError
from polyarena.tasks.prompt_templates import (
    ALL,
    PromptTemplate,
    prompt_template,
    prompt_templates,
    suite_template_variants,
    template_variants,
)
from polyarena.tasks.registry import find_task

XNLI = ("native", "true_or_false", "follows", "supposing", "claim")


@dataclass(frozen=True)
class Choosing:
    """A task with templates, each with metrics of its own."""

    metrics: dict[str, tuple[str, ...]]
    name: str = "mine"
    card: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(name="mine", metrics=()))

    @property
    def templates(self):
        return tuple(self.metrics)

    def variant(self, name):
        return SimpleNamespace(card=SimpleNamespace(name=f"{self.name}.{name}", metrics=self.metrics[name]))


def names(found):
    return [name for name, _ in found]


@every_case(
    ("metrics", "expected"),
    [
        ({"a": ("acc",), "b": ("acc",)}, ("a", "b")),
        # One may lack a metric that the other has, whichever is the default.
        ({"a": ("acc", "acc_bytes"), "b": ("acc",)}, ("a", "b")),
        ({"a": ("acc",), "b": ("acc", "acc_bytes")}, ("a", "b")),
        # A metric of its own makes it another measurement.
        ({"a": ("acc", "x"), "b": ("acc", "y"), "c": ("acc",)}, ("a", "c")),
        ({"a": ("x",), "b": ("y",)}, ()),
        # One alone is nothing to choose from.
        ({"a": ("acc",)}, ()),
        ({}, ()),
    ],
)
def test_templates_are_those_that_measure_the_same(metrics, expected):
    assert prompt_templates(Choosing(metrics)) == expected


@every_case(
    ("task", "expected"),
    [
        ("xnli", XNLI),
        ("mgsm", ("reasoned", "direct")),
        ("flores_to_english", ()),
        ("sib200", ()),
        ("polyarena_mini", ()),
    ],
)
def test_templates_of_the_tasks_that_come_with_it(task, expected):
    assert prompt_templates(find_task(task)) == expected


@every_case(
    ("name", "expected"),
    [
        ("xnli", PromptTemplate("xnli", "native")),
        ("xnli.claim", PromptTemplate("xnli", "claim")),
        ("xnli.native", PromptTemplate("xnli", "native")),
        ("xnli.nothing", None),
        ("sib200", None),
        ("flores_to_english.characters", None),
    ],
)
def test_a_name_says_which_template_is_meant(name, expected):
    assert prompt_template(name, find_task(name.partition(".")[0])) == expected


def test_all_of_them_come_in_the_order_of_the_task():
    found = list(template_variants(find_task("xnli"), ALL, "here"))
    # The default one has the plain name.
    assert names(found) == ["xnli", *(f"xnli.{name}" for name in XNLI[1:])]
    assert [task.card.name for _, task in found] == names(found)
    assert names(template_variants(find_task("xnli"), (ALL, "claim"), "here")) == names(found)


@given(st.lists(st.sampled_from(XNLI), min_size=1, max_size=8))
def test_each_is_asked_once_whatever_the_order_of_the_file(wanted):
    found = list(template_variants(Choosing(dict.fromkeys(XNLI, ("acc",))), tuple(wanted), "here"))
    assert names(found) == [f"mine.{name}" for name in XNLI if name in wanted]


def test_one_may_be_named_without_brackets():
    assert names(template_variants(find_task("xnli"), "claim", "here")) == ["xnli.claim"]


@every_case("asked", [ALL, "claim", ("a", "b")])
def test_a_task_without_templates_says_so_with_the_place_and_what_to_do(asked):
    with pytest.raises(ExperimentError) as caught:
        list(template_variants(find_task("sib200"), asked, "x.yaml:4 (tasks.0.templates)"))
    assert caught.value.what == "the task 'sib200' has no prompt templates to choose from"
    assert caught.value.where == "x.yaml:4 (tasks.0.templates)"
    assert "leave `templates` out" in caught.value.fix


@every_case(
    ("asked", "near"),
    [("clam", "'claim'"), (("claim", "folows"), "'follows'"), ("al", "'all'"), ("Native", "'native'")],
)
def test_a_misspelt_template_names_the_right_one(asked, near):
    with pytest.raises(UnknownNameError, match="unknown template of the task 'xnli") as caught:
        list(template_variants(find_task("xnli"), asked, "here"))
    assert near in caught.value.fix
    assert caught.value.where == "here"


@every_case(
    ("task", "asked", "expected"),
    [
        ("xnli", ("claim", "native"), ["xnli", "xnli.claim"]),
        ("xnli", ("nothing_like_it", "claim"), ["xnli.claim"]),
        ("mgsm", ALL, ["mgsm", "mgsm.direct"]),
    ],
)
def test_of_a_suite_s_task_those_are_asked_that_it_has(task, asked, expected):
    found = suite_template_variants(find_task(task), asked)
    assert names(found) == expected
    assert [each.card.name for _, each in found] == expected


@every_case(("task", "asked"), [("sib200", ALL), ("sib200", "claim"), ("xnli", "direct"), ("xnli", ())])
def test_a_suite_s_task_without_any_of_them_is_asked_as_usual(task, asked):
    found = suite_template_variants(find_task(task), asked)
    assert names(found) == [find_task(task).card.name]
    assert found[0][1] == find_task(task)
