"""Signatures: every setting that changes a number, as a value that is formatted last.

After sacrebleu, whose numbers carry such a line: ``nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0``. A
signature is an ordered mapping from names to values. A value may itself be a signature (that of a judge within that of
a win rate), so that equal names in different parts, such as ``seed``, do not collide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

SEPARATOR = "|"


class Signature(Mapping[str, "str | Signature | tuple[Signature, ...]"]):
    """An ordered mapping from the names of settings to their values; immutable and hashable.

    A value is a text, a signature, or several alternative signatures (where systems were measured in different ways).
    A text is formatted as ``name:value``, or as the name alone if it is empty; a signature as itself, without its
    name; alternatives likewise, joined by ``+``.

    Args:
        entries: Names and values, in order.

    Example:
        >>> judge = Signature({"judge": "llm@4", "seed": "0"})
        >>> signature = Signature({"task": "m_arenahard@0.1", "judge": judge}).with_(n=500, seed=1)
        >>> str(signature)
        'task:m_arenahard@0.1|judge:llm@4|seed:0|n:500|seed:1'
        >>> signature["judge"]["seed"]
        '0'
    """

    __slots__ = ("_entries",)
    _entries: dict[str, str | Signature | tuple[Signature, ...]]

    def __init__(self, entries: Mapping[str, object] | None = None) -> None:
        self._entries = {name: _value(value) for name, value in (entries or {}).items()}

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Return the signature of a line that another program wrote, or that a table stores.

        Nesting is not in the text: of a name that occurs twice, the second is kept under its whole text.

        Args:
            text: Settings separated by ``|``.
        """
        entries: dict[str, str] = {}
        for setting in text.split(SEPARATOR) if text else ():
            name, _, value = setting.partition(":")
            if name in entries:
                name, value = setting, ""
            entries[name] = value
        return cls(entries)

    @classmethod
    def one_of(cls, signatures: Iterable[Signature]) -> Signature:
        """Return the signature of a number that was measured in several ways: all of them, sorted; one alone is itself.

        Raises:
            ValueError: There is none.
        """
        different = sorted(set(signatures), key=str)
        if not different:
            raise ValueError("a number needs a signature")
        return different[0] if len(different) == 1 else cls({"one of": tuple(different)})

    def with_(self, settings: Mapping[str, object] | None = None, /, **named: object) -> Signature:
        """Return this signature with settings added at its end, or changed where they are.

        Args:
            settings: Names and values; for names that are no identifiers.
            named: Likewise.
        """
        return Signature({**self._entries, **(settings or {}), **named})

    def without(self, *names: str) -> Signature:
        """Return this signature without some settings; names that it lacks are ignored."""
        return Signature({name: value for name, value in self._entries.items() if name not in names})

    def __getitem__(self, name: str) -> str | Signature | tuple[Signature, ...]:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and list(self._entries.items()) == list(other._entries.items())

    def __hash__(self) -> int:
        return hash(tuple(self._entries.items()))

    def __str__(self) -> str:
        """Return the signature as one line."""
        return SEPARATOR.join(text for name, value in self._entries.items() if (text := _formatted(name, value)))

    def __repr__(self) -> str:
        return f"Signature({self._entries!r})"

    def __copy__(self) -> Signature:
        return self

    def __deepcopy__(self, memo: object) -> Signature:
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let fields of pydantic models be signatures; in JSON they are the line that people read."""
        from pydantic_core import core_schema

        def validate(data: object) -> Signature:
            if isinstance(data, Signature):
                return data
            if not isinstance(data, str):
                raise ValueError("a signature is a text of settings separated by '|'")
            return cls.parse(data)

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


def _value(value: object) -> str | Signature | tuple[Signature, ...]:
    if isinstance(value, Signature):
        return value
    if isinstance(value, tuple):
        if not all(isinstance(each, Signature) for each in value):
            raise TypeError(f"alternatives must be signatures, not {value!r}")
        return value
    return str(value)


def _formatted(name: str, value: str | Signature | tuple[Signature, ...]) -> str:
    if isinstance(value, Signature):
        return str(value)
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return f"{name}:{value}" if value else name
