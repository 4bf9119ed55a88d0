"""Results of a run in the formats of other tools and sites, as files by name; nothing here asks a model.

:func:`polyarena.harness.exporting.write.export_run` writes them. What :mod:`polyarena.harness.importing` reads again
keeps its estimates.
"""

from polyarena.harness.exporting.write import EXPORTS, ExportSummary, export_run

__all__ = ["EXPORTS", "ExportSummary", "export_run"]
