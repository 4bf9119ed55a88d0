"""Content digests: the same content has the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from itertools import islice
from typing import Any

from polyarena.tasks.ascii_json import are_plain, ascii_json
from polyarena.tasks.records import Completion

_CHUNK = 256


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON (keys sorted, no spaces, dataclasses as objects)."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def list_digest(values: Iterable[Any]) -> str:
    """Return what :func:`digest` returns for the list of these values, which is never in memory as a whole."""
    found, rest = hashlib.sha256(b"["), iter(values)
    separator = b""
    while chunk := list(islice(rest, _CHUNK)):
        text = ascii_json(chunk, b",") if are_plain(chunk) else None
        found.update(separator + (text or _canonical(chunk)[1:-1].encode()))
        separator = b","
    found.update(b"]")
    return found.hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "items"):
        return dict(value)
    return str(value)


def content_digest(completions: Iterable[Completion]) -> str:
    """Digest what a judge can see of a cell; latency and token counts are left out."""
    return digest(
        [
            [c.item_id, c.sample_index, c.text, c.finish_reason, c.loglikelihoods, c.identified_language,
             c.identified_probability, c.identified_script]
            for c in completions
        ]
    )  # fmt: skip
