r"""The interval of a paired difference, right also where hardly any item differs.

With the contributions :math:`c_i` of n clusters to a difference :math:`D = \sum c_i`, the interval adds one cluster
that was won and one that was lost, each of the size s of a cluster that differs (Bonett and Price 2012, "Adjusted Wald
confidence interval for a difference of binomial proportions based on paired data", *Journal of Educational and
Behavioral Statistics* 37; for single items that are right or wrong it is theirs):

.. math::

   \tilde D = \frac{n}{n+2} D, \qquad
   \tilde V = \Bigl(\frac{n}{n+2}\Bigr)^2 \Bigl(\sum_i c_i^2 + 2 s^2\Bigr) - \frac{\tilde D^2}{n+2}, \qquad
   \tilde D \pm z \sqrt{\tilde V}

The size s is the root mean square of the contributions that are not 0. Where all are 0 it is that of one item that
changes in the column that counts most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, ndtri
from scipy.stats import binom

from polyarena.reports.stats.resampling import Floats


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval.

    Attributes:
        low: Lower end, in points.
        high: Upper end.
        variance: Of the adjusted difference, times the number of clusters: what one cluster varies by.
    """

    low: float
    high: float
    variance: float


def possible_ends(bounds: Bounds, difference: float, reach: float) -> tuple[float, float]:
    """Return the ends of an interval within what a difference can be.

    The normal approximation knows no range: of few items, its interval passes it.

    Args:
        bounds: The interval.
        difference: The difference that was found; it stays within the ends.
        reach: The largest difference that is possible, in points.
    """
    limit = max(reach, abs(difference))
    return max(bounds.low, -limit), min(bounds.high, limit)


def paired_bounds(contributions: Floats, n: int, alpha: float, *, least: float) -> Bounds:
    """Return the interval of confidence ``1 - 2 * alpha`` of a difference.

    Args:
        contributions: Those of clusters; 0 may be left out.
        n: Clusters in all, at least 1.
        alpha: One-sided level of each end.
        least: Contribution of one item that changes, for where nothing does.
    """
    values = contributions[contributions != 0]
    size = math.sqrt(float((values**2).mean())) if len(values) else least
    total = float(values.sum())
    return _bounds(total, float((values**2).sum()), size, n, alpha)


def _bounds(total: float, squares: float, size: float, n: int, alpha: float) -> Bounds:
    shrink = n / (n + 2)
    centre = shrink * total
    variance = shrink**2 * (squares + 2 * size**2) - centre**2 / (n + 2)
    half = float(ndtri(1 - alpha)) * math.sqrt(max(0.0, variance))
    return Bounds(centre - half, centre + half, max(0.0, variance) * n)


def detection_power(drop: float, discordance: float, n: int, critical: float, floor: float) -> float:
    r"""Return the probability that a drop of single items is called a regression.

    Of n items a share of ``discordance`` flips by chance, half of them each way, and a further share ``drop`` is lost.
    With K the items that differ and L the losses among them, the gate needs :math:`2L - K \ge z \sqrt K` and
    :math:`2L - K \ge f n`; :math:`K \sim B(n, \pi + d)` and :math:`L \mid K \sim B(K, (\pi/2 + d)/(\pi + d))`.

    Args:
        drop: As a share, such as 0.02.
        discordance: As a share.
        n: Items.
        critical: The Z that counts as significant.
        floor: Least drop of a regression, as a share.
    """
    differing = min(1.0, discordance + drop)
    if differing <= 0 or n < 1 or math.isinf(critical):
        return 0.0
    k, mass = _likely(n, differing)
    needed = np.maximum(critical * np.sqrt(k) - 1e-9, floor * n - 1e-9)
    losses = np.ceil((k + np.maximum(needed, 1e-9)) / 2)
    # bdtr is the probability of at most that many.
    with np.errstate(invalid="ignore"):
        tail = 1 - bdtr(losses - 1, k.astype(np.int64), min(1.0, (discordance / 2 + drop) / differing))
    tail = np.where((losses > k) | (k == 0), 0.0, np.where(losses < 1, 1.0, tail))
    return float((mass * tail).sum())


def joint_critical(discordance: float, n: int, cells: int, alpha: float) -> float:
    r"""Return the Z beyond which a cell is significant when so many independent cells are tested together.

    With the flips K of a cell, :math:`K \sim B(n, \pi)`, a swap makes L of them losses, :math:`L \mid K \sim B(K,
    1/2)`, and :math:`Z = (2L - K) / \sqrt K`. The value is the smallest z with :math:`P(Z \le z)^m \ge 1 - \alpha`:
    where few items flip, it is below that of the normal distribution, since Z cannot exceed :math:`\sqrt K`. Cells
    that flip together have a smaller one still.

    Args:
        discordance: As a share.
        n: Items of a cell.
        cells: How many are tested together.
        alpha: Family-wise level.
    """
    k, mass = _likely(n, discordance)
    wanted = (1 - alpha) ** (1 / cells)
    low, high = 0.0, float(ndtri(wanted)) + 1.0
    for _ in range(40):
        middle = (low + high) / 2
        losses = np.minimum(np.floor((k + middle * np.sqrt(k)) / 2 + 1e-9), k)
        below = np.where(k == 0, 1.0, bdtr(losses, np.maximum(k, 1).astype(np.int64), 0.5))
        low, high = (low, middle) if float((mass * below).sum()) >= wanted else (middle, high)
    return high


def ok_power(discordance: float, n: int, alpha: float, margin: float) -> float:
    """Return the probability that a cell of single items without a true difference is shown to be within the margin.

    Args:
        discordance: Share of items that flip by chance, half of them each way.
        n: Items.
        alpha: One-sided level of the interval.
        margin: As a share, such as 0.04.
    """
    if n < 1:
        return 0.0
    k, mass = _likely(n, discordance)
    found = 0.0
    z = float(ndtri(1 - alpha))
    shrink = n / (n + 2)
    for differing, share in zip(k.astype(int), mass, strict=True):
        losses = np.arange(differing + 1)
        centre = shrink * (differing - 2 * losses) / n
        variance = shrink**2 * (differing + 2) / n**2 - centre**2 / (n + 2)
        within = centre - z * np.sqrt(np.maximum(variance, 0)) > -margin
        found += float(share) * float(binom.pmf(losses, differing, 0.5)[within].sum())
    return found


def detectable_drop(power: float, discordance: float, n: int, critical: float, floor: float) -> float | None:
    r"""Return the smallest drop, as a share, that is called a regression with the stated power; ``None`` if none is.

    The solution of :math:`d = \max(z \sqrt{(\pi + d)/n}, f) + z_{power} \sqrt{(\pi + d - d^2)/n}`, the normal
    approximation of :func:`detection_power`, whose arguments it shares.

    Args:
        power: The probability, between 0 and 1, with which the drop is found.
        discordance: Share of items that differ without any drop.
        n: Items.
        critical: Value that the test statistic must exceed, in standard errors.
        floor: Smallest drop that counts, as a share.
    """
    if n < 1 or math.isinf(critical):
        return None
    reach = float(ndtri(power))
    drop = floor
    for _ in range(60):
        differing = min(1.0, discordance + drop)
        next_drop = max(critical * math.sqrt(differing / n), floor)
        next_drop += reach * math.sqrt(max(0.0, differing - drop * drop) / n)
        if next_drop >= 1 - discordance:
            return None
        if abs(next_drop - drop) < 1e-7:
            break
        drop = next_drop
    return drop


def detectable_mean_drop(power: float, deviation: float, critical: float, floor: float) -> float:
    """Return the smallest drop of a mean that is called a regression with the stated power (normal approximation).

    Args:
        power: Probability of detection.
        deviation: Standard error of the difference.
        critical: The Z that counts as significant.
        floor: Least drop, in the unit of ``deviation``.
    """
    return max(critical * deviation, floor) + float(ndtri(power)) * deviation


def _likely(n: int, share: float) -> tuple[Floats, Floats]:
    """Return the numbers of items that differ with a probability that matters, and these probabilities."""
    spread = 7 * math.sqrt(n * share * (1 - share)) + 10
    k = np.arange(max(0, math.floor(n * share - spread)), min(n, math.ceil(n * share + spread)) + 1, dtype=np.float64)
    return k, np.asarray(binom.pmf(k, n, share))
