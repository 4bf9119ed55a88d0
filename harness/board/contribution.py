"""Checks a run that somebody else made, as far as that is possible from its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.board.source import Source
from polyarena.harness.lock.imported_judges import is_imported_run
from polyarena.harness.reporting.estimates import how_asked
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import read_table
from polyarena.harness.store.shard import shard_metadata
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

MOST_REASONS = 5


@dataclass(frozen=True)
class Contribution:
    """What a check found.

    Attributes:
        run: The folder.
        verified: Whether everything that can be checked is in order.
        reasons: What is not; the run counts as self-reported.
        checked: What was checked, in words.
    """

    run: Path
    verified: bool
    reasons: tuple[str, ...]
    checked: tuple[str, ...]


def check_run(run: Path, sources: Sequence[Source] = ()) -> Contribution:
    """Check that a run is whole, untouched, and measured as the board's other runs were.

    Every shard must be there, intact (its checksum) and have the key that the lock says: a key contains all that
    changes an answer. Versions and digests of data must be those of the board's runs with the same task. So must be the
    prompts of items whose texts the board has, apart from what surrounds them in all items: chat templates differ. A
    run of imported results has no keys, so it can only be self-reported. Nothing shows that a model really gave these
    answers.

    Args:
        run: A run folder.
        sources: Of the board.

    Raises:
        StoreError: It is no run folder, or of another version.
    """
    records = open_run(run)
    shards = [*_shards(records)]
    data = [*_data(records, sources)]
    prompts = [] if shards else [*_prompts(records, sources)]
    missing = records.missing()
    reasons = [f"{each} is missing" for each in missing] + shards + data + prompts
    if is_imported_run(records.lock):
        reasons.insert(0, "its results were imported and cannot be traced to answers")
    shown = reasons[:MOST_REASONS]
    if len(reasons) > MOST_REASONS:
        shown.append(f"{len(reasons) - MOST_REASONS} more")
    tasks = sorted(set(records.lock.tasks) & {task for source in sources for task in source.facts.tasks})
    checked = (
        f"completeness: {count_of(len(missing), 'part is', 'parts are')} missing",
        f"shards: {len(shards)} are damaged or have another key than the lock says",
        f"data and settings of tasks that the board has ({', '.join(tasks) or 'none'}): {len(data)} differ",
        f"prompts of items whose texts the board has: those of {len(prompts)} cells differ",
    )
    return Contribution(run, not reasons, tuple(shown), checked)


def _shards(records: RunRecords) -> Iterator[str]:
    lock, folder = records.lock, records.folder
    for cell in lock.all_cells():
        path = folder.cell(*cell)
        yield from _shard(path, lock.cells[cell.system][cell.task][cell.language])
        yield from _shard(folder.scores(*cell), None)
    for pair in records.pairs():
        yield from _shard(records.games_file(pair), None)


def _shard(path: Path, key: str | None) -> Iterator[str]:
    if not path.exists():
        return
    try:
        read_table(path)
        found = shard_metadata(path).get("key")
    except StoreError as error:
        yield f"{path.name} of {path.parent.name} is damaged: {error.what}"
        return
    if key is not None and found != key:
        yield f"{path.name} of {path.parent.name} was not written by this experiment"


def _data(records: RunRecords, sources: Sequence[Source]) -> Iterator[str]:
    lock = records.lock
    for task, entry in sorted(lock.tasks.items()):
        ours = lock.data_digests(task)
        asked = str(how_asked(entry).without("effort", "thinking"))
        for source in sources:
            theirs = [each for each in source.facts.measurements if each.task == task]
            if not theirs:
                continue
            if not any(each.signature.startswith(asked) for each in theirs):
                yield f"{task} was asked otherwise than in {source.facts.name}: {asked}"
            for name in sorted(ours):
                other = {each.data[name] for each in theirs if name in each.data}
                if other and ours[name] not in other:
                    yield f"the data {name} differ from those of {source.facts.name}"


def _prompts(records: RunRecords, sources: Sequence[Source]) -> Iterator[str]:
    shared = [source for source in sources if {*source.facts.tasks} & {*records.lock.tasks} and len(source.texts)]
    if not shared:
        return
    asked = records.completions()
    cells = _cells(asked[asked["sample_index"] == 0])
    for source in shared:
        theirs: dict[tuple[str, str], Mapping[str, str]] = {}
        for (task, language, _), own in _cells(source.texts).items():
            theirs.setdefault((task, language), own)
        for (task, language, system), ours in sorted(cells.items()):
            other = theirs.get((task, language), {})
            items = sorted({*ours} & {*other})
            differ = sum(a != b for a, b in zip(_core(items, ours), _core(items, other), strict=True))
            if differ:
                yield (
                    f"{differ} of {len(items)} prompts of {task} in {language} that {system} was given differ from "
                    f"those of {source.facts.name}"
                )


def _cells(rows: pd.DataFrame) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return the prompts by task, language and system, then by item."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    known = rows.loc[rows["prompt"].notna(), ["task", "language", "system", "item_id", "prompt"]]
    for task, language, system, item, prompt in known.astype(str).itertuples(index=False, name=None):
        found.setdefault((task, language, system), {})[item] = prompt
    return found


def _core(items: Sequence[str], prompts: Mapping[str, str]) -> list[str]:
    """Return the prompts of items without the beginning and the end that all of them share."""
    texts = [prompts[item] for item in items]
    start = _shared_beginning(texts)
    end = _shared_beginning([text[start:][::-1] for text in texts])
    return [text[start : len(text) - end] for text in texts]


def _shared_beginning(texts: Sequence[str]) -> int:
    """Return how many characters all texts begin with; the first and the last in order differ the earliest."""
    first, last = min(texts, default=""), max(texts, default="")
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
