"""The stage ``pairs``: preference pairs of a data set or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyarena.harness.stages.files import LICENCES, PAIRS, RESULTS, write_json, write_records
from polyarena.harness.stages.pipeline.data_stages import PairsStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import Preference
from polyarena.harness.stages.rows.refused_items import refused_items
from polyarena.tasks.card import Dataset
from polyarena.tasks.counts import count_of
from polyarena.tasks.data import DataSource, read_jsonl
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import find_language
from polyarena.tasks.mixtures.overlap import refuse_test_items
from polyarena.tasks.mixtures.records import TrainingRow


def run(stage: PairsStage, context: StageContext) -> None:
    """Read the pairs and write them in the pipeline's own form.

    Raises:
        DataError: The data set is missing or contains test items, or a row has no prompt, chosen or rejected text.
    """
    pairs = [_pair(stage, number, row) for number, row in enumerate(_rows(stage, context))]
    equal = [pair for pair in pairs if pair.chosen == pair.rejected]
    pairs = [pair for pair in pairs if pair.chosen != pair.rejected][: stage.limit]
    if not pairs:
        raise DataError(
            "there are no pairs to learn from",
            where=stage.name,
            why=f"chosen and rejected are the same in {'all ' if len(equal) > 1 else ''}{count_of(len(equal), 'pair')}"
            if equal
            else "the data set has no rows",
            fix="name a data set whose `chosen` and `rejected` differ" if equal else "name a data set that has some",
        )
    items = refused_items(stage.refuse_items_of, {pair.language for pair in pairs}, context, stage.name)
    if items is not None:
        refuse_test_items(hit for pair in pairs for hit in items.hits(_as_row(pair)))
    write_records(context.folder / PAIRS, pairs)
    source = stage.dataset or Path(str(stage.path)).name
    write_json(context.folder / LICENCES, {stage.licence: [source]})
    languages = {code: sum(pair.language == code for pair in pairs) for code in sorted({p.language for p in pairs})}
    write_json(context.folder / RESULTS, {"pairs": len(pairs), "equal_left_out": len(equal), "languages": languages})


def _as_row(pair: Preference) -> TrainingRow:
    """Return all texts of a pair as one row, to look for test items in."""
    texts = f"{pair.chosen}\n{pair.rejected}"
    return TrainingRow(pair.row_id, pair.source, pair.language, pair.prompt, texts, "")


def _rows(stage: PairsStage, context: StageContext) -> list[Mapping[str, Any]]:
    fields = ("prompt", "chosen", "rejected")
    if stage.path is not None:
        return [row for _, row in read_jsonl(context.base / Path(stage.path).expanduser())]
    dataset = Dataset(id=str(stage.dataset), revision=stage.revision, split=stage.split, licence=stage.licence)
    return list(DataSource(context.data_root).rows(dataset, stage.config, fields))


def _pair(stage: PairsStage, number: int, row: Mapping[str, Any]) -> Preference:
    where = f"{stage.dataset or stage.path}, row {number + 1}"
    language = stage.language or row.get("language")
    if not isinstance(language, str):
        raise DataError("a pair has no language", where=where, fix="set `language` in the stage")
    prompt, chosen, rejected = (_text(row, name, where) for name in ("prompt", "chosen", "rejected"))
    code = find_language(language, where=where).code
    return Preference(f"{stage.name}:{code}:{number}", code, prompt, chosen, rejected, None, None, stage.name)


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    """Return a text, or the content of the last message of a conversation."""
    if name not in row:
        raise DataError(
            f"a pair has no field {name!r}",
            where=where,
            why=f"it has the fields {', '.join(sorted(map(str, row)))}",
            fix="rename the fields to `prompt`, `chosen` and `rejected`",
        )
    value = row[name]
    if isinstance(value, Sequence) and not isinstance(value, str) and value and isinstance(value[-1], Mapping):
        value = value[-1].get("content")
    if not isinstance(value, str) or not value.strip():
        raise DataError(
            f"{name!r} is empty or not a text",
            where=where,
            why=f"it is {value!r}"[:200],
            fix="give it a text, or remove the row",
        )
    return value
