"""What is said of each metric holds."""

import numpy as np
import pytest

from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.metrics.adequacy import rated_metrics
from polyarena.tasks.metrics.gender import gender_scores
from polyarena.tasks.metrics.numbers import numeric_match
from polyarena.tasks.metrics.question_answering import answer_scores
from polyarena.tasks.metrics.registry import METRICS, find_metric
from polyarena.tasks.metrics.rouge import rouge_scores
from polyarena.tasks.metrics.translation import translation_scores


def test_names_are_keys_and_descriptions_are_sentences():
    for name, metric in METRICS.items():
        assert find_metric(name) is metric
        assert metric.name == name
        assert metric.description.endswith(".")
        assert metric.low < metric.high


def test_adequacy_is_known_of_every_metric():
    assert set(METRICS) <= set(rated_metrics())


def test_all_that_the_scorers_return_is_registered_and_within_range(answered):
    good, bad = answered("3 cats sat on 12 mats.", "3 cats sat on 12 mats."), answered("x", "3 cats sat on 12 mats.")
    seen = {"acc", "acc_bytes", "spbleu", "line_pass", "word_pass", *gender_scores("male", None, None)}
    translate = ["chrf++", "bleu_char"]
    for scorer in (answer_scores, numeric_match, rouge_scores, lambda *a: translation_scores(*a, translate)):
        for pair, end in ((good, "high"), (bad, "low")):
            for name, value in scorer(*pair).items():
                assert value == pytest.approx(getattr(METRICS[name], end))
                seen.add(name)
    assert seen == set(METRICS)


def test_corpus_metrics_have_formulas_of_their_length():
    summed = {name: metric.n_statistics for name, metric in METRICS.items() if metric.corpus}
    assert summed == {"chrf++": 24, "spbleu": 10, "bleu_char": 10, "delta_s": 4, "delta_g": 6}
    for name, length in summed.items():
        assert METRICS[name].corpus(np.ones((5, 2, length))).shape == (5, 2)
    assert all(metric.n_statistics == 0 for metric in METRICS.values() if metric.corpus is None)


def test_signatures_name_the_metric_and_hold_sacrebleus():
    assert find_metric("acc").signature == "metric:acc"
    assert find_metric("chrf++").signature.startswith(
        "metric:chrf++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:"
    )
    assert "tok:flores200" in find_metric("spbleu").signature
    assert "tok:char" in find_metric("bleu_char").signature
    assert len({metric.signature for metric in METRICS.values()}) == len(METRICS)


def test_a_misspelt_metric_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean 'rouge_lsum'"):
        find_metric("rouge_lsun")
