"""Sentences that captions share: what is shown, with which judge, how many items, and what lines mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from polyarena.reports.figures.inputs import counts, number
from polyarena.tasks.languages import find_language

if TYPE_CHECKING:
    import pandas as pd

MOST_FLAGGED = 5
"""Systems whose flags a caption names; of more, it gives the number."""


def items_sentence(frame: pd.DataFrame) -> str:
    """Return ``n = 500 items in each of 23 languages.`` of the rows of languages, as far as it is known."""
    own = frame[frame["level"] == "language"] if "level" in frame.columns else frame
    languages = own["group"].nunique() if "group" in own.columns else 0
    many = f"each of {languages} languages" if languages != 1 else "one language"
    known = "n" in own.columns and own["n"].notna().any()
    return (f"n = {counts(own['n'])} items in {many}. " if known else "") + averages_sentence(frame)


def languages_sentence(chosen: Collection[str], measured: Collection[str]) -> str:
    """Return which languages were chosen of those that were measured, or which were left out where these are fewer.

    Args:
        chosen: Codes; those that were not measured do not count.
        measured: Codes.

    Example:
        >>> languages_sentence(["deu_Latn", "fra_Latn"], ["deu_Latn", "fra_Latn", "eng_Latn", "ita_Latn"])
        'Languages: French, German.'
        >>> languages_sentence(["deu_Latn", "fra_Latn"], ["deu_Latn", "fra_Latn", "eng_Latn"])
        'Languages: 2 of 3, without English.'
    """
    shown, others = (sorted(find_language(code).name for code in codes)
                     for codes in ({*chosen} & {*measured}, {*measured} - {*chosen}))  # fmt: skip
    if not shown or not others:
        return ""
    if len(shown) <= len(others):
        return f"Languages: {', '.join(shown)}."
    return f"Languages: {len(shown)} of {len(measured)}, without {', '.join(others)}."


def averages_sentence(frame: pd.DataFrame) -> str:
    """Return whose average over all languages is flagged and why, as one over other languages than the others'."""
    if not {"level", "flag", "system"}.issubset(frame.columns):
        return ""
    own = frame[(frame["level"] == "macro") & frame["flag"].notna() & (frame["flag"] != "")]
    reasons = dict.fromkeys(f"{system} ({flag})" for system, flag in zip(own["system"], own["flag"], strict=True))
    shown = list(reasons)[:MOST_FLAGGED]
    more = f" and {len(reasons) - len(shown)} more" if len(reasons) > len(shown) else ""
    return f"Averages with a reservation: {', '.join(shown)}{more}. " if shown else ""


def judge_sentence(frame: pd.DataFrame, description: str = "") -> str:
    """Return who decided, and of one judge what it says of itself, without its name in front."""
    judges = sorted({str(name) for name in frame["judge"].dropna()}) if "judge" in frame.columns else []
    said = description.removeprefix(f"{judges[0]}:").strip().rstrip(".") if len(judges) == 1 else ""
    return f"Judge: {', '.join(judges)}{f' ({said})' if said else ''}. " if judges else ""


def interval_sentence(frame: pd.DataFrame, *, mark: str = "Lines") -> str:
    """Return what the intervals are: level and method, and that source items were resampled; or that there is none."""
    if "low" not in frame.columns or not any(number(value) is not None for value in frame["low"]):
        return "No intervals: the items are too few, or none are known. "
    levels = {number(value) for value in frame["confidence"]} - {None} if "confidence" in frame.columns else set()
    level = f"{100 * min(levels):g}% " if len(levels) == 1 else ""  # type: ignore[type-var, operator]
    methods = sorted({str(name) for name in frame["method"].dropna()} - {"none"}) if "method" in frame.columns else []
    how = f" ({', '.join(methods)}; a source item counts as one in all languages and systems)" if methods else ""
    return f"{mark}: {level}intervals{how}. "


def bands_sentence(frame: pd.DataFrame) -> str:
    """Return what thin lines are, where there are simultaneous bands."""
    banded = "band_low" in frame.columns and any(number(value) is not None for value in frame["band_low"])
    return "Thin lines: simultaneous bands, for all languages together. " if banded else ""


def pairs_sentence(frame: pd.DataFrame) -> str:
    """Return ``, of A against B.``, or the one baseline of several systems."""
    baselines = list(dict.fromkeys(map(str, frame["baseline"])))
    systems = list(dict.fromkeys(map(str, frame["system"])))
    of = f" of {systems[0]}" if len(systems) == 1 else ""
    return f"{of} against {baselines[0]}. " if len(baselines) == 1 else f"{of}. "


def facet_title(pair: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> str:
    """Return what stands above a plot: both systems, or of several comparisons only that which differs."""
    systems, baselines = (set(names) for names in zip(*pairs, strict=True))
    if len(pairs) > 1 and len(baselines) == 1:
        return pair[0]
    return f"vs. {pair[1]}" if len(pairs) > 1 and len(systems) == 1 else f"{pair[0]} vs. {pair[1]}"
