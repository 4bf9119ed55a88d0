"""The plan knows everything before anything is spent."""

import pytest

from polyarena.harness.endpoints import Prices
from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning import plan
from polyarena.harness.planning.cost import Range, price, text_tokens
from polyarena.harness.running.runner import run
from polyarena.tasks.errors import ExperimentError, PolyarenaError, StoreError, UnknownNameError

pytestmark = pytest.mark.usefixtures("toys")


def experiment(**changes):
    return {
        "name": "toy",
        "systems": [
            {"name": "one", "model": "toy", "args": {"voice": "one"}},
            {"name": "two", "model": "toy", "args": {"voice": "two"}},
        ],
        "baseline": "one",
        "tasks": ["toy_open", {"task": "toy_choice", "limit": 5}],
        "judges": [{"name": "long", "judge": "toy_length"}],
        **changes,
    }


@pytest.fixture
def planned(tmp_path):
    return lambda **changes: plan(experiment(**changes), output=tmp_path / "run")


def refusal(planned, kind=PolyarenaError, **changes):
    with pytest.raises(kind) as caught:
        planned(**changes)
    return str(caught.value)


def test_every_cell_and_pair_is_listed_in_running_order(planned):
    made = planned()
    assert [(c.system, c.task, c.language) for c in made.cells[:4]] == [
        ("one", "toy_open", "deu_Latn"),
        ("one", "toy_open", "swh_Latn"),
        ("one", "toy_open", "tha_Thai"),
        ("one", "toy_choice", "deu_Latn"),
    ]
    assert len(made.cells) == 12
    assert [(g.candidate, g.baseline, g.language, g.requests) for g in made.games] == [
        ("two", "one", language, 24) for language in ("deu_Latn", "swh_Latn", "tha_Thai")
    ]


def test_requests_count_choices_samples_and_orders(planned):
    sampled = {"temperature": 1.0}
    systems = [
        {"name": "one", "model": "toy", "sampling": sampled, "samples": 3},
        {"name": "two", "model": "toy", "sampling": sampled, "samples": 2},
    ]
    made = planned(systems=systems, judges=[{"name": "long", "judge": "toy_length", "repeats": 2}])
    by_cell = {(c.system, c.task): c.requests for c in made.cells}
    assert by_cell == {
        ("one", "toy_open"): 36,
        ("two", "toy_open"): 24,
        ("one", "toy_choice"): 10,
        ("two", "toy_choice"): 10,
    }
    # Two samples in common, two orders, two repeats, twelve items.
    assert {g.requests for g in made.games} == {96}


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks": [{"task": "toy_open", "limit": 3}]},
        {"systems": [{"name": "one", "model": "toy", "args": {"voice": "other"}}], "baseline": None, "judges": []},
        {"systems": [{"name": "one", "model": "toy", "args": {"voice": "one"}, "system_prompt": "In {autonym}!"}]},
        {"systems": [{"name": "one", "model": "toy", "args": {"voice": "one"}, "sampling": {"max_tokens": 3}}]},
        {"systems": [{"name": "one", "model": "toy", "args": {"voice": "one"}, "chat_template": False}]},
    ],
)
def test_the_key_of_a_cell_changes_with_whatever_changes_its_content(planned, changes):
    before, after = planned().cells[0], planned(**changes).cells[0]
    assert (before.system, before.task, before.language) == (after.system, after.task, after.language)
    assert before.key != after.key


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "renamed"},
        {"statistics": {"rounds": 500}},
        {"judges": [{"name": "other", "judge": "rules"}]},
        {"tasks": ["toy_open"], "languages": ["deu_Latn"]},
    ],
)
def test_the_key_of_a_cell_ignores_what_does_not(planned, changes):
    assert planned().cells[0].key == planned(**changes).cells[0].key


def test_what_is_stored_is_seen(planned, tmp_path):
    run(planned(languages=["deu_Latn"], tasks=["toy_open"]))
    made = planned()
    assert [(c.system, c.language) for c in made.cells if c.stored] == [("one", "deu_Latn"), ("two", "deu_Latn")]
    assert [g.language for g in made.games if g.stored] == ["deu_Latn"]
    assert not planned(judges=[{"name": "long", "judge": "toy_length", "args": {"flip": 1}}]).games[0].stored


def test_a_system_is_not_asked_in_languages_that_it_does_not_claim(planned):
    systems = experiment()["systems"]
    systems[1]["languages"] = "swh_Latn, deu_Latn"
    made = planned(systems=systems)
    assert made.unsupported == (("two", "tha_Thai"),)
    assert {g.language for g in made.games} == {"deu_Latn", "swh_Latn"}
    assert {c.language for c in made.cells if c.system == "one"} == {"deu_Latn", "swh_Latn", "tha_Thai"}


def test_sets_mean_what_the_task_has(planned):
    assert {c.language for c in planned(languages="aya23").cells} == {"deu_Latn"}
    assert {c.language for c in planned(languages="tier:low").cells} == {"swh_Latn"}


def test_misspelt_names_are_helped(planned):
    assert "did you mean 'toy_open'" in refusal(planned, UnknownNameError, tasks=["toy_opn"])
    assert "did you mean 'toy_length'" in refusal(
        planned, UnknownNameError, judges=[{"name": "j", "judge": "toy_lenght"}]
    )
    message = refusal(planned, UnknownNameError, systems=[{"name": "one", "model": "toyy"}])
    assert "systems.0.model" in message
    assert "'toy'" in message
    assert "did you mean" in refusal(planned, UnknownNameError, languages=["Swahilli"])


def test_a_language_that_the_task_lacks_is_refused_with_the_reason(planned):
    message = refusal(planned, ExperimentError, tasks=[{"task": "toy_open", "languages": ["jpn_Jpan"]}])
    assert "does not have Japanese (jpn_Jpan)" in message
    assert "a toy knows no Japanese" in message


def test_a_selection_without_any_of_the_tasks_languages_is_refused(planned):
    assert "none of the languages" in refusal(planned, ExperimentError, languages="script:Ethi")


def test_a_broken_task_is_named_and_stops_no_other(planned):
    assert "cannot be imported" in refusal(planned, tasks=["toy_broken"])
    assert "lacks card" in refusal(planned, tasks=["toy_nothing"])
    assert planned().cells


def test_judges_need_something_to_judge(planned):
    assert "no open-ended task" in refusal(planned, ExperimentError, tasks=["toy_choice"])
    assert "baseline: one" in refusal(planned, ExperimentError, baseline=None)


def test_an_unknown_placeholder_is_refused(planned):
    systems = [{"name": "one", "model": "toy", "system_prompt": "Speak {langauge}"}]
    message = refusal(planned, ExperimentError, systems=systems)
    assert "{langauge}" in message
    assert "did you mean {language}" in message


def test_a_missing_template_is_refused(planned):
    systems = [{"name": "one", "model": "toy", "chat_template": "nowhere.jinja"}]
    assert "nowhere.jinja" in refusal(planned, ExperimentError, systems=systems)


def test_another_experiments_folder_is_refused(planned):
    run(planned())
    assert "belongs to the experiment 'toy'" in refusal(planned, StoreError, name="other")


def test_an_llm_judge_needs_an_endpoint(planned):
    assert "has no endpoint" in refusal(planned, ExperimentError, judges=[{"name": "j", "judge": "llm"}])


def test_prices_are_ranges_and_never_a_silent_zero(planned):
    endpoint = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}
    judge = {"name": "j", "judge": "llm", "endpoint": endpoint}
    assert planned(judges=[judge]).price() is None
    priced = {**judge, "endpoint": {**endpoint, "prices": {"input": 2.0, "output": 8.0}}}
    made = planned(judges=[priced])
    assert 0 < made.price().low < made.price().high
    assert planned().price() == Range(0, 0)


def test_token_ranges_hold_known_counts():
    # Counts of the o200k tokenizer's published examples: English about 4.5 bytes a token, Thai about 5, Burmese 2.5.
    english = "The quick brown fox jumps over the lazy dog."
    assert text_tokens(english).low <= 10 <= text_tokens(english).high
    assert text_tokens("") == Range(0, 0)
    assert price(Range(1e6, 2e6), Range(0, 1e6), Prices(input=1, output=10)) == Range(1.0, 12.0)
    assert price(Range(1, 1), Range(1, 1), None) is None


def test_the_experiment_can_be_a_file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text("name: toy\nsystems: [{name: a, model: toy}]\ntasks: [toy_choice]\noutput: out\n")
    made = plan(path)
    assert made.folder.path == tmp_path / "out"
    assert plan(load_experiment(path)).cells == made.cells
