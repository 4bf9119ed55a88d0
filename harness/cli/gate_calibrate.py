"""``polyarena gate calibrate``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    from polyarena.reports.gate.calibration import CellPower


def command(
    first: Path | None = None,
    second: Path | None = None,
    *,
    gate: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    system: str | None = None,
    rounds: int = 200,
    items: int | None = None,
    languages: int = 1,
    discordance: float | None = None,
    record: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """Measure the gate's false alarms and detectable drops, before you trust it or spend money.

    Give two runs of the same model, or one run whose samples or games are split into halves (or whose lock has recorded
    shares), or no run with --items, --languages and --discordance.

    Parameters
    ----------
    first
        A run folder.
    second
        Another run of the same model.
    gate
        The gate file.
    system
        The system; required if a run has several.
    rounds
        Number of simulated comparisons of runs of the same model.
    items
        Without a run: items in each language.
    languages
        Without a run: languages times tasks that are checked together.
    discordance
        Without a run: share of items that differ between two runs of the same model, such as 0.02.
    record
        Write the measured shares into the lock of the first run; checks against it then say their power.
    json
        Print JSON; `polyarena gate accept --calibration` takes it.
    """
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.harness.gate.calibrate import calibrate, record_flips
    from polyarena.harness.gate.gate_file import load_gate_file
    from polyarena.reports.gate.calibration import predicted_power
    from polyarena.tasks.errors import ExperimentError

    chosen = load_gate_file(gate)
    if first is None:
        if items is None or discordance is None or items < 2 or languages < 1 or not 0 <= discordance <= 1:
            raise ExperimentError(
                "without a run, the design must be stated",
                where="polyarena gate calibrate",
                fix="give --items N (2 or more), --languages N and --discordance SHARE (0 to 1), or a run folder",
            )
        power = predicted_power("", "", items, languages, discordance, chosen.settings(), total=languages)
        if json:
            print_json({"cells": [asdict(power)]})
        else:
            _print([power])
        return 0
    found = calibrate(first, second, chosen, system=system, rounds=rounds)
    measured = found.measured
    if record:
        record_flips(found, first)
    if json:
        print_json(
            {
                "source": found.source,
                "discordance": dict(found.discordance),
                **{name: _known(getattr(measured, name)) for name in ("red", "warned", "green", "ok", "rounds")},
                "cells": [asdict(each) for each in measured.cells],
            }
        )
        return 0
    print_lines(f"{found.source}: what the gate does when nothing has changed")
    _print(measured.cells)
    if not math.isnan(measured.red):
        print_lines(
            f"Of {measured.rounds} comparisons of runs of the same model, {100 * measured.red:.1f}% are red, "
            f"{100 * measured.warned:.1f}% warn, {100 * measured.green:.1f}% are green without an inconclusive check.",
            f"{100 * measured.ok:.1f}% of single languages are shown to be within the margin there, where no other "
            "items can differ than those that differ between the two given; `ok` is for new runs, where any item can.",
        )
    return 0


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _print(cells: tuple[CellPower, ...] | list[CellPower]) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.reports.gate.calibration import DROPS

    print_table(
        "power in one language, by the drop in points",
        ("task", "metric", "items", "languages", "differ", "ok", *(f"{drop:g}" for drop in DROPS), "80% at"),
        [
            (
                each.task,
                each.metric,
                str(each.items),
                str(each.languages),
                f"{100 * each.discordance:.1f}%",
                f"{100 * each.chance_ok:.0f}%",
                *(f"{100 * each.power[drop]:.0f}%" for drop in DROPS),
                "" if each.detectable is None else f"{each.detectable:.1f}",
            )
            for each in cells
        ],
        right=range(2, 7 + len(DROPS)),
    )
    for each in cells:
        needed = ", ".join(f"{drop:g} points {count:,}" for drop, count in each.items_needed.items() if count)
        if needed:
            name = f"{each.task} ({each.metric}): " if each.task else ""
            print_lines(f"{name}items a language for 80% power: {needed}.")
    print_lines(
        "differ: items with different values in two runs of the same model. ok: predicted chance that an unchanged "
        "language is shown to be within the margin in new runs. It takes for granted that at least one in (items + 2) "
        "differs: so many items cannot show that fewer do."
    )
