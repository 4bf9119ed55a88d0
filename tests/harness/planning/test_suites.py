"""Suites and templates in an experiment: what they mean, what goes before what, what is left out and why."""

import re
from types import MappingProxyType

import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.experiment import load_experiment
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning import tasks as planning_tasks
from polyarena.harness.planning.systems import resolve_systems
from polyarena.harness.planning.tasks import select_tasks
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError
from polyarena.tasks.languages import all_languages, select_languages
from polyarena.tasks.suites import Entry, ResolvedSuite, Suite, all_suites, entry_variants, resolve_suite

AYA99 = {language.code for language in select_languages("aya99")}


def experiment(*tasks, **more):
    return load_experiment(
        {"name": "x", "systems": [{"name": "a", "model": "dummy"}], "tasks": list(tasks), **more},
    )


def select(*tasks, **more):
    return select_tasks(experiment(*tasks, **more))


def names(selection):
    return [task.spec.task for task in selection.tasks]


def languages(selection, name):
    (task,) = [task for task in selection.tasks if task.spec.task == name]
    return task.languages


def refusal(*tasks, **more):
    with pytest.raises(PolyarenaError) as caught:
        select(*tasks, **more)
    return str(caught.value)


@every_case("name", sorted(all_suites()))
def test_a_suite_is_its_tasks_in_its_order_and_languages(name):
    suite = resolve_suite(name)
    found = select({"suite": name, "limit": 7})
    asked = [(task.card.name, each) for each in suite.tasks for task in entry_variants(each)]
    assert names(found) == [name for name, _ in asked]
    assert [task.languages for task in found.tasks] == [each.languages for _, each in asked]
    assert [task.card.dataset.split for task in found.tasks] == [each.task.card.dataset.split for _, each in asked]
    assert {task.suite for task in found.tasks} == {name}
    assert {task.spec.limit for task in found.tasks} == {7}
    assert {each.task for each in found.omissions if not each.languages} == set(suite.missing)


def test_languages_are_those_of_suite_and_task_and_selection():
    found = select({"suite": "aya99", "languages": "script:Beng"})
    assert languages(found, "sib200") == ("ben_Beng",)
    assert languages(found, "mgsm") == ("ben_Beng",)
    assert "xcopa" not in names(found)
    by_experiment = select({"suite": "aya99"}, languages="script:Beng")
    assert {code for task in by_experiment.tasks for code in task.languages} == {"ben_Beng"}
    assert names(by_experiment) == names(found)


def test_the_selection_of_the_suite_goes_before_that_of_the_experiment():
    found = select({"suite": "aya99", "languages": ["swh_Latn"]}, "mgsm", languages="ben_Beng")
    assert languages(found, "xcopa") == ("swh_Latn",)
    assert languages(found, "mgsm") == ("ben_Beng",)


def test_what_the_suite_wants_and_a_task_lacks_is_listed_with_the_reason():
    found = select({"suite": "aya99"})
    for task in found.tasks:
        without = {code for each in found.omissions if each.task == task.spec.task for code in each.languages}
        unscored = {code for each in found.omissions if each.metric for code in each.languages}
        assert set(task.languages) | (without - unscored) >= AYA99 - unscored
    thai = [each for each in found.omissions if each.task == "tydiqa_goldp" and "tha_Thai" in each.languages]
    assert [each.reason for each in thai] == ["the makers left it out: no spaces between words"]
    assert {each.suite for each in found.omissions} == {"aya99"}


def test_languages_that_nobody_selected_are_not_left_out():
    found = select({"suite": "aya99", "languages": ["swh_Latn", "tha_Thai"]})
    assert {code for each in found.omissions for code in each.languages} <= {"swh_Latn", "tha_Thai"}
    assert [each.languages for each in found.omissions if each.task == "mmmlu"] == [("tha_Thai",)]


def test_a_task_of_all_its_languages_lacks_none():
    assert not any(each.languages for each in select({"suite": "safety"}).omissions)


def test_a_task_that_is_not_installed_is_left_out_and_said(monkeypatch):
    suite = Suite("mine", "t", "aya99", (Entry("xcopa", "aya99"), Entry("nowhere", "aya99")))
    xcopa = tuple(each for each in resolve_suite("aya99").tasks if each.task.card.name == "xcopa")
    resolved = ResolvedSuite(suite, xcopa, MappingProxyType({"nowhere": "not installed"}))
    monkeypatch.setattr(planning_tasks, "resolve_suite", lambda name, where: resolved)
    found = select({"suite": "mine"})
    assert names(found) == ["xcopa"]
    assert [(each.task, each.languages) for each in found.omissions if not each.languages] == [("nowhere", ())]


def test_a_task_named_by_itself_goes_before_the_suite_wherever_it_stands():
    for tasks in (
        [{"suite": "aya99", "limit": 5}, {"task": "xcopa", "limit": 2, "languages": ["tha_Thai"]}],
        [{"task": "xcopa", "limit": 2, "languages": ["tha_Thai"]}, {"suite": "aya99", "limit": 5}],
    ):
        found = select(*tasks)
        assert names(found).count("xcopa") == 1
        (xcopa,) = [task for task in found.tasks if task.spec.task == "xcopa"]
        assert (xcopa.spec.limit, xcopa.languages, xcopa.suite) == (2, ("tha_Thai",), "")
        assert names(found).index("xcopa") in (0, len(found.tasks) - 1)


def test_two_suites_ask_a_common_task_once_in_the_languages_of_both():
    found = select({"suite": "aya_expanse_paper"}, {"suite": "aya23_paper"}, {"suite": "safety"})
    assert len(set(names(found))) == len(found.tasks)
    mgsm = {code for name in ("aya_expanse_paper", "aya23_paper") for code in _of(name, "mgsm")}
    assert set(languages(found, "mgsm")) == mgsm
    assert "different limits" in refusal({"suite": "aya23_paper", "limit": 3}, {"suite": "aya_expanse_paper"})


def _of(suite, task):
    (found,) = [each.languages for each in resolve_suite(suite).tasks if each.task.card.name == task]
    return found


def test_the_same_task_twice_is_an_error_under_any_of_its_names():
    assert "appears twice" in refusal("xcopa", {"task": "xcopa", "limit": 3})
    assert "'xcopa' appears twice" in refusal("xcopa.connective", "xcopa")
    assert "appears twice" in refusal("xcopa.why", {"task": "xcopa", "templates": "all"})
    assert names(select("xcopa", {"task": "xcopa", "templates": ["why"]})) == ["xcopa", "xcopa.why"]


def test_all_templates_are_tasks_of_one_family():
    found = select({"task": "xcopa", "templates": "all", "limit": 4, "languages": ["tha_Thai"]})
    assert names(found) == ["xcopa", "xcopa.likelier", "xcopa.numbered", "xcopa.why", "xcopa.pick"]
    assert {task.template.family for task in found.tasks} == {"xcopa"}
    assert [task.template.name for task in found.tasks] == ["connective", "likelier", "numbered", "why", "pick"]
    assert {(task.spec.limit, task.languages) for task in found.tasks} == {(4, ("tha_Thai",))}


def test_some_templates_in_the_order_of_the_task():
    assert names(select({"task": "xcopa", "templates": ["pick", "connective"]})) == ["xcopa", "xcopa.pick"]
    assert names(select({"task": "mgsm", "templates": "direct"})) == ["mgsm.direct"]


def test_the_default_template_is_known_without_asking_for_templates():
    found = select("xcopa", "mgsm.direct", "sib200", "polyarena_mini")
    assert [task.template and tuple(task.template) for task in found.tasks][:2] == [
        ("xcopa", "connective"),
        ("mgsm", "direct"),
    ]
    assert found.tasks[3].template is None


def test_templates_that_are_not_there_are_refused():
    assert "did you mean 'likelier'?" in refusal({"task": "xcopa", "templates": ["likelyer"]})
    assert "has no prompt templates" in refusal({"task": "polyarena_mini", "templates": "all"})
    assert "did you mean 'likelier'?" in refusal({"suite": "aya99", "templates": ["likelyer"]})


def test_a_variant_with_a_metric_of_its_own_is_no_template():
    assert "no prompt templates" in refusal({"task": "flores_to_english", "templates": "all"})
    found = select({"suite": "aya99", "templates": "all"})
    assert "flores_to_english.characters" not in names(found)
    assert names(select("flores_to_english.characters")) == ["flores_to_english.characters"]


def test_templates_of_a_suite_are_for_the_tasks_that_have_them():
    found = select({"suite": "aya99", "templates": ["claim"], "languages": ["swh_Latn"]})
    assert {"xnli.claim", "afrixnli.claim", "xcopa", "sib200"} <= set(names(found))
    assert "xnli" not in names(found)


def test_misspelt_suites_are_helped():
    assert "did you mean 'aya99'" in refusal({"suite": "aya9"})
    with pytest.raises(UnknownNameError):
        select({"suite": "nothing"})


def test_a_language_called_by_name_that_no_task_has_is_refused():
    assert "no task of the suite 'smoke' has Swahili (swh_Latn)" in refusal(
        {"suite": "smoke", "languages": ["Swahili"]}
    )


def test_a_suite_of_which_nothing_is_left_is_refused():
    message = refusal({"suite": "smoke"}, languages="tier:low & region:africa")
    assert "nothing of 'smoke' is left" in message
    assert "polyarena tasks coverage --suite smoke" in message


def test_a_system_that_cannot_answer_names_the_suite_and_the_way_out(tmp_path):
    (tmp_path / "deu_Latn.jsonl").write_text('{"id": "1", "text": "x"}\n')
    given = experiment({"suite": "aya99", "languages": ["deu_Latn"]})
    stored = [{"name": "s", "model": "completions", "args": {"path": str(tmp_path)}}]
    given = load_experiment({**given.model_dump(mode="json"), "systems": stored})
    with pytest.raises(ExperimentError) as caught:
        resolve_systems(given, select_tasks(given).tasks, ModelContext(base=str(tmp_path)))
    message = str(caught.value)
    assert "tasks of the suite 'aya99'" in message
    assert "sib200" in message
    (line,) = re.findall(r"`exclude: \[(.+?)\]`", message)
    entry = {"suite": "aya99", "languages": ["deu_Latn"], "exclude": line.split(", ")}
    given = load_experiment({**given.model_dump(mode="json"), "tasks": [entry]})
    found = select_tasks(given).tasks
    assert "flores_from_english" in {task.spec.task for task in found}
    assert resolve_systems(given, found, ModelContext(base=str(tmp_path)))


def test_tasks_left_out_by_name_are_not_asked_and_are_listed():
    whole = select({"suite": "tiny_aya"})
    found = select({"suite": "tiny_aya", "exclude": ["global_mmlu"]})
    assert set(names(whole)) - set(names(found)) == {"global_mmlu"}
    (left,) = [each for each in found.omissions if each.task == "global_mmlu"]
    assert left.suite == "tiny_aya"
    assert left.reason == "the experiment leaves it out"


def test_a_task_left_out_must_be_of_the_suite():
    message = refusal({"suite": "tiny_aya", "exclude": ["global_mmlu", "global_mmlv"]})
    assert "task of the suite 'tiny_aya'" in message
    assert "did you mean 'global_mmlu'" in message


@settings(max_examples=25)
@given(st.sets(st.sampled_from([language.code for language in all_languages()]), min_size=1, max_size=6))
def test_nothing_is_lost_whatever_is_selected(codes):
    # As a set, so that a language without a task is no error.
    selector = [f"{code} & all" for code in sorted(codes)]
    if not codes & AYA99:
        assert "nothing of 'aya99' is left" in refusal({"suite": "aya99", "languages": selector})
        return
    found = select({"suite": "aya99", "languages": selector})
    asked = {(task.spec.task, code) for task in found.tasks for code in task.languages}
    left = {(each.task, code) for each in found.omissions for code in each.languages if not each.metric}
    assert not asked & left
    wanted = {(entry.task, code) for entry in all_suites()["aya99"].entries for code in codes & AYA99}
    assert asked | left == wanted


def test_a_suite_follows_its_paper():
    found = select({"suite": "aya101_paper"})
    by_name = {task.spec.task: task for task in found.tasks}
    xcopa = [task for name, task in by_name.items() if name.partition(".")[0] == "xcopa"]
    assert len(xcopa) == 5
    assert {task.card.dataset.split for task in xcopa} == {"validation"}
    assert {task.spec.aggregate for task in xcopa} == {"median"}
    assert len(by_name["m_mmlu.five_shot"].languages) == 31
    assert by_name["xlsum"].card.version == "1.0+validation"


def test_what_differs_from_the_paper_is_said():
    found = select({"suite": "aya101_paper"})
    told = {each.task: each.reason for each in found.deviations}
    assert told["tydiqa_goldp"].startswith("9 languages for 11")
    assert "multilingual AdvBench" in told
    assert "m_mmlu" not in told
    assert select({"suite": "aya99"}).deviations == ()


def test_templates_of_the_experiment_go_before_those_of_the_suite():
    assert "xcopa.why" not in names(select({"suite": "aya101_paper", "templates": "connective"}))


def test_a_task_on_another_split():
    (task,) = select({"task": "xcopa", "split": "validation", "templates": ["why"]}).tasks
    assert (task.spec.task, task.card.dataset.split, task.card.version) == ("xcopa.why", "validation", "0.1+validation")
    (same,) = select({"task": "xcopa", "split": "test"}).tasks
    assert same.card.version == "0.1"


def test_a_split_that_a_task_does_not_have():
    assert "did you mean 'validation'" in refusal({"task": "xcopa", "split": "validatoin"})
    assert "unknown split" in refusal({"task": "sib200", "split": "train"})


@every_case(
    ("task", "shots", "name"),
    [
        ("m_mmlu", 5, "m_mmlu.five_shot"),
        ("m_mmlu", 0, "m_mmlu"),
        ("m_arc", 25, "m_arc.twenty_five_shot"),
        ("mgsm", 0, "mgsm"),
        ("sib200", 0, "sib200"),
    ],
)
def test_shots_select_a_template(task, shots, name):
    assert names(select({"task": task, "shots": shots})) == [name]


def test_shots_that_no_template_shows():
    assert "its templates show 0 or 5" in refusal({"task": "m_mmlu", "shots": 3})
    assert "cannot be asked with 5 examples" in refusal({"task": "tydiqa_goldp", "shots": 5})
    assert "its templates show 0" in refusal({"task": "xcopa", "shots": 5, "templates": "all"})


def test_two_suites_on_different_splits_are_refused():
    assert "on different splits" in refusal({"suite": "aya101_paper"}, {"suite": "aya99"})


def test_what_a_system_has_seen_names_tasks():
    systems = [{"name": "a", "model": "dummy", "seen": {"xnli": "none", "mgsm": "task"}}]
    tasks = ("xnli",)
    assert names(select_tasks(load_experiment({"name": "x", "systems": systems, "tasks": list(tasks)}))) == ["xnli"]
    systems[0]["seen"] = {"xnlj": "none"}
    with pytest.raises(UnknownNameError, match="did you mean 'xnli'"):
        select_tasks(load_experiment({"name": "x", "systems": systems, "tasks": list(tasks)}))
