"""The approximate method beside the exact one: intervals of averages and of cells, and paired comparisons."""

import math

import numpy as np
import pytest

from polyarena.reports.board.cells import (
    MOST_SHARED,
    average_noise,
    cell_interval,
    cells_of,
    interval_noise,
    loadings,
    mean_variance,
    noise_adjustment,
)
from polyarena.reports.board.model import BoardSettings, Column
from polyarena.reports.board.standings import standings
from polyarena.reports.stats.score_interval import wilson_interval

SETTINGS = BoardSettings()


def both(made, frame, **filters):
    """Return the widths of intervals by the approximate method, as shares of those by the exact one."""
    (column,) = made.columns_of(frame)
    cells = Column(**{**column.__dict__, "table": cells_of(column.table)})
    exact, approximate = (standings([each], SETTINGS, **filters) for each in (column, cells))
    found = {each.system: each for each in exact.averages}
    widths = [
        (each.high - each.low) / (found[each.system].high - found[each.system].low) for each in approximate.averages
    ]
    return widths, exact, approximate


@pytest.mark.parametrize("kind", ["binary", "share", "real"])
@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize("n", [8, 40])
def test_intervals_over_all_languages_are_those_of_the_exact_method(made, kind, parallel, n):
    widths, exact, approximate = both(made, made.scores(kind=kind, parallel=parallel, n=n))
    assert widths == pytest.approx([1.0] * 3, abs=0.1)
    if kind != "real":
        assert widths == pytest.approx([1.0] * 3, abs=0.01)
    values = {each.system: each.value for each in exact.averages}
    assert {each.system: each.value for each in approximate.averages} == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("languages", [["deu_Latn"], ["deu_Latn", "swh_Latn"], ["deu_Latn", "fra_Latn", "hin_Deva"]])
def test_intervals_of_some_languages_are_within_a_fifth(made, languages):
    widths, _, _ = both(made, made.scores(n=60), languages=frozenset(languages))
    assert widths == pytest.approx([1.0] * 3, abs=0.2)


def test_systems_are_compared_on_the_same_items(made):
    """Hard items are hard for all: comparisons that ignore it tell fewer systems apart."""
    frame = made.scores(systems=tuple("abcdef"), n=200, seed=3)
    _, exact, approximate = both(made, frame)
    (column,) = made.columns_of(frame)
    cells = cells_of(column.table)
    assert (cells.loading > 0.3).all()
    apart = Column(**{**column.__dict__, "table": type(cells)(**{**cells.__dict__, "loading": np.zeros(6)})})
    unpaired = standings([apart], SETTINGS)
    spans = [sum(each.rank_high - each.rank_low for each in found.averages) for found in (exact, approximate, unpaired)]
    assert abs(spans[0] - spans[1]) <= 4 < spans[2] - spans[0]


@pytest.mark.parametrize("true", [(0.0, 0.0, 0.0), (0.9, 0.8, 0.5, 0.7), (0.6,) * 8])
def test_loadings_are_found_again(true):
    generator = np.random.default_rng(1)
    shared = generator.normal(size=20_000)
    pulls = [share * shared + math.sqrt(1 - share**2) * generator.normal(size=20_000) for share in true]
    assert loadings(np.array(pulls)) == pytest.approx(true, abs=0.06 if any(true) else 0.3)


@pytest.mark.parametrize(
    ("pulls", "found"),
    [(np.zeros((3, 5)), [0, 0, 0]), (np.ones((1, 5)), [0]), (np.ones((3, 5)), [MOST_SHARED] * 3)],
)
def test_loadings_of_systems_without_errors_or_with_the_same(pulls, found):
    assert loadings(pulls) == pytest.approx(found, abs=1e-3)


def test_loadings_are_never_negative():
    assert (loadings(np.array([[1.0, -1.0, 0.5, -0.5], [-1.0, 1.0, -0.5, 0.5]])) == 0).all()


@pytest.mark.parametrize("kind", ["binary", "share", "ties"])
@pytest.mark.parametrize("n", [8, 40])
def test_intervals_of_one_language_are_the_exact_ones(made, kind, n):
    frame = made.scores(kind="binary" if kind == "ties" else kind, n=n)
    if kind == "ties":
        # A judge that says nearly always the same: half a point, but for one item.
        frame["value"] = np.where(frame["source_id"] == "q0", frame["value"], 0.5)
    for code in ("deu_Latn", "swh_Latn"):
        widths, _, _ = both(made, frame, languages=frozenset([code]))
        assert widths == pytest.approx([1.0] * 3, abs=1e-9)


@pytest.mark.parametrize("n", [5.0, 60.0, 4000.0])
@pytest.mark.parametrize("value", [0.1, 0.5, 0.97])
def test_the_noise_of_an_interval_gives_the_interval_again(n, value):
    low, high = wilson_interval(value, n, 0.95, continuity=0.125 / 300)
    found = interval_noise(value, low, high, 300, 0.95)
    assert value * (1 - value) / found == pytest.approx(n, rel=1e-6)
    again = cell_interval(value, 0.0009, True, 0.95, freedom=9, noise=found, clusters=1, items=300)
    assert again == pytest.approx((0.03, low, high))


@pytest.mark.parametrize("row", [(0.0, 0.0, 0.2), (1.0, 0.8, 1.0), (0.5, math.nan, math.nan)])
def test_intervals_that_say_nothing_have_no_noise(row):
    assert math.isnan(interval_noise(*row, 30, 0.95))


def test_without_noise_the_standard_error_stands_for_it():
    found = cell_interval(0.5, 0.0025, True, 0.95, freedom=9, noise=math.nan, clusters=1, items=100)
    assert found[1:] == pytest.approx(wilson_interval(0.5, 100, 0.95, continuity=0.00125))


def test_the_adjustment_is_whole_over_all_languages_and_none_of_it_in_one(made):
    (column,) = made.columns_of(made.scores(n=20))
    cells = cells_of(column.table)
    rows, every = range(3), range(4)
    assert average_noise(cells, rows, [1]) == pytest.approx(cells.noise[:, 1] ** 2)
    combined = mean_variance(cells.noise, cells.correlation)
    assert average_noise(cells, rows, every) == pytest.approx(cells.adjustment * combined)
    ratios = average_noise(cells, rows, [0, 2]) / mean_variance(cells.noise[:, [0, 2]], cells.correlation)
    assert (np.abs(ratios - 1) <= np.abs(cells.adjustment - 1)).all()


@pytest.mark.parametrize(("noise", "average"), [([0.1, 0.1], math.nan), ([0.1, math.nan], 0.01), ([0.0, 0.0], 0.01)])
def test_without_two_cells_and_an_average_nothing_is_adjusted(noise, average):
    assert noise_adjustment(np.array(noise), 0.3, average) == 1.0


@pytest.mark.parametrize(
    ("value", "variance", "bounded", "says"),
    [(0.5, math.nan, True, (None, None, None)), (0.0, 0.0, True, (0.0, 0.0, None)), (3.0, 0.0, False, (0.0, 3.0, 3.0))],
)
def test_averages_without_an_error_or_without_spread(value, variance, bounded, says):
    found = cell_interval(value, variance, bounded, 0.95, freedom=9, noise=variance, clusters=10, items=10)
    for one, expected in zip(found, says, strict=True):
        assert expected is None or one == pytest.approx(expected)
    if bounded and variance == 0:
        assert 0.2 < found[2] < 0.35
