"""The pipeline file: what is refused, with the line and the fix."""

from pathlib import Path

import pytest

from polyarena.harness.cli import main
from polyarena.harness.experiment import load_experiment
from polyarena.harness.stages.arbitrage import Router
from polyarena.harness.stages.pipeline.graph import ordered
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.schema import STAGE_TYPES, Pipeline
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError
from polyarena.tasks.mixtures.presets import AYA_101

TEXT = """\
name: small
stages:
  - { name: base, type: base, pretrained: owner/model }
  - name: mix
    type: mixture
    sources: [{ name: own, path: rows.jsonl }]
  - name: sft
    type: sft
    model: base
    data: [mix]
"""


def load(tmp_path, text):
    path = tmp_path / "pipeline.yaml"
    path.write_text(text, "utf-8")
    return load_pipeline(path)


def refused(tmp_path, text):
    with pytest.raises(PolyarenaError) as error:
        load(tmp_path, text)
    return error.value


def test_a_pipeline_is_read_with_its_defaults(tmp_path):
    pipeline = load(tmp_path, TEXT)
    assert [stage.type for stage in pipeline.stages] == ["base", "mixture", "sft"]
    assert pipeline.folder == tmp_path / "training" / "small"
    assert pipeline.where_stage("sft", "model").endswith("pipeline.yaml:9 (stages.2.model)")


def test_unknown_keys_are_refused_with_the_line_and_the_key_that_was_meant(tmp_path):
    error = refused(tmp_path, TEXT + "    learning_rte: 1.0e-4\n")
    assert "unknown key 'learning_rte'" in error.what
    assert error.where.endswith("pipeline.yaml:11 (stages.2.learning_rte)")
    assert error.fix == "did you mean 'learning_rate'?"


def test_an_unknown_type_of_stage_is_refused_with_the_type_that_was_meant(tmp_path):
    error = refused(tmp_path, TEXT.replace("type: mixture", "type: mixtur"))
    assert (error.what, error.fix) == ("unknown stage type 'mixtur'", "did you mean 'mixture'?")
    assert error.where.endswith("pipeline.yaml:5 (stages.1.type)")


def test_a_stage_without_a_type_is_refused(tmp_path):
    assert "has no type" in refused(tmp_path, TEXT.replace("    type: mixture\n", "")).what


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model: base", "model: bas", "unknown stage 'bas'"),
        ("model: base", "model: mix", "cannot be 'mix'"),
        ("data: [mix]", "data: [base]", "cannot be 'base'"),
        ("model: base", "model: base/round-1", "has no 'round-1'"),
        ("model: base", "model: sft", "circle"),
        ("name: mix", "name: Base", "appears twice"),
        ("data: [mix]", "data: []", "at least one element"),
        ("data: [mix]", "data: [mix]\n    learning_rate: 2", "less than 1"),
        ("path: rows.jsonl", "path: rows.jsonl, templates: [{ promt: a, completion: b }]", "did you mean 'prompt'?"),
        ("type: mixture", "type: mixture\n    pruning: { min_charcters: 3 }", "did you mean 'min_characters'?"),
        ("pretrained: owner/model", "pretrained: hf_abcdefghijklmnopqrst", "credential"),
    ],
)
def test_stages_that_cannot_work_are_refused(tmp_path, old, new, message):
    assert message in refused(tmp_path, TEXT.replace(old, new)).render()


MERGE = "  - {{ name: m, type: merge, models: [base, sft], {} }}\n"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("weights: { base: 1 }", "2 models have 1 weight"),
        ("weights: { bas: 1, sft: 1 }", "unknown merged model 'bas'"),
        ("weights: { base: 0, sft: 0 }", "add up to 0"),
        ("method: ties", "needs `base`"),
        ("method: slerp, models: [base, sft, sft]", "twice"),
        ("method: tie", "ties"),
    ],
)
def test_merges_that_cannot_work_are_refused(tmp_path, keys, message):
    assert message in refused(tmp_path, TEXT + MERGE.format(keys)).render()


def test_slerp_takes_two_models(tmp_path):
    text = TEXT + (
        "  - { name: other, type: sft, model: base, data: [mix] }\n"
        "  - { name: m, type: merge, models: [base, sft, other], method: slerp }\n"
    )
    assert "merges two models" in refused(tmp_path, text).what


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        ("{ name: m, type: merge, models: [sft, sft] }", "merged with itself", "name each stage once"),
        (
            "{ name: d, type: dpo, model: sft, data: p, loss: sigmod }",
            "unknown loss 'sigmod'",
            "did you mean 'sigmoid'",
        ),
        ("{ name: q, type: pairs }", "needs one of dataset and path", "write `dataset: OWNER/NAME`"),
        ("{ name: q, type: pairs, path: a, dataset: b/c }", "needs one of dataset and path", "write `dataset:"),
        ("{ name: q, type: [pairs] }", "unknown stage type", "did you mean 'pairs'"),
        ("{ name: q, type: { pairs: 1 } }", "unknown stage type", "pairs"),
        (
            "{ name: q, type: mixture, temperature: 2, sources: [{ name: own, path: rows.jsonl }] }",
            "a temperature needs a budget",
            "set `budget`",
        ),
        ("{ name: q, type: sft, model: q, data: [mix] }", "in a circle", "let one of them read another stage"),
    ],
)
def test_what_no_stage_can_do_is_refused_with_the_line_and_the_fix(tmp_path, line, what, fix):
    error = refused(tmp_path, f"{TEXT}  - {{ name: p, type: pairs, path: pairs.jsonl }}\n  - {line}\n")
    assert what in error.what
    assert fix in error.fix
    assert "pipeline.yaml:12 (stages.4" in error.where


def test_a_template_with_a_brace_that_names_no_field_is_refused(tmp_path):
    sources = "{ name: own, path: rows.jsonl, templates: [{ prompt: '{a', completion: '{b} {{}}' }] }"
    error = refused(tmp_path, TEXT.replace("{ name: own, path: rows.jsonl }", sources))
    assert "a brace names no field" in error.what
    assert error.where.endswith("(stages.1.sources.0.templates.0.prompt)")


def test_only_devices_that_training_runs_on_are_taken(tmp_path):
    error = refused(tmp_path, TEXT + "hardware: { device: gpu }\n")
    assert (error.what, error.fix) == ("unknown value 'gpu'", "did you mean 'cpu'?")


POOL = """\
  - name: pool
    type: pool
    prompts: mix
    teachers:
      - {{ name: a, {} }}
      - {{ name: b, people: true }}
    arbiters: [{}]
"""


@pytest.mark.parametrize(
    ("teacher", "arbiter", "message"),
    [
        ("people: true, stage: base", "{ judge: rules }", "stage and people"),
        ("licence: MIT", "{ judge: rules }", "none of them"),
        ("stage: base", "{ judge: reward }", "needs one checkpoint"),
        ("stage: base", "{ judge: rules, model: x }", "has no checkpoint"),
        ("stage: base", "{ judge: reward, stage: sft }", "cannot be 'sft'"),
    ],
)
def test_teachers_and_arbiters_that_cannot_work_are_refused(tmp_path, teacher, arbiter, message):
    assert message in refused(tmp_path, TEXT + POOL.format(teacher, arbiter)).render()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("router: single", "needs a teacher"),
        ("router: single, teacher: c", "unknown teacher 'c'"),
        ("router: fixed", "needs `by_language`"),
        ("router: fixed, by_language: { eng: c }", "unknown teacher 'c'"),
    ],
)
def test_routers_that_name_no_teacher_of_the_pool_are_refused(tmp_path, keys, message):
    text = TEXT + POOL.format("stage: base", "{ judge: rules }")
    text += f"  - {{ name: routed, type: arbitrage, pool: pool, {keys} }}\n"
    assert message in refused(tmp_path, text).render()


def test_stages_run_after_their_inputs_and_else_in_the_order_of_the_file(tmp_path):
    lines = TEXT.splitlines(keepends=True)
    pipeline = load(tmp_path, "".join([*lines[:2], *lines[6:], *lines[2:6]]))
    assert [stage.name for stage in ordered(pipeline)] == ["base", "mix", "sft"]
    assert [stage.name for stage in ordered(pipeline, "mix")] == ["mix"]
    with pytest.raises(UnknownNameError, match="did you mean"):
        ordered(pipeline, "mixx")


def test_a_missing_file_names_what_is_near(tmp_path):
    (tmp_path / "stages.yaml").touch()
    with pytest.raises(ExperimentError, match=r"stages\.yaml"):
        load_pipeline(tmp_path / "stage.yaml")


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    assert "not a mapping" in refused(tmp_path, "- a\n").what


def test_the_schema_lists_every_type_of_stage():
    schema = Pipeline.model_json_schema()
    types = {
        part["properties"]["type"].get("const")
        for part in schema["$defs"].values()
        if "type" in part.get("properties", {})
    }
    assert types >= set(STAGE_TYPES)


@pytest.mark.parametrize(
    ("pipeline", "evaluation"),
    [
        ("stages-mini", "stages-mini-evaluation"),
        ("stages-safety-mini", "stages-safety-evaluation"),
        ("stages-ablations", "stages-ablations-evaluation"),
    ],
)
def test_the_example_evaluations_name_stages_of_their_pipelines(repository, pipeline, evaluation):
    experiment = load_experiment(Path(repository) / "examples" / f"{evaluation}.yaml")
    loaded = load_pipeline(Path(repository) / "examples" / f"{pipeline}.yaml")
    checkpoints = {stage.name for stage in loaded.stages if stage.makes_checkpoint}
    assert {system.args["stage"].partition("/")[0] for system in experiment.systems} <= checkpoints
    assert {system.args["pipeline"] for system in experiment.systems} == {f"{pipeline}.yaml"}
    assert experiment.baseline in {system.name for system in experiment.systems}


def test_the_ablations_have_an_arm_for_every_choice(repository):
    stages = load_pipeline(Path(repository) / "examples" / "stages-ablations.yaml").stages
    assert {stage.router for stage in stages if stage.type == "arbitrage"} == set(Router)
    assert {stage.method for stage in stages if stage.type == "merge"} == {"linear", "slerp", "ties", "dare_ties"}
    mixtures = [stage for stage in stages if stage.type == "mixture"]
    assert {stage.preset for stage in mixtures} == {*AYA_101, None}
    assert {stage.pruning.near_duplicates for stage in mixtures if stage.preset is None} == {0.8, False}
    assert {stage.algorithm for stage in stages if stage.type == "online"} == {"dpo", "grpo"}
    experiment = load_experiment(Path(repository) / "examples" / "stages-ablations-evaluation.yaml")
    assert len(experiment.seed_groups["sft-reward"]) == 3


@pytest.mark.parametrize("name", ["stages-mini", "stages-expanse-8b"])
def test_the_example_pipelines_load(repository, name):
    pipeline = load_pipeline(Path(repository) / "examples" / f"{name}.yaml")
    assert {"arbitrage", "sft", "merge", "dpo", "online"} <= {stage.type for stage in pipeline.stages}


@pytest.mark.parametrize(
    ("name", "types"), [("stages-regions", {"mixture", "sft", "merge"}), ("stages-safety", {"safety", "sft"})]
)
def test_the_examples_of_single_methods_load(repository, name, types):
    pipeline = load_pipeline(Path(repository) / "examples" / f"{name}.yaml")
    assert types <= {stage.type for stage in pipeline.stages}


SOURCES = "sources: [{ name: own, path: rows.jsonl }]"


@pytest.mark.parametrize(
    ("old", "new", "what", "place"),
    [
        (
            SOURCES,
            f"{SOURCES}\n    languages: eng, englsh",
            "unknown language or set 'englsh'",
            ":7 (stages.1.languages)",
        ),
        ("data: [mix]", "data: [mix]\n    languages: klingon", "'klingon'", ":11 (stages.2.languages)"),
        (
            SOURCES,
            "sources: [{ name: a, path: a.jsonl, weight: 50 }, { name: b, path: b.jsonl, weight: 40 }]",
            "the weights of the sources sum to 90, not to 100",
            ":6 (stages.1.sources)",
        ),
        (
            SOURCES,
            "sources: [{ name: a, path: a.jsonl, weight: 50 }, { name: b, path: b.jsonl }]",
            "no weight for the source b",
            ":6 (stages.1.sources)",
        ),
        (SOURCES, "sources: [{ name: own }]", "needs one of dataset and path", ":6 (stages.1.sources.0)"),
        (
            SOURCES,
            f"{SOURCES}\n    refuse_items_of: [belebel]",
            "unknown task 'belebel'",
            ":7 (stages.1.refuse_items_of)",
        ),
    ],
)
def test_what_would_stop_a_stage_is_refused_before_the_first_one_runs(tmp_path, old, new, what, place):
    error = refused(tmp_path, TEXT.replace(old, new))
    assert what in error.what
    assert error.where.endswith(f"pipeline.yaml{place}")


def test_every_wrong_selector_is_named_at_once(tmp_path):
    text = TEXT.replace(SOURCES, f"{SOURCES}\n    languages: englsh").replace(
        "data: [mix]", "data: [mix]\n    languages: klingon"
    )
    error = refused(tmp_path, text)
    assert [each.where.rpartition("(")[2] for each in (error, *error.also)] == [
        "stages.1.languages)",
        "stages.2.languages)",
    ]


def test_an_error_within_a_stage_names_the_file_and_the_line_of_the_stage(tmp_path, capsys):
    path = tmp_path / "pipeline.yaml"
    path.write_text(TEXT, "utf-8")
    (tmp_path / "rows.jsonl").write_text("")
    assert main(["train", str(path), "--until", "mix"]) == 2
    shown = capsys.readouterr().err
    assert f"{path}:4 (stages.1), {tmp_path / 'rows.jsonl'}: the data file is empty" in shown
    (tmp_path / "rows.jsonl").write_text('{"inputs": "a?", "targets": "b", "language_code": "eng"}\n')
    path.write_text(TEXT.replace(SOURCES, f"{SOURCES}\n    languages: eng, yor"), "utf-8")
    assert main(["train", str(path), "--until", "mix"]) == 2
    assert f"{path}:4 (stages.1): the mixture has no rows in yor_Latn" in capsys.readouterr().err


def test_a_licence_that_forbids_training_is_said_when_the_source_is_read(tmp_path, capsys):
    path = tmp_path / "pipeline.yaml"
    path.write_text(TEXT.replace("path: rows.jsonl", "path: rows.jsonl, licence: CC-BY-NC-4.0"), "utf-8")
    (tmp_path / "rows.jsonl").write_text('{"inputs": "a?", "targets": "b", "language_code": "eng"}\n')
    assert main(["train", str(path), "--until", "mix"]) == 0
    assert "warning: The licence 'CC-BY-NC-4.0' of own allows no commercial use" in capsys.readouterr().err
    assert main(["train", str(path), "--until", "mix"]) == 0
    assert "warning" not in capsys.readouterr().err
