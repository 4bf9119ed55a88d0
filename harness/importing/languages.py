"""Imported games whose answers came along are marked as ours are: which answers are in another language."""

from __future__ import annotations

from dataclasses import replace

from polyarena.harness.importing.found import Found
from polyarena.judges.language_gate import wrong_language
from polyarena.judges.protocol import Answer, Match
from polyarena.judges.records import Game


def marked(found: Found) -> list[Game]:
    """Return the games, each marked where both answers are there; marks that the file has are kept."""
    return [_marked(found, game) for game in found.games]


def _marked(found: Found, game: Game) -> Game:
    answers = []
    for system in (game.system_a, game.system_b):
        completion = found.completions.get((system, game.language, game.item_id, game.repeat))
        if completion is None or game.wrong_language is not None:
            return game
        answers.append(
            Answer(
                completion.text or "",
                identified_language=completion.identified_language,
                identified_probability=completion.identified_probability,
                identified_script=completion.identified_script,
            )
        )
    return replace(game, wrong_language=wrong_language(Match(game.language, "", answers[0], answers[1])))
