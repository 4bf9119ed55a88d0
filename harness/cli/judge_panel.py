"""``polyarena judge panel``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    from polyarena.reports.judge_card.panel import LeaveOneOut, MemberAgreement


def command(folder: Path, *judges: str, rule: Literal["majority", "mean"] = "majority", json: Json = False) -> int:
    """Show how the members of a panel agree, and the win rates without each of them.

    Parameters
    ----------
    folder
        A run folder.
    judges
        A panel of the experiment, or at least two judges.
    rule
        How to combine the judges that you name here: majority or mean.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.auditing import run_panel
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.results import open_run
    from polyarena.judges.panels import PanelRule

    panel = judges[0] if len(judges) == 1 else None
    agreed, left_out = run_panel(open_run(folder), panel, judges, PanelRule(rule))
    if json:
        rows = [{**asdict(row), "pairs": [[*pair, asdict(k)] for pair, k in row.pairs.items()]} for row in agreed]
        print_json({"agreement": rows, "left_out": [asdict(row) for row in left_out]})
    else:
        _print(agreed, left_out)
    return 0


def _print(agreed: Sequence[MemberAgreement], left_out: Sequence[LeaveOneOut]) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.reports.labels import language_label

    # A member may be silent in one language and not in another.
    pairs = list(dict.fromkeys(pair for row in agreed for pair in row.pairs))
    shown, left = shorten(agreed, lambda row: row.language != "all")
    print_table(
        "agreement of the members (kappa)",
        ("language", "items", "Fleiss", *(" · ".join(pair) for pair in pairs)),
        [
            (
                "all languages" if row.language == "all" else language_label(row.language).name,
                str(row.n),
                _kappa(row.fleiss),
                *(_kappa(row.pairs[pair].value if pair in row.pairs else None) for pair in pairs),
            )
            for row in shown
        ],
        right=range(1, len(pairs) + 3),
    )
    print_omitted(left)
    for row in shown:
        if row.silent:
            where = "" if row.language == "all" else f" in {language_label(row.language).name}"
            print_lines(f"no verdict at all{where}: {', '.join(row.silent)}")
    without, left = shorten(left_out, lambda row: bool(row.member))
    print_table(
        "win rates in percent, with each member left out",
        ("task", "system", "baseline", "without", "win rate", "change"),
        [
            (row.task, row.candidate, row.baseline, row.member or "nobody", f"{100 * row.win_rate:.1f}",
             f"{100 * row.difference:+.1f}" if row.member else "")
            for row in without
        ],
        right=(4, 5),
    )  # fmt: skip
    print_omitted(left)


def _kappa(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
