"""The gate: whether a new system is worse than an old one, in which language, and which drops the data can detect.

Pure: values in, verdicts out. :mod:`polyarena.harness.gate` reads runs and reference files, checks that they can be
compared, and writes what :mod:`polyarena.reports.gate.markdown`, :mod:`polyarena.reports.gate.document` and
:mod:`polyarena.reports.gate.junit` make of the verdicts. Nothing here reads a file.
"""

from polyarena.reports.gate.decision import Decision, decide
from polyarena.reports.gate.pairs import ItemDifferences, pair_items
from polyarena.reports.gate.settings import Action, GateSettings, Level
from polyarena.reports.gate.verdict import Status, Verdict

__all__ = [
    "Action",
    "Decision",
    "GateSettings",
    "ItemDifferences",
    "Level",
    "Status",
    "Verdict",
    "decide",
    "pair_items",
]
