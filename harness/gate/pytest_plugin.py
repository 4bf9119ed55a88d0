"""A pytest plugin that runs the gate as a test.

.. code-block:: python

    import pytest

    @pytest.mark.polyarena_gate(baseline="gate-baseline.parquet", candidate="runs/pr", config="gate.yaml")
    def test_no_language_regressed(polyarena_gate):
        assert polyarena_gate.outcome == "passed", polyarena_gate.headline

The fixture is a :class:`polyarena.reports.gate.result.GateResult`. A test that has the marker and does not ask for the
fixture fails by itself where the gate fails: with the headline and the worst checks, and without a traceback. Nothing
of the project is imported until a marked test runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from polyarena.reports.gate.result import GateResult

MARKER = "polyarena_gate"
_WORST = 10


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(baseline, candidate, config=None, system=None, baseline_system=None, strict=False): check a run "
        "against a baseline with polyarena's gate",
    )


@pytest.fixture
def polyarena_gate(request: pytest.FixtureRequest) -> GateResult:
    """The gate's answer for the arguments of the marker ``polyarena_gate``; paths start from pytest's root folder."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        raise pytest.UsageError(f"the fixture {MARKER} needs the marker @pytest.mark.{MARKER}(baseline=, candidate=)")
    return _checked(marker, request.config.rootpath)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Fail a marked test that leaves the decision to the gate."""
    outcome = yield
    marker = item.get_closest_marker(MARKER)
    if marker is not None and MARKER not in getattr(item, "fixturenames", ()):
        _refuse(_checked(marker, item.config.rootpath))
    return outcome


def _checked(marker: pytest.Mark, root: Path) -> GateResult:
    from polyarena.harness.gate.check import check
    from polyarena.harness.gate.gate_file import load_gate_file
    from polyarena.tasks.errors import PolyarenaError

    known = {"baseline", "candidate", "config", "system", "baseline_system", "strict"}
    given = dict(marker.kwargs)
    if marker.args or not {"baseline", "candidate"} <= set(given) or not set(given) <= known:
        raise pytest.UsageError(f"@pytest.mark.{MARKER} takes baseline=, candidate= and optionally {', '.join(known)}")
    try:
        gate = load_gate_file(root / given["config"] if given.get("config") else None)
        if given.get("strict"):
            gate = gate.model_copy(update={"on_inconclusive": "fail"})
        return check(
            root / given["baseline"],
            root / given["candidate"],
            gate,
            system=given.get("system"),
            baseline_system=given.get("baseline_system"),
        )
    except PolyarenaError as error:
        pytest.fail(str(error), pytrace=False)


def _refuse(result: GateResult) -> None:
    from polyarena.reports.gate.result import Outcome, name_of, span_of

    if result.outcome is not Outcome.PASSED:
        worst = [f"  {name_of(each)}: {each.status}, {span_of(each)}" for each in result.failed[:_WORST]]
        pytest.fail("\n".join([f"{result.outcome.value}: {result.headline}", *worst]), pytrace=False)
