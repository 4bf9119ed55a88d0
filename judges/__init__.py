"""Who decides: matches of two answers, the judges that decide them, and what their verdicts are worth."""

from polyarena.judges.collapse import SCORES, collapse, mean_over_games
from polyarena.judges.pairwise import Pairing, Pairings, games, pairings
from polyarena.judges.protocol import (
    Answer,
    Ask,
    Call,
    Judge,
    JudgeFactory,
    Match,
    Message,
    Reply,
    Verdict,
    message_text,
)
from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA, Battle, Game, Label
from polyarena.judges.registry import find_judge, judge_plugins

__all__ = [
    "BATTLE_SCHEMA",
    "GAME_SCHEMA",
    "SCORES",
    "Answer",
    "Ask",
    "Battle",
    "Call",
    "Game",
    "Judge",
    "JudgeFactory",
    "Label",
    "Match",
    "Message",
    "Pairing",
    "Pairings",
    "Reply",
    "Verdict",
    "collapse",
    "find_judge",
    "games",
    "judge_plugins",
    "mean_over_games",
    "message_text",
    "pairings",
]
