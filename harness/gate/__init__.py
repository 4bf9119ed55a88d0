"""The gate on runs and reference files: reads them, checks that they can be compared, writes the answer.

The decision itself is :mod:`polyarena.reports.gate`, which knows no files. Called by ``polyarena gate`` and by the
pytest plugin. Nothing here asks a model.
"""

from polyarena.harness.gate.calibrate import Calibration, calibrate
from polyarena.harness.gate.check import check
from polyarena.harness.gate.gate_file import GateFile, load_gate_file
from polyarena.harness.gate.item_values import ItemValues, run_values
from polyarena.harness.gate.reference import read_reference, write_reference

__all__ = [
    "Calibration",
    "GateFile",
    "ItemValues",
    "calibrate",
    "check",
    "load_gate_file",
    "read_reference",
    "run_values",
    "write_reference",
]
