"""Writes results, figures, tables and the page from the shards of a run folder."""

from polyarena.harness.reporting.files import Files
from polyarena.harness.reporting.write import write_report

__all__ = ["Files", "write_report"]
