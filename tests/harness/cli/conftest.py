"""Commands that run in this process, an experiment of toys, and runs of imported games."""

import json

import pytest

from polyarena.harness.cli import main
from polyarena.harness.importing import ImportOptions, import_verdicts

EXPERIMENT = """
name: toy
systems:
  - {name: one, model: toy, args: {voice: one}}
  - {name: two, model: toy, args: {voice: two}}
baseline: one
tasks: [toy_open, toy_choice]
judges: [{name: long, judge: toy_length}]
statistics: {rounds: 200}
"""


@pytest.fixture
def call(capsys):
    """Runs ``polyarena`` with these arguments; returns the exit code and what stands on stdout and stderr."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def file(tmp_path, toys):
    """An experiment of two toys, in a file."""
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture(scope="session")
def import_games():
    """Imports rows of games against ``base`` into a folder; returns the run folder, whose reports take 100 rounds."""

    def import_games(place, rows):
        path = place / "games.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        import_verdicts("polyarena", path, place / "run", ImportOptions(baseline="base"))
        lock = json.loads((place / "run" / "lock.json").read_text(encoding="utf-8"))
        lock["experiment"]["resolved"]["statistics"]["rounds"] = 100
        (place / "run" / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
        return place / "run"

    return import_games
