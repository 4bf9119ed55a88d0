"""Finds judges of a run that nearly always return the same verdict."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from polyarena.harness.store import read_table
from polyarena.reports.judge_card.consistency import constant_of, label_value

if TYPE_CHECKING:
    from polyarena.harness.results import RunRecords

_COLUMNS = ["system_a", "system_b", "label", "score"]


def constant_judges(records: RunRecords) -> dict[str, str]:
    """Return what each judge says nearly always, in words; judges that do not are left out."""
    values: defaultdict[str, Counter[float]] = defaultdict(Counter)
    shown: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for pair in records.pairs():
        judge, path = pair.judge, records.games_file(pair)
        if not path.exists():
            continue
        games = read_table(path, _COLUMNS)
        counted = games.group_by(games.column_names).aggregate([([], "count_all")])
        for game in counted.to_pylist():
            value = label_value(game["label"], game.get("score"))
            if value is not None:
                values[judge][value] += game["count_all"]
                shown[judge].add((game["system_a"], game["system_b"]))
    found = {
        judge: constant_of(counts, both_orders=any((b, a) in shown[judge] for a, b in shown[judge]))
        for judge, counts in sorted(values.items())
    }
    return {judge: what for judge, what in found.items() if what}
