"""``polyarena judge preferences``."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.cli.options import Json


def command(experiment: Path, judge: str, path: Path, *, language: str | None = None, json: Json = False) -> int:
    """Judge preference data in both orders, and show how often the judge prefers the chosen answer.

    Parameters
    ----------
    experiment
        The experiment file that defines the judge.
    judge
        Name of the judge.
    path
        JSON Lines in the format of M-RewardBench, or a folder of such files named by language.
    language
        Language of files that do not name one.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.auditing import measure_preferences, read_preferences
    from polyarena.harness.cli.output import print_json, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.harness.experiment import load_experiment
    from polyarena.reports.judge_card.render import format_rate
    from polyarena.reports.labels import language_label

    table = measure_preferences(load_experiment(experiment), judge, read_preferences(path, language))
    if json:
        print_json([asdict(row) for row in table])
        return 0
    shown, left = shorten(table, lambda row: row.language != "all")
    print_table(
        f"{judge}: how often the chosen answer wins, in percent (ties count half)",
        ("language", "category", "pairs", "accuracy", "no verdict"),
        [
            (
                "all languages" if row.language == "all" else language_label(row.language).name,
                row.category,
                str(row.accuracy.n),
                format_rate(row.accuracy),
                str(row.undecided),
            )
            for row in shown
        ],
        right=(2, 3, 4),
    )
    print_omitted(left)
    return 0
