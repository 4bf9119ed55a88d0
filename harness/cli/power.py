"""``polyarena power``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.stats.statistical_power import Design, Power


SMALLEST, LARGEST = 1e-6, 1e12
"""Range of effects, prices and budgets."""


def command(
    *,
    run: Path | None = None,
    items: int | None = None,
    languages: int | None = None,
    repeats: int | None = None,
    sd: float | None = None,
    icc: float | None = None,
    noise_sd: float | None = None,
    effect: float | None = None,
    comparisons: int = 1,
    confidence: float = 0.95,
    power: float = 0.8,
    price: float | None = None,
    budget: float | None = None,
    json: Json = False,
) -> int:
    """Power analysis: the smallest difference a design can detect, or the items needed to detect one.

    Parameters
    ----------
    run
        A run folder to take variances from; options given next to it override them.
    items
        Items in each language.
    languages
        Number of languages, each with the same items.
    repeats
        Judgments in each order, or samples of an item; default 1, or the run's.
    sd
        Standard deviation of item values within a language; default 0.4, or the run's.
    icc
        Correlation of an item's values between languages; default 0.3, or the run's.
    noise_sd
        Standard deviation of the judge's own noise in one item's value; part of sd. Default 0, or that between the
        repeats of the run's judgments or samples.
    effect
        A difference of interest, such as 0.03 for 3 points.
    comparisons
        Number of differences tested together, such as the number of languages.
    confidence
        Level of the two-sided intervals.
    power
        Probability of detecting a true difference.
    price
        Price of one item in one language with one repeat.
    budget
        Total price, instead of items.
    json
        Print JSON.
    """
    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.reports.stats import statistical_power as planning
    from polyarena.tasks.errors import DataError

    _check(effect, price, budget, power)
    if effect is not None and abs(effect) >= 1 and run is None and sd is None:
        raise DataError(
            f"--effect is {effect:g}",
            why="values from 0 to 1, for which the standard deviation of 0.4 is meant, cannot differ by that much",
            fix=f"write points as shares, {effect / 100:g} for {effect:g} points; or state --sd in the same unit",
        )
    if budget is not None and (price is None or items is not None):
        raise DataError("--budget needs --price and determines the items", fix="give --price and leave out --items")
    stated: dict[str, Any] = {
        name: value
        for name, value in {
            "items": items, "languages": languages, "repeats": repeats, "sd": sd, "icc": icc, "noise_sd": noise_sd
        }.items()
        if value is not None
    }  # fmt: skip
    found = []
    for title, design, scale in _designs(run):
        own = replace(design, **stated)
        if budget is not None and price is not None:
            own = planning.affordable(own, budget=budget, price=price)
        result = planning.power(
            own, effect=effect, confidence=confidence, power=power, comparisons=comparisons, price=price
        )
        # No values from 0 to 1 have a standard deviation above 1.
        found.append(_Planned(title, result, scale if own.sd <= 1 else 1.0))
    blind = sum(each.power.design.noise_sd == 0 and each.power.design.repeats > 1 for each in found)
    if json:
        print_json([{"design": each.title, **each.power.row()} for each in found])
    else:
        _print(found)
        if blind:
            print_lines(
                f"noise is not known for {blind} of {len(found)}: repeats change nothing there; state --noise-sd"
            )
    return 0


def _check(effect: float | None, price: float | None, budget: float | None, power: float) -> None:
    """Refuse arguments for which no number of items can be computed."""
    from polyarena.tasks.errors import DataError

    if 0 < power < 0.5:
        raise DataError(f"--power is {power:g}", why="it must be at least one half", fix="use 0.8")
    for name, value, least in (
        ("--effect", None if effect is None else abs(effect), SMALLEST),
        ("--price", price, 0.0),
        ("--budget", budget, 0.0),
    ):
        if value is not None and not least <= value <= LARGEST:
            raise DataError(f"{name} is {value:g}", why=f"it must be from {least:g} to {LARGEST:g}")


@dataclass(frozen=True)
class _Planned:
    """A row: its title, what was found, and what its values are multiplied with to be read (100 for shares)."""

    title: str
    power: Power
    scale: float


def _designs(run: Path | None) -> list[tuple[str, Design, float]]:
    """Return designs with titles and display scales: the stated one, or one for each comparison of a run."""
    from polyarena.reports.metric_facts import display_scale
    from polyarena.reports.stats.statistical_power import Design, observed_design, with_noise
    from polyarena.reports.stats.variance_components import judge_noise, mean_noise, pair_noise, sample_noise
    from polyarena.tasks.errors import DataError

    if run is None:
        return [("as stated", Design(items=100, languages=1, icc=0.3), 100.0)]
    from polyarena.harness.results import open_run

    records = open_run(run)
    scores = records.scores()
    scores = scores[scores["statistics"].isna()]
    components = judge_noise(records.games())
    found = []
    for (task, judge, candidate, baseline), own in _varied(
        records.battles(), ["task", "judge", "candidate", "baseline"], "score"
    ):
        noise = pair_noise(components, judge, task, (candidate, baseline))
        design = observed_design(own)
        title = f"{task}: {candidate} against {baseline}, judge {judge}"
        found.append((title, with_noise(design, noise) if noise else design, display_scale("win_rate")))
    samples = dict(iter(scores.groupby(["task", "metric", "system"], sort=False)))
    for key, own in _varied(scores, ["task", "metric", "system"], "value"):
        noise = mean_noise(
            sample_noise(each["value"].to_numpy(), each["item_id"].factorize()[0])
            for _, each in samples[key].groupby("language", sort=True)
        )
        design = observed_design(own, "value")
        task, metric, system = key
        scale = display_scale(str(metric), own["value"])
        found.append((f"{task}: {metric} of {system}", with_noise(design, noise) if noise else design, scale))
    if not found:
        raise DataError(
            "the run has no variance to estimate",
            where=run,
            why="no comparison or metric of it has two different values",
            fix="give --sd instead of --run",
        )
    return found


def _varied(frame: pd.DataFrame, keys: list[str], column: str) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Yield the means of source items by ``keys`` and language, if a language has two different values."""
    means = frame.groupby([*keys, "language", "source_id"], sort=True)[column].mean().reset_index()
    for key, own in means.groupby(keys, sort=True):
        ends = own.groupby("language")[column].agg(["min", "max"])
        if (ends["min"] < ends["max"]).any():
            yield key, own


def _print(found: list[_Planned]) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten

    asked = found[0].power.effect
    points = {each.scale for each in found} == {100.0}
    columns = [
        "design",
        "items",
        "languages",
        "repeats",
        "sd",
        "noise sd",
        "correlation",
        "standard error",
        "detectable",
    ]
    rows = []
    shown, left = shorten(found, lambda _: False)
    for each in shown:
        p, scale = each.power, each.scale
        row = [each.title, str(p.design.items), str(p.design.languages), str(p.design.repeats)]
        row += [f"{scale * p.design.sd:.1f}", f"{scale * p.design.noise_sd:.1f}", f"{p.design.icc:.2f}"]
        row += [f"{scale * p.standard_error:.1f}", f"{scale * p.detectable:.1f}"]
        if p.chance is not None:
            row += [f"{p.chance:.2f}", str(p.items_needed)]
        if p.cost is not None:
            row.append(f"{p.cost:g}")
        rows.append(row)
    if asked is not None:
        effect = f"{100 * asked:g} point" + ("" if 100 * asked == 1 else "s") if points else f"{asked:g}"
        columns += [f"power for {effect}"]
        columns += ["items needed"]
    columns += ["cost"] if found[0].power.cost is not None else []
    print_table("", columns, rows, right=range(1, len(columns)), spare=(3, 5, 6, 7))
    print_omitted(left)
    first = found[0].power
    print_lines(
        f"detectable: the smallest true difference of the mean over languages that is detected with probability "
        f"{first.power:g} at {100 * first.confidence:g}% confidence"
        + (f", {first.comparisons} comparisons together (Bonferroni)" if first.comparisons > 1 else ""),
        *_units({each.scale for each in found}),
    )


def _units(scales: set[float]) -> list[str]:
    """Return what the numbers of the table are in; nothing if all are in the user's own unit."""
    if 100.0 not in scales:
        return []
    others = "; of other metrics in their own unit" if len(scales) > 1 else ""
    return [f"sd, noise sd, standard error, detectable: in percentage points{others}. --json has shares."]
