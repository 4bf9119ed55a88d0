"""Pairs of a pool by reward, and a strong answer against a translated weaker one."""

import pytest
from every_case import every_case

from polyarena.harness.stages.preferences import pairs_of_pool, translated_weaker_pairs
from polyarena.harness.stages.records import PooledCompletion
from polyarena.tasks.errors import DataError, ModelError
from polyarena.tasks.mixtures.records import TrainingRow

GERMAN = "Die Bibliothek öffnet um neun Uhr morgens und schließt erst spät am Abend."
ENGLISH = "The library opens at nine in the morning and closes late in the evening."


def answers(row, *found, language="deu_Latn"):
    return [
        PooledCompletion(row, language, f"Frage {row}", f"t{at}", text, reward)
        for at, (text, reward) in enumerate(found)
    ]


def test_the_highest_reward_is_chosen_and_the_lowest_rejected():
    pool = answers("1", ("mid", 0.5), ("best", 0.9), ("worst", 0.1)) + answers("2", ("b", -2), ("a", -1))
    pairs = pairs_of_pool(pool, "pool").pairs
    assert [(pair.row_id, pair.chosen, pair.rejected) for pair in pairs] == [("1", "best", "worst"), ("2", "a", "b")]
    assert (pairs[0].chosen_reward, pairs[0].rejected_reward, pairs[0].source) == (0.9, 0.1, "pool")


@every_case(
    ("found", "reason"),
    [
        ((("one", 1),), "fewer than two completions"),
        (((" ", 1), ("", 0)), "all empty"),
        ((("one", 1), ("two", 1)), "rewards too close"),
        ((("one", 1), ("two", 0.9)), "rewards too close"),
        ((("one", 1), ("one", 0)), "equal completions"),
        (((" ", 1), ("two", 0)), "rewards too close"),
    ],
)
def test_prompts_without_a_preference_give_no_pair_and_are_counted(found, reason):
    pool = answers("1", *found) + answers("2", ("good", 1), ("bad", 0))
    pairs = pairs_of_pool(pool, "pool", least_gap=0.5)
    assert [pair.row_id for pair in pairs.pairs] == ["2"]
    assert pairs.left_out == {reason: 1}


def test_an_empty_completion_can_be_rejected():
    pairs = pairs_of_pool(answers("1", ("text", 0.2), ("", -1.0)), "pool").pairs
    assert (pairs[0].chosen, pairs[0].rejected) == ("text", "")


def test_a_gap_as_large_as_the_least_is_enough():
    assert len(pairs_of_pool(answers("1", ("a", 1.0), ("b", 0.5)), "pool", least_gap=0.5).pairs) == 1


def test_no_pairs_at_all_are_refused_with_the_reasons():
    with pytest.raises(DataError, match="no prompt gives a preference pair") as refused:
        pairs_of_pool(answers("1", ("a", 1), ("b", 1)) + answers("2", ("a", 1)), "pool")
    assert "1 rewards too close" in refused.value.why
    with pytest.raises(DataError, match="no prompt gives a preference pair"):
        pairs_of_pool([], "pool")


def test_a_pool_without_rewards_is_refused():
    with pytest.raises(DataError, match="no rewards"):
        pairs_of_pool(answers("1", ("a", None), ("b", 1)), "pool")


def test_lengths_stand_beside_the_pairs():
    pool = answers("1", ("long text", 1), ("x", 0)) + answers("2", ("y", 1), ("z", 0))
    pool += answers("3", ("a", 1), ("bbb", 0), language="swh_Latn")
    table = pairs_of_pool(pool, "pool").lengths().set_index("language")
    assert table.loc["deu_Latn"].to_dict() == {
        "pairs": 2, "chosen_characters": 5, "rejected_characters": 1, "chosen_longer": 0.75,
    }  # fmt: skip
    assert table.loc["swh_Latn", "chosen_longer"] == 0


def row(row_id, language="deu_Latn"):
    return TrainingRow(row_id, "prompts", language, "Wann öffnet die Bibliothek?", "", "MIT")


def translate(texts, language):
    return [f"[{language}] {text}" for text in texts]


def test_a_strong_answer_in_the_language_beats_a_translated_weaker_one():
    prompts = [row("1"), row("2", "eng_Latn"), row("3"), row("4"), row("5")]
    strong = {"1": GERMAN, "2": ENGLISH, "3": ENGLISH, "4": "", "5": GERMAN}
    weaker = {"1": "At nine.", "2": "At nine.", "3": "At nine.", "4": "At nine.", "5": " "}
    found = translated_weaker_pairs(prompts, strong, weaker, translate, "translated")
    assert [(pair.row_id, pair.chosen, pair.rejected) for pair in found.pairs] == [("1", GERMAN, "[deu_Latn] At nine.")]
    assert (found.pairs[0].chosen_reward, found.pairs[0].source) == (None, "translated")
    assert found.left_out == {
        "English": 1, "strong answer in another language": 1, "no answer of the strong model": 1,
        "no answer of the weaker model": 1,
    }  # fmt: skip


def test_each_language_is_translated_at_once_and_pairs_keep_the_order_of_prompts():
    asked = []

    def remember(texts, language):
        asked.append((language, len(texts)))
        return translate(texts, language)

    prompts = [row("1"), row("2", "nld_Latn"), row("3")]
    strong = {"1": GERMAN, "2": "De bibliotheek gaat om negen uur open en sluit laat in de avond.", "3": GERMAN}
    found = translated_weaker_pairs(prompts, strong, dict.fromkeys("123", "At nine."), remember, "translated")
    assert asked == [("deu_Latn", 2), ("nld_Latn", 1)]
    assert [pair.row_id for pair in found.pairs] == ["1", "2", "3"]


@pytest.mark.parametrize("text", ["", GERMAN, f" {GERMAN} "])
def test_a_translation_that_is_empty_or_equal_gives_no_pair(text):
    with pytest.raises(DataError, match="no prompt gives") as refused:
        translated_weaker_pairs([row("1")], {"1": GERMAN}, {"1": "x"}, lambda texts, language: [text], "s")
    assert refused.value.why == "1 empty or equal translation"


def test_a_translator_that_loses_texts_is_refused():
    with pytest.raises(ModelError, match="gave 0 texts for 1"):
        translated_weaker_pairs([row("1")], {"1": GERMAN}, {"1": "x"}, lambda texts, language: [], "s")
