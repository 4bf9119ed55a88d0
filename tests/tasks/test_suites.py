"""Suites: the lists hold together, and what is not installed is said and left out."""

import pytest
from every_case import every_case

from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.registry import task_plugins
from polyarena.tasks.suites import all_suites, find_suite, resolve_suite

NAMES = ["aya101_paper", "aya23_paper", "aya_expanse_paper", "tiny_aya", "model_cards_2026", "aya99", "safety", "smoke"]


def test_these_are_the_suites():
    assert list(all_suites()) == NAMES


@every_case("name", NAMES)
def test_each_names_its_tasks_once_and_selects_languages(name):
    suite = find_suite(name)
    tasks = [entry.task for entry in suite.entries]
    assert tasks
    assert len(tasks) == len(set(tasks))
    assert suite.title
    for entry in suite.entries:
        assert select_languages(entry.languages)
    assert select_languages(suite.languages)


@every_case("name", ["aya101_paper", "aya23_paper", "aya_expanse_paper", "tiny_aya"])
def test_suites_of_papers_name_the_paper(name):
    assert "arXiv 2" in find_suite(name).title


def test_suites_follow_their_papers():
    expanse = {entry.task: entry.languages for entry in find_suite("aya_expanse_paper").entries}
    assert {"m_arenahard", "global_mmlu", "include", "mgsm", "xcopa", "xstorycloze", "xwinograd"} < set(expanse)
    assert len(select_languages(expanse["mgsm"])) == 7
    aya = {entry.task: entry.languages for entry in find_suite("aya101_paper").entries}
    judged = {
        code.code for task in ("dolly_human_edited", "dolly_machine_translated") for code in select_languages(aya[task])
    }
    assert len(judged) == 10
    assert len(select_languages(aya["aya_human_annotated"])) == 5


def test_a_suite_of_all_99_leaves_out_what_is_outside_of_them():
    resolved = resolve_suite("aya99")
    assert not {"fry_Latn", "lat_Latn"} & {code for task in resolved.tasks for code in task.languages}
    assert any(each.task.card.name == "m_arenahard" and len(each.languages) == 23 for each in resolved.tasks)


@every_case("name", NAMES)
def test_every_task_is_found_or_named_with_a_reason(name):
    resolved = resolve_suite(name)
    found = [each.task.card.name for each in resolved.tasks]
    assert sorted([*found, *resolved.missing]) == sorted(entry.task for entry in resolved.suite.entries)
    assert all(resolved.missing.values())
    assert set(resolved.deviations) <= {*found, *resolved.suite.absent}
    for each in resolved.tasks:
        assert each.languages == tuple(sorted(set(each.languages) & set(each.task.card.languages)))
        assert each.languages


def test_the_first_run_needs_no_download():
    resolved = resolve_suite("smoke")
    assert not resolved.missing
    assert {each.task.card.dataset.id for each in resolved.tasks} == {"builtin"}
    assert all(len(each.languages) == 4 for each in resolved.tasks)


def test_a_task_that_is_broken_or_gone_is_said(monkeypatch, toys):
    from polyarena.tasks import suites

    made_up = suites.Suite(
        "made_up", "a test", "all", tuple(suites.Entry(task, "all") for task in ("toy_broken", "gone", "toy_open"))
    )
    monkeypatch.setattr(suites, "find_suite", lambda name, where="": made_up)
    resolved = suites.resolve_suite("made_up")
    assert [each.task.card.name for each in resolved.tasks] == ["toy_open"]
    assert resolved.missing["gone"] == "not installed"
    assert "cannot be imported" in resolved.missing["toy_broken"]


def test_a_task_without_the_languages_is_said(monkeypatch, toys):
    from polyarena.tasks import suites

    made_up = suites.Suite("made_up", "a test", "all", (suites.Entry("toy_open", "jpn_Jpan"),))
    monkeypatch.setattr(suites, "find_suite", lambda name, where="": made_up)
    assert suites.resolve_suite("made_up").missing == {"toy_open": "it has none of the languages 'jpn_Jpan'"}


def test_a_misspelt_suite_has_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"unknown suite 'aya9'[\s\S]*did you mean 'aya99'"):
        find_suite("aya9", where="x.yaml:3")


def test_no_suite_has_the_name_of_a_task():
    assert not set(NAMES) & set(task_plugins().names)


def entries(name):
    return {each.task.card.name: each for each in resolve_suite(name).tasks}


def test_differences_from_a_paper_are_computed():
    aya = entries("aya101_paper")
    assert aya["m_mmlu"].differences == aya["xlsum"].differences == aya["flores_to_english"].differences == ()
    assert aya["xcopa"].differences == ("templates of another wording",)
    assert aya["xcopa"].templates == 5
    assert entries("aya23_paper")["mgsm"].differences == ("0 examples for 5",)
    assert entries("aya_expanse_paper")["global_mmlu"].differences == ()


def test_every_kind_of_difference(toys):
    from polyarena.tasks import suites
    from polyarena.tasks.registry import find_task

    task = find_task("xcopa")
    paper = suites.PaperProtocol(languages=12, split="dev", shots=3, templates=2)
    entry = suites.Entry("xcopa", "all", templates="all", paper=paper, differs="another day")
    assert suites.SuiteTask(task, task.card.languages, entry).differences == (
        "11 languages for 12",
        "split test for dev",
        "0 examples for 3",
        "5 templates for 2",
        "another day",
    )
    plain = suites.Entry("xcopa", "all", differs="another day")
    assert suites.SuiteTask(task, (), plain).differences == ("another day",)


def test_titles_say_what_differs():
    title = resolve_suite("aya101_paper").title
    assert "differs from the paper in xwinograd, xnli" in title
    assert title.endswith("multilingual AdvBench, multilingual RealToxicityPrompts, identity groups")
    assert resolve_suite("aya99").title == find_suite("aya99").title


def test_languages_are_those_of_the_published_tables(test_data):
    import csv

    path = test_data.parent / "facts" / "published_numbers.csv"
    if not path.is_file():
        pytest.skip("the published numbers are not here")
    with path.open(encoding="utf-8") as file:
        published = [row for row in csv.DictReader(file) if row["paper"] == "Aya Model"]
    for each in entries("aya101_paper").values():
        paper = each.entry.paper
        named = {row["language"].lower() for row in published if row["benchmark"] == paper.benchmark} - {"avg", ""}
        if named and not paper.benchmark.startswith(("FLORES", "dolly")):
            assert len(named) == paper.languages, paper.benchmark
    flores = {row["language"] for row in published if row["benchmark"] == "FLORES-200 En→X"}
    assert {"fra", "yor", "ydd"} <= flores
    assert not {"nya", "ory", "pan", "tgl", "twi"} & flores
