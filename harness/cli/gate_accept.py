"""``polyarena gate accept``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def command(
    run: Path,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("gate-baseline.parquet"),
    gate: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    system: str | None = None,
    calibration: Path | None = None,
) -> int:
    """Write a run into a reference file, as the baseline of later checks.

    Parameters
    ----------
    run
        A complete run folder.
    output
        The reference file; commit it.
    gate
        The gate file; what it does not check is left out of the reference.
    system
        The system; required if the run has several.
    calibration
        Output of `polyarena gate calibrate --json`, to be stored in the reference. Default: what the run's lock has.
    """
    import json

    from polyarena.harness.cli.output import print_lines
    from polyarena.harness.gate.gate_file import load_gate_file
    from polyarena.harness.gate.item_values import run_values
    from polyarena.harness.gate.reference import write_reference
    from polyarena.harness.gate.sides import recorded_discordance
    from polyarena.harness.results import open_run
    from polyarena.tasks.errors import DataError

    values = run_values(open_run(run), system, load_gate_file(gate))
    discordance, false_alarms = recorded_discordance(values), None
    if calibration is not None:
        try:
            measured = json.loads(calibration.read_text(encoding="utf-8"))
            discordance = dict(measured["discordance"])
            false_alarms = None if measured["red"] is None else float(measured["red"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "the calibration cannot be read",
                where=calibration,
                why=str(error),
                fix="write it again: polyarena gate calibrate RUN RUN --json > calibration.json",
            ) from error
    path = write_reference(values, output, discordance=discordance, false_alarms=false_alarms)
    size = path.stat().st_size
    print_lines(f"{path}: {len(values.frame):,} item values of {values.system}, {size / 1e6:.2f} MB")
    return 0
