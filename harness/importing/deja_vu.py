"""Result files of the Déjà Vu data set on m-ArenaHard: ``{language: {repeat: ...}, "meta_information": {...}}``.

Under each repeat lie the prompts, the answers under the names of the two systems, and the winner: as a list of objects,
as one object of lists, or as objects under a key of their own; all three are read. The order in which the judge saw the
answers is not in the file. Prompts are matched over languages by their place, as they are in m-ArenaHard; ``repeat``
counts sampled answers, by the numbers of all languages and files together, so that a number means the same in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyarena.harness.importing.documents import json_path, read_json
from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import files, language_code
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

META = "meta_information"
LONGEST_NUMBER = 9
"""Digits of a repeat's number."""
_FIELDS = ("prompt", "winner")


def read(path: Path, options: ImportOptions) -> ImportResult:
    """Read such files.

    Raises:
        DataError: A file has another shape, or does not have two systems.
        UnknownNameError: There is no such language.
    """
    result = ImportResult(orders=1, order_known=False)
    for file in files(path, (".json",)):
        content = read_json(file)
        if not isinstance(content, dict):
            raise DataError("a result file is one object by language", where=json_path(file))
        facts = _facts(result, content.get(META))
        for name, repeats in content.items():
            if name != META:
                _language(result, name, repeats, facts.get("judge", "judge"), options, file)
    _count_repeats(result)
    return result


def _facts(result: ImportResult, meta: Any) -> dict[str, str]:
    """Return what a file says of itself, and enter it into what all files say."""
    if not isinstance(meta, dict):
        result.skip_fields({META: meta}, ())
        return {}
    facts = {str(name): str(value) for name, value in meta.items()}
    for name, value in facts.items():
        if result.facts.setdefault(name, value) != value:
            result.skip(f"{META}.{name} that differs from the first file's", value)
    return facts


def _language(result: ImportResult, name: str, repeats: Any, judge: str, options: ImportOptions, file: Path) -> None:
    where = json_path(file, name)
    language = language_code(name, where)
    if not isinstance(repeats, dict):
        raise DataError("a language holds no repeats", where=where)
    numbers: dict[int, str] = {}
    for repeat, content in repeats.items():
        at = json_path(file, name, repeat)
        number = _number(repeat, at)
        if number in numbers:
            raise DataError(f"the repeats {numbers[number]!r} and {repeat!r} have the same number", where=at)
        numbers[number] = repeat
        for steps, item, row in _rows(content, at):
            part = json_path(file, name, repeat, *steps)
            result.add(_game(result, row, item, language, number, judge, options, part), part)


def _count_repeats(result: ImportResult) -> None:
    """Count repeats from 0, in the order of their numbers in the files."""
    count = {number: place for place, number in enumerate(sorted({game.repeat for game in result.games}))}
    result.games[:] = [replace(game, repeat=count[game.repeat]) for game in result.games]
    answers = [replace(each, sample_index=count[each.sample_index]) for each in result.completions.values()]
    result.completions = {(each.system, each.language, each.item_id, each.sample_index): each for each in answers}


def _game(
    result: ImportResult,
    row: Mapping[str, Any],
    item: str,
    language: str,
    repeat: int,
    judge: str,
    options: ImportOptions,
    where: str,
) -> Game:
    systems = sorted(name for name in row if name not in _FIELDS and isinstance(row[name], str))
    if len(systems) != 2:
        raise DataError("a row has two answers, each under its system's name", where=where, why=f"found {systems}")
    result.skip_fields({name: value for name, value in row.items() if not isinstance(value, str)}, _FIELDS)
    first, second = systems
    task = options.task or "m_arenahard"
    for system in systems:
        result.answer(system, task, language, item, item, repeat, str(row.get("prompt") or ""), row[system])
    label = _label(row.get("winner"), first, second)
    if label is Label.INVALID and row.get("winner") is not None:
        result.skip("an unknown winner (kept as invalid)", row["winner"])
    return Game(
        judge=options.judge or judge,
        task=task,
        language=language,
        item_id=item,
        source_id=item,
        system_a=first,
        system_b=second,
        repeat=repeat,
        label=label.value,
        raw=str(row.get("winner") or ""),
        error=None if label is not Label.INVALID else f"no winner: the file has {row.get('winner')!r}",
    )


def _label(winner: Any, first: str, second: str) -> Label:
    if winner in (first, second):
        return Label.A if winner == first else Label.B
    return Label.TIE if str(winner).casefold() in ("tie", "ties", "draw") else Label.INVALID


def _rows(content: Any, where: str) -> Iterator[tuple[tuple[str | int, ...], str, Mapping[str, Any]]]:
    """Yield the path, the item and the row, whichever way they are laid out; without a key, the place is the item."""
    if isinstance(content, dict) and isinstance(content.get("winner"), list):
        strange = [name for name, values in content.items() if not isinstance(values, list)]
        if strange:
            raise DataError(
                f"the column {strange[0]!r} is no list", where=where, fix="leave it out, or list its values"
            )
        lengths = {name: len(values) for name, values in content.items()}
        if len(set(lengths.values())) != 1:
            raise DataError("the columns have different lengths", where=where, why=str(lengths))
        for place in range(len(content["winner"])):
            yield ("winner", place), str(place), {name: values[place] for name, values in content.items()}
    elif isinstance(content, dict) and "winner" in content:
        yield (), "0", content
    elif isinstance(content, dict) and all(isinstance(row, dict) for row in content.values()):
        yield from (((key,), str(key), row) for key, row in content.items())
    elif isinstance(content, list) and all(isinstance(row, dict) for row in content):
        yield from (((place,), str(place), row) for place, row in enumerate(content))
    else:
        raise DataError("a repeat holds no rows with a winner", where=where)


def _number(repeat: str, where: str) -> int:
    digits = "".join(character for character in repeat if character.isdecimal())
    if not digits or len(digits) > LONGEST_NUMBER:
        raise DataError(f"{repeat!r} numbers no repeat", where=where)
    return int(digits)
