"""Charts over languages, with every script drawn in its own letters.

:func:`forest` shows win rates, :func:`accuracy` scores, :func:`charts` all that a table of estimates holds;
:func:`render` turns a figure into bytes. Importing this package imports matplotlib.
"""

from polyarena.reports.figures.accuracy import accuracy
from polyarena.reports.figures.charts import Chart, charts
from polyarena.reports.figures.fonts import MissingGlyphError, add_fonts
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.render import FORMATS, Format, render

__all__ = ["FORMATS", "Chart", "Format", "MissingGlyphError", "accuracy", "add_fonts", "charts", "forest", "render"]
