"""Audits the judges of a run folder: cards, agreement with people, panels, preference data."""

from polyarena.harness.auditing.agreement import corrected_win_rates, run_agreement, run_panel
from polyarena.harness.auditing.cards import run_cards, write_cards
from polyarena.harness.auditing.judges import GameChoice
from polyarena.harness.auditing.preferences import measure_preferences, read_preferences

__all__ = [
    "GameChoice",
    "corrected_win_rates",
    "measure_preferences",
    "read_preferences",
    "run_agreement",
    "run_cards",
    "run_panel",
    "write_cards",
]
