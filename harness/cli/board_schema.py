"""``polyarena board schema``."""

from __future__ import annotations


def command() -> int:
    """Print the JSON Schema of the board file."""
    from polyarena.harness.board.board_file import BoardFile
    from polyarena.harness.cli.output import print_json

    print_json(BoardFile.model_json_schema())
    return 0
