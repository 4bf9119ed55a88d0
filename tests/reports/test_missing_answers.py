"""Missing and cut answers become warnings with counts, whatever the reason is called."""

from __future__ import annotations

import pandas as pd

from polyarena.reports.missing_answers import MissingAnswers, count_missing, missing_warnings


def completions(*rows):
    """Rows of system, task, language, text, finish reason, and whether the thought ended."""
    columns = ["system", "task", "language", "text", "finish_reason", "thought_ended"]
    return pd.DataFrame(rows, columns=columns).astype({"thought_ended": object})


def row(text="fine", reason="stop", ended=None, system="s", task="t", language="hin_Deva"):
    return (system, task, language, text, reason, ended)


def warnings(*rows):
    return missing_warnings(count_missing(completions(*rows)))


def test_whole_answers_are_no_news():
    assert count_missing(completions(row(), row(reason=None), row(None))) == ()
    assert warnings(row()) == ()


def test_counts():
    rows = [row(""), row(" \n", "length", False), row("", "SAFETY")]
    rows += [row("a", "MAX_TOKENS"), row("b", "length", True), row()]
    assert count_missing(completions(*rows)) == (MissingAnswers("s", "t", "hin_Deva", 6, 3, 1, 1, 2),)


def test_all_answers_empty_is_said_with_counts_by_language():
    """Case 22."""
    [warning] = warnings(*[row("", "length")] * 4, *[row(language="swh_Latn")] * 3, row("", language="swh_Latn"))
    assert warning.startswith("s gave no answer at all to t in Hindi (4 of 4). Of these 4: 4 empty.")
    assert "thinking: on" in warning
    assert "Swahili" not in warning


def test_thoughts_that_took_everything():
    [warning] = warnings(*[row("", "length", False)] * 3)
    assert "3 cut off inside the thought" in warning
    assert "`budget` under `thinking`" in warning


def test_answers_generated_elsewhere_are_not_blamed_on_settings_of_the_experiment():
    """No `budget` and no `max_tokens` changes stored answers."""
    cases = [
        [row("", "length", False), row()],
        [row("", "length", False)],
        [row("a", "length")],
        [row("")],
    ]
    for rows in cases:
        counts = count_missing(completions(*rows))
        [warning] = missing_warnings(counts, stored={"s"})
        assert "generated elsewhere" in warning
        assert "`" not in warning
        assert "generated elsewhere" not in missing_warnings(counts, stored={"other"})[0]


def test_a_host_that_withholds_everything():
    [warning] = warnings(row("", "content_filter"), row("", "refusal"))
    assert "2 withheld by the host" in warning
    assert "another host" in warning


def test_all_answers_cut_at_the_limit():
    [warning] = warnings(row("a", "length"), row("b", "model_length"), row("c", "stop", language="deu_Latn"))
    assert warning.startswith("Every answer of s to t was cut off at the token limit in Hindi (2 of 2).")
    assert warnings(row("a", "length"), row("b")) == ()


def test_some_thoughts_that_never_ended():
    [warning] = warnings(row("", "length", False), row("a", "stop", True), row("", "stop", False, language="deu_Latn"),
                         row(language="deu_Latn"), row(language="deu_Latn"))  # fmt: skip
    assert "never ended and count as no answer in Hindi (1 of 2), German (1 of 3)." in warning


def test_many_languages_are_summed_up():
    languages = ["deu_Latn", "fra_Latn", "hin_Deva", "ita_Latn", "spa_Latn", "swh_Latn", "tha_Thai", "zul_Latn"]
    [warning] = warnings(*[row("", language=each) for each in languages])
    assert "and 2 more languages (2 of 2)" in warning
    [warning] = warnings(*[row("", language=each) for each in languages[:7]])
    assert "and 1 more language (1 of 1)" in warning


def test_one_warning_for_each_system_and_task():
    found = warnings(row("", system="a"), row("", system="b"), row("", system="a", task="u"), row(system="c"))
    assert [each.split(" in ")[0] for each in found] == [
        "a gave no answer at all to t", "a gave no answer at all to u", "b gave no answer at all to t",
    ]  # fmt: skip


def test_prompts_that_the_host_refused_are_told_although_others_were_answered() -> None:
    [warning] = warnings(row("", "content_filter"), row("Gut."))
    assert warning.startswith("The host refused prompts of")
    assert "(1 of 2)" in warning
    assert warnings(row("half", "content_filter"), row("Gut.")) == ()
