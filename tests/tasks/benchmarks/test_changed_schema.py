"""What a changed or damaged copy of a data set may do to any task: one error that names the place, or nothing."""

import importlib.util
import sys
from pathlib import Path

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.data import DataSource
from polyarena.tasks.data.fields import PlacedRows
from polyarena.tasks.errors import DataError
from polyarena.tasks.registry import find_task
from polyarena.tasks.validation import validate_items

REPOSITORY = Path(__file__).parents[3]


def rows_by_task():
    """RowReader in the schema of each data set that has a config for each language."""
    spec = importlib.util.spec_from_file_location("full_mirror", REPOSITORY / "benchmarks" / "full_mirror.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return {name: [make(number) for number in range(3)] for name, (_, make) in module.BY_TASK.items()}


ROWS = rows_by_task()
NAMES = sorted(ROWS)
EACH = every_case("name", NAMES)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from(
        [0.5, float("nan"), 10**30, "", " ", "x", "A", "\ud800", [], ["a"], [1, 2, 3, 4], {}, {"text": [1]}]
    ),
    st.text(max_size=5),
    st.lists(st.text(max_size=3), max_size=5),
)


class Copy(DataSource):
    """A mirror whose every part has the same rows."""

    def __init__(self, rows):
        super().__init__(Path("mirror"))
        self.given = rows

    def _read(self, dataset, config):
        return PlacedRows.of(f"{dataset.id}/{config}:", enumerate(map(dict, self.given), start=1))


def asked(name, rows):
    task = find_task(name)
    language = task.card.languages[0]
    return validate_items(task, language, task.items(language, Copy(rows)))


def read_fields(name):
    """The fields without which a task refuses its rows."""
    found = []
    for field in ROWS[name][0]:
        lacking = [{key: value for key, value in row.items() if key != field} for row in ROWS[name]]
        try:
            asked(name, lacking)
        except DataError as error:
            found.append((field, error))
    return found


@EACH
def test_the_schema_that_it_was_written_for_gives_items(name):
    items = asked(name, ROWS[name])
    assert len(items) == 3
    assert len({item.item_id for item in items}) == 3


@EACH
def test_a_field_that_is_gone_is_named_with_the_revision(name):
    refused = read_fields(name)
    assert refused
    revision = find_task(name).card.dataset.revision
    for field, error in refused:
        # Options of INCLUDE come in two schemas, so their error lists what there is.
        assert repr(field) in error.what + error.why
        assert error.where
        assert error.fix
        assert revision in error.why or "neither a list" in error.what


@EACH
def test_a_renamed_field_is_recognised(name):
    field, _ = read_fields(name)[0]
    renamed = [{f"{key}_v2" if key == field else key: value for key, value in row.items()} for row in ROWS[name]]
    with pytest.raises(DataError) as caught:
        asked(name, renamed)
    assert f"{field}_v2" in caught.value.fix + caught.value.why


@EACH
def test_further_fields_change_nothing(name):
    assert asked(name, [{**row, "added_later": number} for number, row in enumerate(ROWS[name])]) == asked(
        name, ROWS[name]
    )


@EACH
def test_an_empty_part_is_an_error_and_not_a_task_without_items(name):
    with pytest.raises(DataError, match="no items"):
        asked(name, [])


@given(st.sampled_from(NAMES), st.integers(0, 2), st.data())
def test_no_value_of_a_field_breaks_a_task_otherwise_than_with_an_error_of_ours(name, at, data):
    field = data.draw(st.sampled_from(sorted(ROWS[name][at])))
    damaged = [dict(row) for row in ROWS[name]]
    damaged[at][field] = data.draw(VALUES)
    try:
        items = asked(name, damaged)
    except DataError as error:
        found = error
    else:
        assert len(items) <= 3
        assert all(item.prompt.strip() or item.whole_choices for item in items)
        return
    assert found.where
    assert found.what
