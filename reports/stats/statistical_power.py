r"""How small a difference an evaluation can see, and how much of it is needed to see one.

The value of item i in language l is :math:`\mu_l + a_i + b_{il} + \epsilon_{il}`: what translations share, what they
do not, and the judge's own noise, which orders and repeats average out. With the standard deviation :math:`\sigma` of
the values of one language, the correlation :math:`\rho` of the same item's values in two languages, and n items in L
languages, the variance of the mean over languages is

.. math:: \frac{\sigma^2}{n} \left(\rho + \frac{1 - \rho}{L}\right)

(Kish, *Survey Sampling*, 1965, section 5.4: the design effect of clusters). An effect is detected with the stated
power when it is :math:`z_{1-\alpha/2} + z_{\mathrm{power}}` standard errors large (Bloom 1995, *Minimum Detectable
Effects*); the other tail is neglected.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from polyarena.reports.stats.quantiles import normal_probability, normal_quantile
from polyarena.reports.stats.validation import refuse_values, require_columns
from polyarena.reports.stats.variance_components import Noise
from polyarena.tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class Design:
    """What an evaluation asks, and how its values vary.

    Attributes:
        items: Items in each language.
        languages: Languages, each with the same items.
        repeats: Judgments of each order; 1 is one game in each.
        sd: Standard deviation of item values within a language, with one repeat.
        icc: Correlation of an item's values between languages, 0 to 1.
        noise_sd: Standard deviation of the judge's own noise in one item's value with one repeat; it is part of
            ``sd``, and what more repeats make smaller.
    """

    items: int
    languages: int = 1
    repeats: int = 1
    sd: float = 0.4
    icc: float = 0.0
    noise_sd: float = 0.0

    def __post_init__(self) -> None:
        """Refuse designs without a meaning."""
        _refuse(self.items < 2, "items", self.items, "at least 2")
        _refuse(self.languages < 1, "languages", self.languages, "at least 1")
        _refuse(self.repeats < 1, "repeats", self.repeats, "at least 1")
        _refuse(not (0 < self.sd < math.inf), "sd", self.sd, "above 0")
        _refuse(not (0 <= self.icc <= 1), "icc", self.icc, "from 0 to 1")
        _refuse(not (0 <= self.noise_sd < self.sd), "noise_sd", self.noise_sd, "not negative and below sd")

    def variance(self) -> float:
        """Return the variance of an item's value, given the repeats."""
        return self.sd**2 - self.noise_sd**2 * (1 - 1 / self.repeats)

    def standard_error(self) -> float:
        """Return the standard error of the mean over the languages."""
        # Repeats take noise away from what languages do not share; the shared part stays as it is.
        shared = self.icc * self.sd**2
        return math.sqrt((shared + max(0.0, self.variance() - shared) / self.languages) / self.items)


@dataclass(frozen=True, slots=True)
class Power:
    """What a design can see.

    Attributes:
        design: The design.
        comparisons: How many differences are tested together, each at (1 - confidence) / comparisons.
        confidence: Of the intervals, two-sided.
        power: The probability with which ``detectable`` is found.
        standard_error: Of the mean over languages.
        detectable: Smallest difference found with that probability.
        effect: The difference that was asked about, or ``None``.
        chance: Probability of finding ``effect``.
        items_needed: Items a language needed for ``effect`` at ``power``; ``None`` without an effect.
        cost: Of the whole design, in whatever unit the prices were; ``None`` without prices.
    """

    design: Design
    comparisons: int
    confidence: float
    power: float
    standard_error: float
    detectable: float
    effect: float | None = None
    chance: float | None = None
    items_needed: int | None = None
    cost: float | None = None

    def row(self) -> dict[str, float | int | None]:
        """Return design and results as one flat row."""
        flat = asdict(self)
        return {**flat.pop("design"), **flat}


def minimal_detectable_effect(
    standard_error: float, *, confidence: float = 0.95, power: float = 0.8, comparisons: int = 1
) -> float:
    """Return the smallest true difference that an interval excludes from chance with the stated probability.

    Args:
        standard_error: Of the difference; not negative.
        confidence: Of the two-sided interval.
        power: Probability of finding the difference.
        comparisons: Differences tested together (Bonferroni).

    Example:
        >>> round(minimal_detectable_effect(0.02), 4)
        0.056
    """
    _refuse(not (0 <= standard_error < math.inf), "standard_error", standard_error, "not negative")
    return _quantiles(confidence, power, comparisons) * standard_error


def detectable_with(standard_error: float, low: float | None, high: float | None, *, confidence: float) -> float:
    """Return the smallest true difference that intervals such as this one exclude from chance in 80% of experiments.

    It is :func:`minimal_detectable_effect` of the standard error, or of half the interval's width over the normal
    quantile where that is more: with few items an interval is wider than the standard error says, and what it holds it
    does not exclude.

    Args:
        standard_error: Of the difference; not negative.
        low: Lower end of the interval; ``None`` or NaN without one.
        high: Upper end.
        confidence: Of the interval.

    Example:
        >>> round(detectable_with(0.02, -0.05, 0.05, confidence=0.95), 4)
        0.0715
    """
    if low is not None and high is not None and not math.isnan(high - low):
        standard_error = max(standard_error, (high - low) / 2 / normal_quantile(0.5 + confidence / 2))
    return minimal_detectable_effect(standard_error, confidence=confidence)


def detectable(estimates: pd.DataFrame, *, power: float = 0.8, comparisons: int = 1) -> pd.DataFrame:
    """Return estimates with a column ``detectable``: the smallest difference that their items could have found.

    Args:
        estimates: With ``standard_error`` and ``confidence``, as of :class:`polyarena.reports.records.Estimate`.
        power: Probability of finding it.
        comparisons: Differences tested together (Bonferroni).

    Raises:
        DataError: A column is missing.
    """
    require_columns(estimates, ("standard_error", "confidence"), "estimates")
    factors = {each: _quantiles(each, power, comparisons) for each in estimates["confidence"].unique()}
    return estimates.assign(detectable=estimates["confidence"].map(factors) * estimates["standard_error"])


def power(
    design: Design,
    *,
    effect: float | None = None,
    confidence: float = 0.95,
    power: float = 0.8,
    comparisons: int = 1,
    price: float | None = None,
) -> Power:
    """Plan an evaluation: what it can see, and what it would take to see ``effect``.

    Args:
        design: Items, languages, repeats and how values vary; a win rate's values have an ``sd`` of at most 0.5.
        effect: A difference of interest, such as 0.03 for 3 points; not 0.
        confidence: Of the two-sided intervals.
        power: Probability of finding what is there.
        comparisons: Differences tested together (Bonferroni), such as the number of languages.
        price: Of one item in one language with one repeat.

    Raises:
        DataError: A number is out of its range.

    Example:
        >>> found = power(Design(items=500, languages=23, sd=0.45, icc=0.3), effect=0.03)
        >>> round(found.detectable, 3), found.items_needed
        (0.032, 584)
    """
    _refuse(price is not None and not (0 <= price < math.inf), "price", price or 0, "not negative")
    error = design.standard_error()
    cost = None if price is None else price * design.items * design.languages * design.repeats
    least = minimal_detectable_effect(error, confidence=confidence, power=power, comparisons=comparisons)
    found = Power(design, comparisons, confidence, power, error, least, cost=cost)
    if effect is None:
        return found
    _refuse(not (0 < abs(effect) < math.inf), "effect", effect, "not 0")
    critical = normal_quantile(1 - (1 - confidence) / (2 * comparisons))
    needed = math.ceil(design.items * (least / effect) ** 2)
    return replace(
        found, effect=effect, chance=normal_probability(abs(effect) / error - critical), items_needed=max(2, needed)
    )


def affordable(design: Design, *, budget: float, price: float) -> Design:
    """Return the design with as many items a language as a budget buys.

    Args:
        design: Its ``items`` do not matter.
        budget: In the unit of ``price``.
        price: Of one item in one language with one repeat; above 0.

    Raises:
        DataError: The budget is not a finite number or does not buy two items, or the price is not above 0.
    """
    _refuse(not (0 < price < math.inf), "price", price, "above 0")
    _refuse(not math.isfinite(budget), "budget", budget, "a finite number")
    items = math.floor(budget / (price * design.languages * design.repeats) + 1e-9)
    _refuse(items < 2, "budget", budget, f"at least {2 * price * design.languages * design.repeats:g}, for two items")
    return replace(design, items=items)


def observed_design(values: pd.DataFrame, column: str = "score") -> Design:
    """Return the design of an earlier run: its items, languages and how its values varied.

    Args:
        values: One row per item and language with ``source_id``, ``language`` and ``column``; battles of one candidate
            and baseline, or one system's scores with one sample. Missing values are left out.
        column: The values.

    Returns:
        A design with the median number of items, the root mean square of the languages' standard deviations, and the
        mean correlation over pairs of languages that share at least three items (0 if there is none, or if it is
        negative). Repeats are taken as they were: ``repeats`` is 1, and :func:`with_noise` says what more would do.

    Raises:
        DataError: A column is missing, an item occurs twice in a language, or no language has two different values.
    """
    require_columns(values, ("source_id", "language", column), "values")
    known = values[values[column].notna()]
    again = known.duplicated(["source_id", "language"])
    refuse_values(known, again, "an item occurs twice in a language", ("language", "source_id"), column)
    wide = known.pivot_table(index="source_id", columns="language", values=column, aggfunc="first")
    variances = wide.var(ddof=1)
    if not (variances > 0).any():
        raise DataError(
            "no language has two different values: nothing is known of how they vary",
            fix="polyarena power --sd takes a standard deviation, such as 0.4",
        )
    correlation = wide.corr(min_periods=3).to_numpy()[np.triu_indices(wide.shape[1], 1)]
    correlation = correlation[np.isfinite(correlation)]
    return Design(
        items=max(2, int(wide.notna().sum().median())),
        languages=wide.shape[1],
        sd=math.sqrt(float(variances.dropna().mean())),
        icc=min(1.0, max(0.0, float(correlation.mean()))) if len(correlation) else 0.0,
    )


def with_noise(design: Design, noise: Noise) -> Design:
    """Return an observed design that says how much of its spread more repeats would remove.

    What was observed has the variance of the noise over its repeats in it, so that the standard deviation with one
    repeat is larger; what languages share stays as it is. Noise beyond all that was observed is cut to it.

    Args:
        design: Of :func:`observed_design`, whose values have :attr:`Noise.repeats` repeats behind them.
        noise: Of the same values.

    Returns:
        The design with ``noise_sd``, and with the observed number of repeats: its standard error is as before.
    """
    repeats = max(1, round(noise.repeats))
    observed = design.sd**2
    variance = min(noise.variance, repeats * observed * (1 - 1e-9))
    whole = observed + variance * (1 - 1 / repeats)
    return replace(
        design,
        repeats=repeats,
        sd=math.sqrt(whole),
        icc=design.icc * observed / whole,
        noise_sd=math.sqrt(variance),
    )


def _quantiles(confidence: float, power: float, comparisons: int) -> float:
    _refuse(not (0 < confidence < 1), "confidence", confidence, "between 0 and 1")
    _refuse(not (0 < power < 1), "power", power, "between 0 and 1")
    _refuse(comparisons < 1, "comparisons", comparisons, "at least 1")
    return normal_quantile(1 - (1 - confidence) / (2 * comparisons)) + normal_quantile(power)


def _refuse(wrong: bool, name: str, value: float, wanted: str) -> None:
    if wrong:
        raise DataError(f"{name} is {value:g}", why=f"it must be {wanted}")
