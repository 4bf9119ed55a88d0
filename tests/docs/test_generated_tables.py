"""The tables that the pages take from the code hold what the code holds."""

import re

import pytest

from polyarena.harness.cli.app import COMMANDS
from polyarena.harness.models.lm_eval.backends import BACKENDS
from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA
from polyarena.judges.rules.settings import POINTS
from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.tasks.languages import all_languages
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA
from polyarena.tasks.registry import find_task
from polyarena.tasks.thought_marks import FAMILIES

RECORDS = {
    "polyarena.tasks.records.Completion COMPLETION_SCHEMA": COMPLETION_SCHEMA,
    "polyarena.tasks.records.Score SCORE_SCHEMA": SCORE_SCHEMA,
    "polyarena.judges.records.Game GAME_SCHEMA": GAME_SCHEMA,
    "polyarena.judges.records.Battle BATTLE_SCHEMA": BATTLE_SCHEMA,
    "polyarena.reports.records.Estimate ESTIMATE_SCHEMA": ESTIMATE_SCHEMA,
}


@pytest.fixture
def contents(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "docs"))
    from extension.content import CONTENTS

    return CONTENTS


def rows(text):
    """The cells of a Markdown table, without its head."""
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()[2:]
    ]


@pytest.mark.parametrize("directive", RECORDS)
def test_records_have_all_columns_with_type_and_meaning(contents, directive, pages):
    assert f"```{{generated}} record {directive}\n" in pages["docs/run-folder.md"]
    schema = RECORDS[directive]
    found = rows(contents["record"](*directive.split()))
    assert [row[0].strip("`") for row in found] == schema.names
    assert [row[1].strip("`") for row in found] == [str(field.type) for field in schema]
    assert [row[2] == "yes" for row in found] == [field.nullable for field in schema]
    assert all(row[3] for row in found)


def test_all_languages_are_listed(contents):
    found = rows(contents["languages"]("all"))
    assert [row[0].strip("`") for row in found] == [language.code for language in all_languages()]
    assert [row[2] for row in found] == [language.autonym for language in all_languages()]


def test_the_coverage_of_cldr_names_is_that_of_the_task(contents):
    card = find_task("cldr_names").card
    covered, left_out = rows(contents["cldr-coverage"]()), rows(contents["left-out"]("cldr_names"))
    assert [row[0].strip("`") for row in covered] == list(card.languages)
    assert {row[0].strip("`"): row[2] for row in left_out} == card.left_out
    assert int(covered[0][2]) == len(list(find_task("cldr_names").items(card.languages[0], None)))


def test_coverage_is_that_of_the_installed_tasks(contents):
    from polyarena.tasks.coverage import coverage
    from polyarena.tasks.suites import all_suites, resolve_suite

    assert [row[0].strip("`") for row in rows(contents["suites"]())] == list(all_suites())
    matrix, _, told = contents["coverage"]("aya99").rpartition("|\n\n")
    found = {row[1].strip("`"): ", ".join(filter(None, row[3:])) for row in rows(matrix + "|")}
    expected = coverage(resolve_suite("aya99"))
    assert len(found) == 99
    assert all(each.task in found[each.language].split(", ") for each in expected)
    assert sum(len(cell.split(", ")) for cell in found.values() if cell) == len(expected)
    assert told.startswith(tuple("0123456789"))
    by_task = rows(contents["coverage-tasks"]("aya99"))
    assert [row[0].strip("`") for row in by_task] == sorted({each.task for each in expected})
    assert sum(int(row[2]) for row in by_task) == len(expected)


def test_commands_faults_and_model_types_are_complete(contents):
    assert {row[0].strip("`").split()[1] for row in rows(contents["commands"]())} == set(COMMANDS)
    assert {row[0]: int(row[1]) for row in rows(contents["faults"]())} == {k.value: v for k, v in POINTS.items()}
    assert [row[0].strip("`") for row in rows(contents["model-types"]())] == sorted(BACKENDS)


def test_every_family_of_thoughts_has_a_row(contents):
    text = contents["thought-marks"]()
    assert text.count("\n") >= len(FAMILIES)
    assert all(family.models in text for family in FAMILIES)


def test_events_name_their_fields(contents):
    found = {row[0].strip("`"): row[1] for row in rows(contents["events"]())}
    assert found["CellFailed"].endswith("`error`, `exit_code`")
    assert {"RunStarted", "CellDone", "GamesDone", "CostsUpdated", "RunFinished"} <= set(found)


def test_every_content_is_used_and_every_use_has_a_content(contents, pages):
    used = {name for text in pages.values() for name in re.findall(r"^```\{generated\} (\S+)", text, re.MULTILINE)}
    assert used == set(contents)


def test_bars_and_line_ends_cannot_break_a_table(contents, repository):
    from extension.markdown import table

    assert table(("a",), [("x | y\nz",)]).splitlines()[2] == "| x \\| y z |"


def test_a_docstring_that_lacks_a_column_stops_the_build(contents):
    with pytest.raises(ValueError, match="differ"):
        contents["record"]("polyarena.tasks.records.Completion", "SCORE_SCHEMA")


def test_measured_coverage_comes_from_the_code(contents, pages):
    from polyarena.reports.stats import intervals

    assert "```{generated} explanation polyarena.reports.stats.intervals\n" in pages["docs/statistics.md"]
    text = contents["explanation"]("polyarena.reports.stats.intervals")
    assert intervals.__doc__.strip().splitlines()[-1].strip() in text


def test_protocols_of_papers_stand_beside_those_of_the_suites(contents, pages):
    from polyarena.tasks.suites import all_suites, resolve_suite

    assert "```{generated} protocols\n" in pages["docs/coverage.md"]
    found = {(row[0].strip("`"), row[1].strip("`") or row[2]): row for row in rows(contents["protocols"]())}
    for name, suite in all_suites().items():
        asked = {each.task.card.name for each in resolve_suite(name).tasks if each.entry.paper}
        assert {task for suite_name, task in found if suite_name == name} == asked | set(suite.absent)
    assert found["aya101_paper", "m_mmlu"][3:6] == ["31 (31)", "test (test)", "5 (5)"]
    assert found["aya101_paper", "xcopa"][4:8] == ["validation (validation)", "0 (0)", "5 (5)", "median"]
    assert found["aya23_paper", "mgsm"][8] == "0 examples for 5"
    assert found["aya101_paper", "identity groups"][8].startswith("not asked: ")
