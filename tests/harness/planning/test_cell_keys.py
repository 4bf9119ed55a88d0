"""The key of a cell and of games: everything that changes their content, and nothing else."""

from dataclasses import replace

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning import cells as planned_cells
from polyarena.harness.planning import games as planned_games
from polyarena.harness.planning import plan
from polyarena.harness.planning.cells import cell_key
from polyarena.harness.planning.games import games_key
from polyarena.harness.planning.systems import samples_of, sampling_of
from polyarena.tasks.sampling import Sampling

pytestmark = pytest.mark.usefixtures("toys")
TEXTS = st.text(max_size=6)


def resolved(task="toy_open", **system):
    """Returns a system and a task as the plan has them."""
    spec = {"name": "one", "model": "toy", "args": {"voice": "one"}, **system}
    made = plan({"name": "x", "systems": [spec], "tasks": [task]}, output="nowhere-at-all")
    return made.systems[0], made.tasks[0]


def key(task="toy_open", language="deu_Latn", questions="q", **system):
    return cell_key(*resolved(task, **system), language, questions, ModelContext())


def carded(task, **changes):
    """Returns the task with another card."""
    return replace(task, task=replace(task.task, card=task.card.model_copy(update=changes)))


def test_a_key_is_the_same_for_the_same_and_looks_like_a_digest():
    assert key() == key()
    assert len(key()) == 64
    assert set(key()) <= set("0123456789abcdef")


@every_case(
    "system",
    [
        {"args": {"voice": "other"}},
        {"chat_template": False},
        {"system_prompt": "Speak."},
        {"sampling": {"max_tokens": 9}},
        {"sampling": {"temperature": 0.5}},
        {"sampling": {"temperature": 0.5, "top_p": 0.5}},
        {"sampling": {"stop": ["\n"]}},
        {"sampling": {"seed": 4}},
        {"sampling": {"temperature": 0.5}, "samples": 2},
    ],
    ids=str,
)
def test_whatever_changes_an_answer_changes_the_key(system):
    assert key(**system) != key()


@every_case("system", [{"name": "two"}, {"languages": "deu_Latn"}, {"args": {"voice": "one", "batch": 4}}])
def test_names_claims_and_what_the_model_leaves_out_change_nothing(system):
    assert key(**system) == key()


@every_case(
    "system",
    [
        {"sampling": {"max_tokens": 9}},
        {"sampling": {"temperature": 0.5, "seed": 3}},
        {"sampling": {"temperature": 0.5}, "samples": 7},
    ],
    ids=str,
)
def test_nothing_is_sampled_where_choices_are_scored(system):
    assert key("toy_choice", **system) == key("toy_choice")
    assert samples_of(*resolved("toy_choice", **system)) == 1


@pytest.mark.parametrize("system", [{"chat_template": False}, {"system_prompt": "Speak."}], ids=str)
def test_the_way_of_asking_counts_where_choices_are_scored_too(system):
    assert key("toy_choice", **system) != key("toy_choice")


def test_other_questions_have_another_key():
    assert len({key(), key(questions="other"), key("toy_choice")}) == 3


@every_case(
    ("changes", "same"),
    [({"version": "2"}, False), ({"name": "another"}, False), ({"title": "retitled"}, True)],
    ids=str,
)
def test_of_the_card_the_name_and_the_version_count(changes, same):
    system, task = resolved()
    found = cell_key(system, carded(task, **changes), "deu_Latn", "q", ModelContext())
    assert (found == key()) is same


def test_the_language_counts_only_by_what_is_asked():
    # The items have their own digest, so the language by itself changes nothing.
    assert key(language="tha_Thai") == key(language="deu_Latn")
    told = {"system_prompt": "In {autonym}."}
    assert key(language="tha_Thai", **told) != key(language="deu_Latn", **told)


def test_a_system_prompt_counts_as_it_is_sent():
    assert key(system_prompt="In {autonym}.") == key(system_prompt="In Deutsch.")
    assert key(system_prompt="In {autonym}.") != key(system_prompt="In {language}.")


def test_another_format_of_the_records_is_another_key(monkeypatch):
    before = key(), games_key("s", 1, "a", "b", "q")
    for module in (planned_cells, planned_games):
        monkeypatch.setattr(module, "FORMAT", planned_cells.FORMAT + 1)
    assert all(old != new for old, new in zip(before, (key(), games_key("s", 1, "a", "b", "q")), strict=True))


@every_case(
    ("given_", "expected"),
    [
        ({}, Sampling(max_tokens=77, stop=("END",))),
        ({"max_tokens": 5}, Sampling(max_tokens=5, stop=("END",))),
        ({"stop": ["\n"]}, Sampling(max_tokens=77, stop=("\n",))),
        (
            {"temperature": 0.3, "top_p": 0.9, "seed": 8},
            Sampling(77, temperature=0.3, top_p=0.9, stop=("END",), seed=8),
        ),
    ],
)
def test_a_system_s_own_sampling_stands_before_the_card_s(given_, expected):
    system, task = resolved(sampling=given_)
    generation = task.card.generation.model_copy(update={"max_tokens": 77, "stop": ("END",)})
    assert sampling_of(system, carded(task, generation=generation)) == expected


@given(
    st.tuples(TEXTS, st.integers(1, 9), TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, st.integers(1, 9), TEXTS, TEXTS, TEXTS)
)
def test_games_have_the_same_key_only_if_all_is_the_same(one, other):
    assert (games_key(*one) == games_key(*other)) == (one == other)


@given(TEXTS, TEXTS)
def test_games_of_a_candidate_are_not_those_of_its_baseline(one, other):
    assert (games_key("s", 1, one, other, "q") == games_key("s", 1, other, one, "q")) == (one == other)
