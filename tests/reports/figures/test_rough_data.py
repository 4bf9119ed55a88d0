"""Every kind with data that says little: nothing but NaN, one system, one language, 120 languages, long names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from polyarena.reports.figures import KINDS, FigureError, find_venue
from polyarena.tasks.languages import all_languages

Frames = dict[str, pd.DataFrame]
NUMBERS = ("value", "win_rate", "wins", "ties", "losses", "rank", "power", "ceiling")

ONE_SYSTEM = {"matrix": "every system met only", "steps": "there is one stage"}
ONE_LANGUAGE = {"resource": "1 have both"}
NO_LANGUAGES = {"ranks", "matrix", "steps", "cost", "power"}
"""Kinds whose rows are no languages."""


@pytest.mark.parametrize("nothing", [np.nan, np.inf, None], ids=["nan", "infinite", "none"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_without_a_single_number_there_is_no_figure(frames: Frames, kind: str, nothing: float | None) -> None:
    frame = frames[kind]
    empty = {name: pd.Series([nothing] * len(frame), index=frame.index, dtype=object) for name in NUMBERS}
    with pytest.raises(FigureError) as caught:
        KINDS[kind].draw(frame.assign(**{name: empty[name] for name in NUMBERS if name in frame.columns}))
    assert caught.value.why, "the message says what is missing"


@pytest.mark.parametrize("kind", ["scores", "forest"])
def test_the_caption_names_a_system_that_has_no_number(frames: Frames, kind: str) -> None:
    frame = frames[kind].copy()
    assert "Without any value" not in KINDS[kind].draw(frame).caption
    frame.loc[frame["system"] == "Gemma 2 9B", ["value", "low", "high"]] = np.nan
    assert "Without any value: Gemma 2 9B. " in KINDS[kind].draw(frame).caption


@pytest.mark.parametrize("kind", list(KINDS))
def test_one_system(frames: Frames, kind: str) -> None:
    frame = frames[kind]
    name = next((name for name in ("system", "stage") if name in frame.columns), None)
    if name is None:
        pytest.skip("the kind has no systems")
    one = frame[frame[name] == frame[name].iloc[0]]
    if kind in ONE_SYSTEM:
        with pytest.raises(FigureError, match=ONE_SYSTEM[kind]):
            KINDS[kind].draw(one)
    else:
        assert KINDS[kind].draw(one, venue="acl-1col").figures


def of_languages(kind: str, frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return data of so many languages, with the first row of each system or measure in every one of them."""
    codes = [language.code for language in all_languages()][:count]
    if kind == "sensitivity":
        rows = [{"kind": "language", "without": code, "value": 0.5, "low": 0.4, "high": 0.6} for code in codes]
        return pd.concat([frame[frame["kind"] == "all"], pd.DataFrame(rows)], ignore_index=True)
    own = frame[frame["level"] == "language"] if "level" in frame.columns else frame
    first = own.drop_duplicates([name for name in ("system", "measure") if name in own.columns] or ["ceiling"])
    parts = []
    for place, code in enumerate(codes):
        value = 0.3 + 0.4 * (place % 10) / 10
        row = first.assign(group=code, value=value, low=value - 0.1, high=value + 0.1)
        parts.append(row.assign(resource=("high", "mid", "low")[place % 3]) if kind == "resource" else row)
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NO_LANGUAGES])
def test_one_language_and_a_hundred_and_twenty(frames: Frames, kind: str) -> None:
    if kind in ONE_LANGUAGE:
        with pytest.raises(FigureError, match=ONE_LANGUAGE[kind]):
            KINDS[kind].draw(of_languages(kind, frames[kind], 1))
    else:
        assert KINDS[kind].draw(of_languages(kind, frames[kind], 1), venue="acl-1col").figures
    preset = find_venue("acl-1col")
    for figure in KINDS[kind].draw(of_languages(kind, frames[kind], 120), venue="acl-1col").figures:
        width, height = figure.get_size_inches()
        assert (width, height <= preset.height + 0.1) == (pytest.approx(preset.width), True)


@pytest.mark.parametrize("kind", ["win-tie-loss", "steps", "resource", "bias"])
def test_long_names_are_cut_in_the_other_kinds_too(
    frames: Frames, boxes: Callable[[Figure], list[tuple[str, float, Any]]], kind: str
) -> None:
    frame = frames[kind].copy()
    for name in ("system", "stage", "judge"):
        if name in frame.columns:
            frame[name] = [f"{value}{'_very%long&name$' * 12}" for value in frame[name]]
    for figure in KINDS[kind].draw(frame, venue="acl-1col").figures:
        assert figure.get_size_inches()[0] == pytest.approx(find_venue("acl-1col").width)
        assert all(box.x1 <= figure.bbox.x1 + 3 for text, _, box in boxes(figure) if text != "(outlines)")
