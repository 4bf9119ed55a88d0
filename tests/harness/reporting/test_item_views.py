"""Items for the browser: all of them, or the same share in all languages and of all systems."""

from collections import defaultdict

import pytest

from polyarena.harness import open_run
from polyarena.harness.reporting.item_views import item_views

EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open", "toy_choice"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 120},
}


@pytest.fixture
def records(finished_run):
    return open_run(finished_run(EXPERIMENT).folder.path)


def test_every_judged_pair_is_an_item_with_its_texts_and_verdicts(records):
    views = item_views(records)
    assert len(views) == len(records.battles()) == 3 * 12
    texts = records.texts("two", "toy_open", "deu_Latn")
    (view,) = [each for each in views if (each.language, each.item_id) == ("deu_Latn", next(iter(texts))[0])]
    assert [answer.system for answer in view.answers] == ["two", "one"]
    assert view.withheld or view.answers[0].text == next(iter(texts.values()))
    assert len(view.verdicts) == 2


def test_a_share_of_the_items_is_the_same_in_all_languages(records):
    every, some = item_views(records), item_views(records, every=3)
    assert 0 < len(some) < len(every)
    kept = defaultdict(set)
    for view in some:
        kept[view.language].add(view.item_id)
    assert len({frozenset(items) for items in kept.values()}) == 1
    assert [view for view in every if view.item_id in kept["deu_Latn"]] == some
