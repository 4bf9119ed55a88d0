r"""One number over several prompt templates of a task: the median, or the mean, of what the templates give.

With the mean :math:`\bar y_{tl}` of template t in language l, the estimate of a language is the median (or mean) over
t, and that of several languages is the mean of these. Aya 101 was reported as the median over five prompts of each
language (Üstün et al. 2024, arXiv 2402.07827, footnotes 19 and 21). The templates ask the same items, so an item counts
once, and a bootstrap round draws the items for all templates at once and takes the median within the round.

The median is no smooth function of the means. Its influence is the templates' influences averaged with the shares of
rounds in which each template was the middle one (the infinitesimal jackknife of a bagged estimate: Efron 2014,
"Estimation and accuracy after model selection", section 4), scaled to the variance over rounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.groupings import Groupings
from polyarena.reports.stats.mean_scores import mean_scores, metric_signature, score_columns, score_estimates
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.seed_groups import SeedGroups
from polyarena.reports.stats.signature import CellsDigest
from polyarena.reports.stats.summary import BATCH_BYTES, Estimator, Settings
from polyarena.reports.stats.table import estimates_frame
from polyarena.reports.template_names import over_templates
from polyarena.tasks.signature import Signature

Statistic = Literal["median", "mean"]
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)

_SERIES = ("metric", "system", "template")
_ITEM = ["metric", "system", "language", "item_id"]
_ROW = ["system", "level", "group", "metric"]


@dataclass(frozen=True)
class TemplateEstimator:
    """Estimates over templates, one a column; clusters and columns as in ``Clustered``, without the template.

    Attributes:
        clusters: The n ``source_id``, sorted.
        labels: Shape (n,); which clusters are resampled together.
        columns: (series, language) of the k columns, sorted.
        counts: Shape (n, k); items, however many templates ask them.
        bounded: Shape (k,); whether all values of a column lie in [0, 1].
        values: Shape (k,).
        influences: Shape (n, k).
        drawn: Shape (k, rounds): the estimate in every bootstrap round.
    """

    clusters: tuple[str, ...]
    labels: Integers
    columns: tuple[tuple[Series, str], ...]
    counts: Floats
    bounded: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    values: Floats
    influences: Floats
    drawn: Floats

    def value(self, column: int) -> float:
        """Return the estimate of a column."""
        return float(self.values[column])

    def influence(self, column: int) -> Floats:
        """Return the influence of each cluster on it; shape (n,)."""
        influence: Floats = self.influences[:, column]
        return influence

    def replicates(self, columns: Sequence[int], *, rounds: int, seed: int) -> Floats:  # noqa: ARG002
        """Return the estimate of the columns in every round, as many and as seeded as they were drawn."""
        drawn: Floats = self.drawn[list(columns), :rounds]
        return drawn


def template_columns(data: Estimator, statistic: Statistic, settings: Settings) -> TemplateEstimator:
    """Join the columns that differ in their template alone.

    Args:
        data: Series end in the template; each series has the same templates in all of its languages.
        statistic: What is taken over templates.
        settings: Of the bootstrap.
    """
    places: dict[tuple[Series, str], list[int]] = {}
    for place, (series, language) in enumerate(data.columns):
        places.setdefault((series[:-1], language), []).append(place)
    columns = tuple(sorted(places))
    many = len(places[columns[0]])
    parts = np.array([places[column] for column in columns])
    drawn = np.empty((len(columns), settings.rounds))
    influences = np.zeros((len(data.clusters), len(columns)))
    step = max(1, BATCH_BYTES // (8 * many * settings.rounds))
    for start in range(0, len(columns), step):
        batch = parts[start : start + step]
        rounds = data.replicates(batch.ravel().tolist(), rounds=settings.rounds, seed=settings.seed)
        for i, means in enumerate(rounds.reshape(len(batch), many, settings.rounds), start):
            drawn[i] = _over(means, statistic)
            shares = np.full(many, 1 / many) if statistic == "mean" else _middle_shares(means)
            for place, share in zip(parts[i], shares, strict=True):
                influences[:, i] += share * data.influence(int(place))
            squares = math.fsum(u * u for u in influences[:, i].tolist())
            if statistic == "median" and squares > 0:
                influences[:, i] *= math.sqrt(float(drawn[i].var()) / squares)
    values = np.array([[data.value(int(place)) for place in row] for row in parts])
    return TemplateEstimator(
        clusters=data.clusters,
        labels=data.labels,
        columns=columns,
        counts=data.counts[:, parts[:, 0]],
        bounded=data.bounded[parts].all(axis=1),
        values=_over(values.T, statistic),
        influences=influences,
        drawn=drawn,
    )


def template_scores(
    scores: pd.DataFrame,
    families: Mapping[str, tuple[str, str]],
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    groupings: Groupings | None = None,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
    cells: CellsDigest | None = None,
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    """Estimate the median and the mean over the prompt templates of each task that was asked with two or more.

    Only items that a system answered in all templates count, so that the templates differ in nothing else.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`, in any order; :func:`mean_scores` has checked them.
        families: The family and the template of each task that is a template of a family, by task:
            ``{"xnli.claim": ("xnli", "claim")}``.
        confidence: Nominal and two-sided.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        groupings: As in :func:`mean_scores`.
        signatures: By (family, metric): as in :func:`mean_scores`; the templates are added.
        cells: Digest of all that the answers behind an estimate depend on, for its signature.
        seeds: Groups of seeds, as in :func:`mean_scores`.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate`, whose task is the family and whose metric is such as
        ``acc (median of 5 templates)``; ``lowest`` and ``highest`` are the least and the greatest of the templates' own
        estimates. Empty without such a family.

    Raises:
        DataError: As :func:`mean_scores` raises it.
    """
    settings = Settings(confidence, rounds, seed)
    found = []
    known = scores.assign(family=[families.get(str(task), ("", ""))[0] for task in scores["task"]])
    for family, rows in known[known["family"] != ""].groupby("family", sort=True):
        asked = rows.assign(template=[families[str(task)][1] for task in rows["task"]], task=family)
        templates = sorted(asked["template"].unique())
        if len(templates) < 2:
            continue
        whole = asked[asked.groupby(_ITEM)["template"].transform("nunique") == len(templates)]
        if whole.empty:
            continue
        spread = _spread(whole, groupings, seeds)
        for statistic in STATISTICS:
            prefixes = _prefixes(whole, str(family), signatures or {}, {statistic: "+".join(templates)})
            frame = score_estimates(
                whole,
                lambda part, how=statistic: _parts(part, how, settings),  # type: ignore[misc]
                settings=settings,
                groupings=groupings,
                signatures=prefixes,
                cells=cells and _over_templates(cells, statistic, len(templates)),
                seeds=seeds,
            )
            frame = frame.drop(columns=["lowest", "highest"]).merge(spread, on=_ROW, how="left", validate="1:1")
            names = [over_templates(str(metric), statistic, len(templates)) for metric in frame["metric"]]
            found.append(frame.assign(metric=names))
    return pd.concat(found, ignore_index=True) if found else estimates_frame([])


def _parts(rows: pd.DataFrame, statistic: Statistic, settings: Settings) -> list[Estimator]:
    return [template_columns(part, statistic, settings) for part in score_columns(rows, _SERIES)]


def _spread(rows: pd.DataFrame, groupings: Groupings | None, seeds: SeedGroups | None) -> pd.DataFrame:
    """Return the least and the greatest value of a single template, by row of the estimates."""
    alone = [
        # Only the values count here; they do not depend on rounds.
        mean_scores(part.drop(columns=["template", "family"]), rounds=2, groupings=groupings, seeds=seeds)
        for _, part in rows.groupby("template", sort=True)
    ]
    values = pd.concat(alone).groupby(_ROW, sort=True)["value"]
    return values.agg(lowest="min", highest="max").reset_index()


def _prefixes(
    rows: pd.DataFrame, family: str, given: Mapping[tuple[str, str], Signature], templates: Mapping[str, str]
) -> dict[tuple[str, str], Signature]:
    own = rows.groupby("metric", sort=True)["signature"].unique()
    return {
        (family, str(metric)): Signature(
            {"settings": given.get((family, str(metric))) or metric_signature(said), **templates}
        )
        for metric, said in own.items()
    }


def _over_templates(cells: CellsDigest, statistic: str, many: int) -> CellsDigest:
    """Return what asks for the digest of the cells of all templates of a family."""
    return lambda key: cells(key._replace(metric=over_templates(key.metric, statistic, many)))


def _over(means: Floats, statistic: Statistic) -> Floats:
    """Return the median or mean over the first axis."""
    return np.asarray(np.median(means, axis=0) if statistic == "median" else np.mean(means, axis=0), dtype=np.float64)


def _middle_shares(means: Floats) -> Floats:
    """Return the share of rounds in which each template is the middle one: (templates, rounds) to (templates,).

    With an even number of templates the two middle ones share a round.
    """
    many = len(means)
    order = np.argsort(means, axis=0, kind="stable")[[(many - 1) // 2, many // 2]]
    return np.bincount(order.ravel(), minlength=many) / order.size
