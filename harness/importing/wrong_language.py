"""Marks imported games whose answers are in the wrong language, where the file contains the answers."""

from __future__ import annotations

from dataclasses import replace

from polyarena.harness.importing.result import ImportResult
from polyarena.judges.language_gate import wrong_language
from polyarena.judges.protocol import Answer, Match
from polyarena.judges.records import Game


def mark_wrong_language(result: ImportResult) -> list[Game]:
    """Return the games, each marked where both answers are there; marks that the file has are kept."""
    return [_mark(result, game) for game in result.games]


def _mark(result: ImportResult, game: Game) -> Game:
    answers = []
    for system in (game.system_a, game.system_b):
        completion = result.completions.get((system, game.language, game.item_id, game.repeat))
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
