"""Whether a text is in the language that was wanted."""

import json

import pytest
from every_case import every_case

from polyarena.tasks.identify import Agreement, Identified, agreement, identify


@every_case(
    ("language", "probability", "script", "wanted", "expected"),
    [
        ("deu_Latn", 0.98, "Latn", "deu_Latn", Agreement.SAME),
        ("eng_Latn", 0.98, "Latn", "deu_Latn", Agreement.OTHER_LANGUAGE),
        ("eng_Latn", 0.5, "Latn", "deu_Latn", Agreement.UNKNOWN),
        ("eng_Latn", 0.98, "Latn", "hau_Latn", Agreement.UNKNOWN),
        ("eng_Latn", 0.98, "Latn", "tir_Ethi", Agreement.OTHER_SCRIPT),
        ("eng_Latn", 0.2, "Latn", "hin_Deva", Agreement.OTHER_SCRIPT),
        ("hin_Deva", 0.96, "Latn", "hin_Deva", Agreement.SAME),
        ("hin_Deva", 0.3, "Latn", "hin_Deva", Agreement.OTHER_SCRIPT),
        ("ind_Latn", 0.99, "Latn", "zsm_Latn", Agreement.SAME),
        ("nn", 0.99, "Latn", "nob_Latn", Agreement.SAME),
        ("sh", 0.99, "Latn", "srp_Cyrl", Agreement.OTHER_SCRIPT),
        ("zho_Hant", 0.99, "Hant", "zho_Hans", Agreement.OTHER_SCRIPT),
        ("zho_Hant", 0.99, "Hant", "yue_Hant", Agreement.UNKNOWN),
        ("wuu", 0.99, "Hans", "zho_Hans", Agreement.SAME),
        ("gsw_Latn", 0.9, "Latn", "als_Latn", Agreement.OTHER_LANGUAGE),
        ("eng_Latn", 0.9, "Latn", "xyz_Latn", Agreement.UNKNOWN),
        (None, 0.0, "Latn", "hin_Deva", Agreement.UNKNOWN),
        (None, 0.0, None, "hin_Deva", Agreement.UNKNOWN),
    ],
)
def test_agreement(language, probability, script, wanted, expected):
    assert agreement(Identified(language, probability, script), wanted) is expected


def test_the_threshold_is_inclusive_and_can_be_set():
    found = Identified("eng_Latn", 0.6, "Latn")
    assert agreement(found, "deu_Latn", 0.6) is Agreement.OTHER_LANGUAGE
    assert agreement(found, "deu_Latn", 0.61) is Agreement.UNKNOWN


WRONG = (Agreement.OTHER_LANGUAGE, Agreement.OTHER_SCRIPT)


@pytest.mark.slow
def test_false_alarms_on_real_text_are_as_rare_as_documented(sentences):
    """At most 0.3% of sentences, mean over languages, and no passage of three sentences, in any of 99 languages."""
    shares = []
    for language, rows in sentences.items():
        shares.append(sum(agreement(identify(text), language) in WRONG for text in rows) / len(rows))
        passages = [" ".join(rows[start : start + 3]) for start in range(0, len(rows), 3)]
        assert not [text for text in passages if agreement(identify(text), language) in WRONG], language
    assert len(shares) == 99
    assert sum(shares) / len(shares) <= 0.003


def test_english_in_place_of_an_identifiable_language_is_noticed(sentences):
    noticed = [agreement(identify(text), "swh_Latn") is Agreement.OTHER_LANGUAGE for text in sentences["eng_Latn"]]
    assert sum(noticed) / len(noticed) > 0.98


def test_real_answers_are_nearly_all_in_their_language(test_data):
    """The wrong ones out of 1,260 were read: seven are in English, and one is a Dutch list of the names of chords."""
    from polyarena.tasks.languages import find_language

    wrong = {}
    for path in sorted((test_data / "completions/m-ArenaHard/gpt-4").glob("*.jsonl")):
        wanted = find_language(path.stem).code
        for line in path.read_text(encoding="utf-8").strip().split("\n"):
            row = json.loads(line)
            found = identify(row["completion"])
            if agreement(found, wanted) in WRONG:
                wrong[wanted, row["question_id"][:6]] = found.language
    assert wrong.pop(("nld_Latn", "51c444")) == "deu_Latn"
    assert set(wrong.values()) == {"eng_Latn"}
    assert len(wrong) == 7
