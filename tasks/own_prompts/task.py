"""The task of the user's own prompts: its items, its kind, and its card.

The columns determine the kind of the task. With choices and an answer, it is multiple choice. With references (or an
answer without choices) or a metric, answers are generated and scored. Otherwise it is open-ended and judged. All rows
of a file are of one kind.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.data import DataSource
from polyarena.tasks.data.digest import content_digest
from polyarena.tasks.errors import DataError, ExperimentError, UnknownNameError
from polyarena.tasks.frames.rows import refuse_repeat
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.language_confusion import LINE_PASS, LPR, WORD_PASS
from polyarena.tasks.metrics.metric import Metric
from polyarena.tasks.metrics.multiple_choice import ACC, ACC_BYTES
from polyarena.tasks.metrics.question_answering import EXACT_MATCH, F1
from polyarena.tasks.metrics.registry import METRICS, available, find_metric
from polyarena.tasks.own_prompts.metric_file import is_metric_file, load_metric
from polyarena.tasks.own_prompts.rows import PlacedRow, read_rows
from polyarena.tasks.own_prompts.spec import OwnPrompts, task_name
from polyarena.tasks.records import Completion
from polyarena.tasks.signature import Signature
from polyarena.tasks.suggest import closest
from polyarena.tasks.validation import require_language

DEFAULT_METRICS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {Kind.MULTIPLE_CHOICE: (ACC, ACC_BYTES), Kind.GENERATIVE: (F1, EXACT_MATCH), Kind.OPEN_ENDED: ()}
)
_DIGEST = 12
_ITEM_SETTINGS = {"dataset", "revision", "config", "split", "language", "columns"}
"""What of an experiment's words changes the items; the name of a file does not."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WITHOUT_REFERENCES = frozenset({LINE_PASS, WORD_PASS, LPR})


@dataclass(frozen=True)
class OwnTask:
    """A task of own prompts.

    Attributes:
        card: Made from the experiment; its version is a digest of the prompts and of the metric's file.
        by_language: The items of each language, in the order of the data.
        own_metrics: The metrics that come from a Python file, by name.
    """

    card: TaskCard
    by_language: Mapping[str, tuple[Item, ...]] = field(repr=False)
    own_metrics: Mapping[str, Metric] = field(default_factory=dict)

    def items(self, language: str, data: DataSource) -> Iterator[Item]:  # noqa: ARG002
        """Yield the items of one language in the order of the data.

        Raises:
            UnknownNameError: There is no prompt in this language.
        """
        require_language(self.card, language)
        return iter(self.by_language[language])

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the value of each metric of the card that applies and can be computed here.

        Raises:
            DataError: The completion cannot be scored.
        """
        values = {name: self._measure(name, item, completion) for name in available(self.card.metrics)}
        return {name: value for name, value in values.items() if value is not None}

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return what is summed over items, for metrics of a whole corpus."""
        summed = {name: self._metric(name).statistics for name in available(self.card.metrics)}
        return {name: statistics(item, completion) for name, statistics in summed.items() if statistics}

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        return self._metric(metric).signature

    def _metric(self, name: str) -> Metric:
        return self.own_metrics[name] if name in self.own_metrics else find_metric(name)

    def _measure(self, name: str, item: Item, completion: Completion) -> float | None:
        measure = self._metric(name).measure
        assert measure is not None  # checked when the task was loaded
        return measure(item, completion)


def load_own_task(spec: OwnPrompts, base: Path, data: DataSource, *, where: str = "") -> OwnTask:
    """Read the user's own prompts and return their task.

    Args:
        spec: The experiment's description of the prompts.
        base: The folder that paths are relative to.
        data: Where data sets of the hub are read from.
        where: The place of ``spec`` in the user's file, for messages.

    Raises:
        DataError: The data is missing or cannot be read; a row lacks a prompt or language, or does not fit the others.
        PolyarenaError: A metric does not exist, or cannot score these prompts.
    """
    rows = list(read_rows(spec, base, data))
    kind = _kind(spec, rows)
    metrics = [_find_metric(name, kind, base, where) for name in spec.metrics] or [
        find_metric(name) for name in DEFAULT_METRICS[kind]
    ]
    by_language: dict[str, list[Item]] = {}
    seen: dict[str, str] = {}
    for number, (place, row) in enumerate(rows, start=1):
        item = _item(spec, kind, place, row, number)
        _refuse_repeat(spec, row, item, seen, place)
        by_language.setdefault(item.language, []).append(item)
    _require_references(kind, metrics, by_language, where)
    if unknown_languages := sorted(set(_by_language(spec)) - set(by_language)):
        raise DataError(
            f"`provenance` names {', '.join(unknown_languages)}, and no prompt is in it", where=where, fix="correct it"
        )
    return OwnTask(
        _card(spec, kind, rows, metrics, by_language),
        MappingProxyType({code: tuple(items) for code, items in sorted(by_language.items())}),
        MappingProxyType({metric.name: metric for metric in metrics if metric.name not in METRICS}),
    )


def _refuse_repeat(spec: OwnPrompts, row: Mapping[str, Any], item: Item, seen: dict[str, str], place: str) -> None:
    """Refuse a row whose id another row of its language has; without an ``id``, its ``source_id`` is its id."""
    column = next((name for name in ("id", "source_id") if _text(spec, row, name)), "id")
    fix = f"give each row of a language its own `{spec.column('id')}`"
    if spec.dataset:
        fix = "name a column whose values differ in each language: `columns: {id: NAME}`"
    refuse_repeat(
        f"{item.language}:{item.item_id}",
        seen,
        place,
        what=f"the `{spec.column(column)}` {item.item_id!r} occurs twice in {item.language}",
        fix=fix,
    )


def _refuse_absent_columns(spec: OwnPrompts, rows: Sequence[PlacedRow]) -> None:
    """Refuse a name under ``columns`` that no row has: without its choices, a task would be of another kind."""
    known = {name: None for _, row in rows for name in row}
    for name, column in spec.columns.items():
        if column not in known:
            near = closest(column, map(str, known))
            raise DataError(
                f"no row has anything under {column!r}, which `columns` names for {name!r}",
                where=rows[0][0],
                why=f"the columns are: {', '.join(map(str, known))}",
                fix=f"did you mean {near[0]!r}?" if near else f"write `columns: {{{name}: ...}}` with one of them",
            )


def _kind(spec: OwnPrompts, rows: Sequence[PlacedRow]) -> Kind:
    _refuse_absent_columns(spec, rows)
    first: dict[Kind, str] = {}
    for place, row in rows:
        _refuse_empty_columns(spec, place, row)
        first.setdefault(_kind_of_row(spec, row), place)
    if len(first) > 1:
        (one, at), (other, there) = list(first.items())[:2]
        raise DataError(
            f"the rows are of two kinds: {one.value.replace('_', ' ')} and {other.value.replace('_', ' ')}",
            where=there,
            why=f"{at} is {one.value.replace('_', ' ')}",
            fix="split the file by kind: rows with choices, with references, or with neither",
        )
    return next(iter(first))


def _refuse_empty_columns(spec: OwnPrompts, place: str, row: Mapping[str, Any]) -> None:
    """Refuse a row that would be open-ended because its references or choices are there and empty."""
    if _kind_of_row(spec, row) is not Kind.OPEN_ENDED:
        return
    for name in ("references", "choices", "answer"):
        column = spec.column(name)
        if row.get(column) in ("", []):
            raise DataError(
                f"{column!r} is empty",
                where=place,
                why="without references and choices the prompt would be open-ended: judged and not scored",
                fix=f"fill it in; or, for open-ended prompts, leave {column!r} out of every row (or write null)",
            )


def _kind_of_row(spec: OwnPrompts, row: Mapping[str, Any]) -> Kind:
    if _value(spec, row, "choices") is not None:
        return Kind.MULTIPLE_CHOICE
    referenced = any(_value(spec, row, name) is not None for name in ("references", "answer"))
    return Kind.GENERATIVE if referenced or spec.metrics else Kind.OPEN_ENDED


def _find_metric(name: str, kind: Kind, base: Path, where: str) -> Metric:
    if is_metric_file(name):
        return load_metric(name, base, where=where)
    metric = find_metric(name, where=where)
    choosing = name in DEFAULT_METRICS[Kind.MULTIPLE_CHOICE]
    if metric.measure is None or choosing != (kind is Kind.MULTIPLE_CHOICE):
        usable = [
            each.name
            for each in METRICS.values()
            if each.measure and (each.name in (ACC, ACC_BYTES)) == (kind is Kind.MULTIPLE_CHOICE)
        ]
        raise ExperimentError(
            f"the metric {name!r} cannot score these prompts",
            where=where,
            why=f"they are {kind.value.replace('_', ' ')}",
            fix=f"use one of: {', '.join(usable)}; or a Python file, as `metric: metrics.py:name`",
        )
    return metric


def _require_references(kind: Kind, metrics: Sequence[Metric], items: Mapping[str, Sequence[Item]], where: str) -> None:
    needing = [each.name for each in metrics if each.name in METRICS and each.name not in _WITHOUT_REFERENCES]
    if kind is not Kind.GENERATIVE or not needing:
        return
    for code, own in items.items():
        for item in own:
            if not item.references:
                raise DataError(
                    f"the metric {needing[0]!r} compares with references, and a prompt has none",
                    where=f"{where}: {code}, id {item.item_id!r}",
                    fix="add `references` to every row, or name another metric",
                )


def _item(spec: OwnPrompts, kind: Kind, place: str, row: Mapping[str, Any], number: int) -> Item:
    prompt = _value(spec, row, "prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise _refused(spec, "prompt", place, row, "the row has no prompt")
    language = _language(spec, place, row)
    identifier, source = _text(spec, row, "id"), _text(spec, row, "source_id")
    item_id = identifier or source or str(number)
    choices: tuple[str, ...] = ()
    gold: int | None = None
    references: tuple[str, ...] = ()
    if kind is Kind.MULTIPLE_CHOICE:
        choices = _texts(spec, "choices", place, row, separator="|")
        if len(choices) < 2:
            what = f"{spec.column('choices')!r} has one choice, and multiple choice needs two or more"
            raise _refused(spec, "choices", place, row, what, "separate choices by |, or write a JSON list")
        gold = _gold(spec, place, row, choices)
    elif kind is Kind.GENERATIVE:
        column = "references" if _value(spec, row, "references") is not None else "answer"
        references = _texts(spec, column, place, row) if _value(spec, row, column) is not None else ()
    return Item(
        item_id=item_id,
        # Without a source id nothing says that prompts of several languages are translations of each other.
        source_id=source or f"{language}:{item_id}",
        language=language,
        prompt=prompt,
        choices=choices,
        gold=gold,
        references=references,
        category=_text(spec, row, "category") or None,
    )


def _value(spec: OwnPrompts, row: Mapping[str, Any], name: str) -> Any:
    """Return what a row says under one of the columns; ``None`` if nothing, or an empty list or text."""
    value = row.get(spec.column(name))
    if value is None and name == "references" and name not in spec.columns:
        value = row.get("reference")
    return None if value is None or value == "" or value == [] else value


def _text(spec: OwnPrompts, row: Mapping[str, Any], name: str) -> str:
    value = _value(spec, row, name)
    return "" if value is None else str(value)


def _language(spec: OwnPrompts, place: str, row: Mapping[str, Any]) -> str:
    named = _text(spec, row, "language") or spec.language
    if not named:
        raise _refused(spec, "language", place, row, "the row names no language", "or add `language:` to the task")
    try:
        return find_language(named).code
    except UnknownNameError as error:
        raise DataError(error.what, where=place, why=error.why, fix=error.fix) from None


def _texts(
    spec: OwnPrompts, name: str, place: str, row: Mapping[str, Any], separator: str | None = None
) -> tuple[str, ...]:
    value = _value(spec, row, name)
    if isinstance(value, str):
        listed = _json_list(value)
        if listed is not None:
            value = listed
        else:
            value = [part.strip() for part in value.split(separator)] if separator else [value]
    elif not isinstance(value, list | tuple):
        value = [value]
    if any(isinstance(each, dict | list | tuple) for each in value):
        what = f"{spec.column(name)!r} has something else than texts"
        raise _refused(spec, name, place, row, what, "write a text, or a list of texts")
    texts = tuple(str(each) for each in value if each is not None)
    if not texts or any(not text.strip() for text in texts):
        raise _refused(spec, name, place, row, f"{spec.column(name)!r} has an empty text")
    return texts


def _json_list(text: str) -> list[Any] | None:
    """Return the list that a text of CSV spells, or ``None``."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _gold(spec: OwnPrompts, place: str, row: Mapping[str, Any], choices: tuple[str, ...]) -> int:
    """Return the index of the right choice, which is named by its text, its index from 0, or its letter."""
    answer = _value(spec, row, "answer")
    written = "" if answer is None else str(answer).strip()
    index = int(written) if written.isdecimal() and int(written) < len(choices) else None
    if written in choices:
        if index is not None and choices[index] != written:
            what = f"{spec.column('answer')!r} is the text of one choice and the index of another"
            raise _refused(spec, "answer", place, row, what, "write the letter of the correct choice")
        return choices.index(written)
    if index is not None:
        return index
    if len(written) == 1 and written.upper() in _LETTERS[: len(choices)]:
        return _LETTERS.index(written.upper())
    what = f"{spec.column('answer')!r} is none of the {len(choices)} choices"
    raise _refused(spec, "answer", place, row, what, "write the correct choice, its index from 0, or its letter")


def _refused(spec: OwnPrompts, name: str, place: str, row: Mapping[str, Any], what: str, fix: str = "") -> DataError:
    column = spec.column(name)
    if column in row:
        return DataError(what, where=place, why=f"{column!r} is {row[column]!r}", fix=fix or "correct the row")
    near = [name] if name in row else closest(column, map(str, row))
    if name in spec.columns:
        what = f"the row has nothing under {column!r}, which `columns` names for {name!r}"
    hint = f"name its column: `columns: {{{name}: {near[0] if near else '...'}}}`"
    return DataError(what, where=place, why=f"it has: {', '.join(map(str, row))}", fix=f"{hint}{', ' * bool(fix)}{fix}")


def _by_language(spec: OwnPrompts) -> Mapping[str, Provenance]:
    return spec.provenance if isinstance(spec.provenance, dict) else {}


def _card(
    spec: OwnPrompts,
    kind: Kind,
    rows: Sequence[PlacedRow],
    metrics: Sequence[Metric],
    by_language: Mapping[str, Sequence[Item]],
) -> TaskCard:
    said = spec.model_dump(mode="json", include=_ITEM_SETTINGS)
    signed = [str(metric.signature) for metric in metrics]
    digest = content_digest([*(row for _, row in rows), {"settings": json.dumps([said, signed], sort_keys=True)}])
    languages = tuple(sorted(by_language))
    default = Provenance.UNKNOWN if isinstance(spec.provenance, dict) else spec.provenance
    sources = Counter(source for items in by_language.values() for source in {item.source_id for item in items})
    counts = {len(item.choices) for items in by_language.values() for item in items}
    rows_digest = hashlib.sha256(content_digest(row for _, row in rows).encode()).hexdigest()[:_DIGEST]
    return TaskCard(
        name=task_name(spec.name, spec.path, spec.dataset),
        version=digest[:_DIGEST],
        title=spec.title or f"own prompts: {spec.path or spec.dataset}",
        kind=kind,
        dataset=Dataset(
            id=spec.dataset or spec.path,
            revision=spec.revision if spec.dataset else rows_digest,
            split=spec.split if spec.dataset else "all",
            licence=spec.licence,
            url=spec.url,
        ),
        languages=languages,
        provenance={code: _by_language(spec).get(code, default) for code in languages},
        metrics=tuple(metric.name for metric in metrics),
        shared="the prompts with one source_id" if max(sources.values(), default=0) > 1 else "",
        generation=GenerationDefaults(max_tokens=spec.max_tokens, stop=spec.stop),
        chance=1 / next(iter(counts)) if kind is Kind.MULTIPLE_CHOICE and len(counts) == 1 else None,
        notes=spec.notes,
        citation=spec.citation,
    )
