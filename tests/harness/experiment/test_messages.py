"""What is wrong with a value is said once, in our words, with its line and a fix."""

import pytest

from polyarena.harness.experiment import load_experiment
from polyarena.tasks.errors import ExperimentError, PolyarenaError

HEAD = "name: x\n"
SYSTEM = "systems: [{name: a, model: dummy}]\n"
TASKS = "tasks: [polyarena_mini]\n"


@pytest.fixture
def refusal(tmp_path):
    def refusal(text):
        path = tmp_path / "x.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PolyarenaError) as caught:
            load_experiment(path)
        return caught.value

    return refusal


def system(text):
    return f"{HEAD}systems:\n  - name: a\n    model: dummy\n    {text}\n{TASKS}"


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        (HEAD + SYSTEM + TASKS + "languages: 5\n", ":4 (languages)", "expected text or a list"),
        (HEAD + SYSTEM + TASKS + "languages: {a: b}\n", ":4 (languages)", "expected text or a list"),
        (HEAD + SYSTEM + TASKS + "languages: [eng, 5]\n", ":4 (languages.1)", "expected text"),
        (system("chat_template: [x]"), ":5 (systems.0.chat_template)", "expected true or false or text"),
        (system("chat_template: 5"), ":5 (systems.0.chat_template)", "expected true or false or text"),
        (system("args: {1: 2}"), ":5 (systems.0.args.1)", "expected text"),
        (system("args: [1]"), ":5 (systems.0.args)", "expected a mapping"),
        (system("sampling: greedy"), ":5 (systems.0.sampling)", "expected a mapping"),
        (system("sampling: {stop: abc}"), ":5 (systems.0.sampling.stop)", "expected a list"),
        (HEAD + "systems: [a]\n" + TASKS, ":2 (systems.0)", "expected a mapping"),
        (HEAD + "systems: {name: a, model: dummy}\n" + TASKS, ":2 (systems)", "expected a list"),
        (HEAD + SYSTEM + "tasks: [5]\n", ":3 (tasks.0)", "expected a mapping"),
        (HEAD + SYSTEM + "tasks: [{task: [a]}]\n", ":3 (tasks.0.task)", "expected text"),
        (HEAD + SYSTEM + TASKS + "statistics: 5\n", ":4 (statistics)", "expected a mapping"),
        (HEAD + SYSTEM + TASKS + "allow_inadequate: acc\n", ":4 (allow_inadequate)", "expected a list"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_once_with_what_is_wanted(refusal, text, place, what):
    error = refusal(text)
    assert error.what == what
    assert error.where.endswith(f"x.yaml{place}")
    assert error.fix
    assert error.also == ()


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("panels: [{name: p, judges: [r]}]", "expected at least 2 elements"),
        ("panels: [{name: p, judges: []}]", "expected at least 2 elements"),
    ],
)
def test_a_short_list_says_how_long_it_must_be(refusal, part, what):
    assert refusal(HEAD + SYSTEM + TASKS + "baseline: a\njudges: [{name: r, judge: rules}]\n" + part).what == what


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("statistics: {confidence: 95}", "less than 1"),
        ("statistics: {rounds: 1}", "greater than or equal to 100"),
        ("statistics: {seed: -1}", "greater than or equal to 0"),
        ("budget: -3", "greater than 0"),
        ("budget: .nan", "expected a finite number, and got nan"),
        ("judges: [{name: r, judge: rules, repeats: 0}]", "greater than 0"),
        ("judges: [{name: r, judge: rules, language_gate: lose}]", "unknown value 'lose'"),
        ("budget: lots", "expected a number, and got 'lots'"),
        ("judges: [{name: r, judge: rules, repeats: 1.5}]", "expected a whole number, and got 1.5"),
        ("judges: [{name: r, judge: rules, repeats: -1}]", "expected a value greater than 0, and got -1"),
        ("judges: [{judge: rules}]", "the key 'name' is missing"),
        ("judges: [{name: r, judge: rules, budget: 5}]", "a budget needs `prices`"),
        ("x-extra: 1", "unknown key 'x-extra'"),
    ],
)
def test_values_out_of_range_are_refused(refusal, part, says):
    error = refusal(HEAD + SYSTEM + TASKS + part + "\n")
    assert says in error.what
    assert "Input should" not in str(error)
    assert ":4 (" in error.where


def test_a_budget_for_all_adds_no_two_currencies(refusal):
    judge = "{name: NAME, judge: llm, endpoint: {model: m, prices: {input: 1, output: 2CURRENCY}}}"
    judges = [judge.replace("NAME", name).replace("CURRENCY", c) for name, c in (("a", ""), ("b", ", currency: EUR"))]
    said = refusal(HEAD + SYSTEM + TASKS + f"judges: [{', '.join(judges)}]\nbaseline: a\nbudget: 5\n").what
    assert said == "a budget needs the `prices` of every endpoint in one currency, not in EUR and USD"
    assert refusal(HEAD + SYSTEM + TASKS + f"judges: [{', '.join(judges)}]\nbaseline: a\nbudget: 5\n").where.endswith(
        ":6 (budget)"
    )


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ("judges:\n- name: j\n  judge: llm\n  endpoint: {model: m}\nbaseline: a\nbudget: 5\n", ":9 (budget)"),
        ("judges:\n- name: j\n  judge: llm\n  budget: 5\n  endpoint: {model: m}\n", ":7 (judges.0.budget)"),
        ("judges:\n- name: j\n  judge: rules\n  budget: 5\n", ":7 (judges.0.budget)"),
    ],
)
def test_a_budget_without_prices_is_told_at_its_own_line(refusal, part, where):
    error = refusal(HEAD + SYSTEM + TASKS + part)
    assert error.where.endswith(where)
    assert error.what.startswith("a budget needs `prices`")
    assert "`prices: {input: ..., output: ...}`" in error.fix


def test_samples_of_a_greedy_system_are_told_at_their_own_line(refusal):
    system = "systems:\n- name: a\n  model: toy\n  samples: 2\n"
    error = refusal(HEAD + system + TASKS)
    assert error.where.endswith(":5 (systems.0.samples)")
    assert "temperature" in error.fix


@pytest.mark.parametrize(
    ("address", "says"),
    [("localhost:8000/v1", "must be an address such as"), ("http://h/v1/chat/completions", "must end before")],
)
def test_an_address_that_cannot_be_one_is_refused_in_our_words(refusal, address, says):
    endpoint = f'endpoint: {{model: m, base_url: "{address}"}}'
    error = refusal(HEAD + SYSTEM + TASKS + f"judges: [{{name: j, judge: llm, {endpoint}}}]\n")
    assert error.what.startswith(says)


def test_an_empty_value_is_as_good_as_none_where_one_is_needed(refusal):
    assert refusal("name:\n" + SYSTEM + TASKS).what == "the key 'name' is missing"


def test_several_wrong_places_are_all_told(refusal):
    error = refusal(HEAD + "systems: [{name: a}]\n" + TASKS + "languages: 5\nbudget: x\n")
    assert [error.what, *(each.what for each in error.also)][:2] == [
        "the key 'model' is missing", "expected text or a list",
    ]  # fmt: skip
    assert len(error.also) == 2


def test_a_mapping_has_places_without_a_file():
    with pytest.raises(ExperimentError) as caught:
        load_experiment({"name": "x", "systems": [{"name": "a", "model": "m"}], "tasks": ["t"], "languages": 5})
    assert caught.value.where == "languages"


JUDGES = "judges: [{name: r, judge: rules}, {name: s, judge: rules, repeats: 2}]\nbaseline: a\n"


@pytest.mark.parametrize(
    ("panels", "what", "more"),
    [
        ("[{name: R, judges: [r, s]}]", "'R' is already a judge or panel", "give it its own name"),
        ("[{name: p, judges: [r, q]}]", "unknown judge 'q'", "use one of: r, s"),
        ("[{name: p, judges: [r, r]}]", "names a judge twice", ""),
        ("[{name: p, judges: [r, s]}]", "a different number of times", "r: 1, s: 2"),
    ],
)
def test_panels_that_cannot_be(refusal, panels, what, more):
    error = refusal(HEAD + SYSTEM + TASKS + JUDGES + f"panels: {panels}\n")
    assert what in error.what
    assert error.where.endswith("x.yaml:6 (panels.0)")
    assert more in f"{error.why} {error.fix}"


def test_two_panels_of_one_name_are_refused_whatever_the_case(refusal):
    panels = "panels:\n  - {name: p, judges: [r, t]}\n  - {name: P, judges: [r, t]}\n"
    judges = "judges: [{name: r, judge: rules}, {name: t, judge: rules}]\nbaseline: a\n"
    error = refusal(HEAD + SYSTEM + TASKS + judges + panels)
    assert error.where.endswith("x.yaml:8 (panels.1)")
