"""The stage ``mixture``: rows of several sources, a part of which is kept for measuring."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from polyarena.harness.stages.files import HELD_OUT, LICENCES, RESULTS, ROWS, licences_of, write_json, write_rows
from polyarena.harness.stages.pipeline.data_stages import MixtureStage, SourceSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.tasks.card import Dataset
from polyarena.tasks.data import DataSource, read_jsonl
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.mixtures.records import TrainingRow


def run(stage: MixtureStage, context: StageContext) -> None:
    """Read the sources, mix them, and write rows and held-out rows.

    Raises:
        DataError: A source is missing or empty.
    """
    unknown: dict[str, int] = {}
    rows = [row for source in stage.sources for row in source_rows(source, context, unknown)]
    if stage.languages is not None:
        wanted = {language.code for language in select_languages(stage.languages, where=stage.name)}
        rows = [row for row in rows if row.language in wanted]
    train, held_out = hold_out(rows, stage.held_out, context.seed)
    write_rows(context.folder / ROWS, train)
    write_rows(context.folder / HELD_OUT, held_out)
    write_json(context.folder / LICENCES, licences_of(rows))
    languages = sorted({row.language for row in rows})
    counts = {
        code: {
            "rows": sum(row.language == code for row in train),
            "held_out": sum(r.language == code for r in held_out),
        }
        for code in languages
    }
    write_json(
        context.folder / RESULTS,
        {"rows": len(train), "held_out": len(held_out), "languages": counts, "unknown_languages": unknown},
    )


def source_rows(source: SourceSettings, context: StageContext, unknown: dict[str, int]) -> list[TrainingRow]:
    """Return the rows of one source.

    Args:
        source: Where they are.
        context: The mirror of the hub, and where relative paths start.
        unknown: Languages that the language table does not have are counted here, and their rows left out.

    Raises:
        DataError: The source is missing, empty, or a row lacks a text.
    """
    found: list[TrainingRow] = []
    for config, place, row in _raw(source, context):
        language = source.language or str(row.get(source.language_field) or config)
        prompt, completion = row.get(source.prompt), row.get(source.completion)
        if not isinstance(prompt, str) or not isinstance(completion, str):
            raise DataError(
                f"a row has no text {source.prompt!r} or {source.completion!r}",
                where=place,
                fix="set `prompt` and `completion` to the names of the fields",
            )
        try:
            code = find_language(language, where=place).code
        except UnknownNameError:
            unknown[language] = unknown.get(language, 0) + 1
            continue
        row_id = f"{source.name}:{code}:{len(found)}"
        found.append(TrainingRow(row_id, source.name, code, prompt, completion, source.licence))
    if not found:
        raise DataError(f"the source {source.name!r} is empty", where=source.dataset or str(source.path))
    return found


def hold_out(rows: Sequence[TrainingRow], count: int, seed: int) -> tuple[list[TrainingRow], list[TrainingRow]]:
    """Return rows to train on, and ``count`` prompts of each language to measure on.

    Rows of a held-out prompt, in any source, are not trained on. The choice depends on seed and texts alone.
    """

    def place(row: TrainingRow) -> bytes:
        return hashlib.sha256(f"{seed}\0{row.language}\0{row.prompt}".encode()).digest()

    held: dict[str, list[TrainingRow]] = {}
    seen: set[tuple[str, str]] = set()
    for row in sorted(rows, key=place):
        chosen = held.setdefault(row.language, [])
        if len(chosen) < count and (row.language, row.prompt) not in seen:
            chosen.append(row)
            seen.add((row.language, row.prompt))
    return [row for row in rows if (row.language, row.prompt) not in seen], [
        row for _, chosen in sorted(held.items()) for row in chosen
    ]


def _raw(source: SourceSettings, context: StageContext) -> list[tuple[str, str, dict[str, object]]]:
    if (source.path is None) == (source.dataset is None):
        raise DataError("a source needs a dataset or a path", where=source.name, fix="write one of them")
    if source.path is not None:
        path = context.base / Path(source.path).expanduser()
        return [("", f"{path}:{number}", row) for number, row in read_jsonl(path)]
    dataset = Dataset(id=str(source.dataset), revision=source.revision, split=source.split, licence=source.licence)
    reader = DataSource(context.data_root)
    return [
        (config, f"{source.dataset}/{config}, row {number + 1}", row)
        for config in source.configs
        for number, row in enumerate(reader.rows(dataset, config, (source.prompt, source.completion)))
    ]
