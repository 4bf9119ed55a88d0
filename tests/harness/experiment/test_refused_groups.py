"""Groupings and groups of an experiment: every kind there is, in any order, and the place of what is wrong."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.credentials import is_credential_name
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.languages.facets import FACETS


def load(**statistics):
    data = {"name": "x", "systems": [{"name": "one", "model": "dummy"}], "tasks": ["polyarena_mini"]}
    return load_experiment({**data, "statistics": statistics}).statistics


@given(st.permutations(sorted(FACETS)), st.integers(0, len(FACETS)))
def test_groupings_that_exist_are_taken_in_any_order_and_kept_in_it(names, many):
    assert load(groupings=names[:many]).groupings == tuple(names[:many])


@given(st.lists(st.sampled_from(sorted(FACETS)), min_size=2, max_size=6))
def test_the_first_repetition_is_named_with_its_place(names):
    repeated = [place for place, name in enumerate(names) if name in names[:place]]
    if not repeated:
        assert load(groupings=names).groupings == tuple(names)
        return
    with pytest.raises(ExperimentError) as caught:
        load(groupings=names)
    assert caught.value.what == f"the grouping {names[repeated[0]]!r} appears twice"
    assert caught.value.where == f"statistics.groupings.{repeated[0]}"
    assert caught.value.fix == "name it once"


@every_case(
    ("names", "place", "fix"),
    [
        (["teir"], 0, "did you mean 'tier'?"),
        (["tier", "scripts"], 1, "did you mean 'script'?"),
        (["Family"], 0, "did you mean 'family'?"),
        (["tier", "tier", "colour"], None, None),
        (["colour", "tier", "tier"], 0, "use one of: "),
        ([""], 0, "use one of: "),
        (["macro"], 0, "use one of: "),
        (["language"], 0, ""),
    ],
)
def test_what_is_no_grouping_has_a_place_and_a_suggestion(names, place, fix):
    kind = ExperimentError if place is None else UnknownNameError
    with pytest.raises(kind) as caught:
        load(groupings=names)
    if place is not None:
        assert caught.value.what == f"unknown grouping {names[place]!r}"
        assert caught.value.where == f"statistics.groupings.{place}"
        assert caught.value.fix.startswith(fix)
        assert caught.value.fix


@every_case(
    "selector", ["German", "deu_Latn", ["dan", "swe"], "script:Cyrl", "aya23 & -German", ["tier:low", "deu"]], ids=str
)
def test_a_group_is_any_selector_and_stays_as_it_was_written(selector):
    found = load(groups={"mine": selector}).groups
    assert found == {"mine": tuple(selector) if isinstance(selector, list) else selector}
    assert select_languages(found["mine"])


@given(st.text(min_size=1, max_size=100).filter(lambda name: not is_credential_name(name)))
def test_a_group_may_have_any_name_but_that_of_a_credential(name):
    assert list(load(groups={name: "German"}).groups) == [name]


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_but_one_that_no_table_could_show(name):
    with pytest.raises(ExperimentError, match=r"statistics\.groups"):
        load(groups={name: "German"})


@every_case(
    ("selector", "kind", "says"),
    [
        ("Germann", UnknownNameError, "did you mean"),
        (["deu", "nonsense-language"], UnknownNameError, "nonsense-language"),
        ("script:Zzzz", PolyarenaError, "Zzzz"),
        ("German & -German", ExperimentError, "no language"),
        ("", PolyarenaError, "statistics.groups.second"),
        ([], PolyarenaError, "empty"),
    ],
    ids=str,
)
def test_the_group_that_is_wrong_is_named_and_not_the_one_before_it(selector, kind, says):
    with pytest.raises(kind) as caught:
        load(groups={"first": "German", "second": selector})
    assert says in str(caught.value)
    assert caught.value.where.startswith("statistics.groups.second")


def test_in_a_file_the_place_is_its_line(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "name: x\nsystems: [{name: one, model: dummy}]\ntasks: [polyarena_mini]\nstatistics:\n  groupings:\n"
        "    - tier\n    - tier\n",
        encoding="utf-8",
    )
    with pytest.raises(ExperimentError) as caught:
        load_experiment(path)
    assert caught.value.where == f"{path}:7 (statistics.groupings.1)"
