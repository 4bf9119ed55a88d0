"""A command that is given a file of another kind says which kind it is, and which command reads it."""

import pytest
from every_case import every_case

from polyarena.harness.board.board_file import load_board_file
from polyarena.harness.experiment import load_experiment
from polyarena.harness.gate.gate_file import load_gate_file
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.tasks.errors import ExperimentError

FILES = {
    "experiment": "name: x\nsystems: [{name: a, model: dummy}]\nbaseline: a\ntasks: [polyarena_mini]\n",
    "pipeline": "name: x\nhardware: {device: cpu}\nstages: [{name: base, type: base}]\n",
    "gate": "alpha: 0.05\nfloor: 2\n",
    "board": "title: x\npublished: [a.csv]\n",
}
LOADERS = {
    "experiment": load_experiment,
    "pipeline": load_pipeline,
    "gate": load_gate_file,
    "board": load_board_file,
}
COMMANDS = {
    "experiment": "polyarena run",
    "pipeline": "polyarena train",
    "gate": "gate check --config",
    "board": "board build --config",
}


@every_case(("given", "expected"), [(one, other) for one in FILES for other in FILES if one != other])
def test_a_file_of_another_kind_is_called_what_it_is(tmp_path, given, expected):
    path = tmp_path / "given.yaml"
    path.write_text(FILES[given], encoding="utf-8")
    with pytest.raises(ExperimentError) as caught:
        LOADERS[expected](path)
    article = "an" if given == "experiment" else "a"
    assert f"this is {article} {given} file, and a" in caught.value.what
    assert str(path) in str(caught.value)
    assert COMMANDS[given] in caught.value.fix
    assert "unknown key" not in str(caught.value)
