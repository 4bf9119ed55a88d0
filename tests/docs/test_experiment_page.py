"""docs/experiment.md: every key is there with its meaning, and every example can be read."""

import re

import pytest
from every_case import every_case

from polyarena.harness.endpoints import EndpointSettings, Prices
from polyarena.harness.executors.site import KINDS, read_site
from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.harness.experiment.schema import (
    JudgeSpec,
    PanelSpec,
    SamplingSpec,
    StatisticsSpec,
    SuiteSpec,
    SystemSpec,
    TaskSpec,
)
from polyarena.tasks.languages import select_languages

PARTS = (
    Experiment,
    SystemSpec,
    SamplingSpec,
    TaskSpec,
    SuiteSpec,
    JudgeSpec,
    PanelSpec,
    StatisticsSpec,
    EndpointSettings,
    Prices,
)
REST = {
    "name": "x",
    "systems": [{"name": "a", "model": "hf"}, {"name": "b", "model": "hf"}],
    "tasks": ["polyarena_mini"],
}


@pytest.fixture
def extension(repository, monkeypatch):
    """The generator of the page's tables."""
    monkeypatch.syspath_prepend(str(repository / "docs"))
    from extension import experiment

    return experiment


@every_case("part", PARTS, ids=lambda part: part.__name__)
def test_the_page_has_a_table_of_every_part(part, pages):
    assert f"```{{generated}} keys {part.__module__}.{part.__name__}\n" in pages["docs/experiment.md"]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_is_in_its_table_with_a_meaning(part, extension):
    text = extension.keys(f"{part.__module__}.{part.__name__}")
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines()[2:]]
    assert [row[0].strip(" `") for row in rows] == list(part.model_fields)
    for key, kind, _, meaning in rows:
        assert meaning.strip(), key
        assert kind.strip() not in ("", "anything"), key


def test_required_keys_are_marked(extension):
    text = extension.keys("polyarena.harness.experiment.schema.Experiment")
    required = {line.split("`")[1] for line in text.splitlines() if "**required**" in line}
    assert required == {name for name, field in Experiment.model_fields.items() if field.is_required()}


def test_defaults_are_those_of_the_schema(extension):
    text = extension.keys("polyarena.harness.experiment.schema.StatisticsSpec")
    assert "| `confidence` | number > 0.5, < 1 | `0.95` |" in text
    assert "| `rounds` | whole number ≥ 100, ≤ 1,000,000 | `10000` |" in text


def test_a_key_with_a_few_words_to_choose_from_names_them(extension):
    text = extension.keys("polyarena.harness.experiment.schema.JudgeSpec")
    assert "| `language_gate` | `judge` or `loss` or `tie` | `judge` |" in text
    assert "| `rule` | `majority` or `mean` | `majority` |" in extension.keys(
        "polyarena.harness.experiment.schema.PanelSpec"
    )


def examples(blocks, pages):
    return [
        example for example in every_block(blocks, pages) if "executor" not in parse_yaml(example[1], example[0])[0]
    ]


def every_block(blocks, pages):
    return [(page, text) for page in pages for text in blocks(page, "yaml")]


def test_every_site_file_can_be_read(blocks, pages, tmp_path):
    files = [example for example in every_block(blocks, pages) if example not in examples(blocks, pages)]
    assert files
    for page, text in files:
        site = tmp_path / "site.yaml"
        site.write_text(text, encoding="utf-8")
        assert read_site(site).kind in KINDS, page


def test_every_example_is_an_experiment_or_a_part_of_one(blocks, pages):
    found = examples(blocks, pages)
    assert len(found) >= 6
    for page, text in found:
        data = parse_yaml(text, page)[0]
        assert load_experiment({**REST, **data, "baseline": None}).name, page


def test_examples_select_languages_that_exist(blocks, pages):
    selectors = []
    for page, text in examples(blocks, pages):
        experiment = load_experiment({**REST, **parse_yaml(text, page)[0], "baseline": None})
        selectors += [part.languages for part in (experiment, *experiment.systems, *experiment.tasks)]
    chosen = [select_languages(selector) for selector in selectors if selector is not None]
    assert len(chosen) >= 3
    assert all(chosen)


def test_no_is_norwegian_as_the_page_says(tmp_path, blocks):
    path = tmp_path / "experiment.yaml"
    (text,) = [text for text in blocks("docs/experiment.md", "yaml") if "no]" in text]
    path.write_text(f"{text}name: x\nsystems: [{{name: a, model: hf}}]\ntasks: [polyarena_mini]\n", encoding="utf-8")
    codes = {language.code for language in select_languages(load_experiment(path).languages)}
    assert "nob_Latn" in codes
    assert "eng_Latn" not in codes


def test_environment_variables_are_those_that_the_code_reads(repository, pages):
    text = pages["docs/experiment.md"]
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    read = set()
    for room in ("tasks", "judges", "reports", "harness"):
        for path in (repository / room).rglob("*.py"):
            read |= set(re.findall(r'"(POLYARENA_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert read | {"CI", "OPENAI_API_KEY", "XDG_CACHE_HOME"} == documented
