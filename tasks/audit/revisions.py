"""Checks whether a revision identifies one fixed state of a data set."""

from __future__ import annotations

import re

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_TAG = re.compile(r"\A(?:(?:[\w-]*[-_])?v?\d+(?:\.\d+)+(?:[-+.]?\w+)*|v\d+)")


def is_pinned(revision: str) -> bool:
    """Return whether a revision is a commit hash (7 digits or more) or looks like a version tag (``v1.2``, ``0.1``).

    Branches (``main``) and references that follow one (``refs/convert/parquet``) move.
    """
    return bool(_COMMIT.fullmatch(revision) or _TAG.fullmatch(revision))
