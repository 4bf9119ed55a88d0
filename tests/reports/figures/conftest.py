"""One data frame for each kind of figure, in 23 languages or with a dozen systems."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from polyarena.reports.bands import with_bands
from polyarena.reports.figures import fonts
from polyarena.reports.stats import rank, simultaneous_bands, win_rates

Frames = dict[str, pd.DataFrame]


@pytest.fixture(scope="session")
def frames(make_battles: Callable[..., pd.DataFrame], drawn: Any, aya23: list[str]) -> Frames:
    """By the name of the kind."""
    battles = pd.concat(
        [make_battles(drawn(aya23, 30, k, 0.2 * k), candidate=name) for k, name in enumerate(("Aya 8B", "Gemma 2 9B"))]
    )
    estimates = with_bands(win_rates(battles, rounds=60), [simultaneous_bands(battles, rounds=60)])
    few = pd.concat(
        [make_battles(drawn(aya23[:3], 30, k, 0.1 * k), candidate=f"model-{k}B-instruct") for k in range(12)]
    )
    ranking = rank(few, rounds=60)
    languages = estimates[(estimates["level"] == "language") & (estimates["system"] == "Aya 8B")]
    tiers = dict(zip(aya23, ("high", "mid", "low") * 8, strict=False))
    one = languages.assign(measure="position_bias", judge="llm", meaning="share", reference=0.5)
    generator = np.random.default_rng(0)
    return {
        "win-tie-loss": estimates,
        "forest": estimates,
        "scores": estimates.assign(baseline=None, judge=None, metric="accuracy"),
        "heat-map": estimates,
        "steps": pd.DataFrame(
            {
                "stage": ["Base", "+ SFT with arbitrage", "+ preference training", "+ merging"],
                "value": [0.401, 0.492, 0.563, 0.604],
                "low": [0.38, 0.47, 0.54, 0.58],
                "high": [0.42, 0.51, 0.58, 0.62],
                "gain": [None, 0.091, 0.071, 0.041],
                "gain_low": [None, 0.07, 0.05, -0.01],
                "gain_high": [None, 0.11, 0.09, 0.09],
                "detectable": [None, 0.029, 0.029, 0.071],
            }
        ),
        "resource": languages.assign(resource=languages["group"].map(tiers)),
        "ranks": ranking[ranking["level"] == "macro"],
        "matrix": pd.DataFrame(
            {
                "system": [f"m{i}" for i in range(6) for j in range(6) if i != j],
                "against": [f"m{j}" for i in range(6) for j in range(6) if i != j],
                "win_rate": generator.random(30),
            }
        ),
        "agreement": languages[["group", "value", "low", "high", "n"]].assign(ceiling=0.8),
        "bias": pd.concat([one, one.assign(measure="length_bias")]),
        "cost": pd.DataFrame(
            {"system": [f"s{i}" for i in range(9)], "value": generator.random(9), "cost": 100 * generator.random(9)}
        ),
        "sensitivity": pd.DataFrame(
            {
                "kind": ["all", "judge", "judge", "language"],
                "without": ["", "llm", "rules", "tha_Thai"],
                "value": [0.55, 0.52, 0.47, 0.56],
                "low": [0.5, 0.47, 0.4, 0.5],
                "high": [0.6, 0.57, 0.5, 0.6],
            }
        ),
        "power": pd.DataFrame(
            [
                {"items": n, "effect": e, "power": min(1.0, e * n / 20)}
                for n in (100, 500)
                for e in np.linspace(0.01, 0.1, 9)
            ]
        ),
    }  # fmt: skip


@pytest.fixture(scope="session")
def boxes() -> Callable[[Figure], list[tuple[str, float, Any]]]:
    """Return the text, size in points and box in pixels of everything written on a figure."""

    def of(figure: Figure) -> list[tuple[str, float, Any]]:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        found = []
        for axes in figure.axes:
            for text in _texts(axes):
                if text.get_text() and text.get_visible():
                    found += [(text.get_text(), text.get_fontsize(), text.get_window_extent(renderer))]
            outlines = [patch for patch in axes.patches if type(patch).__name__ == "PathPatch"]
            found += [("(outlines)", 99.0, patch.get_window_extent(renderer)) for patch in outlines]
        return found

    return of


def _texts(axes: Any) -> Iterator[Any]:
    yield from axes.texts
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_visible() and axes.axison:
            low, high = sorted(axis.get_view_interval())
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


@pytest.fixture(scope="session", autouse=True)
def fonts_of_this_machine():
    """With ``POLYARENA_TEST_SYSTEM_FONTS=none``, takes away every font that neither polyarena nor matplotlib brings."""
    if os.environ.get("POLYARENA_TEST_SYSTEM_FONTS") == "none":
        brought = (str(Path(fonts.__file__).parent), matplotlib.get_data_path())
        manager = font_manager.fontManager
        manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(brought)]
