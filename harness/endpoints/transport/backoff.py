"""How long to wait before the same question is asked again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite

FIRST_PAUSE_S = 0.5
LONGEST_BACKOFF_S = 60.0


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a server asks to wait, at least 0, or ``None`` if it does not say.

    Reads ``retry-after-ms``, then ``Retry-After`` as seconds or as an HTTP date (RFC 9110, section 10.2.3).

    Args:
        headers: Of the response; names are looked up in lower case.
        now: Seconds since the epoch, which an HTTP date is counted from.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        date = parsedate_to_datetime(value or "")
        # RFC 9110 dates are always in GMT; those that leave the zone out are read as such.
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def retry_delay_s(key: str, attempt: int, retry_after_s: float | None, max_wait_s: float) -> float | None:
    """Return the pause after a failed attempt in seconds, or ``None`` if the server asks for more than is allowed.

    Exponential with full jitter (uniform between 0 and the bound, which doubles with each attempt); after a
    ``Retry-After``, at least as long as asked, and up to a tenth longer so that waiting clients do not return all at
    once. The jitter is drawn from a generator seeded by call and attempt, which needs no state and differs between
    calls.

    Args:
        key: Of the call.
        attempt: How many there have been, from 1.
        retry_after_s: What the server asked for.
        max_wait_s: The longest pause that is allowed.
    """
    jitter = random.Random(f"{key}:{attempt}").random()
    if retry_after_s is None:
        return jitter * min(max_wait_s, LONGEST_BACKOFF_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
    if retry_after_s > max_wait_s:
        return None
    return retry_after_s * (1 + jitter / 10)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
