"""From an experiment to the cells and games that it asks for, before anything is spent."""

from polyarena.harness.planning.effort import Effort, PlannedCell
from polyarena.harness.planning.games import PlannedGames
from polyarena.harness.planning.planner import Plan, plan

__all__ = ["Effort", "Plan", "PlannedCell", "PlannedGames", "plan"]
