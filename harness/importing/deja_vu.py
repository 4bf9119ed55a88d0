"""Result files of the Déjà Vu data set on m-ArenaHard: ``{language: {repeat: ...}, "meta_information": {...}}``.

Under each repeat lie the prompts, the answers under the names of the two systems, and the winner: as a list of objects,
as one object of lists, or as objects under a key of their own; all three are read. The order in which the judge saw the
answers is not in the file. Prompts are matched over languages by their place, as they are in m-ArenaHard; ``repeat``
counts sampled answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyarena.harness.importing.found import Found, ImportOptions
from polyarena.harness.importing.reading import code_of, document, files
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

META = "meta_information"
_FIELDS = ("prompt", "winner")


def read(path: Path, options: ImportOptions) -> Found:
    """Read such files.

    Raises:
        DataError: A file has another shape, or does not have two systems.
        UnknownNameError: There is no such language.
    """
    found = Found(orders=1, order_known=False)
    for file in files(path, (".json",)):
        content = document(file)
        if not isinstance(content, dict):
            raise DataError("a result file is one object by language", where=file)
        meta = content.get(META)
        facts = {str(name): str(value) for name, value in meta.items()} if isinstance(meta, dict) else {}
        found.facts.update(facts)
        for name, repeats in content.items():
            if name != META:
                _language(found, name, repeats, facts.get("judge", "judge"), options, str(file))
    return found


def _language(found: Found, name: str, repeats: Any, judge: str, options: ImportOptions, file: str) -> None:
    where = f"{file} ({name})"
    language = code_of(name, where)
    if not isinstance(repeats, dict):
        raise DataError("a language holds no repeats", where=where)
    for number, (repeat, content) in enumerate(sorted(repeats.items(), key=lambda pair: _number(pair[0], where))):
        for place, (item, row) in enumerate(_rows(content, f"{where}, repeat {repeat}")):
            at = f"{where}, repeat {repeat}, row {place + 1}"
            found.games.append(_game(found, row, item, language, number, judge, options, at))


def _game(
    found: Found,
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
    found.leave_fields({name: value for name, value in row.items() if not isinstance(value, str)}, _FIELDS)
    first, second = systems
    task = options.task or "m_arenahard"
    for system in systems:
        found.answer(system, task, language, item, item, repeat, str(row.get("prompt") or ""), row[system])
    label = _label(row.get("winner"), first, second)
    if label is Label.INVALID and row.get("winner") is not None:
        found.leave("an unknown winner (kept as invalid)", row["winner"])
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


def _rows(content: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the item and the row, whichever way they are laid out; without a key, the place is the item."""
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
            yield str(place), {name: values[place] for name, values in content.items()}
    elif isinstance(content, dict) and "winner" in content:
        yield "0", content
    elif isinstance(content, dict) and all(isinstance(row, dict) for row in content.values()):
        yield from ((str(key), row) for key, row in content.items())
    elif isinstance(content, list) and all(isinstance(row, dict) for row in content):
        yield from ((str(place), row) for place, row in enumerate(content))
    else:
        raise DataError("a repeat holds no rows with a winner", where=where)


def _number(repeat: str, where: str) -> int:
    digits = "".join(character for character in repeat if character.isdecimal())
    if not digits:
        raise DataError(f"{repeat!r} numbers no repeat", where=where)
    return int(digits)
