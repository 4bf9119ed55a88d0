"""What a limit of tokens does to each language is counted, and a language that loses everything is named."""

import pytest

from polyarena.harness.stages.training.lengths import as_results, limit_lengths
from polyarena.tasks.errors import DataError

# (language, tokens of the prompt, tokens of prompt and completion)
ROWS = [("eng_Latn", 10, 20), ("eng_Latn", 40, 60), ("eng_Latn", 70, 80), ("amh_Ethi", 60, 90), ("amh_Ethi", 150, 166)]


def limited(rows, limit, **options):
    return limit_lengths(rows, lambda row: row[0], [row[1:] for row in rows], limit, "sft", **options)


def test_rows_are_left_out_or_cut_and_counted_by_language():
    stay, table = limited(ROWS, 64)
    assert stay == [ROWS[0], ROWS[1], ROWS[3]]
    assert as_results(table) == [
        {"language": "amh_Ethi", "rows": 2, "left_out": 1, "cut": 1, "mean_tokens": 128.0, "tokens": 64},
        {"language": "eng_Latn", "rows": 3, "left_out": 1, "cut": 0, "mean_tokens": 53.3, "tokens": 80},
    ]


def test_a_prompt_as_long_as_the_limit_leaves_nothing():
    with pytest.raises(DataError, match="leaves nothing of eng_Latn"):
        limited([("eng_Latn", 64, 70)], 64)


def test_a_language_that_loses_everything_is_named_with_its_length():
    with pytest.raises(DataError, match="max_length 60 leaves nothing of amh_Ethi") as refused:
        limited(ROWS, 60)
    assert "amh_Ethi has 128 tokens a row" in refused.value.why


def test_texts_that_are_too_long_as_a_whole_are_left_out_where_the_trainer_does_so():
    stay, table = limited(ROWS, 90, whole=True)
    assert stay == ROWS[:4]
    assert [entry.cut for entry in table] == [0, 0]
    # A prompt that is short enough does not help a text that is too long.
    short = ("amh_Ethi", 5, 9)
    stay, _ = limited([*ROWS, short], 65, whole=True)
    assert stay == [*ROWS[:2], short]


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="nothing to train on"):
        limited([], 64)
