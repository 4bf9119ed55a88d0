"""The names that imported files gave to systems, where letters of other scripts cannot be in a folder name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from polyarena.harness.results import RunRecords


def names_in_files(records: RunRecords) -> dict[str, str]:
    """Return, by the name of a system in the run, its name in the imported files, where letters were lost.

    Names that lost signs only, such as ``org/model``, are left out.

    Args:
        records: Of the run; one that was not imported has no such names.
    """
    return {
        new: old
        for renamed in _renamed(records)
        for old, new in renamed.items()
        if any(character.isalnum() and not character.isascii() for character in old)
    }


def _renamed(records: RunRecords) -> Iterator[Mapping[str, str]]:
    """Yield the changes of names of each import: those of verdicts are in the lock, those of scores in the log."""
    for judge in records.lock.imported.values():
        yield judge.renamed
    for event in records.folder.events():
        if event.get("event") == "Imported" and isinstance(event.get("renamed"), dict):
            yield event["renamed"]
