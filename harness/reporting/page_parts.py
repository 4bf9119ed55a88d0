"""Judge cards, item browser and notes of a report, which another process can make beside the estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.reporting.item_views import item_views
from polyarena.harness.reporting.judge_cards import judge_cards
from polyarena.harness.reporting.run_notes import RunNotes, run_notes
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.workers import in_background, processes_for
from polyarena.reports.items import item_browser
from polyarena.reports.metric_facts import recorded_metrics

if TYPE_CHECKING:
    from polyarena.reports.items import ItemBrowser
    from polyarena.reports.judge_card.card import JudgeCard


@dataclass(frozen=True, slots=True)
class PageParts:
    """Parts of a report that need its run folder and no estimates.

    Attributes:
        cards: Of the judges, by name.
        browser: ``None`` where there is no item to show.
        notes: What reading all games and answers shows.
    """

    cards: dict[str, JudgeCard]
    browser: ItemBrowser | None
    notes: RunNotes


@dataclass(frozen=True, slots=True)
class PageWork:
    """What is to be made, for :mod:`polyarena.harness.workers`.

    Attributes:
        folder: The run folder.
        every: The item browser shows one item in so many.
    """

    folder: Path
    every: int

    def events(self) -> Iterator[PageParts]:
        """Make the parts."""
        records = open_run(self.folder)
        with recorded_metrics(records.metrics):
            yield make_page_parts(records, self.every)


def make_page_parts(records: RunRecords, every: int) -> PageParts:
    """Return the judge cards, the item browser and the notes of a run."""
    views = item_views(records, every=every)
    browser = item_browser(records.lock.experiment.name, version("polyarena"), views) if views else None
    del views
    return PageParts(judge_cards(records), browser, run_notes(records))


def page_parts(records: RunRecords, size: int, every: int) -> AbstractContextManager[Callable[[], list[PageParts]]]:
    """Begin to make the parts, in another process if the run is large and there are several processors.

    Args:
        records: Of the run.
        size: Its answers and games.
        every: The item browser shows one item in so many.
    """
    return in_background(PageWork(records.folder.path, every), processes_for(size, 2))
