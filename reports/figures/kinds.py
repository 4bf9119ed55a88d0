"""The figures by name: what each answers, and the function that draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyarena.reports.figures.agreement_chart import COLUMNS as AGREEMENT
from polyarena.reports.figures.agreement_chart import agreement_chart
from polyarena.reports.figures.cost_chart import COLUMNS as COST
from polyarena.reports.figures.cost_chart import cost_chart
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.forest import COLUMNS as FOREST
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.heat_map import COLUMNS as HEAT_MAP
from polyarena.reports.figures.heat_map import heat_map
from polyarena.reports.figures.judge_bias import COLUMNS as BIAS
from polyarena.reports.figures.judge_bias import judge_bias
from polyarena.reports.figures.power_curve import COLUMNS as POWER
from polyarena.reports.figures.power_curve import power_curve
from polyarena.reports.figures.ranks import COLUMNS as RANKS
from polyarena.reports.figures.ranks import ranks
from polyarena.reports.figures.resource_chart import COLUMNS as RESOURCE
from polyarena.reports.figures.resource_chart import resource_chart
from polyarena.reports.figures.score_chart import COLUMNS as SCORES
from polyarena.reports.figures.score_chart import score_chart
from polyarena.reports.figures.sensitivity import COLUMNS as SENSITIVITY
from polyarena.reports.figures.sensitivity import sensitivity
from polyarena.reports.figures.step_chart import COLUMNS as STEPS
from polyarena.reports.figures.step_chart import step_chart
from polyarena.reports.figures.win_matrix import win_matrix
from polyarena.reports.figures.win_tie_loss import COLUMNS as WIN_TIE_LOSS
from polyarena.reports.figures.win_tie_loss import win_tie_loss

MATRIX = ("system", "against", "win_rate")


@dataclass(frozen=True, slots=True)
class FigureKind:
    """One kind of figure.

    Attributes:
        draw: The function.
        question: That it answers.
        columns: That its data frame needs.
    """

    draw: Callable[..., Drawing]
    question: str
    columns: tuple[str, ...]


KINDS: Mapping[str, FigureKind] = MappingProxyType(
    {
        "win-tie-loss": FigureKind(win_tie_loss, "Where does a system beat its baseline, and how often is it a tie?",
                                   WIN_TIE_LOSS),
        "forest": FigureKind(forest, "In which languages is the difference real?", FOREST),
        "scores": FigureKind(score_chart, "How do systems score in each language?", SCORES),
        "heat-map": FigureKind(heat_map, "Which cells of systems by languages are weak?", HEAT_MAP),
        "steps": FigureKind(step_chart, "What does each stage of training add?", STEPS),
        "resource": FigureKind(resource_chart, "Are languages with fewer resources left behind?", RESOURCE),
        "ranks": FigureKind(ranks, "Which systems can be told apart?", RANKS),
        "matrix": FigureKind(win_matrix, "Who beats whom, and is one ranking honest?", MATRIX),
        "agreement": FigureKind(agreement_chart, "Does the judge agree with people as people do?", AGREEMENT),
        "bias": FigureKind(judge_bias, "What does the judge favour besides quality?", BIAS),
        "cost": FigureKind(cost_chart, "What does a point cost?", COST),
        "sensitivity": FigureKind(sensitivity, "Does the result hang on one judge or language?", SENSITIVITY),
        "power": FigureKind(power_curve, "Which differences can so many items detect?", POWER),
    }
)  # fmt: skip
"""By the name on the command line."""
