"""How polyarena runs; the Python API mirrors the commands.

>>> from polyarena.harness import plan, run          # doctest: +SKIP
>>> finished = run(plan("examples/quickstart.yaml"))  # doctest: +SKIP
>>> finished.estimates().query("level == 'macro'")    # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyarena.harness.experiment import Experiment, load_experiment
    from polyarena.harness.planning import Plan, plan
    from polyarena.harness.reporting import write_report
    from polyarena.harness.results import RunRecords, open_run
    from polyarena.harness.running.runner import Run, run

_WHERE = {
    "Experiment": "experiment",
    "load_experiment": "experiment",
    "Plan": "planning",
    "plan": "planning",
    "Run": "running.runner",
    "run": "running.runner",
    "RunRecords": "results",
    "open_run": "results",
    "write_report": "reporting",
}

__all__ = ["Experiment", "Plan", "Run", "RunRecords", "load_experiment", "open_run", "plan", "run", "write_report"]


def __getattr__(name: str) -> Any:
    # Lazy, so that the command line starts without the libraries that only a run needs.
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
