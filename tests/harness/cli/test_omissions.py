"""What ``polyarena plan`` says of suites that cannot be asked whole, metrics left out, and flags."""

import json

import pytest

from polyarena.harness.cli import main
from polyarena.harness.cli.omissions import omission_lines
from polyarena.harness.lock import Deviation
from polyarena.harness.planning import plan
from polyarena.harness.planning.tasks import Flag, Omission
from polyarena.tasks.metrics.adequacy import Level


@pytest.fixture
def planned(tmp_path):
    """Makes a plan with these entries left out and flagged."""

    class Given:
        def __init__(self, omissions, flags, deviations):
            self.omissions = omissions
            self.deviations = deviations
            self.tasks = [type("Task", (), {"flags": flags})()]

    return lambda omissions=(), flags=(), deviations=(): list(omission_lines(Given(omissions, flags, deviations)))


def test_a_line_for_each_suite(planned):
    lines = planned(
        [
            Omission(task="xcopa", languages=("deu_Latn", "fra_Latn"), reason="not there", suite="one"),
            Omission(task="mgsm", languages=("deu_Latn",), reason="not there", suite="one"),
            Omission(task="mgsm", languages=("fra_Latn",), reason="another reason", suite="one"),
            Omission(task="winomt", languages=(), reason="not installed", suite="two"),
        ]
    )
    assert lines == [
        "left out of the suite one: 4 languages missing from 2 tasks (`--json` lists them)",
        "left out of the suite two: winomt (not installed)",
    ]


def test_a_line_for_each_suite_that_differs_from_its_paper(planned):
    told = [
        Deviation(suite="aya", task="mgsm", reason="0 examples for 5"),
        Deviation(suite="aya", task="AdvBench", reason="no licence"),
        Deviation(suite="tiny", task="piqa", reason="77 languages for 116"),
    ]
    assert planned(deviations=told) == [
        "aya differs from the paper in mgsm (0 examples for 5), AdvBench (no licence)",
        "tiny differs from the paper in piqa (77 languages for 116)",
    ]


def test_a_line_for_each_metric_with_its_reason(planned):
    codes = ("a_Latn", "b_Latn", "c_Latn", "d_Latn", "e_Latn", "f_Latn", "g_Latn", "h_Latn")
    (line,) = planned(
        [
            Omission(
                task="confusion",
                languages=codes,
                reason="it looks for Latin letters",
                metric="word_pass",
                suite="aya99",
            )
        ]
    )
    assert line == (
        "left out: word_pass of confusion in a_Latn, b_Latn, c_Latn, d_Latn, e_Latn, f_Latn and 2 more, "
        "because it looks for Latin letters"
    )


def test_flags_are_gathered_by_reason(planned):
    lines = planned(
        flags=[
            Flag("xlsum", "tha_Thai", "rouge_l", Level.DOUBTFUL, "characters"),
            Flag("xlsum", "lao_Laoo", "rouge_l", Level.DOUBTFUL, "characters"),
            Flag("xlsum", "jpn_Jpan", "rouge_l", Level.INADEQUATE, "words"),
        ]
    )
    assert lines == [
        "flagged as doubtful: rouge_l of xlsum in tha_Thai, lao_Laoo: characters",
        "flagged as inadequate: rouge_l of xlsum in jpn_Jpan: words",
    ]


def test_nothing_left_out_says_nothing(planned):
    assert planned() == []


def test_the_plan_of_a_suite_tells_people_and_programs(tmp_path, capsys):
    path = tmp_path / "smoke.yaml"
    tasks = "tasks: [{suite: smoke, languages: [hin_Deva, jpn_Jpan], limit: 2}]\n"
    path.write_text(f"name: smoke\nsystems: [{{name: a, model: dummy}}]\n{tasks}output: run\n")
    assert main(["plan", str(path)]) == 0
    said = capsys.readouterr().out
    assert "polyarena_mini" in said
    assert "cldr_names" in said
    assert main(["plan", str(path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["flags"] == []
    assert data["omissions"] == [
        {**each, "languages": list(each["languages"])} for each in map(_plain, plan(path).omissions)
    ]
    assert {(cell["task"], cell["language"], cell["items"]) for cell in data["cells"]} == {
        (task, code, 2) for task in ("polyarena_mini", "cldr_names") for code in ("hin_Deva", "jpn_Jpan")
    }


def _plain(omissions):
    return {name: getattr(omissions, name) for name in Omission.__slots__}
