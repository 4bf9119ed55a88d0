"""The fast writer of JSON writes what the module json does, or nothing."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.ascii_json import are_plain, ascii_json

LETTERS = st.text(st.characters(codec=None), max_size=5) | st.text('a\x00\x1f\x7f\n\t"\\/', max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.integers(2**62, 2**80) | LETTERS
LISTS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple))
DICTS = st.dictionaries(LETTERS, LISTS, max_size=4)
OTHERS = st.floats() | st.binary(max_size=2) | st.dictionaries(st.text(max_size=2), st.integers(), max_size=1)


def written(values, separator):
    return separator.join(json.dumps(value, separators=(",", ":")).encode() for value in values)


@given(st.lists(LISTS | DICTS, min_size=1, max_size=4), st.sampled_from([b",", b"\n"]))
def test_it_writes_what_json_does_or_nothing(values, separator):
    assert ascii_json(values, separator) in (None, written(values, separator))


@given(st.data(), st.integers(1, 4), st.sampled_from([b",", b"\n"]))
def test_it_writes_every_table(data, length, separator):
    columns = data.draw(st.lists(st.sampled_from([LETTERS, st.integers(), SCALARS, st.lists(SCALARS)]), max_size=4))
    rows = data.draw(st.lists(st.tuples(*columns), min_size=length, max_size=length))
    assert ascii_json(rows, separator) == written(rows, separator)
    names = data.draw(st.lists(LETTERS | st.sampled_from(["%", "%s"]), min_size=4, max_size=4, unique=True))
    table = [dict(zip(names, row, strict=False)) for row in rows]
    assert ascii_json(table, separator) == written(table, separator)


@given(st.lists(st.lists(st.text('ab "\\\n/', max_size=5) | st.integers() | st.none()), min_size=1, max_size=4))
def test_it_writes_ascii_of_every_length(values):
    assert ascii_json(values, b",") == written(values, b",")


@pytest.mark.parametrize("text", ["é", "\x7f", "\ud800", "🙂", "\u2028", "%s é"])
@pytest.mark.parametrize("before", [[], ["a"]], ids=str)
def test_it_escapes_what_json_would(text, before):
    for values in ([[value] for value in [*before, text]], [{"%d": value} for value in [*before, text]]):
        assert ascii_json(values, b",") == written(values, b",")


@pytest.mark.parametrize("values", [[["é"], ["b", "c"]], [{"é": 1}, {"a": 1}], [["é"], {"a": 1}], [[["é"]], ["a"]]])
def test_it_leaves_rows_unlike_each_other(values):
    assert ascii_json(values, b",") is None


@given(st.lists(LISTS, max_size=4))
def test_nothing_else_is_taken_for_plain(values):
    def depth(value):
        return 1 + max(map(depth, value), default=0) if isinstance(value, list | tuple) else 0

    assert are_plain(values) == (depth(values) <= 4)


@given(OTHERS, st.integers(0, 3))
def test_what_the_writers_may_write_differently_is_not_plain(value, depth):
    for _ in range(depth):
        value = [0, value]
    assert not are_plain(["a", value])


class Text(str):
    __slots__ = ()


OTHER_TYPES = [Text("a"), math.nan, 1e16, object(), {1}, frozenset(), range(2)]


@pytest.mark.parametrize("value", OTHER_TYPES, ids=lambda value: type(value).__name__)
def test_other_types_are_not_plain(value):
    assert not are_plain([value])
    assert not are_plain([[], ["a", (value,)]])
