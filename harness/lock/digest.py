"""Content digests: the same content has the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from typing import Any

from polyarena.tasks.records import Completion


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON (keys sorted, no spaces, dataclasses as objects)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


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
