"""An experiment of toys; most tests of its runs look at results and need no report."""

import pytest

from polyarena.harness import plan, run
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.running.open_cell import CellContext
from polyarena.tasks.data import DataSource


@pytest.fixture
def systems():
    """Two toys; the first one is the baseline."""
    return [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")]


@pytest.fixture
def experiment(systems):
    """Returns the experiment of the toys, with these changes."""

    def experiment(**changes):
        return {
            "name": "toy",
            "systems": systems,
            "baseline": "one",
            "tasks": ["toy_open", "toy_choice"],
            "judges": [{"name": "long", "judge": "toy_length"}],
            "statistics": {"rounds": 200},
            **changes,
        }

    return experiment


@pytest.fixture
def go(experiment, tmp_path, toys):
    """Runs the experiment with these changes; in one test, always the same run folder unless another is named."""

    def go(folder="run", *, report=False, **changes):
        return run(plan(experiment(**changes), output=tmp_path / folder), report=report)

    return go


@pytest.fixture
def context(planned):
    """What the cells of the plan ``planned`` need to be opened."""
    return CellContext(
        {system.spec.name: system for system in planned.systems},
        {task.spec.task: task for task in planned.tasks},
        DataSource(planned.data_root),
        planned.folder,
        ModelContext(),
    )
