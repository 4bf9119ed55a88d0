"""The stage ``mixture``: rows of several sources, pruned, weighted, and a part of them kept for measuring."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

from polyarena.harness.stages.files import HELD_OUT, LICENCES, RESULTS, ROWS, licences_of, write_json, write_rows
from polyarena.harness.stages.parts import PARTS
from polyarena.harness.stages.pipeline.data_stages import MixtureStage, SourceSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.rows.refused_items import refused_items
from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.card import Dataset
from polyarena.tasks.data import DataSource, read_jsonl
from polyarena.tasks.errors import DataError, ExperimentError, UnknownNameError
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.mixtures.card import mixture_card, render_card
from polyarena.tasks.mixtures.held_out import held_out_prompts
from polyarena.tasks.mixtures.mix import Mixture, mix
from polyarena.tasks.mixtures.overlap import ItemIndex, refuse_test_items
from polyarena.tasks.mixtures.presets import AYA_101_SOURCES, aya_101_mixture
from polyarena.tasks.mixtures.pruning import broken_rule
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.scan import Scan
from polyarena.tasks.mixtures.settings import MixtureSettings, PruningSettings, SourceShare
from polyarena.tasks.mixtures.templates import RowTemplate, apply_template

CARD = "mixture.md"


def run(stage: MixtureStage, context: StageContext) -> None:
    """Read the sources, mix them, and write rows and held-out rows with a card.

    Raises:
        DataError: A source is missing, empty or contains test items, or a language has no rows.
        ExperimentError: The weights contradict one another.
    """
    wanted = _languages(stage)
    unknown: dict[str, int] = {}
    opened = {source.name: _opener(source, context, wanted) for source in stage.sources}
    for source in stage.sources:
        _count_unknown(source, context, unknown)
    settings = mixture_settings(stage, wanted)
    context.report("reading", 0, len(opened), {})
    held = _held_out(stage, context, opened, settings)
    trained = {name: _without(source, held) for name, source in opened.items()}
    items = refused_items(stage.refuse_items_of, wanted, context, stage.name)
    measured = _first_of_each(opened, held)
    if items is not None:
        # Weights of merges are searched on these rows.
        refuse_test_items(hit for row in measured for hit in items.hits(row))
    for source in stage.sources:
        _refuse_nothing_left(source, opened[source.name](), unknown, held)
    mixture = _mixed(trained, settings, context, items)
    try:
        write_rows(context.folder / ROWS, mixture)
    except DataError:
        # The source has changed since it was read: the next run must read it anew.
        shutil.rmtree(context.folder / PARTS, ignore_errors=True)
        raise
    write_rows(context.folder / HELD_OUT, measured)
    card = mixture_card(mixture, stage.name)
    if unknown:
        named = ", ".join(f"{language or 'no language'} ({count:,})" for language, count in sorted(unknown.items()))
        card["warnings"].append(f"Rows in languages that polyarena does not know were left out: {named}.")
    (context.folder / CARD).write_text(render_card(card), "utf-8")
    licences: dict[str, list[str]] = {licence: list(sources) for licence, sources in card["licences"].items()}
    for licence, sources in licences_of(measured).items():
        licences[licence] = sorted({*licences.get(licence, []), *sources})
    write_json(context.folder / LICENCES, licences)
    write_json(
        context.folder / RESULTS,
        {"rows": len(mixture), "held_out": len(measured), "unknown_languages": unknown, "card": card},
    )


def _held_out(
    stage: MixtureStage,
    context: StageContext,
    opened: dict[str, Callable[[], Iterator[TrainingRow]]],
    settings: MixtureSettings,
) -> frozenset[tuple[str, str]]:
    """Return language and prompt of what is kept for measuring; the choice of an interrupted run is read back."""
    if not stage.held_out:
        return frozenset()
    path = context.folder / PARTS / "held_out.json"
    if path.is_file():
        return frozenset((language, prompt) for language, prompt in json.loads(path.read_text("utf-8")))
    everything = (row for source in opened.values() for row in source() if not broken_rule(row, settings.pruning))
    held = held_out_prompts(everything, stage.held_out, context.seed)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, json.dumps(sorted(held)).encode())
    return held


def _mixed(
    sources: dict[str, Callable[[], Iterator[TrainingRow]]],
    settings: MixtureSettings,
    context: StageContext,
    items: ItemIndex | None,
) -> Mixture:
    """Decide on the mixture; a source that an interrupted run has read and pruned is not read for that again."""
    folder = context.folder / PARTS
    paths = {name: folder / f"source-{number:04}.npz" for number, name in enumerate(sources)}
    done = list(takewhile(Path.is_file, paths.values()))
    scanned = [Scan.from_bytes(path.read_bytes()) for path in done]

    def store(scan: Scan) -> None:
        folder.mkdir(exist_ok=True)
        write_atomically(paths[scan.source], scan.to_bytes())
        context.report("reading", list(paths).index(scan.source) + 1, len(paths), {})

    return mix(sources, settings, seed=context.seed, items=items, scanned=scanned, on_scan=store)


def mixture_settings(stage: MixtureStage, wanted: frozenset[str] | None) -> MixtureSettings:
    """Return the settings of the mixture: those of the stage, with the weights of a preset where it names one.

    Raises:
        ExperimentError: A source has a weight beside a preset, no part in it or a part that another one has; or a part
            and no preset.
    """
    weights = {source.name: source.weight for source in stage.sources}
    budget = stage.budget
    parts = {source.part: source.name for source in stage.sources if source.part is not None}
    if stage.preset is None and parts:
        raise _wrong_part(
            next(iter(parts.values())), "has a `part` and the mixture no `preset`", "set `preset`, or leave `part` out"
        )
    if stage.preset is not None:
        for source in stage.sources:
            if source.weight is not None:
                raise _wrong_part(source.name, "has a weight beside the preset's", "leave one of them out")
            if source.part is None:
                raise _wrong_part(source.name, "has no `part` in the preset", f"one of {', '.join(AYA_101_SOURCES)}")
            if parts[source.part] != source.name:
                raise _wrong_part(source.name, f"has the part of {parts[source.part]!r}", "give each its own part")
        published = aya_101_mixture(stage.preset, parts)
        weights = {**weights, **{share.name: share.weight for share in published.sources}}
    shares = tuple(
        SourceShare(
            name=source.name,
            weight=weights[source.name],
            max_rows=source.max_rows,
            max_rows_per_language=source.max_rows_per_language,
        )
        for source in stage.sources
    )
    return MixtureSettings(
        sources=shares,
        budget=budget,
        temperature=stage.temperature,
        max_rows_per_language=stage.max_rows_per_language,
        max_repeats=stage.max_repeats,
        languages=tuple(sorted(wanted or ())),
        pruning=PruningSettings(**stage.pruning.model_dump()),
    )


def _wrong_part(source: str, what: str, fix: str) -> ExperimentError:
    return ExperimentError(f"the source {source!r} {what}", fix=fix)


def source_rows(source: SourceSettings, context: StageContext) -> Iterator[TrainingRow]:
    """Yield the rows of one source, without those of languages that the language table does not have.

    Raises:
        DataError: The source is missing or empty, or a row lacks a text.
    """
    templates = [_with_codes(template) for template in source.templates]
    for number, (config, place, row) in enumerate(_raw(source, context)):
        code = _code(_language(source, config, row))
        if code is None:
            continue
        row_id = f"{source.name}:{code}:{number}"
        if templates:
            prompt, completion = apply_template(templates, row, code, row_id, where=place)
        else:
            prompt, completion = _text(row, source.prompt, place), _text(row, source.completion, place)
        yield TrainingRow(row_id, source.name, code, prompt, completion, source.licence)


def _with_codes(template: RowTemplate) -> RowTemplate:
    """Return a template whose languages are codes, of one whose languages are written as anywhere in the file."""
    codes = tuple(language.code for language in select_languages(template.languages)) if template.languages else ()
    return RowTemplate(prompt=template.prompt, completion=template.completion, languages=codes)


def _opener(
    source: SourceSettings, context: StageContext, wanted: frozenset[str] | None
) -> Callable[[], Iterator[TrainingRow]]:
    def rows() -> Iterator[TrainingRow]:
        return (row for row in source_rows(source, context) if wanted is None or row.language in wanted)

    return rows


def _without(
    source: Callable[[], Iterator[TrainingRow]], held: frozenset[tuple[str, str]]
) -> Callable[[], Iterator[TrainingRow]]:
    return lambda: (row for row in source() if (row.language, row.prompt) not in held)


def _first_of_each(
    sources: dict[str, Callable[[], Iterator[TrainingRow]]], held: frozenset[tuple[str, str]]
) -> list[TrainingRow]:
    """Return the first row of each held-out prompt, by language."""
    first: dict[tuple[str, str], TrainingRow] = {}
    for source in sources.values() if held else ():
        for row in source():
            if (row.language, row.prompt) in held:
                first.setdefault((row.language, row.prompt), row)
    return [first[key] for key in sorted(first)]


def _refuse_nothing_left(
    source: SourceSettings,
    rows: Iterator[TrainingRow],
    unknown: dict[str, int],
    held: frozenset[tuple[str, str]],
) -> None:
    """Refuse a source that has rows, but none to train on, with what became of them.

    Raises:
        DataError: All rows are in languages that are unknown or not wanted, or all are held out.
    """
    first = next(rows, None)
    if first is None:
        foreign = ", ".join(sorted(filter(None, unknown)))
        if "" in unknown:
            why = f"the rows have no field {source.language_field!r}"
        elif foreign:
            why = f"polyarena does not know {foreign}"
        else:
            why = "`languages` of the stage names others"
        raise DataError(
            "no row is in a language of the mixture",
            where=f"source {source.name}",
            why=why,
            fix="set `language` or `language_field` of the source to what says the language, or remove the source",
        )
    if all((row.language, row.prompt) in held for row in chain((first,), rows)):
        raise DataError(
            "all rows are held out, and none is left to train on",
            where=f"source {source.name}",
            fix="lower `held_out`, or add rows",
        )


def _languages(stage: MixtureStage) -> frozenset[str] | None:
    if stage.languages is None:
        return None
    return frozenset(language.code for language in select_languages(stage.languages, where=stage.name))


def _count_unknown(source: SourceSettings, context: StageContext, unknown: dict[str, int]) -> None:
    for config, _, row in _raw(source, context):
        language = _language(source, config, row)
        if _code(language) is None:
            unknown[language] = unknown.get(language, 0) + 1


def _language(source: SourceSettings, config: str, row: dict[str, Any]) -> str:
    return source.language or str(row.get(source.language_field) or config)


_CODES: dict[str, str | None] = {}


def _code(language: str) -> str | None:
    if language not in _CODES:
        try:
            _CODES[language] = find_language(language).code
        except UnknownNameError:
            _CODES[language] = None
    return _CODES[language]


def _text(row: dict[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise DataError(
            f"a row has no text {name!r}",
            where=where,
            fix="set `prompt` and `completion` to the names of the fields, or give `templates`",
        )
    return value


def _raw(source: SourceSettings, context: StageContext) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if (source.path is None) == (source.dataset is None):
        raise DataError("a source needs a dataset or a path", where=source.name, fix="write one of them")
    if source.path is not None:
        path = context.base / Path(source.path).expanduser()
        for number, row in read_jsonl(path):
            yield "", f"{path}:{number}", row
        return
    dataset = Dataset(id=str(source.dataset), revision=source.revision, split=source.split, licence=source.licence)
    reader = DataSource(context.data_root)
    for config in source.configs:
        for number, row in enumerate(reader.rows(dataset, config, ())):
            yield config, f"{source.dataset}/{config}, row {number + 1}", row
