"""Imports verdicts and results of other tools into a run folder, so that every report works on them."""

from polyarena.harness.importing.formats import FORMATS, find_format
from polyarena.harness.importing.importer import ImportSummary, import_verdicts
from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.score_importer import ScoreImportSummary, import_scores
from polyarena.harness.lock import UnmappedField

__all__ = [
    "FORMATS",
    "ImportOptions",
    "ImportResult",
    "ImportSummary",
    "ScoreImportSummary",
    "UnmappedField",
    "find_format",
    "import_scores",
    "import_verdicts",
]
