"""Charts over languages, with every script drawn in its own letters.

:func:`forest` shows win rates, :func:`accuracy` scores, :func:`charts` all that a table of estimates holds;
:func:`render` turns a figure into bytes. Importing this package imports matplotlib.
"""

from polyarena.reports.figures.accuracy import accuracy
from polyarena.reports.figures.chart_frame import missing_languages
from polyarena.reports.figures.charts import Chart, charts
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.render import FORMATS, Format, render

__all__ = ["FORMATS", "Chart", "Format", "accuracy", "charts", "forest", "missing_languages", "render"]
