"""The leaderboard as a static site: what it says, what it ships to the browser, and the page itself.

Pure: tables in, files as bytes out. :mod:`polyarena.harness.board` reads runs and writes the files. The statistics are
there twice, in Python (:mod:`polyarena.reports.board.standings`) for the first view and in JavaScript
(``site/statistics.js``) for every filter; tests hold both to the same numbers.
"""

from polyarena.reports.board.model import (
    Board,
    BoardLanguage,
    BoardSettings,
    CellTable,
    Column,
    ItemTable,
    PublishedValue,
    SystemInfo,
)
from polyarena.reports.board.site_files import site_files
from polyarena.reports.board.standings import Average, Standings, standings

__all__ = [
    "Average",
    "Board",
    "BoardLanguage",
    "BoardSettings",
    "CellTable",
    "Column",
    "ItemTable",
    "PublishedValue",
    "Standings",
    "SystemInfo",
    "site_files",
    "standings",
]
