"""What calibration predicts is what happens."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from polyarena.reports.gate import Action, GateSettings, Level, Status, decide, pair_items
from polyarena.reports.gate.calibration import calibrate_pairs, cell_power, predicted_power
from polyarena.reports.gate.intervals import detection_power, joint_critical

CELLS = GateSettings(rounds=999, actions={**dict.fromkeys(Level, Action.OFF), Level.CELL: Action.FAIL})
EIGHT = ["deu_Latn", "fra_Latn", "spa_Latn", "ita_Latn", "por_Latn", "swh_Latn", "yor_Latn", "hau_Latn"]


@pytest.fixture
def changed(values):
    """Return a function that makes pairs in which a share of items flips, half each way; the first loses more."""
    frame = values(np.ones((400, len(EIGHT))), EIGHT)
    (same,) = pair_items(frame, frame)

    def build(rng, flips, sizes=(1.0,), drop=0.0):
        shape = 400, len(EIGHT)
        up, size = rng.random(shape), rng.choice(sizes, shape)
        change = np.where(up < flips / 2, -size, np.where(up < flips, size, 0.0))
        change[rng.random(400) < drop, 0] = -1.0
        whole = np.full(len(EIGHT), set(sizes) == {1.0})
        return [replace(same, sums=100 * change, differing=(change != 0).astype(float), single=whole)]

    return build


@pytest.mark.parametrize("flips", [0.02, 0.05, 0.15])
def test_predicted_power_is_within_5_points_of_the_gates(changed, flips):
    """120 gates of eight languages, of which one loses what is found in about half of cases."""
    drop = {0.02: 0.045, 0.05: 0.055, 0.15: 0.085}[flips]
    rng = np.random.default_rng(int(1000 * flips))
    found = []
    for _ in range(120):
        verdicts = decide(changed(rng, flips, drop=drop / (1 - flips / 2)), CELLS).verdicts
        found.append(next(each.status for each in verdicts if each.group == EIGHT[0]) == Status.REGRESSED)
    power = detection_power(drop, flips, 400, joint_critical(flips, 400, len(EIGHT), 0.05), 0.02)
    # Two standard errors of 120 draws are 9 points at one half; docs/gate-simulations.md has the table of many draws.
    assert -0.05 - 0.09 <= np.mean(found) - power <= 0.05 + 0.09
    predicted = predicted_power("", "", 400, 1, flips, CELLS, total=len(EIGHT)).power
    assert predicted[1.0] < power < predicted[10.0] + 0.01


@pytest.mark.parametrize(("flips", "n"), [(0.005, 200), (0.02, 500), (0.15, 1000)])
def test_the_joint_critical_value_is_that_of_swapped_cells(flips, n):
    """In 20,000 sets of 40 cells, the largest Z is beyond it in 5%, or in fewer where Z is coarse."""
    rng = np.random.default_rng(int(1000 * flips))
    k = rng.binomial(n, flips, (20_000, 40))
    z = (2 * rng.binomial(k, 0.5) - k) / np.sqrt(np.maximum(k, 1))
    critical = joint_critical(flips, n, 40, 0.05)
    assert (z.max(axis=1) > critical + 1e-6).mean() <= 0.056
    assert critical <= ndtri(1 - 0.05 / 40) + 0.02
    assert (z.max(axis=1) > critical - 0.15).mean() >= 0.044


def test_cells_in_which_nothing_flips_need_no_evidence_against_chance():
    assert joint_critical(0.0, 100, 40, 0.05) == pytest.approx(0.0, abs=1e-6)


def test_graded_differences_are_predicted_from_their_size(changed):
    rng = np.random.default_rng(0)
    (whole,), (graded,) = changed(rng, 0.2), changed(rng, 0.2, sizes=(0.25,))
    sharp, blunt = (cell_power(pair, CELLS, total=8) for pair in (graded, whole))
    assert sharp.discordance == pytest.approx(blunt.discordance, abs=0.02)
    assert sharp.detectable < blunt.detectable
    assert sharp.chance_ok > 0.95 > blunt.chance_ok


def test_chance_to_be_ok_is_the_share_of_languages_that_are(changed):
    pairs = changed(np.random.default_rng(1), 0.1, sizes=(0.5, 1.0))
    found = calibrate_pairs(pairs, replace(CELLS, actions={}), groupings={}, rounds=40)
    assert found.ok == pytest.approx(found.cells[0].chance_ok, abs=0.1)
    assert found.red + found.green <= 1.0
