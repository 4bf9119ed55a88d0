"""Who decides: matches of two answers, the judges that decide them, and what their verdicts are worth."""

from polyarena.judges.collapse import SCORES, collapse, mean_over_games
from polyarena.judges.pairwise import Pairing, Pairings, games, pairings
from polyarena.judges.protocol import (
    Answer,
    Ask,
    Assessment,
    Call,
    Judge,
    JudgeFactory,
    Match,
    Message,
    Reply,
    Verdict,
    message_text,
)
from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA, RATING_SCHEMA, Battle, Game, Label, Rating, Scale
from polyarena.judges.registry import find_judge, judge_plugins

__all__ = [
    "BATTLE_SCHEMA",
    "GAME_SCHEMA",
    "RATING_SCHEMA",
    "SCORES",
    "Answer",
    "Ask",
    "Assessment",
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
    "Rating",
    "Reply",
    "Scale",
    "Verdict",
    "collapse",
    "find_judge",
    "games",
    "judge_plugins",
    "mean_over_games",
    "message_text",
    "pairings",
]
