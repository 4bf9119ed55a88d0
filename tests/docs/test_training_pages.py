"""docs/training.md and docs/training-data.md: every key is there with its meaning, and every example can be read."""

import re

import jsonschema
import pytest
import yaml
from every_case import every_case

from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.harness.stages.pipeline import data_stages, settings, training_stages
from polyarena.harness.stages.pipeline.graph import ordered
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.schema import STAGE_TYPES, HardwareSettings, Pipeline
from polyarena.tasks.mixtures.presets import AYA_101

PAGES = ("docs/training.md", "docs/training-data.md")
BLOCK = re.compile(r"^```(?:yml|\{code-block\} yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PARTS = (
    Pipeline,
    HardwareSettings,
    *STAGE_TYPES.values(),
    training_stages.ModelShape,
    data_stages.SourceSettings,
    data_stages.PruningKeys,
    data_stages.TemplateKeys,
    data_stages.TeacherSettings,
    settings.ArbiterSettings,
    settings.LoraSettings,
    settings.SamplingSettings,
    training_stages.WatchSettings,
    training_stages.SearchSettings,
)
REST = {
    "base": {"name": "base", "type": "base", "pretrained": "owner/model"},
    "mix": {"name": "mix", "type": "mixture", "sources": [{"name": "own", "path": "rows.jsonl"}]},
}
"""What examples of single stages read."""


@pytest.fixture
def keys(repository, monkeypatch):
    """The generator of the pages' tables."""
    monkeypatch.syspath_prepend(str(repository / "docs"))
    from extension import experiment

    return experiment.keys


def rows(table):
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()[2:]]


@every_case("part", PARTS, ids=lambda part: part.__name__)
def test_the_page_has_a_table_of_every_part_with_a_meaning_of_every_key(part, pages, keys):
    dotted = f"{part.__module__}.{part.__name__}"
    assert f"```{{generated}} keys {dotted}\n" in pages["docs/training.md"]
    found = rows(keys(dotted))
    assert {row[0].strip("`") for row in found} == set(part.model_fields)
    assert all(row[3] for row in found)


def test_no_part_of_the_pipeline_file_lacks_a_table():
    assert {part.__name__ for part in PARTS} == {"Pipeline", *Pipeline.model_json_schema()["$defs"]}


@pytest.mark.parametrize("name", STAGE_TYPES)
def test_the_type_of_a_stage_comes_second_and_cannot_be_left_out(name, keys):
    stage = STAGE_TYPES[name]
    found = rows(keys(f"{stage.__module__}.{stage.__name__}"))
    assert [row[0] for row in found[:2]] == ["`name`", "`type`"]
    assert found[1][1:3] == [f"`{name}`", "**required**"]


def test_values_are_written_as_a_file_has_them(keys):
    text = keys("polyarena.harness.stages.pipeline.data_stages.PruningKeys")
    assert "| `near_duplicates` | `false` or number > 0, ≤ 1 | `0.8` |" in text
    assert "| `keep_steps` | list of whole numbers > 0 |" in keys(
        "polyarena.harness.stages.pipeline.training_stages.SftStage"
    )


def test_every_example_of_a_pipeline_can_be_read(pages):
    examples = [text for page in PAGES for text in BLOCK.findall(pages[page])]
    assert len(examples) >= 4
    for text in examples:
        data = parse_yaml(text, "the page")[0]
        part = data if isinstance(data, dict) else {"stages": data}
        names = {stage["name"] for stage in part["stages"]}
        rest = [stage for name, stage in REST.items() if name not in names]
        assert load_pipeline({"name": "x", **part, "stages": [*rest, *part["stages"]]}).stages


def test_every_example_file_is_valid_by_the_printed_schema(repository):
    schema = Pipeline.model_json_schema()
    files = [path for path in sorted((repository / "examples").glob("stages-*.yaml")) if "stages:" in path.read_text()]
    assert len(files) >= 5
    for path in files:
        data = parse_yaml(path.read_text(encoding="utf-8"), path.name)[0]
        jsonschema.validate(data, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**data, "stages": [{"name": "a", "pretrained": "owner/model"}]}, schema)
        assert load_pipeline(path).name == yaml.safe_load(path.read_text(encoding="utf-8"))["name"]


def test_published_mixtures_are_those_of_the_code(pages):
    names = list(AYA_101)
    found = re.findall(
        r"^\| [^|]+ \| `(\w+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", pages["docs/training-data.md"], re.M
    )
    assert {part: tuple(map(float, weights)) for part, *weights in found} == {
        part: tuple(AYA_101[name][part] for name in names) for part in AYA_101[names[0]]
    }
    assert "| `human_heavy` | `translation_heavy` (released) | `template_heavy` |" in pages["docs/training-data.md"]
    assert names == ["human_heavy", "translation_heavy", "template_heavy"]


def test_the_commands_for_ablations_train_what_the_evaluation_then_names(pages, repository):
    text = pages["docs/training.md"].partition("## Ablations")[2].partition("## The dry run")[0]
    trained = re.findall(r"polyarena train examples/stages-ablations.yaml --until (\S+)", text)
    left = re.search(r"# Under `systems` in the evaluation, leave (.*)\.\n", text)[1].split(", ")
    pipeline = load_pipeline(repository / "examples" / "stages-ablations.yaml")
    made = {stage.name for name in trained for stage in ordered(pipeline, name)}
    path = repository / "examples" / "stages-ablations-evaluation.yaml"
    data = parse_yaml(path.read_text(encoding="utf-8"), path.name)[0]
    systems = [system for system in data["systems"] if system["name"] in left]
    experiment = load_experiment({**data, "systems": systems})
    assert [system.name for system in experiment.systems] == left
    assert {system.args["stage"] for system in experiment.systems} <= made
    names = {*left, *experiment.seed_groups}
    assert set(re.search(r"polyarena compare \S+ (\S+) (\S+)", text).groups()) <= names
