"""How often gates cry wolf and how often they sleep: simulated truth, each rule in use beside ours.

    python benchmarks/gate.py --file out.jsonl [--effect none] [--draws 1000] [--quick]
    python benchmarks/gate.py --table out.jsonl        # the tables of docs/gate-simulations.md
    python benchmarks/gate.py --independent            # 53 independent cells of 1,319 items, vLLM's RFC 34333
    python benchmarks/gate.py --unchanged --draws 20000 # false alarms of the designs in which they were highest
    python benchmarks/gate.py --closest --draws 2000   # detection where Holm's correction comes closest
    python benchmarks/gate.py --power --draws 4000     # predicted and simulated power at three discordance levels

40 languages with the same items; the two runs of one model differ in a share of items (the discordance), half each way.
Flips of an item are correlated between languages (Gaussian copula, 0.3). Judged items have differences of one half as
often as whole ones; an effect is the drop of the mean. A gate is *red* when its rule fails in any cell or average that
it checks. The rules:

- ``fixed 2``: a language drops by more than 2 points.
- ``tolerance 8``: by more than 8 points, the tolerance of vLLM's own accuracy check (its RFC 34333).
- ``constant 1``: the score is below a constant, set 1 point under an earlier score of the same model on other items of
  the same number; SGLang's checks compare with constants in this way.
- ``unpaired z``: one-sided z-test of two independent shares at 5% in each language (lm-eval's model comparator).
- ``nel``: the paired 90% interval of a language lies wholly below -1 point: so ``nel gate`` of NeMo Evaluator blocks at
  its documented 1 point (re-derived from its documentation); it passes where the interval lies above -1.
- ``paired``: exact sign test at 5% in each language, no correction.
- ``sign + Holm``, ``t + Holm``: the sign test and the paired t-test with Holm's correction over the languages.
- ``ours``: the defaults: averages over all languages, families and tiers fail, single languages warn.
- ``ours, cells``: single languages fail as well.
- ``ours, no floor``: as before with floors of 0, which is what the tests with Holm's correction have.

Our rule is evaluated with the first sign vectors that the gate itself draws for these items, and with the random error
of as many as it draws (10,000). They depend on the names of the
items and the seed alone, so that many draws share them; every 50 draws have a seed of their own, by which what is
particular to one set of vectors averages out. One matrix product serves all languages; averages are sums of its rows.
``tests/benchmarks/test_gate.py`` holds that the verdicts are those of ``decide``.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import bdtr, betaincinv, ndtr, ndtri, stdtr

from polyarena.reports.gate import Action, GateSettings, ItemDifferences, Level, Status
from polyarena.reports.gate.calibration import predicted_power
from polyarena.reports.gate.intervals import detection_power, joint_critical, ok_power, paired_bounds
from polyarena.reports.gate.testing import TIE, estimate_below, with_random_error
from polyarena.reports.stats.resampling import named_generator

LANGUAGES = tuple(f"l{i:02d}_Latn" for i in range(40))
FAMILIES = {
    f"family {i}": LANGUAGES[a:b] for i, (a, b) in enumerate(itertools.pairwise((0, 10, 18, 24, 29, 33, 36, 38, 40)))
}
TIERS = {"high": LANGUAGES[:12], "mid": LANGUAGES[12:25], "low": LANGUAGES[25:]}
GROUPINGS = {"family": FAMILIES, "tier": TIERS}
EFFECTS: Mapping[str, Mapping[int, float]] = {
    "none": {},
    "one -10": {30: 0.10},
    "three -6": {3: 0.06, 20: 0.06, 37: 0.06},
    "all -1": dict.fromkeys(range(40), 0.01),
    "low-resource -4": dict.fromkeys(range(25, 40), 0.04),
}
CELLS = {**dict.fromkeys(Level, Action.FAIL)}
BASE = 0.7
SHARED = 50
"""Draws that share sign vectors."""
JUDGED_MEAN, JUDGED_SQUARE = 0.75, 0.625
"""Mean size and mean square of a judged difference: halves and wholes, equally often."""
Floats = np.ndarray[Any, np.dtype[np.float64]]


def draw(
    rng: np.random.Generator,
    items: int,
    discordance: float,
    effect: Mapping[int, float],
    judged: bool,
    icc: float = 0.3,
) -> Floats:
    """Return differences of shape (items, languages), -1 to 1."""
    k = len(LANGUAGES)
    latent = np.sqrt(icc) * rng.standard_normal((items, 1)) + np.sqrt(1 - icc) * rng.standard_normal((items, k))
    size = JUDGED_MEAN if judged else 1.0
    lost = np.array([discordance / 2 + effect.get(i, 0.0) / size for i in range(k)])
    found = (latent > ndtri(1 - discordance / 2)).astype(np.float64) - (latent < ndtri(lost))
    if judged:
        found *= np.where(rng.random(found.shape) < 0.5, 0.5, 1.0)
    return found


def names(items: int) -> tuple[str, ...]:
    """Return the names of the clusters."""
    return tuple(f"{i:05d}" for i in range(items))


def as_pairs(differences: Floats, judged: bool) -> ItemDifferences:
    """Return the differences as the gate takes them."""
    n, k = differences.shape
    counts = np.ones((n, k))
    zero = np.zeros(k)
    whole = np.zeros(k, dtype=np.int64)
    return ItemDifferences(
        "task", "acc", None, names(n), LANGUAGES[:k], 100 * differences, counts,
        (differences != 0).astype(float), zero, zero, whole, whole + n, np.full(k, not judged),
    )  # fmt: skip


@lru_cache(maxsize=1)
def signs(items: int, rounds: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the sign vectors that the gate draws for these items, shape (items, rounds)."""
    generator = named_generator(names(items), seed)
    parts = [
        generator.integers(0, 2, size=(min(500, rounds - start), items), dtype=np.int8)
        for start in range(0, rounds, 500)
    ]
    return np.ascontiguousarray((1 - 2 * np.concatenate(parts)).T.astype(np.float32))


@cache
def averages() -> Floats:
    """Return the weights of all averages over languages, shape (averages, languages)."""
    groups = [LANGUAGES, *FAMILIES.values(), *TIERS.values()]
    return np.array([[(code in group) / len(group) for code in LANGUAGES] for group in groups])


@dataclass(frozen=True)
class Gate:
    """What the gate says of one draw.

    Attributes:
        red: Whether it failed.
        open: Whether a check that fails the gate is inconclusive.
        cells: Statuses of the languages.
    """

    red: bool
    open: bool
    cells: tuple[Status, ...]

    @property
    def state(self) -> str:
        """``red``, ``inconclusive`` or ``green``."""
        return "red" if self.red else "inconclusive" if self.open else "green"


class Swapped:
    """One draw with all its swapped copies; answers for any settings of floors and levels.

    The random error of p-values is that of ``rounds`` of the settings, also where fewer copies are drawn.
    """

    def __init__(self, differences: Floats, rounds: int, seed: int = 0) -> None:
        """Form the differences of all cells and averages in the draw and in its swapped copies."""
        n = len(differences)
        rows = np.flatnonzero(differences.any(axis=1))
        drawn = signs(n, rounds, seed)
        drawn, values = (drawn[rows], differences[rows]) if len(rows) < 0.6 * n else (drawn, differences)
        # Sums of halves and wholes are exact in single precision.
        sums = (values.T.astype(np.float32) @ drawn).astype(np.float64)
        self.n = n
        shares = np.vstack([averages(), np.eye(differences.shape[1])])
        self.parts = differences @ shares.T / n
        norms = np.sqrt((self.parts**2).sum(axis=0))
        self.alive = norms > 0
        self.norms = np.where(self.alive, norms, 1.0)
        self.difference = 100 * self.parts.sum(axis=0)
        self.z = -self.parts.sum(axis=0) / self.norms
        self.gain = -self.z
        self.drop = self.z.copy()
        self.drawn = np.vstack([averages() @ sums, sums])
        self.drawn *= -1 / (n * self.norms[:, None])
        self.means = self.drawn
        if np.any((differences != 0) & (np.abs(differences) != 1)):
            self._add_signs(values, drawn)

    def _add_signs(self, values: Floats, drawn: Floats) -> None:
        """Let single languages count as the more extreme of mean and signs."""
        cells, turned = slice(len(averages()), None), np.sign(values)
        norms = np.sqrt(np.maximum(1.0, np.abs(turned).sum(axis=0)))
        z = -turned.sum(axis=0) / norms
        self.means = self.drawn.copy()
        np.maximum(self.drawn[cells], -(turned.T.astype(np.float32) @ drawn) / norms[:, None], out=self.drawn[cells])
        self.drop[cells] = np.maximum(self.z[cells], z)
        surely = self.z[cells] < -ndtri(0.95)
        self.gain[cells] = np.where(surely, np.maximum(-self.z[cells], -z), -self.z[cells])

    @cached_property
    def low(self) -> Floats:
        """Lower ends of all intervals, in points."""
        return np.array([paired_bounds(100 * column, self.n, 0.05, least=100 / self.n).low for column in self.parts.T])

    def decide(self, settings: GateSettings) -> Gate:
        """Return what ``decide`` says with these settings."""
        m = len(averages())
        cells_fail = settings.action(Level.CELL) is Action.FAIL
        status = np.empty(self.parts.shape[1], dtype=object)
        for family, weights in self._families(settings):
            status[family] = self._statuses(family, weights, settings)
        failing = status if cells_fail else status[:m]
        return Gate(
            bool((failing == Status.REGRESSED).any()), bool((failing == Status.INCONCLUSIVE).any()), tuple(status[m:])
        )

    def alarms(self, settings: GateSettings) -> tuple[bool, bool]:
        """Return whether the gate fails, and whether it warns, without the other statuses."""
        found = [
            bool(self._regressed(family, self.tested(family, weights, settings)[0], settings).any())
            for family, weights in self._families(settings)
        ]
        return found[0], found[-1] if len(found) > 1 else False

    def _families(self, settings: GateSettings) -> list[tuple[np.ndarray[Any, Any], Floats]]:
        """Return the checks that are tested together, those that fail the gate first, with their weights."""
        m, total = len(averages()), self.parts.shape[1]
        if settings.action(Level.CELL) is Action.FAIL:
            return [(np.arange(total), np.where(np.arange(total) < m, settings.average_weight, 1.0))]
        return [(np.arange(m), np.ones(m)), (np.arange(m, total), np.ones(total - m))]

    def _regressed(self, family: np.ndarray[Any, Any], adjusted: Floats, settings: GateSettings) -> Floats:
        floors = np.where(family < len(averages()), settings.average_floor, settings.floor)
        return (adjusted < settings.alpha) & (self.difference[family] <= -floors)

    def tested(self, family: np.ndarray[Any, Any], weights: Floats, settings: GateSettings) -> tuple[Floats, Floats]:
        """Return adjusted p-values and critical values of checks that are tested together."""
        adjusted, critical = np.ones(len(family)), np.full(len(family), np.inf)
        alive = np.flatnonzero(self.alive[family])
        if len(alive):
            chosen, used = family[alive], weights[alive]
            rounds = self.drawn.shape[1]
            light = used != 1
            best = self.drawn[chosen[~light]].max(axis=0, initial=-np.inf)
            if light.any():
                # On the scale of the checks of weight 1.
                best = np.maximum(best, rescale(self.drawn[chosen[light]].max(axis=0), used[light][0]))
            place = rounds - 1 - int(np.floor((rounds - 1) * estimate_below(settings.alpha, settings.rounds)))
            threshold = np.partition(best, place)[place]
            critical[alive] = -ndtri(np.minimum(1.0, ndtr(-threshold) * used))
            drop = self.drop[chosen] - TIE
            seen = np.where(light, rescale(drop, settings.average_weight), drop)
            smallest = np.array([(1 + (best >= seen.max()).sum()) / (1 + rounds)])
            if with_random_error(smallest, settings.rounds)[0] < settings.alpha:
                stepped = self._stepped(chosen, light, seen, settings)
                adjusted[alive] = with_random_error(stepped, settings.rounds)
                for i in np.flatnonzero(adjusted < settings.alpha):
                    reached = (self.means[family[i]] >= self.z[family[i]] - TIE).sum()
                    adjusted[i] = max(adjusted[i], (1 + reached) / (1 + rounds))
        return adjusted, critical

    def _statuses(self, family: np.ndarray[Any, Any], weights: Floats, settings: GateSettings) -> list[Status]:
        adjusted, critical = self.tested(family, weights, settings)
        floors = np.where(family < len(averages()), settings.average_floor, settings.floor)
        low, difference = self.low[family], self.difference[family]
        regressed = self._regressed(family, adjusted, settings)
        improved = (self.gain[family] > critical + TIE) & (difference >= floors)
        return [
            Status.REGRESSED
            if a
            else Status.IMPROVED
            if b
            else Status.OK
            if c > -settings.margin
            else Status.INCONCLUSIVE
            for a, b, c in zip(regressed, improved, low, strict=True)
        ]

    def _stepped(self, chosen: np.ndarray[Any, Any], light: Floats, seen: Floats, settings: GateSettings) -> Floats:
        """Return adjusted p-values by the step-down procedure."""
        order = np.argsort(-seen, kind="stable")
        drawn = self.drawn[chosen[order]]
        for i in np.flatnonzero(light[order]):
            drawn[i] = rescale(drawn[i], settings.average_weight)
        running = np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
        reached = (running >= seen[order][:, None]).sum(axis=1)
        adjusted = np.empty(len(chosen))
        adjusted[order] = np.maximum.accumulate((1 + reached) / (1 + drawn.shape[1]))
        return adjusted


def rescale(z: Floats, weight: float) -> Floats:
    """Return the Z of a check of weight 1 that is as extreme as one of this weight."""
    found: Floats = -ndtri(np.minimum(1.0, ndtr(-z) / weight))
    return found


def sign_p(differences: Floats) -> Floats:
    """Return one-sided p-values of a drop by language, from the signs."""
    wins, losses = (differences > 0).sum(axis=0), (differences < 0).sum(axis=0)
    found: Floats = np.where(wins + losses == 0, 1.0, bdtr(wins, wins + losses, 0.5))
    return found


def rules(
    differences: Floats, rng: np.random.Generator, settings: GateSettings, rounds: int | None = None
) -> dict[str, float]:
    """Return, for one draw, which rules are red or green, and the share of languages by status.

    Args:
        differences: Shape (items, languages).
        rng: For the constant of ``constant 1``.
        settings: Of the gate.
        rounds: Sign vectors that are drawn, if fewer than those of the settings.
    """
    n, k = differences.shape
    drop = -100 * differences.mean(axis=0)
    error = 100 * differences.std(axis=0, ddof=1) / np.sqrt(n)
    spread = 100 * np.sqrt(BASE * (1 - BASE) / n)
    p = sign_p(differences)
    t_p = np.where(error > 0, stdtr(n - 1, -drop / np.where(error > 0, error, 1.0)), 1.0)
    earlier = rng.standard_normal(k) * spread
    swapped = Swapped(differences, rounds or settings.rounds, settings.seed)
    ours = swapped.decide(settings)
    cells = swapped.decide(replace(settings, actions=CELLS))
    bare = swapped.decide(replace(settings, actions=CELLS, floor=0.0, average_floor=0.0))
    found = {
        "fixed 2": (drop > 2).any(),
        "tolerance 8": (drop > 8).any(),
        "constant 1": (drop + earlier > 1).any(),
        "unpaired z": (ndtr(-drop / (spread * np.sqrt(2))) < 0.05).any(),
        "nel": (drop - 1.645 * error > 1).any(),
        "nel, green": (drop + 1.645 * error < 1).all(),
        "paired": (p < 0.05).any(),
        "sign + Holm": p.min() < 0.05 / k,
        "t + Holm": t_p.min() < 0.05 / k,
        **{f"ours, {state}": ours.state == state for state in ("red", "inconclusive", "green")},
        "ours, warned": Status.REGRESSED in ours.cells,
        **{f"cells, {state}": cells.state == state for state in ("red", "inconclusive", "green")},
        "no floor, red": bare.red,
        "share ok": np.mean([each in (Status.OK, Status.IMPROVED) for each in cells.cells]),
        "share regressed": np.mean([each is Status.REGRESSED for each in cells.cells]),
    }
    return {name: float(value) for name, value in found.items()}


def designs(quick: bool) -> Iterator[tuple[str, int, float]]:
    """Yield kinds of items, items a language and discordance."""
    for kind, items, discordance in itertools.product(
        ("binary", "judged"), (200, 500, 1000), (0.005, 0.02, 0.05, 0.15)
    ):
        if not quick or (kind, items) == ("binary", 500):
            yield kind, items, discordance


def simulate(effect: str, kind: str, items: int, discordance: float, draws: int, rounds: int) -> dict[str, Any]:
    """Return the mean of :func:`rules` over draws of one design."""
    rng = np.random.default_rng([items, int(discordance * 1000), list(EFFECTS).index(effect), kind == "judged"])
    settings = GateSettings()
    judged = kind == "judged"
    drawn = [
        rules(draw(rng, items, discordance, EFFECTS[effect], judged), rng, replace(settings, seed=i // SHARED), rounds)
        for i in range(draws)
    ]
    predicted = ok_power(discordance * (JUDGED_SQUARE if judged else 1), items, settings.alpha, settings.margin / 100)
    return {
        "effect": effect, "kind": kind, "items": items, "discordance": discordance, "draws": draws,
        **{name: float(np.mean([each[name] for each in drawn])) for name in drawn[0]},
        "predicted ok": predicted,
    }  # fmt: skip


RED = {
    "fixed 2": "fixed 2", "tolerance 8": "tolerance 8", "constant 1": "constant 1", "unpaired z": "unpaired z",
    "nel": "nel", "paired": "paired", "sign + Holm": "sign + Holm", "t + Holm": "t + Holm", "ours": "ours, red",
    "ours warns": "ours, warned", "ours, cells": "cells, red", "no floor": "no floor, red",
}  # fmt: skip
OURS = ("ours, red", "ours, warned", "cells, red", "no floor, red")
STATES = {
    "nel red / green": ("nel", "nel, green"),
    "ours red / inconclusive / green": ("ours, red", "ours, inconclusive", "ours, green"),
    "cells red / inconclusive / green": ("cells, red", "cells, inconclusive", "cells, green"),
}


def tables(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the tables of all effects, in percent."""
    for effect in EFFECTS:
        chosen = [row for row in rows if row["effect"] == effect]
        if not chosen:
            continue
        counts = sorted({row["draws"] for row in chosen})
        many = " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
        yield f"\n### {effect} ({many} draws a row)\n\nRed gates:\n"
        yield from table(chosen, {name: (key,) for name, key in RED.items()}, bounds=effect == "none")
        yield "\nRed, inconclusive and green apart; languages that are ok, as `calibrate` predicts for no effect:\n"
        yield from table(chosen, {**STATES, "languages ok": ("share ok",), "predicted": ("predicted ok",)})


def table(rows: list[dict[str, Any]], columns: Mapping[str, tuple[str, ...]], *, bounds: bool = False) -> Iterator[str]:
    """Yield the lines of one table; with ``bounds``, the exact 95% interval of our highest rate stands last."""
    names = [*columns, *(["95% interval of our highest"] if bounds else [])]
    yield "| items | n | differ | " + " | ".join(names) + " |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(names)
    for row in rows:
        cells = [" / ".join(f"{100 * row[key]:.1f}" for key in keys) for keys in columns.values()]
        if bounds:
            most = round(row["draws"] * max(row[key] for key in OURS))
            low, high = exact_interval(most, row["draws"])
            cells.append(f"{100 * low:.2f} to {100 * high:.2f}")
        yield f"| {row['kind']} | {row['items']:,} | {100 * row['discordance']:g}% | " + " | ".join(cells) + " |"


def exact_interval(count: int, draws: int) -> tuple[float, float]:
    """Return the 95% interval of Clopper and Pearson (1934) of a share."""
    low = betaincinv(count, draws - count + 1, 0.025) if count else 0.0
    high = betaincinv(count + 1, draws - count, 0.975) if count < draws else 1.0
    return float(low), float(high)


WORST = (("binary", 500, 0.15), ("binary", 500, 0.02), ("binary", 500, 0.05), ("judged", 500, 0.15))
"""Designs in which the first thousand draws of an unchanged model had most alarms."""


def unchanged(draws: int, rounds: int) -> Iterator[str]:
    """Yield the false alarms of the worst designs, from draws and sign vectors that no other table has used."""
    yield "| items | n | differ | draws | ours | ours warns | ours, cells | no floor | 95% interval of the highest |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for kind, items, discordance in WORST:
        rng = np.random.default_rng([2, items, int(discordance * 1000), kind == "judged"])
        counts = np.zeros(4)
        for i in range(draws):
            settings = GateSettings(seed=1_000_000 + i // SHARED)
            swapped = Swapped(draw(rng, items, discordance, {}, kind == "judged"), rounds, settings.seed)
            red, warned = swapped.alarms(settings)
            cells = replace(settings, actions=CELLS)
            bare = replace(cells, floor=0.0, average_floor=0.0)
            counts += red, warned, swapped.alarms(cells)[0], swapped.alarms(bare)[0]
        most = int(counts.max())
        ends = exact_interval(most, draws)
        yield (
            f"| {kind} | {items:,} | {100 * discordance:g}% | {draws:,} | "
            + " | ".join(f"{100 * each / draws:.2f}" for each in counts)
            + f" | {100 * ends[0]:.2f} to {100 * ends[1]:.2f} |"
        )


CLOSEST = (
    ("one -10", "judged", 500, 0.15),
    ("three -6", "judged", 500, 0.15),
    ("one -10", "binary", 500, 0.15),
    ("one -10", "judged", 200, 0.15),
)
"""Designs with an effect in which tests with Holm's correction came closest to ours."""


def closest(draws: int, rounds: int) -> Iterator[str]:
    """Yield detection in the closest designs, on the same draws: ours beside tests with Holm's correction.

    The last column is the gain of ours without floors over the better test, with the 95% interval of paired draws.
    """
    yield "| effect | items | n | differ | draws | sign + Holm | t + Holm | ours, cells | no floor | gain |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for effect, kind, items, discordance in CLOSEST:
        rng = np.random.default_rng([3, items, list(EFFECTS).index(effect), kind == "judged"])
        columns = ("sign + Holm", "t + Holm", "cells, red", "no floor, red")
        found = np.array(
            [
                [each[name] for name in columns]
                for each in (
                    rules(
                        draw(rng, items, discordance, EFFECTS[effect], kind == "judged"),
                        rng,
                        GateSettings(seed=2_000_000 + i // SHARED),
                        rounds,
                    )
                    for i in range(draws)
                )
            ]
        )
        better = int(found[:, :2].mean(axis=0).argmax())
        gain = found[:, 3] - found[:, better]
        half = 196 * float(gain.std()) / np.sqrt(draws)
        yield (
            f"| {effect} | {kind} | {items:,} | {100 * discordance:g}% | {draws:,} | "
            + " | ".join(f"{100 * each:.1f}" for each in found.mean(axis=0))
            + f" | {100 * gain.mean():+.1f} ± {half:.1f} |"
        )


POWER_DESIGNS = ((0.02, 500), (0.05, 500), (0.15, 1000))
"""Discordance and items a language of the comparison of predicted and simulated power."""


def power(draws: int, rounds: int) -> Iterator[str]:
    """Yield the power that ``calibrate`` predicts for one language that loses, beside the simulated one.

    40 languages whose flips are independent, of which the prediction assumes nothing better: the gate tests all of them
    together, with single languages failing, and one of them loses.
    """
    yield "| differ | n | points | predicted | simulated | difference |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    cells = replace(GateSettings(), actions={**dict.fromkeys(Level, Action.OFF), Level.CELL: Action.FAIL})
    for discordance, items in POWER_DESIGNS:
        predicted = predicted_power("", "", items, len(LANGUAGES), discordance, cells, total=len(LANGUAGES))
        for drop in (3.0, 5.0, 10.0):
            rng = np.random.default_rng([4, items, int(1000 * discordance), int(drop)])
            found = 0
            for i in range(draws):
                differences = draw(rng, items, discordance, {0: drop / 100}, False, icc=0.0)
                settings = replace(cells, seed=3_000_000 + i // SHARED)
                swapped = Swapped(differences, rounds, settings.seed)
                family = np.arange(len(averages()), swapped.parts.shape[1])
                adjusted, _ = swapped.tested(family, np.ones(len(family)), settings)
                found += bool(adjusted[0] < settings.alpha and swapped.difference[family[0]] <= -settings.floor)
            simulated = found / draws
            yield (
                f"| {100 * discordance:g}% | {items:,} | {drop:g} | {100 * predicted.power[drop]:.1f} | "
                f"{100 * simulated:.1f} | {100 * (simulated - predicted.power[drop]):+.1f} |"
            )


def independent(draws: int, rounds: int) -> Iterator[str]:
    """Yield the table of 53 independent cells of 1,319 items, of which 2% flip; floor and margin of 0.

    Independent cells reduce to counts: of k items that differ, a swap makes B(k, 1/2) of them losses.
    """
    cells, items, flips = 53, 1319, 0.02
    critical = joint_critical(flips, items, cells, 0.05)
    yield "| cells that lose | points | tolerance 8 | sign + Holm | ours | predicted |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for lost, drop in ((0, 0.0), (1, 0.02), (1, 0.03), (3, 0.02)):
        rng = np.random.default_rng([lost, int(1000 * drop)])
        losing = slice(0, lost) if lost else slice(0, cells)
        red = np.zeros(3)
        for _ in range(draws):
            down = np.full(cells, flips / 2)
            down[:lost] += drop
            counts = rng.multinomial(items, np.column_stack([down, np.full(cells, flips / 2), 1 - down - flips / 2]))
            losses, wins = counts[:, 0], counts[:, 1]
            p = bdtr(wins, wins + losses, 0.5)
            red += (
                bool((losses - wins > 0.08 * items).any()),
                bool(p[losing].min() < 0.05 / cells),
                bool((stepped_counts(losses, wins, rng, rounds)[losing] < 0.05).any()),
            )
        power = detection_power(drop, flips, items, critical, 0.0)
        predicted = f"{100 * (1 - (1 - power) ** lost):.1f}" if lost else ""
        yield (
            f"| {lost} | {100 * drop:g} | "
            + " | ".join(f"{100 * each / draws:.1f}" for each in red)
            + f" | {predicted} |"
        )


def stepped_counts(
    losses: np.ndarray[Any, Any], wins: np.ndarray[Any, Any], rng: np.random.Generator, rounds: int
) -> Floats:
    """Return the gate's adjusted p-values of independent cells from their counts."""
    differing = losses + wins
    alive = np.flatnonzero(differing)
    k = differing[alive]
    seen = (losses - wins)[alive] / np.sqrt(k) - TIE
    order = np.argsort(-seen, kind="stable")
    drawn = (2 * rng.binomial(k[order][:, None], 0.5, (len(k), rounds)) - k[order][:, None]) / np.sqrt(k[order])[
        :, None
    ]
    running = np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
    reached = (running >= seen[order][:, None]).sum(axis=1)
    found = np.ones(len(differing))
    found[alive[order]] = with_random_error(np.maximum.accumulate((1 + reached) / (1 + rounds)), GateSettings().rounds)
    return found


def main() -> None:
    """Simulate, or print tables of what was simulated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--effect", choices=EFFECTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--file", type=Path, help="JSON lines; designs that it has are not simulated again")
    parser.add_argument("--table", type=Path, help="print the tables of this file")
    parser.add_argument("--independent", action="store_true")
    parser.add_argument("--unchanged", action="store_true")
    parser.add_argument("--closest", action="store_true")
    parser.add_argument("--power", action="store_true")
    options = parser.parse_args()
    for table_of in (independent, unchanged, closest, power):
        if getattr(options, table_of.__name__):
            for line in table_of(options.draws, options.rounds):
                print(line, flush=True)
            return
    if options.table:
        rows = [json.loads(line) for line in options.table.read_text(encoding="utf-8").splitlines()]
        print("\n".join(tables(rows)))
        return
    known = options.file.read_text(encoding="utf-8").splitlines() if options.file and options.file.exists() else []
    done = {tuple(json.loads(line)[key] for key in ("effect", "kind", "items", "discordance")) for line in known}
    for effect, design in itertools.product([options.effect] if options.effect else EFFECTS, designs(options.quick)):
        if (effect, *design) in done:
            continue
        line = json.dumps(simulate(effect, *design, options.draws, options.rounds))
        print(line, flush=True)
        if options.file:
            with options.file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
