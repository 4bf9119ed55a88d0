"""Leaderboards as folders: reads runs and a board file, writes a static site, adds runs to it later, serves it.

What the site shows is made by :mod:`polyarena.reports.board`, which knows no files. Called by ``polyarena board``.
Nothing here asks a model.
"""

from polyarena.harness.board.board_file import BoardFile, load_board_file
from polyarena.harness.board.build import BoardSummary, add_run, build_board
from polyarena.harness.board.contribution import Contribution, check_run

__all__ = ["BoardFile", "BoardSummary", "Contribution", "add_run", "build_board", "check_run", "load_board_file"]
