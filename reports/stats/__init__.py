"""Estimates with intervals that respect parallel prompts.

The unit is the item, never the game: orders, repeats and samples are averaged first. What is resampled is the
``source_id``, the same resample for all languages, systems, judges and metrics of a task, because translated prompts
are parallel and comparisons are paired.

:func:`win_rates` and :func:`mean_scores` work on data frames; the functions on arrays are in
:mod:`polyarena.reports.stats.resampling` and :mod:`polyarena.reports.stats.intervals`.
"""

from polyarena.reports.stats.groupings import tier_groups
from polyarena.reports.stats.intervals import Interval, interval, percentile_interval, wilson_interval
from polyarena.reports.stats.mean_scores import mean_scores
from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.stats.resampling import bootstrap_means, resample_weights
from polyarena.reports.stats.table import estimates_frame, estimates_table
from polyarena.reports.stats.win_rates import win_rates

__all__ = [
    "Interval",
    "Outcome",
    "bootstrap_means",
    "estimates_frame",
    "estimates_table",
    "interval",
    "mean_scores",
    "outcome",
    "percentile_interval",
    "resample_weights",
    "tier_groups",
    "wilson_interval",
    "win_rates",
]
