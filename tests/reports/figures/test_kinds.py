"""What every kind of figure keeps to: width, size of text, nothing cut or covered, same bytes, words and numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from polyarena.reports.figures import FORMATS, KINDS, VENUES, FigureError, find_venue, render
from polyarena.tasks.errors import UnknownNameError

Frames = dict[str, pd.DataFrame]
PAPERS = ("acl-1col", "acl-2col", "slides")


def overlaps(found: list[tuple[str, float, Any]]) -> list[tuple[str, str]]:
    """Return pairs of texts that touch; a line's ascenders may reach into the margin of the line above."""
    edges = np.array([(box.x0, box.x1, box.y0 + 0.2 * box.height, box.y1 - 0.2 * box.height) for _, _, box in found])
    x0, x1, y0, y1 = (edges[:, [k]] for k in range(4))
    touching = (x0 < x1.T - 0.5) & (x1 - 0.5 > x0.T) & (y0 < y1.T) & (y1 > y0.T)
    np.fill_diagonal(touching, val=False)
    return [(found[i][0], found[j][0]) for i, j in np.argwhere(touching) if i < j]


def test_every_kind_has_data_here(frames: Frames) -> None:
    assert set(frames) == set(KINDS)


@pytest.mark.parametrize("venue", PAPERS)
@pytest.mark.parametrize("kind", list(KINDS))
def test_figures_fit_their_venue(
    frames: Frames, boxes: Callable[[Figure], list[tuple[str, float, Any]]], kind: str, venue: str
) -> None:
    preset = find_venue(venue)
    drawing = KINDS[kind].draw(frames[kind], venue=venue)
    assert drawing.figures
    for figure in drawing.figures:
        width, height = figure.get_size_inches()
        assert width == pytest.approx(preset.width)
        assert height <= preset.height + 0.1
        found = boxes(figure)
        assert min(size for _, size, _ in found) >= preset.size >= 7
        for text, _, box in found:
            assert box.x0 >= -1, text
            assert box.x1 <= figure.bbox.x1 + 1, text
            assert box.y0 >= -1, text
            assert box.y1 <= figure.bbox.y1 + 1, text
        assert not overlaps(found)


@pytest.mark.parametrize("kind", list(KINDS))
def test_papers_have_no_words_in_the_picture_and_pages_have(frames: Frames, kind: str) -> None:
    def written(venue: str) -> str:
        figure = KINDS[kind].draw(frames[kind], venue=venue, title="A title of mine").figures[0]
        return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)

    assert "A title of mine" not in written("acl-2col")
    assert "A title of mine" in written("page")


@pytest.mark.parametrize("kind", list(KINDS))
def test_caption_and_data_come_with_the_figure(frames: Frames, kind: str) -> None:
    drawing = KINDS[kind].draw(frames[kind], venue="neurips")
    assert len(drawing.caption) > 20
    assert drawing.caption.rstrip().endswith(".")
    assert drawing.title
    assert len(drawing.data)
    assert KINDS[kind].draw(frames[kind], venue="neurips", caption="Mine.").caption == "Mine."


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_same_data_gives_the_same_bytes(frames: Frames, kind: str) -> None:
    digests = {
        tuple(hashlib.sha256(render(KINDS[kind].draw(frames[kind], venue="acl-1col").figures[0], format)).hexdigest()
              for format in FORMATS)
        for _ in range(2)
    }  # fmt: skip
    assert len(digests) == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "matrix"])
def test_a_missing_column_and_an_empty_frame_are_refused(frames: Frames, kind: str) -> None:
    column = KINDS[kind].columns[-1]
    with pytest.raises(FigureError, match=column):
        KINDS[kind].draw(frames[kind].drop(columns=column))
    with pytest.raises(FigureError, match="nothing to draw"):
        KINDS[kind].draw(frames[kind].head(0))


def test_a_matrix_needs_two_systems() -> None:
    with pytest.raises(FigureError, match="two or more"):
        KINDS["matrix"].draw(pd.DataFrame({"a": [0.5]}, index=["a"]))


@pytest.mark.parametrize("kind", ["forest", "win-tie-loss", "heat-map", "scores"])
def test_results_of_different_settings_are_refused_and_the_setting_is_named(frames: Frames, kind: str) -> None:
    frame = frames[kind].copy()
    later = frame["system"] == "Gemma 2 9B"
    frame["signature"] = np.where(later, "task:mini@0.1|seed:1|n:30", "task:mini@0.1|seed:0|n:30")
    with pytest.raises(FigureError, match="seed is '0' for Aya 8B and '1' for Gemma 2 9B"):
        KINDS[kind].draw(frame)


def test_languages_of_different_size_are_no_different_settings(frames: Frames) -> None:
    frame = frames["forest"].copy()
    frame["signature"] = [f"task:mini@0.1|n:{i}" for i in range(len(frame))]
    assert KINDS["forest"].draw(frame).figures


@pytest.mark.parametrize("kind", ["forest", "win-tie-loss", "heat-map", "scores", "agreement", "bias"])
def test_one_language_and_values_that_are_missing(frames: Frames, kind: str) -> None:
    frame = frames[kind]
    codes = sorted(set(frame["group"]) - {"all", "high", "mid", "low"})[:1]
    one = frame[frame["group"].isin(codes)]
    assert KINDS[kind].draw(one, venue="acl-1col").figures
    several = frame.copy()
    several.loc[several.index[::3], ["low", "high"]] = np.nan
    several.loc[several.index[::5], "value"] = np.nan
    for figure in KINDS[kind].draw(several, venue="acl-1col").figures:
        assert render(figure, "png")


def test_intervals_of_width_zero_are_drawn(frames: Frames) -> None:
    frame = frames["forest"].assign(low=frames["forest"]["value"], high=frames["forest"]["value"])
    assert render(KINDS["forest"].draw(frame, venue="acl-2col").figure, "pdf")


@pytest.mark.parametrize("kind", ["forest", "ranks", "heat-map", "cost", "matrix", "scores"])
def test_names_of_two_hundred_characters_are_cut(
    frames: Frames, boxes: Callable[[Figure], list[tuple[str, float, Any]]], kind: str
) -> None:
    long = "a_very%long&name$" * 12
    frame = frames[kind].copy()
    first = frame["system"].iloc[0]
    for column in ("system", "against"):
        if column in frame.columns:
            frame[column] = frame[column].replace(first, long)
    for figure in KINDS[kind].draw(frame, venue="acl-1col").figures:
        assert figure.get_size_inches()[0] == pytest.approx(find_venue("acl-1col").width)
        assert all(box.x1 <= figure.bbox.x1 + 3 for text, _, box in boxes(figure) if text != "(outlines)")


def test_unknown_venues_are_refused_with_a_hint() -> None:
    with pytest.raises(UnknownNameError, match="acl-1col"):
        find_venue("acl-1colum")
    assert all(venue.size >= 7 for venue in VENUES.values())
