"""Which texts of items a site may carry."""

from __future__ import annotations

import re

from polyarena.harness.board.board_file import BoardFile
from polyarena.tasks.card import TaskCard

_FREE = re.compile(
    r"(?:apache-2\.0|mit|bsd-[23]-clause|bsd-3|isc|cc0-1\.0|cc-by(?:-sa)?-[1-4]\.0|odc-by(?:-1\.0)?|odbl-1\.0|pddl-1\.0|unlicense)"
)
"""Licences under which anybody may pass data on; those that forbid commerce or changes are not among them."""


def may_publish(card: TaskCard, board: BoardFile) -> str:
    """Return why the texts of a task are not published; empty if they are.

    Args:
        card: Of the task.
        board: May override the licence, but not the mark of harmful texts.

    Example:
        >>> from polyarena.tasks.registry import find_task
        >>> may_publish(find_task("multijail").card, BoardFile())
        'the task is marked as harmful'
    """
    if card.harmful:
        return "the task is marked as harmful"
    rule = board.texts.get(card.name)
    if rule == "withhold":
        return "the board withholds them"
    if rule == "publish" or is_free_licence(card.dataset.licence):
        return ""
    return f"the licence of the data set, {card.dataset.licence or 'unknown'}, is not known to allow it"


def is_free_licence(licence: str) -> bool:
    """Tell whether every part of an SPDX expression lets anybody pass data on."""
    plain = " ".join(licence.casefold().split()).replace("cc by-sa ", "cc-by-sa-").replace("cc by ", "cc-by-")
    parts = re.split(r" (?:and|or) |[()]", plain)
    named = [part.strip() for part in parts if part.strip()]
    return bool(named) and all(_FREE.fullmatch(part) for part in named)
