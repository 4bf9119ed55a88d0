"""How often gates cry wolf and how often they sleep: simulated truth, each rule in use beside ours.

    python benchmarks/gate.py [--draws 400] [--quick]
    python benchmarks/gate.py --independent     # 53 independent cells of 1,319 items, the point of vLLM's RFC 34333

40 languages with the same items; the two runs of one model differ in a share of items (the discordance), half each way.
Flips of an item are correlated between languages (Gaussian copula, 0.3). Judged items have differences of one half as
often as whole ones. A gate is *red* when its rule fails in any cell or average that it checks. The rules:

- ``fixed 2``: a language drops by more than 2 points.
- ``tolerance 8``: by more than 8 points, the tolerance of vLLM's own accuracy check (its RFC 34333).
- ``constant 1``: the score is below a constant, set 1 point under an earlier score of the same model on other items of
  the same number; SGLang's checks compare with constants in this way.
- ``unpaired z``: one-sided z-test of two independent shares at 5% in each language (lm-eval's model comparator).
- ``interval 1``: the paired 90% interval of a language lies wholly below -1 point: so ``nel gate`` of NeMo Evaluator
  blocks at its documented 1 point (re-derived from its documentation); it passes where the interval lies above -1.
- ``paired``: exact sign test at 5% in each language, no correction.
- ``paired + Holm``: the same with Holm's correction over the languages.
- ``ours, averages``: the defaults: averages over all languages, families and tiers fail, single languages warn.
- ``ours, cells``: single languages fail as well.
- ``ours, no floor``: as before with floors of 0, which is what ``paired + Holm`` has.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import bdtr, ndtr, ndtri

from polyarena.reports.gate import Action, GateSettings, ItemDifferences, Level, Status, decide
from polyarena.reports.gate.intervals import detection_power

LANGUAGES = tuple(f"l{i:02d}_Latn" for i in range(40))
FAMILIES = {
    f"family {i}": LANGUAGES[a:b] for i, (a, b) in enumerate(itertools.pairwise((0, 10, 18, 24, 29, 33, 36, 38, 40)))
}
TIERS = {"high": LANGUAGES[:12], "mid": LANGUAGES[12:25], "low": LANGUAGES[25:]}
GROUPINGS = {"family": FAMILIES, "tier": TIERS}
EFFECTS = {
    "none": {},
    "one -10": {30: 0.10},
    "three -6": {3: 0.06, 20: 0.06, 37: 0.06},
    "all -1": dict.fromkeys(range(40), 0.01),
    "low-resource -4": dict.fromkeys(range(25, 40), 0.04),
}
CELLS = {**dict.fromkeys(Level, Action.FAIL)}
Floats = np.ndarray


def draw(
    rng: np.random.Generator, items: int, discordance: float, effect: dict[int, float], judged: bool, icc: float = 0.3
) -> Floats:
    """Return differences of shape (items, languages), -1 to 1."""
    k = len(LANGUAGES)
    latent = np.sqrt(icc) * rng.standard_normal((items, 1)) + np.sqrt(1 - icc) * rng.standard_normal((items, k))
    lost = np.array([discordance / 2 + effect.get(i, 0.0) for i in range(k)])
    found = (latent > ndtri(1 - discordance / 2)).astype(float) - (latent < ndtri(lost)).astype(float)
    if judged:
        # Half steps and whole ones, with the mean effect kept.
        found *= np.where(rng.random(found.shape) < 0.5, 0.5, 1.0) / 0.75
        found = np.clip(np.round(found * 0.75 * 2) / 2, -1, 1)
    return found


def as_pairs(differences: Floats, judged: bool) -> ItemDifferences:
    """Return the differences as the gate takes them."""
    n, k = differences.shape
    counts = np.ones((n, k))
    zero = np.zeros(k)
    whole = np.zeros(k, dtype=np.int64)
    return ItemDifferences(
        "task", "acc", None, tuple(f"{i:05d}" for i in range(n)), LANGUAGES[:k], 100 * differences, counts,
        (differences != 0).astype(float), zero, zero, whole, whole + n, np.full(k, not judged),
    )  # fmt: skip


def sign_p(differences: Floats) -> Floats:
    """Return one-sided p-values of a drop by language, from the signs."""
    wins, losses = (differences > 0).sum(axis=0), (differences < 0).sum(axis=0)
    return np.where(wins + losses == 0, 1.0, bdtr(wins, wins + losses, 0.5))


def holm(p: Floats, alpha: float = 0.05) -> bool:
    """Tell whether Holm's correction rejects anything."""
    return bool(p.min() < alpha / len(p))


def rules(differences: Floats, base: float, rng: np.random.Generator, judged: bool, rounds: int) -> dict[str, bool]:
    """Return which rules are red."""
    n = len(differences)
    drop = -100 * differences.mean(axis=0)
    error = 100 * differences.std(axis=0, ddof=1) / np.sqrt(n)
    spread = 100 * np.sqrt(base * (1 - base) / n)
    p = sign_p(differences)
    earlier = rng.standard_normal(len(drop)) * spread
    settings = GateSettings(rounds=rounds)
    pair = as_pairs(differences, judged)
    found = {
        "fixed 2": bool((drop > 2).any()),
        "tolerance 8": bool((drop > 8).any()),
        "constant 1": bool((drop + earlier > 1).any()),
        "unpaired z": bool((ndtr(-drop / (spread * np.sqrt(2))) < 0.05).any()),
        "interval 1": bool((drop - 1.645 * error > 1).any()),
        "paired": bool((p < 0.05).any()),
        "paired + Holm": holm(p),
    }
    ours = decide([pair], settings, groupings=GROUPINGS)
    found["ours, averages"] = bool(ours.failed)
    cells = decide([pair], replace(settings, actions=CELLS), groupings=GROUPINGS)
    found["ours, cells"] = bool(cells.failed)
    bare = replace(settings, actions=CELLS, floor=0.0, average_floor=0.0)
    found["ours, no floor"] = bool(decide([pair], bare, groupings=GROUPINGS).failed)
    status = [v.status for v in cells.verdicts if v.level == Level.CELL]
    found["cells ok"] = float(np.mean([each in (Status.OK, Status.IMPROVED) for each in status]))  # type: ignore[assignment]
    return found


def designs(quick: bool) -> Iterator[tuple[str, int, float]]:
    """Yield kinds of items, items a language and discordance."""
    for kind, items, discordance in itertools.product(
        ("binary", "judged"), (200, 500, 1000), (0.005, 0.02, 0.05, 0.15)
    ):
        if not quick or (kind, items) == ("binary", 500):
            yield kind, items, discordance


def independent(draws: int, rounds: int) -> None:
    """Print the table of 53 independent cells of 1,319 items, of which 2% flip; floor and margin of 0."""
    cells, items, flips = 53, 1319, 0.02
    names = tuple(f"cell {i:02d}" for i in range(cells))
    settings = GateSettings(rounds=rounds, floor=0.0, average_floor=0.0, actions={
        **dict.fromkeys(Level, Action.OFF), Level.CELL: Action.FAIL,
    })  # fmt: skip
    critical = float(ndtri(1 - settings.alpha / cells))
    print("| cells that lose | points | tolerance 8 | paired + Holm | ours | predicted |")
    print("| --- " * 6 + "|")
    for lost, drop in ((0, 0.0), (1, 0.02), (1, 0.03), (3, 0.02)):
        rng = np.random.default_rng([lost, int(1000 * drop)])
        red = np.zeros(3)
        for _ in range(draws):
            shares = [[flips / 2 + (drop if i < lost else 0), flips / 2] for i in range(cells)]
            columns = [rng.choice([-1.0, 1.0, 0.0], items, p=[down, up, 1 - down - up])[:, None] for down, up in shares]
            pairs = [
                replace(as_pairs(column, False), task=name, clusters=tuple(f"{name}-{i}" for i in range(items)))
                for name, column in zip(names, columns, strict=True)
            ]
            together = np.hstack(columns)
            wrong = {each.task for each in decide(pairs, settings).failed}
            losing = set(names[:lost]) or set(names)
            p = sign_p(together)
            red += (
                bool((together.mean(axis=0) < -0.08).any()),
                bool((p[:lost] if lost else p).min() < 0.05 / cells),
                bool(wrong & losing),
            )
        power = detection_power(drop, flips, items, critical, 0.0)
        predicted = f"{100 * (1 - (1 - power) ** lost):.1f}" if lost else ""
        shares = " | ".join(f"{100 * each / draws:.1f}" for each in red)
        print(f"| {lost} | {100 * drop:g} | {shares} | {predicted} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=999)
    parser.add_argument("--effect", choices=EFFECTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--independent", action="store_true")
    options = parser.parse_args()
    if options.independent:
        independent(options.draws, options.rounds)
        return
    names: list[str] = []
    for effect, (kind, items, discordance) in itertools.product(
        [options.effect] if options.effect else EFFECTS, designs(options.quick)
    ):
        rng = np.random.default_rng([items, int(discordance * 1000), list(EFFECTS).index(effect), kind == "judged"])
        drawn = []
        for _ in range(options.draws):
            differences = draw(rng, items, discordance, EFFECTS[effect], kind == "judged")
            drawn.append(rules(differences, 0.7, rng, kind == "judged", options.rounds))
        if not names:
            names = list(drawn[0])
            print("| effect | items | n | discordance | " + " | ".join(names) + " |")
            print("| --- " * (4 + len(names)) + "|")
        shares = [100 * float(np.mean([each[name] for each in drawn])) for name in names]
        cells = " | ".join(f"{share:.1f}" for share in shares)
        print(f"| {effect} | {kind} | {items} | {100 * discordance:g}% | {cells} |", flush=True)


if __name__ == "__main__":
    main()
