"""Reads a source once: prunes it, and remembers of each remaining row only its place, its language and its rank.

A scan is a value that can be stored, so that a stage that was interrupted does not read a source again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.near_duplicates import FUNCTIONS, DuplicateIndex, minhash
from polyarena.tasks.mixtures.overlap import ItemHit, ItemIndex
from polyarena.tasks.mixtures.pruning import Rule, broken_rule
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.settings import PruningSettings

Rows = Callable[[], Iterable[TrainingRow]]
"""Opens a source: the same rows in the same order each time."""


@dataclass(frozen=True)
class Scan:
    """What remains of a source after pruning.

    Attributes:
        source: Its name.
        languages: Codes, in the order of first occurrence.
        read: Rows read, by language.
        removed: Rows removed, by rule and language.
        licences: Rows read, by licence.
        places: Of each remaining row: its number in the source, from 0; ``int64``.
        codes: Of each remaining row: the index of its language; ``int32``.
        ranks: Of each remaining row: a number drawn from its text and the seed, by which rows are chosen; ``uint64``.
        signatures: Of each remaining row: its 64 minima, shape (rows, 64); no rows where duplicates are not looked for.
    """

    source: str
    languages: tuple[str, ...]
    read: dict[str, int]
    removed: dict[tuple[Rule, str], int]
    licences: dict[str, int]
    places: NDArray[np.int64]
    codes: NDArray[np.int32]
    ranks: NDArray[np.uint64]
    signatures: NDArray[np.uint32]

    def remaining(self) -> dict[str, int]:
        """Return how many rows of each language remain."""
        counts = np.bincount(self.codes, minlength=len(self.languages))
        return {language: int(count) for language, count in zip(self.languages, counts, strict=True)}

    def to_bytes(self) -> bytes:
        """Return the scan as one file."""
        facts = {
            "source": self.source,
            "languages": self.languages,
            "read": self.read,
            "removed": [[rule.value, language, count] for (rule, language), count in self.removed.items()],
            "licences": self.licences,
        }
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
            places=self.places,
            codes=self.codes,
            ranks=self.ranks,
            signatures=self.signatures,
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the scan of a file that :meth:`to_bytes` made."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            facts = json.loads(arrays["facts"].tobytes())
            removed = {(Rule(rule), language): count for rule, language, count in facts["removed"]}
            return cls(
                facts["source"],
                tuple(facts["languages"]),
                facts["read"],
                removed,
                facts["licences"],
                *(arrays[name] for name in ("places", "codes", "ranks", "signatures")),
            )


def scan_source(
    source: str,
    rows: Iterable[TrainingRow],
    settings: PruningSettings,
    *,
    seed: int,
    index: DuplicateIndex | None = None,
    items: ItemIndex | None = None,
) -> tuple[Scan, list[ItemHit]]:
    """Read a source once.

    Args:
        source: Its name.
        rows: In a fixed order.
        settings: What is removed.
        seed: Of the ranks.
        index: The texts of sources before, to which those of this one are added; needed where near-duplicates are
            removed.
        items: Items that must not be in the source.

    Returns:
        The scan, and the test items in rows that remain.

    Raises:
        DataError: The source has no rows.
    """
    languages: dict[str, int] = {}
    read: Counter[str] = Counter()
    removed: Counter[tuple[Rule, str]] = Counter()
    licences: Counter[str] = Counter()
    places, codes, ranks, signatures = [], [], [], []
    hits: list[ItemHit] = []
    for place, row in enumerate(rows):
        read[row.language] += 1
        licences[row.licence] += 1
        rule = broken_rule(row, settings)
        if rule is None and index is not None:
            signature = minhash(f"{row.prompt}\n{row.completion}")
            if index.add(row.language, signature):
                signatures.append(signature)
            else:
                rule = Rule.NEAR_DUPLICATE
        if rule is not None:
            removed[rule, row.language] += 1
            continue
        if items is not None:
            hits += items.hits(row)
        places.append(place)
        codes.append(languages.setdefault(row.language, len(languages)))
        ranks.append(_rank(row, seed))
    if not read:
        raise DataError("the source is empty", where=f"source {source}", fix="correct its path or config, or remove it")
    found = Scan(
        source,
        tuple(languages),
        dict(read),
        dict(removed),
        dict(licences),
        np.array(places, dtype=np.int64),
        np.array(codes, dtype=np.int32),
        np.array(ranks, dtype=np.uint64),
        np.array(signatures, dtype=np.uint32).reshape(-1, FUNCTIONS),
    )
    return found, hits


def index_of_scans(scans: Iterable[Scan], settings: PruningSettings) -> DuplicateIndex | None:
    """Return the texts of sources that were scanned before; ``None`` where near-duplicates are not looked for."""
    if not settings.near_duplicates:
        return None
    index = DuplicateIndex(settings.near_duplicates)
    for scan in scans:
        for code, signature in zip(scan.codes, scan.signatures, strict=True):
            index.add(scan.languages[int(code)], signature)
    return index


def _rank(row: TrainingRow, seed: int) -> int:
    text = f"{seed}\0{row.source}\0{row.row_id}\0{row.prompt}\0{row.completion}"
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")
