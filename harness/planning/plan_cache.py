"""A cache of item statistics in the user's cache folder; planning works without it if it cannot be used."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WAIT_S = 2.0
"""Seconds to wait for another process that writes the cache."""


def plan_cache_path() -> Path:
    """Return the file: ``polyarena/items.sqlite`` in ``XDG_CACHE_HOME``, or in ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "polyarena" / "items.sqlite"


@dataclass(frozen=True)
class PlanCache:
    """Cached statistics by key.

    Attributes:
        connection: To the file.
    """

    connection: sqlite3.Connection

    def get(self, key: str) -> dict[str, Any] | None:
        """Return an entry; ``None`` if there is none or it cannot be read."""
        try:
            row = self.connection.execute("SELECT note FROM items WHERE key = ?", (key,)).fetchone()
            found = json.loads(row[0]) if row else None
        except (sqlite3.Error, ValueError, TypeError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, note: Mapping[str, Any]) -> None:
        """Write an entry over the one that may be there; errors of the file are ignored."""
        with suppress(sqlite3.Error):
            self.connection.execute("INSERT OR REPLACE INTO items VALUES (?, ?)", (key, json.dumps(note)))


@contextmanager
def open_plan_cache(path: Path | None = None) -> Iterator[PlanCache | None]:
    """Open the cache and commit it when the block ends, also after an error; yields ``None`` if it cannot be opened.

    Args:
        path: The file; :func:`plan_cache_path` if left out.
    """
    connection = _connected(path or plan_cache_path())
    if connection is None:
        yield None
        return
    with closing(connection):
        try:
            yield PlanCache(connection)
        finally:
            with suppress(sqlite3.Error):
                connection.commit()


def _connected(path: Path) -> sqlite3.Connection | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=WAIT_S)
        connection.execute("CREATE TABLE IF NOT EXISTS items (key TEXT PRIMARY KEY, note TEXT NOT NULL)")
    except (OSError, RuntimeError, sqlite3.Error):
        return None
    return connection
