"""Votes of people as games: who voted is kept in ``raw``, so that agreement among people can be measured."""

from __future__ import annotations

from polyarena.judges.records import Game

ANONYMOUS = "unnamed"
"""Stands for a voter that the file does not name."""
_MARK = "vote of "


def vote_text(voter: str) -> str:
    """Return the ``raw`` of a vote."""
    return _MARK + voter


def voter_of(game: Game) -> str | None:
    """Return who voted; ``None`` if nobody is named or the game is no vote."""
    named = game.raw.startswith(_MARK)
    voter = game.raw.removeprefix(_MARK)
    return voter if named and voter != ANONYMOUS else None
