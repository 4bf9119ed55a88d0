"""Verdicts that others gathered, brought into a run folder so that every report works on them."""

from polyarena.harness.importing.formats import FORMATS, find_format
from polyarena.harness.importing.found import Found, ImportOptions, Leftover
from polyarena.harness.importing.importing import Imported, import_verdicts

__all__ = ["FORMATS", "Found", "ImportOptions", "Imported", "Leftover", "find_format", "import_verdicts"]
