"""Estimates with intervals that respect parallel prompts.

The unit is the item, never the game: orders, repeats and samples are averaged first. What is resampled is the
``source_id``, the same resample for all languages, systems, judges and metrics of a task, because translated prompts
are parallel and comparisons are paired.

:func:`win_rates` and :func:`mean_scores` work on data frames; the functions on arrays are in
:mod:`polyarena.reports.stats.resampling` and :mod:`polyarena.reports.stats.intervals`.
"""

from polyarena.reports.stats.categories import category_scores
from polyarena.reports.stats.comparison import compare
from polyarena.reports.stats.cycles import cycles, pairwise_matrix
from polyarena.reports.stats.equivalence import Equivalence, NonInferiority, equivalence, non_inferiority
from polyarena.reports.stats.groupings import custom_groups, facet_groups, tier_groups
from polyarena.reports.stats.human_correction import correct_by_humans
from polyarena.reports.stats.intervals import Interval, interval, percentile_interval, wilson_interval
from polyarena.reports.stats.language_equity import equity
from polyarena.reports.stats.mean_scores import mean_scores
from polyarena.reports.stats.multiplicity import adjust
from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.stats.pass_rates import pass_rates
from polyarena.reports.stats.pooling import partial_pooling, pooled_estimates
from polyarena.reports.stats.randomisation import mcnemar_test, sign_flip_test
from polyarena.reports.stats.ranking import rank
from polyarena.reports.stats.resampling import bootstrap_means, resample_weights
from polyarena.reports.stats.sequential import confidence_sequence, stop_early
from polyarena.reports.stats.simultaneous import simultaneous_bands
from polyarena.reports.stats.statistical_power import Design, minimal_detectable_effect, power
from polyarena.reports.stats.style import style_control
from polyarena.reports.stats.suites import suite_averages
from polyarena.reports.stats.table import estimates_frame, estimates_table
from polyarena.reports.stats.text_style import style_features
from polyarena.reports.stats.variance_components import judge_noise
from polyarena.reports.stats.weighted_verdicts import weighted_win_rates
from polyarena.reports.stats.win_rates import win_rates

__all__ = [
    "Design",
    "Equivalence",
    "Interval",
    "NonInferiority",
    "Outcome",
    "adjust",
    "bootstrap_means",
    "category_scores",
    "compare",
    "confidence_sequence",
    "correct_by_humans",
    "custom_groups",
    "cycles",
    "equity",
    "equivalence",
    "estimates_frame",
    "estimates_table",
    "facet_groups",
    "interval",
    "judge_noise",
    "mcnemar_test",
    "mean_scores",
    "minimal_detectable_effect",
    "non_inferiority",
    "outcome",
    "pairwise_matrix",
    "partial_pooling",
    "pass_rates",
    "percentile_interval",
    "pooled_estimates",
    "power",
    "rank",
    "resample_weights",
    "sign_flip_test",
    "simultaneous_bands",
    "stop_early",
    "style_control",
    "style_features",
    "suite_averages",
    "tier_groups",
    "weighted_win_rates",
    "wilson_interval",
    "win_rates",
]
