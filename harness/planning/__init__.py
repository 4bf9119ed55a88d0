"""Planning: the cells and games of an experiment, what is stored already, and what the rest costs."""

from polyarena.harness.planning.cells import PlannedCell
from polyarena.harness.planning.cost import CostEstimate
from polyarena.harness.planning.games import PlannedGames
from polyarena.harness.planning.plan import Plan, plan

__all__ = ["CostEstimate", "Plan", "PlannedCell", "PlannedGames", "plan"]
