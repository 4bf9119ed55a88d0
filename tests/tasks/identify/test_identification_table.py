"""The table of docs/identification.md is what benchmarks/identification.py measures."""

import importlib.util
import re
import sys

import pytest

from polyarena.tasks.identify import can_identify, identifier_name


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "identification.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def benchmark(repository):
    spec = importlib.util.spec_from_file_location(
        "polyarena_benchmark_identification", repository / "benchmarks" / "identification.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def rows(page):
    return {re.findall("`([^`]+)`", line)[0]: line for line in page.splitlines() if re.match(r"\| [^|]+ \| `", line)}


def test_it_is_of_the_identifier_that_is_asked(page, monkeypatch):
    monkeypatch.delenv("POLYARENA_GLOTLID", raising=False)
    assert f"`{identifier_name()}`" in page


def test_it_says_which_languages_are_known(page):
    found = rows(page)
    known = {code for code, line in found.items() if line.split("|")[3].strip() == "yes"}
    assert len(found) == 99
    assert known == {code for code in found if can_identify(code)}
    assert f"identifier **knows** {len(known)}" in page


@pytest.mark.parametrize("code", ["afr_Latn", "eng_Latn", "hau_Latn", "zho_Hans", "zsm_Latn"])
def test_rows_are_measured_again(page, benchmark, test_data, code):
    assert rows(page)[code] == benchmark.measure(code, benchmark.texts_of(test_data, code)).row()


def test_it_says_where_it_was_looking(benchmark, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("POLYARENA_TEST_DATA", str(tmp_path))
    assert benchmark.main() == 2
    assert "set POLYARENA_TEST_DATA" in capsys.readouterr().err
