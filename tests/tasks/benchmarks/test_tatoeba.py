"""Tatoeba: English is on either side of a config's name, and so of its rows."""

from every_case import every_case

from polyarena.tasks.benchmarks.tatoeba import CONFIGS, DATASET, from_english, to_english
from polyarena.tasks.validation import validate_items


@every_case(
    ("language", "config", "source", "target"),
    [
        ("epo_Latn", "eng-epo", "It rains.", "Pluvas."),
        ("ydd_Hebr", "eng-yid", "It rains.", "עס רעגנט."),
        ("bel_Cyrl", "bel-eng", "Ідзе дождж.", "It rains."),
    ],
)
def test_english_is_found_on_either_side(hub_copy, language, config, source, target):
    row = {"sourceLang": config[:3], "targetlang": config[4:], "sourceString": f" {source} ", "targetString": target}
    data = hub_copy(DATASET, {config: [row, row]})
    into = validate_items(from_english, language, from_english.items(language, data))
    back = validate_items(to_english, language, to_english.items(language, data))
    assert into[0].prompt.endswith("\n\nIt rains.")
    assert back[0].references == ("It rains.",)
    assert into[0].references == (source if config.endswith("-eng") else target,)
    assert [item.source_id for item in into] == [f"{language}:1", f"{language}:2"]


def test_configs_are_pairs_in_alphabetical_order():
    for config in CONFIGS.values():
        first, _, second = config.partition("-")
        assert first < second
        assert "eng" in (first, second)


def test_the_two_languages_without_flores_are_there():
    assert {"fry_Latn", "lat_Latn"} <= set(CONFIGS)
