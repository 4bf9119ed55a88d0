"""The cards of outputs: a lineage that does not repeat itself, and what was measured as lists and tables."""

import json

import pytest

from polyarena.harness.stages.pipeline.cards import warnings_of, write_card
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.status import stage_statuses


@pytest.fixture
def card(tmp_path, write_pipeline):
    """Returns the card of the last stage of a pipeline, whose output measured something."""

    def card(stages, results=None):
        pipeline = load_pipeline(write_pipeline(stages))
        folders = {}
        for stage in pipeline.stages:
            folders[stage.name] = tmp_path / stage.name
            folders[stage.name].mkdir()
        last = stage_statuses(pipeline)[-1]
        if results is not None:
            (folders[last.stage.name] / "results.json").write_text(json.dumps(results))
        write_card(tmp_path / last.stage.name / "README.md", pipeline, last, folders)
        return (tmp_path / last.stage.name / "README.md").read_text("utf-8")

    return card


@pytest.fixture
def write_pipeline(tmp_path):
    def write_pipeline(stages):
        base = {"name": "base", "type": "base", "pretrained": "owner/model"}
        return {"name": "p", "output": str(tmp_path / "out"), "stages": [base, *stages]}

    return write_pipeline


def merges(count):
    """Merges of the two stages before: there are as many ways from the last to the base as Fibonacci numbers say."""
    names = ["base", "m0", *(f"m{at}" for at in range(1, count))]
    first = {"name": "m0", "type": "merge", "models": ["base", "other"]}
    other = {"name": "other", "type": "base", "pretrained": "owner/model"}
    return [other, first, *({"name": f"m{at}", "type": "merge", "models": names[at - 1 : at + 1]}
                            for at in range(1, count))]  # fmt: skip


def test_each_stage_is_written_out_once(card):
    text = card(merges(20))
    lineage = text.partition("## Lineage")[2].partition("## Settings")[0]
    lines = [line for line in lineage.splitlines() if line.strip()]
    assert len(lines) == 1 + 2 * 20
    assert lines[0] == "- `m19` (merge)"
    assert sum("`m10` (merge)" in line for line in lines) == 1
    assert sum("`m10` (merge, as above)" in line for line in lines) == 1


def test_what_was_measured_is_a_list_and_tables(card):
    measured = {
        "rows": 3, "loss": 1.23456789, "stopped": "", "card": {"rows": 3}, "prompts": {"held_out": 4, "per_round": [8]},
        "languages": [{"language": "eng_Latn", "rows": 2}, {"language": "deu_Latn", "cut": 1, "warnings": ["a | b"]}],
        "held_out": {"eng_Latn": {"before": 3.0, "after": 2.0}},
        "rounds": [{f"n{at}": at for at in range(13)}],
    }  # fmt: skip
    text = card(merges(1), measured)
    shown = text.partition("## Measured while it ran\n")[2].partition("## Made with")[0]
    assert (
        shown.strip()
        == """
- `rows`: 3
- `loss`: 1.235
- `prompts.held_out`: 4
- `prompts.per_round`: [8]

`languages`:

| language | rows | cut | warnings |
| --- | --- | --- | --- |
| eng_Latn | 2 |  |  |
| deu_Latn |  | 1 | ["a \\| b"] |

`held_out`:

|  | before | after |
| --- | --- | --- |
| eng_Latn | 3 | 2 |

`rounds`:

""".strip()
        + "\n\n"
        + "\n".join(["| n0 | 0 |", "| --- | --- |", *(f"| n{at} | {at} |" for at in range(1, 13))])
    )


def test_a_stage_that_measures_nothing_has_no_such_part(card):
    assert "Measured" not in card(merges(1))


def test_each_stage_warns_of_licences_that_no_earlier_one_warned_of(tmp_path):
    licences = {
        "base": {"unknown": ["owner/model"]},
        "pool": {"unknown": ["owner/model"], "CC-BY-NC-4.0": ["answers"], "MIT": ["others"]},
        "sft": {"unknown": ["owner/model"], "CC-BY-NC-4.0": ["answers"], "MIT": ["others"]},
    }
    for name, of_it in licences.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "licences.json").write_text(json.dumps(of_it))
    base, pool, sft = (tmp_path / name for name in licences)
    assert warnings_of(base, []) == ("No licence is stated for owner/model.",)
    (found,) = warnings_of(pool, [base])
    assert found.startswith("The licence 'CC-BY-NC-4.0' of answers allows no commercial use")
    assert warnings_of(sft, [base, pool]) == ()
    assert len(warnings_of(sft, [])) == 2
