"""Divides the budget of a mixture over its sources and languages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.mixtures.scan import Scan
from polyarena.tasks.mixtures.settings import MixtureSettings, SourceShare

TOLERANCE = 0.01
"""Percent by which weights may miss 100."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many rows of one source and language go into the mixture.

    Attributes:
        source: Name of the source.
        language: ``lang_Script``.
        remaining: Rows that pruning has left.
        rows: Rows of the mixture; more than ``remaining`` where rows are repeated.
    """

    source: str
    language: str
    remaining: int
    rows: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The quotas of a mixture.

    Attributes:
        quotas: Of each source and language that has rows.
        wanted: Rows that each source should give by its weight.
    """

    quotas: tuple[Quota, ...]
    wanted: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows of the mixture."""
        return sum(quota.rows for quota in self.quotas)

    def of_source(self, source: str) -> int:
        """Return the rows of a source."""
        return sum(quota.rows for quota in self.quotas if quota.source == source)


def check_weights(sources: Sequence[SourceShare]) -> None:
    """Check that all sources have a weight and the weights sum to 100, or that none has one.

    Raises:
        ExperimentError: Neither is so, or a name occurs twice.
    """
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExperimentError(f"two sources are called {twice[0]!r}", fix="give each source its own name")
    without = [source.name for source in sources if source.weight is None]
    if without and len(without) < len(sources):
        raise ExperimentError(
            f"no weight for the source {without[0]}",
            why="either all sources have a weight or none has",
            fix="give each source its percent of the budget",
        )
    total = math.fsum(source.weight or 0 for source in sources)
    if not without and abs(total - 100) > TOLERANCE:
        parts = " + ".join(f"{source.weight:g}" for source in sources)
        raise ExperimentError(
            f"the weights of the sources sum to {total:g}, not to 100",
            why=f"{parts} = {total:g}",
            fix="weights are percent of the budget; correct them",
        )


def allocate(scans: Sequence[Scan], settings: MixtureSettings) -> Allocation:
    """Divide the budget over sources by weight, and within each over languages by temperature.

    Without weights, sources share the budget by their rows. A source that cannot give its share, because a cap or
    ``max_repeats`` stops it, gives what it can; nobody else takes its place, so that caps do not change the shares of
    others. Counts are rounded by largest remainders.

    Args:
        scans: One for each source, in the order of the settings.
        settings: Of the mixture.

    Raises:
        ExperimentError: The weights are wrong, or a temperature has no budget.
        DataError: Nothing remains of a source with a weight above 0, or of a language that the mixture must have.
    """
    check_weights(settings.sources)
    if settings.temperature != 1 and settings.budget is None:
        raise ExperimentError(
            "a temperature needs a budget",
            why="without one every row is taken once, whatever its language",
            fix="set `budget` to the rows that you want",
        )
    remaining = {scan.source: scan.remaining() for scan in scans}
    for share in settings.sources:
        if share.weight != 0 and not any(remaining[share.name].values()):
            raise DataError(
                f"pruning leaves nothing of the source {share.name}",
                fix="look at the counts of each rule in its source, and loosen the rule that removes too much",
            )
    totals = {name: sum(counts.values()) for name, counts in remaining.items()}
    budget = settings.budget if settings.budget is not None else sum(totals.values())
    weights = [totals[share.name] if share.weight is None else share.weight for share in settings.sources]
    wanted = dict(zip(totals, rounded_shares(budget, weights), strict=True))
    rows = {
        share.name: _of_source(share, wanted[share.name], remaining[share.name], settings) for share in settings.sources
    }
    if settings.max_rows_per_language is not None:
        _cap_languages(rows, settings.max_rows_per_language)
    found = tuple(
        Quota(name, language, remaining[name][language], count)
        for name, counts in rows.items()
        for language, count in sorted(counts.items())
    )
    _check_languages(found, scans, settings.languages)
    return Allocation(found, wanted)


def rounded_shares(total: int, weights: Sequence[float]) -> list[int]:
    """Return whole numbers that sum to ``total`` in proportion to weights, by largest remainders.

    Args:
        total: To divide.
        weights: Not negative; all zero gives zeros.
    """
    whole = math.fsum(weights)
    if whole <= 0:
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    shares = [math.floor(each) for each in exact]
    order = sorted(range(len(weights)), key=lambda at: (shares[at] - exact[at], at))
    for at in order[: total - sum(shares)]:
        shares[at] += 1
    return shares


def capped_shares(total: int, weights: Sequence[float], caps: Sequence[int]) -> list[int]:
    """Return shares as :func:`rounded_shares` does, none above its cap; what a cap leaves over goes to the others.

    Args:
        total: To divide; what no cap allows is left over.
        weights: Not negative.
        caps: Of each share.
    """
    shares = [0] * len(weights)
    open_places = [at for at, weight in enumerate(weights) if weight > 0]
    rest = total
    while open_places:
        parts = rounded_shares(rest, [weights[at] for at in open_places])
        full = [at for at, part in zip(open_places, parts, strict=True) if part >= caps[at]]
        if not full:
            for at, part in zip(open_places, parts, strict=True):
                shares[at] = part
            break
        for at in full:
            shares[at] = caps[at]
            rest -= caps[at]
        open_places = [at for at in open_places if at not in full]
    return shares


def _of_source(
    share: SourceShare, wanted: int, remaining: Mapping[str, int], settings: MixtureSettings
) -> dict[str, int]:
    total = wanted if share.max_rows is None else min(wanted, share.max_rows)
    weights = [count ** (1 / settings.temperature) if count else 0.0 for count in remaining.values()]
    # A row is repeated only where somebody has asked for more rows than there are.
    repeats = settings.max_repeats if settings.budget is not None or share.weight is not None else 1
    caps = [count * repeats for count in remaining.values()]
    if share.max_rows_per_language is not None:
        caps = [min(cap, share.max_rows_per_language) for cap in caps]
    return dict(zip(remaining, capped_shares(total, weights, caps), strict=True))


def _cap_languages(rows: Mapping[str, dict[str, int]], most: int) -> None:
    """Lower the rows of each language that has too many, in all sources in proportion."""
    for language in sorted({language for counts in rows.values() for language in counts}):
        sources = [name for name, counts in rows.items() if counts.get(language)]
        counts = [rows[name][language] for name in sources]
        if sum(counts) > most:
            for name, count in zip(sources, rounded_shares(most, counts), strict=True):
                rows[name][language] = count


def _check_languages(quotas: Sequence[Quota], scans: Sequence[Scan], languages: Sequence[str]) -> None:
    counts = dict.fromkeys(languages, 0)
    for quota in quotas:
        if quota.language in counts:
            counts[quota.language] += quota.rows
    missing = [language for language, count in counts.items() if not count]
    if missing:
        read = sum(scan.read.get(missing[0], 0) for scan in scans)
        gone = sorted(
            {rule.value for scan in scans for (rule, language), count in scan.removed.items() if language == missing[0]}
        )
        raise DataError(
            f"the mixture has no rows in {', '.join(missing)}",
            why=f"the sources have {read} rows in {missing[0]}"
            + (f", all removed or left out ({', '.join(gone)})" if gone else ""),
            fix="add a source that has this language, or take it out of `languages`",
        )
