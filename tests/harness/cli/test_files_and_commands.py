"""A folder or a missing file where a file is expected, and printed commands that can be pasted."""

from __future__ import annotations

import pytest

from polyarena.harness.board import BoardSummary
from polyarena.harness.board.board_file import load_board_file
from polyarena.harness.cli.board_build import report
from polyarena.harness.executors.site import read_site
from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.starters import starter
from polyarena.harness.gate.gate_file import load_gate_file
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.tasks.errors import ExperimentError

READERS = [
    (load_experiment, "experiment"),
    (load_pipeline, "pipeline"),
    (load_gate_file, "gate"),
    (load_board_file, "board"),
    (read_site, "site"),
]


@pytest.mark.parametrize(("read", "kind"), READERS)
def test_a_folder_is_told_from_a_file_and_names_the_files_in_it(tmp_path, read, kind):
    with pytest.raises(ExperimentError, match=f"this is a folder, and the {kind} file is expected") as caught:
        read(tmp_path)
    assert caught.value.fix == f"name the {kind} file in it"
    (tmp_path / "mine.yaml").touch()
    with pytest.raises(ExperimentError) as caught:
        read(tmp_path)
    assert caught.value.fix == f"{tmp_path} has mine.yaml"
    with pytest.raises(ExperimentError, match=f"the {kind} file does not exist") as caught:
        read(tmp_path / "nowhere" / "main.yaml")
    assert caught.value.fix == f"check the path: {tmp_path / 'nowhere'} has no YAML file"
    assert "Errno" not in str(caught.value)


@pytest.mark.parametrize(("read", "kind"), READERS)
def test_a_missing_or_unreadable_file_says_what_to_do(tmp_path, read, kind):
    (tmp_path / "mine.yaml").write_bytes(b"\xff")
    with pytest.raises(ExperimentError, match=f"the {kind} file cannot be read") as caught:
        read(tmp_path / "mine.yaml")
    assert caught.value.fix == "save the file as UTF-8"
    with pytest.raises(ExperimentError, match=f"the {kind} file does not exist") as caught:
        read(tmp_path / "main.yaml")
    assert caught.value.fix == f"{tmp_path} has mine.yaml"


def test_printed_commands_quote_spaces(call, tmp_path):
    path = tmp_path / "my folder" / "it's.yaml"
    path.parent.mkdir()
    code, out, _ = call("init", path)
    assert code == 0
    assert f"""`polyarena plan '{tmp_path}/my folder/it'"'"'s.yaml'`""" in out
    assert """`polyarena plan 'it'"'"'s.yaml'`""" in path.read_text()
    path.with_name("results").mkdir()
    _, _, err = call("board", "add", path.with_name("results"), "-o", path.with_name("a site"))
    assert f"polyarena board build '{path.with_name('results')}' -o '{path.with_name('a site')}'" in err


def test_the_board_command_quotes_spaces(capsys, tmp_path):
    report(BoardSummary(tmp_path / "a site", 1, 1, 1, "exact", 0, 0, 1, 0, 0, ()), json=False)
    assert f"polyarena board serve '{tmp_path}/a site'" in capsys.readouterr().out


def test_a_starter_of_an_unprintable_name_stays_one_comment():
    assert "`polyarena plan a-b.yaml`" in starter("stored", "a\nb", "a\nb.yaml")
