"""``annotations.json`` of AlpacaEval: one game an instruction, the preference between 1 and 2.

``output_1`` is the reference system's, ``output_2`` the candidate's. A preference of 1 is for the first, 2 for the
second, what lies between is a weight (the share of probability of the second label); 0 and 1.5 are ties. It is kept as
it is in :attr:`polyarena.judges.records.Game.score`, so that the mean is AlpacaEval's win rate; the label is its side.
The order in which the judge saw the answers was drawn at random and is not in the file. An instruction that stands
several times in a file is several items of one source.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from pathlib import Path
from typing import Any

from polyarena.harness.importing.documents import json_path, read_json
from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import files, require_text
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

_KNOWN = (
    "instruction", "output_1", "output_2", "generator_1", "generator_2", "annotator", "preference",
    "price_per_example", "raw_completion",
)  # fmt: skip


def read(path: Path, options: ImportOptions) -> ImportResult:
    """Read annotations.

    Raises:
        DataError: A file is no list of objects, or an annotation lacks a field or has an impossible preference.
    """
    result = ImportResult(orders=1, order_known=False)
    for file in files(path, (".json",)):
        rows = read_json(file)
        if path.is_dir() and not _has_annotations(rows):
            result.skip("a file without annotations, such as model_outputs.json (left out)", file.relative_to(path))
            continue
        if not isinstance(rows, list):
            raise DataError("annotations are a list of objects", where=json_path(file))
        counted: Counter[tuple[str, ...]] = Counter()
        for place, row in enumerate(rows):
            where = json_path(file, place)
            if not isinstance(row, dict):
                raise DataError("the annotation is no object", where=where)
            result.skip_fields(row, _KNOWN)
            result.add(_game(result, row, where, options, counted), where)
    return result


def _has_annotations(rows: Any) -> bool:
    """Return whether a file of a folder contains annotations; results of AlpacaEval have the answers beside them."""
    return isinstance(rows, list) and any(isinstance(row, dict) and "generator_1" in row for row in rows)


def _game(
    result: ImportResult, row: dict[str, Any], where: str, options: ImportOptions, counted: Counter[tuple[str, ...]]
) -> Game:
    instruction, first, second = (
        require_text(row, name, where) for name in ("instruction", "generator_1", "generator_2")
    )
    judge = options.judge or str(row.get("annotator") or "annotator")
    # There is no identifier; the same instruction has the same one in every file.
    source = hashlib.sha256(instruction.encode()).hexdigest()[:16]
    counted[judge, source, first, second] += 1
    again = counted[judge, source, first, second]
    item = source if again == 1 else f"{source}.{again}"
    task = options.task or "alpaca_eval"
    language = options.language or result.default("language", "eng_Latn")
    for system, output in ((first, row.get("output_1")), (second, row.get("output_2"))):
        if isinstance(output, str):
            result.answer(system, task, language, item, source, 0, instruction, output)
        elif output is not None:
            result.skip("an answer that is no text", output)
    result.baselines.add(first)
    score = _score(row.get("preference"), where)
    return Game(
        judge=judge,
        task=task,
        language=language,
        item_id=item,
        source_id=source,
        system_a=first,
        system_b=second,
        repeat=0,
        label=_label(score).value,
        raw=str(row.get("raw_completion") or ""),
        cost=_price(result, row.get("price_per_example")),
        error="no preference in the file" if score is None else None,
        score=score,
    )


def _price(result: ImportResult, price: Any) -> float | None:
    if isinstance(price, (int, float)) and not isinstance(price, bool) and math.isfinite(price):
        return float(price)
    if price is not None and price == price:
        result.skip("a price that is no number", price)
    return None


def _score(preference: Any, where: str) -> float | None:
    """Return what a preference is worth to the first system."""
    if preference is None:
        return None
    if isinstance(preference, bool) or not isinstance(preference, (int, float)):
        raise DataError(f"the preference is {preference!r}", where=where, why="a number is wanted")
    if preference != preference:
        return None
    if preference == 0:
        return 0.5
    if not 1 <= preference <= 2:
        raise DataError(f"the preference is {preference}", where=where, why="it lies between 1 and 2, or is 0")
    return 2.0 - float(preference)


def _label(score: float | None) -> Label:
    if score is None:
        return Label.INVALID
    return Label.TIE if score == 0.5 else Label.A if score > 0.5 else Label.B
