"""Mixes sources: reads each once to prune and count, and once more to yield the rows that were drawn.

Rows are never all in memory: between the two passes there are 20 bytes for each row, and 256 more where near-duplicates
are looked for. Which rows are drawn depends on the sources, the settings and the seed alone, so that an interrupted
writer continues by leaving out as many rows as it has written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.allocation import Allocation, allocate, check_weights
from polyarena.tasks.mixtures.overlap import ItemHit, ItemIndex, refuse_test_items
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.scan import Rows, Scan, index_of_scans, scan_source
from polyarena.tasks.mixtures.settings import MixtureSettings


@dataclass(frozen=True)
class Mixture:
    """A mixture that has been decided on; iterating over it reads the sources and yields its rows.

    Attributes:
        settings: Its settings.
        seed: Of the draw.
        scans: What pruning left of each source.
        allocation: Rows of each source and language.
        sources: Open the sources, by name.
    """

    settings: MixtureSettings
    seed: int
    scans: tuple[Scan, ...]
    allocation: Allocation
    sources: Mapping[str, Rows]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.allocation.rows

    def __iter__(self) -> Iterator[TrainingRow]:
        """Yield the rows, source by source in the order of the source; repeated rows follow one another.

        The id of a row that occurs again ends in ``#2``, ``#3``, ...

        Raises:
            DataError: A source has changed since it was scanned.
        """
        for scan in self.scans:
            repeats = self._repeats(scan)
            at = 0
            for place, row in enumerate(self.sources[scan.source]()):
                if at == len(scan.places):
                    break
                if place != scan.places[at]:
                    continue
                if row.language != scan.languages[int(scan.codes[at])]:
                    raise _changed(scan.source)
                for repeat in range(int(repeats[at])):
                    yield replace(row, row_id=f"{row.row_id}#{repeat + 1}") if repeat else row
                at += 1
            if at < len(scan.places):
                raise _changed(scan.source)

    def _repeats(self, scan: Scan) -> NDArray[np.int64]:
        """Return how often each remaining row is drawn: all equally often, and the lowest ranks once more."""
        repeats = np.zeros(len(scan.places), dtype=np.int64)
        wanted = {quota.language: quota.rows for quota in self.allocation.quotas if quota.source == scan.source}
        for code, language in enumerate(scan.languages):
            own = np.flatnonzero(scan.codes == code)
            if len(own):
                whole, rest = divmod(wanted[language], len(own))
                repeats[own] = whole
                repeats[own[np.argsort(scan.ranks[own], kind="stable")[:rest]]] += 1
        return repeats


def mix(
    sources: Mapping[str, Rows],
    settings: MixtureSettings,
    *,
    seed: int,
    items: ItemIndex | None = None,
    scanned: Sequence[Scan] = (),
    on_scan: Callable[[Scan], None] = lambda scan: None,  # noqa: ARG005
) -> Mixture:
    """Decide on a mixture: prune and count every source, refuse test items, divide the budget.

    Args:
        sources: Open the sources, by name, in the order of the settings.
        settings: Of the mixture.
        seed: Of the draw.
        items: Test items that no source may contain; ``None`` looks for none.
        scanned: Scans of the first sources from an earlier, interrupted call with the same settings and seed.
        on_scan: Called with each new scan, to store it.

    Raises:
        ExperimentError: The settings contradict themselves or name other sources.
        DataError: A source is empty or contains test items, or a language has no rows.
    """
    check_weights(settings.sources)
    names = [share.name for share in settings.sources]
    if list(sources) != names:
        raise ValueError(f"sources {list(sources)} for the settings of {names}")
    scans = list(scanned)
    if [scan.source for scan in scans] != names[: len(scans)]:
        raise ValueError(f"scans of {[scan.source for scan in scans]} for the sources {names}")
    index = index_of_scans(scans, settings.pruning)
    hits: list[ItemHit] = []
    for name in names[len(scans) :]:
        scan, found = scan_source(name, sources[name](), settings.pruning, seed=seed, index=index, items=items)
        hits += found
        scans.append(scan)
        if not hits:
            # The scan of a source with test items must not be taken for that of a clean one later.
            on_scan(scan)
    refuse_test_items(hits)
    return Mixture(settings, seed, tuple(scans), allocate(scans, settings), sources)


def _changed(source: str) -> DataError:
    return DataError(
        f"the source {source} has changed since it was read",
        why="rows are missing or have another language than before",
        fix="run the stage again from the start",
    )
