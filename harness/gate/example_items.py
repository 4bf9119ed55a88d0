"""Items that the worst cells lost, with both answers where they are stored and may be shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from polyarena.harness.gate.sides import Sides
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_table
from polyarena.reports.gate.decision import Decision
from polyarena.reports.gate.result import Example
from polyarena.reports.gate.settings import Level
from polyarena.reports.gate.verdict import Status, Verdict

if TYPE_CHECKING:
    import pandas as pd

WORST = 3
"""Cells that show example items."""
EXAMPLES = 3
"""Items that each of them shows."""


def example_items(sides: Sides, decision: Decision) -> Iterator[Example]:
    """Yield items that the worst cells lost, with both answers where they are stored and may be shown."""
    cells = [each for each in decision.verdicts if each.status == Status.REGRESSED and each.level == Level.CELL][:WORST]
    if not cells:
        return
    for cell in cells:
        new_texts = _texts(sides.records, sides.candidate.system, cell)
        old_texts = None
        if sides.baseline_records is not None:
            old_texts = _texts(sides.baseline_records, sides.baseline.system, cell)
        old, new = (_values_of(side.frame, cell) for side in (sides.baseline, sides.candidate))
        loss = ((new - old) * sides.candidate.scales[cell.metric].points).dropna().sort_values(kind="stable")
        for item in loss.index[loss < 0][:EXAMPLES]:
            hidden = sides.hides(cell.task)
            after = None if hidden else _text_of(new_texts, str(item))
            before = None if hidden or old_texts is None else _text_of(old_texts, str(item))
            yield Example(
                task=cell.task,
                language=cell.group,
                item_id=str(item),
                metric=cell.metric,
                before=float(old[item]),
                after=float(new[item]),
                prompt=None if after is None else str(after["prompt"]),
                old=None if before is None or before["text"] is None else str(before["text"]),
                new=None if after is None or after["text"] is None else str(after["text"]),
            )


def _values_of(frame: pd.DataFrame, cell: Verdict) -> pd.Series[Any]:
    judged = frame["judge"].isna() if cell.judge is None else frame["judge"] == cell.judge
    own = (frame["task"] == cell.task) & (frame["metric"] == cell.metric) & (frame["language"] == cell.group)
    return frame[own & judged].set_index("item_id")["value"]


def _texts(records: RunRecords, system: str, cell: Verdict) -> pd.DataFrame | None:
    """Return prompt and text of the first answer to each item of a cell; ``None`` where they are not stored."""
    path = records.folder.cell(system, cell.task, cell.group)
    if not path.exists():
        return None
    texts: pd.DataFrame = read_table(path, ["item_id", "sample_index", "prompt", "text"]).to_pandas()
    return texts[texts["sample_index"] == 0].set_index("item_id")


def _text_of(texts: pd.DataFrame | None, item: str) -> pd.Series[Any] | None:
    return None if texts is None or item not in texts.index else texts.loc[[item]].iloc[0]
