"""The settings that change a number, in one line."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.summary import Settings, Summary


def signature(prefix: str, group: Group, summary: Summary, settings: Settings) -> str:
    """Return the signature of one estimate, in the manner of sacrebleu.

    Args:
        prefix: What the caller knows: task and version, revision, judge, template, orders, ties, metric.
        group: What was averaged.
        summary: The estimate.
        settings: Of the bootstrap.

    Returns:
        ``prefix`` followed by ``n``, the languages averaged (for groups), ``B`` (rounds), ``seed``, ``ci`` and the
        version of polyarena, such as ``...|n:500|B:10000|seed:0|ci:percentile95|polyarena:0.1.0``.
    """
    parts = [prefix] if prefix else []
    if group.level != "language":
        parts.append(f"{group.level}:{summary.n_languages}")
    parts.append(f"n:{summary.n}")
    if summary.interval.method != "none":
        parts += [
            f"B:{settings.rounds}",
            f"seed:{settings.seed}",
            f"ci:{summary.interval.method}{settings.confidence * 100:g}",
        ]
    return "|".join([*parts, f"polyarena:{own_version()}"])


@cache
def own_version() -> str:
    """Return polyarena's version; looked up once, for reading the package's metadata takes longer than an estimate."""
    return version("polyarena")
