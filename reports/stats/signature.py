"""The settings that change a number."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.summary import Settings, Summary
from polyarena.tasks.signature import Signature


class EstimateKey(NamedTuple):
    """What an estimate is about; fields as in :class:`polyarena.reports.records.Estimate`."""

    task: str
    metric: str
    system: str
    baseline: str | None
    level: str
    group: str


CellsDigest = Callable[[EstimateKey], str]
"""A digest of all that the answers behind an estimate depend on; added to its signature as ``cells``."""


def estimate_signature(
    prefix: Signature, group: Group, summary: Summary, settings: Settings, cells: str | None = None
) -> str:
    """Return the signature of one estimate, in the manner of sacrebleu.

    Args:
        prefix: What the caller knows: task and version, revision, judge, template, orders, ties, metric.
        group: What was averaged.
        summary: The estimate.
        settings: Of the bootstrap.
        cells: Digest of all that the answers depend on, if it is known.

    Returns:
        ``prefix`` followed by ``n``, the languages averaged (for groups), ``B`` (rounds), ``seed``, ``ci``, ``cells``
        and the version of polyarena, such as ``...|n:500|B:10000|seed:0|ci:percentile95|polyarena:0.1.0``.
    """
    own: dict[str, object] = {} if group.level == "language" else {group.level: summary.n_languages}
    own["n"] = summary.n
    if summary.interval.method != "none":
        drawn = {"B": settings.rounds, "seed": settings.seed} if summary.interval.method != "seeds" else {}
        own |= {**drawn, "ci": f"{summary.interval.method}{settings.confidence * 100:g}"}
    if cells is not None:
        own["cells"] = cells
    return str(Signature({"settings": prefix, **own, "polyarena": own_version()}))


def task_signature(task: str, judge: str) -> Signature:
    """Return the signature of battles of which no more is known."""
    return Signature({"task": task, "judge": judge})


@cache
def own_version() -> str:
    """Return polyarena's version; looked up once, for reading the package's metadata takes longer than an estimate."""
    return version("polyarena")
