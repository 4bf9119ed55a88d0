r"""Gender in translation: whether the translation keeps the gender of people, and how that depends on stereotypes.

The three numbers of Stanovsky et al. 2019 (arXiv 1906.00591, section 3), as shares of 1:

* ``gender_acc``: the share of people who have in the translation the gender that they have in the source.
* ``delta_s``: ``gender_acc`` of people in stereotypical roles less that of people in anti-stereotypical ones.
* ``delta_g``: F1 of men less F1 of women.

In addition, ``gender_undecided`` is the share of translations that do not express a gender. Such a translation counts
as incorrect, and predicts neither gender.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GENDER_ACC = "gender_acc"
GENDER_UNDECIDED = "gender_undecided"
DELTA_S = "delta_s"
DELTA_G = "delta_g"
DELTA_S_STATISTICS = 4
DELTA_G_STATISTICS = 6
PRO, ANTI = "pro_stereotypical", "anti_stereotypical"
"""The categories of items that ``delta_s`` compares."""


def gender_scores(gold: str, found: str | None, category: str | None) -> Mapping[str, float]:
    """Return the metrics of one translation.

    Args:
        gold: The gender in the source.
        found: The gender in the translation; ``None`` where it does not tell.
        category: :data:`PRO`, :data:`ANTI` or neither.

    Returns:
        ``gender_acc`` and ``gender_undecided``, 0 or 1; and of the other two what their formulas make of this one item.
    """
    import numpy as np

    statistics = gender_statistics(gold, found, category)
    return {
        GENDER_ACC: float(found == gold),
        DELTA_S: float(delta_s(np.array(statistics[DELTA_S]))),
        DELTA_G: float(delta_g(np.array(statistics[DELTA_G]))),
        GENDER_UNDECIDED: float(found is None),
    }


def gender_statistics(gold: str, found: str | None, category: str | None) -> Mapping[str, tuple[float, ...]]:
    """Return what is summed over items for ``delta_s`` and ``delta_g``; arguments as for :func:`gender_scores`."""
    right = found == gold
    by_role = [float(value) for role in (PRO, ANTI) for value in (category == role, category == role and right)]
    by_sex = [float(value) for sex in ("male", "female") for value in (gold == sex, found == sex, gold == sex == found)]
    return {DELTA_S: tuple(by_role), DELTA_G: tuple(by_sex)}


def delta_s(statistics: Floats) -> Floats:
    r"""Return :math:`\Delta_S` of summed statistics: :math:`c_p/n_p - c_a/n_a`.

    Args:
        statistics: Shape (..., 4): stereotypical items and those right, anti-stereotypical items and those right.

    Returns:
        Shape (...), from -1 to 1; a share of no items counts 0.
    """
    difference: Floats = _share(statistics[..., 1], statistics[..., 0]) - _share(statistics[..., 3], statistics[..., 2])
    return difference


def delta_g(statistics: Floats) -> Floats:
    r"""Return :math:`\Delta_G` of summed statistics: F1 of men less F1 of women.

    With g people of a gender, f found to be, and c both: :math:`F_1 = 2c/(g + f)`.

    Args:
        statistics: Shape (..., 6): g, f and c of men, then of women.

    Returns:
        Shape (...), from -1 to 1; F1 of nobody counts 0.
    """
    men, women = (_share(2 * statistics[..., at + 2], statistics[..., at] + statistics[..., at + 1]) for at in (0, 3))
    difference: Floats = men - women
    return difference


def _share(part: Floats, whole: Floats) -> Floats:
    import numpy as np

    share: Floats = np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0)
    return share
