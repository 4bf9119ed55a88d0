"""Coverage: rows, counts, kinds, tiers, and what a system leaves out."""

from dataclasses import asdict

import pytest
from every_case import every_case

from polyarena.tasks.audit import AuditSource
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.coverage import (
    CoverageKind,
    CoverageRow,
    by_language,
    coverage,
    coverage_kind,
    headline_adequacy,
    left_out,
)
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import select_languages
from polyarena.tasks.suites import resolve_suite


@pytest.fixture(scope="module")
def smoke():
    return coverage(resolve_suite("smoke"), AuditSource(None))


def test_rows_have_the_promised_fields(smoke):
    row = next(row for row in smoke if row.task == "cldr_names" and row.language == "hin_Deva")
    assert asdict(row) == {
        "language": "hin_Deva",
        "task": "cldr_names",
        "kind": "discriminative",
        "n_items": 77,
        "provenance": "human-translated",
        "adequacy": "adequate",
    }


def test_judged_tasks_have_no_metric_to_be_adequate(smoke):
    assert {(row.kind, row.adequacy, row.n_items) for row in smoke if row.task == "polyarena_mini"} == {
        (CoverageKind.OPEN_ENDED, "judged", 8)
    }


def test_rows_are_sorted_and_each_is_there_once(smoke):
    keys = [(row.language, row.kind, row.task) for row in smoke]
    assert keys == sorted(set(keys))


def test_without_data_items_are_not_counted():
    resolved = resolve_suite("aya_expanse_paper")
    assert {row.n_items for row in coverage(resolved, AuditSource(None))} == {None}
    assert {row.n_items for row in coverage(resolve_suite("smoke"))} == {None}


def test_items_of_the_mirror_are_counted(test_data):
    rows = coverage(resolve_suite("aya_expanse_paper"), AuditSource(test_data / "hub"))
    assert {row.n_items for row in rows if row.task == "m_arenahard"} == {500}
    assert len([row for row in rows if row.task == "m_arenahard"]) == 23


def card(name, kind=Kind.GENERATIVE, metrics=("bleu",)):
    return TaskCard(
        name=name,
        version="1",
        title="",
        kind=kind,
        dataset=Dataset(id="builtin", revision="1", licence="MIT"),
        languages=("tha_Thai",),
        provenance={"tha_Thai": Provenance.NATIVE},
        metrics=metrics,
    )


@every_case(
    ("name", "kind", "covers"),
    [
        ("xcopa", Kind.MULTIPLE_CHOICE, "discriminative"),
        ("mgsm", Kind.GENERATIVE, "generative"),
        ("m_arenahard", Kind.OPEN_ENDED, "open_ended"),
        ("multijail", Kind.OPEN_ENDED, "safety"),
        ("winomt", Kind.GENERATIVE, "safety"),
    ],
)
def test_kinds(name, kind, covers):
    assert coverage_kind(card(name, kind)) == covers


def test_the_headline_metric_decides():
    assert headline_adequacy(card("a"), "tha_Thai") == "inadequate"
    assert headline_adequacy(card("a", metrics=("acc", "bleu")), "tha_Thai") == "adequate"
    assert headline_adequacy(card("a", metrics=("somebody's",)), "tha_Thai") == "unrated"
    assert headline_adequacy(card("a", metrics=()), "tha_Thai") == "judged"


def row(language, task, kind):
    return CoverageRow(language, task, CoverageKind(kind), 1, "native", "adequate")


def test_languages_come_by_tier_and_none_is_forgotten():
    rows = [row("swh_Latn", "a", "discriminative"), row("deu_Latn", "b", "generative"), row("quy_Latn", "c", "safety")]
    found = by_language(rows, "aya99")
    assert len(found) == 100
    tiers = [each.language.tier for each in found]
    assert tiers == sorted(tiers, key=["high", "mid", "low", ""].index)
    empty = next(each for each in found if each.language.code == "zul_Latn")
    assert not any(empty.tasks.values())


@every_case(
    ("kinds", "scored"),
    [
        ("discriminative generative generative", True),
        ("discriminative generative open_ended", True),
        ("discriminative generative safety", False),
        ("generative generative", False),
        ("discriminative", False),
    ],
)
def test_scored_means_one_discriminative_and_two_generated(kinds, scored):
    rows = [row("swh_Latn", f"t{number}", kind) for number, kind in enumerate(kinds.split())]
    (found,) = by_language(rows, "swh_Latn")
    assert found.scored is scored


def test_what_a_manifest_leaves_out(smoke):
    assert left_out(smoke, "aya23, -hin_Deva") == ["hin_Deva"]
    assert left_out(smoke, "all") == []
    every = {language.code for language in select_languages("all")}
    assert set(left_out(smoke, ["eng_Latn"])) == {row.language for row in smoke} & every
