"""Each rule removes what it should, in any script, and leaves good rows alone."""

import pytest
from every_case import every_case

from polyarena.tasks.mixtures.pruning import Rule, broken_rule, is_degenerate
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.settings import PruningSettings

ENGLISH = "The library opens at nine in the morning and closes late in the evening."
GERMAN = "Die Bibliothek öffnet um neun Uhr morgens und schließt spät am Abend wieder."
CHINESE = "图书馆早上九点开门，晚上很晚才关门，周末也照常开放。"


def row(completion, language="eng_Latn", prompt="When?"):
    return TrainingRow("1", "s", language, prompt, completion, "MIT")


@every_case(
    ("found", "expected"),
    [
        (row(ENGLISH), None),
        (row(GERMAN, "deu_Latn"), None),
        (row(CHINESE, "zho_Hans"), None),
        (row(""), Rule.EMPTY),
        (row(" \n\t"), Rule.EMPTY),
        (row("\u200f\ufeff "), Rule.EMPTY),
        (row(ENGLISH, prompt="\u200b"), Rule.EMPTY),
        (row(GERMAN), Rule.WRONG_LANGUAGE),
        (row(CHINESE), Rule.WRONG_LANGUAGE),
        (row(ENGLISH, "hin_Deva"), Rule.WRONG_LANGUAGE),
        (row("the same thing again and again, " * 8), Rule.DEGENERATE),
        (row("看看看看看看看看看看看看看看看看看看看看看看看看看看看看看看看看", "zho_Hans"), Rule.DEGENERATE),
        (row(ENGLISH, "asm"), Rule.UNKNOWN_LANGUAGE),
        (row("Nairobi", "zho_Hans"), None),
        (row("42", "amh_Ethi"), None),
        (row("Ee", "wol_Latn"), None),
    ],
)
def test_a_row_breaks_the_rule_that_it_should(found, expected):
    assert broken_rule(found, PruningSettings()) == expected


def test_the_first_rule_counts():
    found = row("the same thing again and again, " * 8, "hin_Deva")
    assert broken_rule(found, PruningSettings(max_characters=20)) == Rule.LONG
    assert broken_rule(found, PruningSettings()) == Rule.DEGENERATE
    assert broken_rule(found, PruningSettings(degenerate=False)) == Rule.WRONG_LANGUAGE
    assert broken_rule(found, PruningSettings(degenerate=False, wrong_language=False)) is None


@pytest.mark.parametrize(("least", "expected"), [(7, None), (8, Rule.SHORT)])
def test_short_is_counted_in_visible_characters(least, expected):
    assert broken_rule(row("  Nairobi \n"), PruningSettings(min_characters=least)) == expected


def test_a_poem_with_a_refrain_is_not_degenerate():
    verses = ["Snow is falling on the hill", "Birds are sleeping in the tree", "Rain is running down the wall"]
    assert not is_degenerate("\n".join(f"{verse},\nand all the world is still." for verse in verses))
