"""From an experiment to the cells and games that it asks for, before anything is spent."""

from polyarena.harness.planning.cells import PlannedCell
from polyarena.harness.planning.cost import CostEstimate
from polyarena.harness.planning.games import PlannedGames
from polyarena.harness.planning.plan import Plan, plan

__all__ = ["CostEstimate", "Plan", "PlannedCell", "PlannedGames", "plan"]
