"""What is said of each metric holds."""

import numpy as np
import pytest

from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.metrics.adequacy import rated_metrics
from polyarena.tasks.metrics.gender import gender_scores
from polyarena.tasks.metrics.instructions.scores import instruction_scores
from polyarena.tasks.metrics.math_match import math_match
from polyarena.tasks.metrics.metric import Aggregation, Direction, MetricFacts, Unit
from polyarena.tasks.metrics.numbers import numeric_match
from polyarena.tasks.metrics.question_answering import answer_scores
from polyarena.tasks.metrics.registry import METRICS, find_metric, metric_names
from polyarena.tasks.metrics.rouge import rouge_scores
from polyarena.tasks.metrics.translation import translation_scores
from polyarena.tasks.plugins import plugins


def test_names_are_keys_and_descriptions_are_sentences():
    for name, metric in METRICS.items():
        assert find_metric(name) is metric
        assert metric.name == name
        assert metric.description.endswith(".")
        assert metric.low < metric.high
        assert metric.facts.description == metric.description


def test_adequacy_is_known_of_every_metric():
    assert set(METRICS) <= set(rated_metrics())


def test_all_that_the_scorers_return_is_registered_and_within_range(answered):
    good, bad = answered("3 cats sat on 12 mats.", "3 cats sat on 12 mats."), answered("x", "3 cats sat on 12 mats.")
    seen = {
        "acc",
        "acc_bytes",
        "dw_acc",
        "spbleu",
        "line_pass",
        "word_pass",
        "lpr",
        "letter_match",
        "letter_absent",
        "toxicity",
        "toxic",
        *gender_scores("male", None, None),
        *instruction_scores(*answered("x", '{"instruction": "punctuation:no_comma"}')),
    }
    translate = ["chrf++", "bleu_char"]
    for scorer in (
        answer_scores,
        numeric_match,
        math_match,
        rouge_scores,
        lambda *a: translation_scores(*a, translate),
    ):
        for pair, end in ((good, "high"), (bad, "low")):
            for name, value in scorer(*pair).items():
                assert value == pytest.approx(getattr(METRICS[name], end))
                seen.add(name)
    assert seen == set(METRICS)


def test_corpus_metrics_have_formulas_of_their_length():
    summed = {name: metric.n_statistics for name, metric in METRICS.items() if metric.corpus}
    assert summed == {
        **{"chrf++": 24, "spbleu": 10, "bleu_char": 10, "dw_acc": 2, "delta_s": 4, "delta_g": 6},
        **{"if_overall": 18, "if_overall_words": 18, "inst_level_strict_acc": 2, "inst_level_loose_acc": 2},
    }
    for name, length in summed.items():
        assert METRICS[name].corpus(np.ones((5, 2, length))).shape == (5, 2)
    assert all(metric.n_statistics == 0 for metric in METRICS.values() if metric.corpus is None)


def test_signatures_name_the_metric_and_hold_sacrebleus():
    assert str(find_metric("acc").signature) == "metric:acc"
    assert str(find_metric("chrf++").signature).startswith(
        "metric:chrf++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:"
    )
    assert "tok:flores200" in str(find_metric("spbleu").signature)
    assert "tok:char" in str(find_metric("bleu_char").signature)
    assert len({metric.signature for metric in METRICS.values()}) == len(METRICS)


def test_units_and_directions_are_declared():
    points = {name for name, metric in METRICS.items() if metric.unit is Unit.POINTS}
    assert points == {"chrf++", "spbleu", "bleu_char"}
    assert all(METRICS[name].high == (100 if name in points else 1) for name in METRICS)
    not_higher = {name: metric.direction for name, metric in METRICS.items() if not metric.higher_is_better}
    assert not_higher == {
        "toxicity": Direction.LOWER,
        "toxic": Direction.LOWER,
        "delta_s": Direction.ZERO,
        "delta_g": Direction.ZERO,
        "gender_undecided": Direction.LOWER,
        "letter_absent": Direction.LOWER,
    }


def test_goodness_is_higher_for_better_values():
    higher, lower, zero = (MetricFacts(direction=direction) for direction in Direction)
    assert higher.goodness(0.2) < higher.goodness(0.3)
    assert lower.goodness(0.2) > lower.goodness(0.3)
    # A system that makes everybody a man is worse than a fair one, and so is one that makes everybody a woman.
    assert zero.goodness(0.48) < zero.goodness(0.0) > zero.goodness(-0.48)
    assert not zero.higher_is_better


def test_facts_survive_the_lock_file():
    for metric in METRICS.values():
        assert MetricFacts.model_validate_json(metric.facts.model_dump_json()) == metric.facts
    assert METRICS["chrf++"].facts.aggregation is Aggregation.CORPUS
    assert METRICS["acc"].facts.aggregation is Aggregation.MEAN


def test_measures_equal_what_the_scorers_return(answered):
    pair = answered("3 cats sat on 12 mats.", "3 cats sat on 11 mats.")
    measured = {name: metric.measure(*pair) for name, metric in METRICS.items() if metric.measure and name in _TEXT}
    scored = {**answer_scores(*pair), **rouge_scores(*pair), **numeric_match(*pair), **math_match(*pair)}
    assert measured == {**scored, **translation_scores(*pair, ["chrf++", "bleu_char"])}
    for name in ("chrf++", "bleu_char"):
        summed = np.array(METRICS[name].statistics(*pair))
        assert METRICS[name].corpus(summed) == pytest.approx(measured[name])


_TEXT = {"f1", "exact_match", "rouge_l", "rouge_lsum", "numeric_match", "math_match", "chrf++", "bleu_char"}


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Installs a distribution with metrics."""
    info = tmp_path / "lengths-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lengths\nVersion: 1\n")
    points = {"length": "lengths:length", "acc": "lengths:length", "width": "lengths:length", "pi": "math:pi"}
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[polyarena.metrics]", *lines]))
    (tmp_path / "lengths.py").write_text(
        "from polyarena.tasks.metrics.metric import Metric, Unit\n"
        "length = Metric('length', 'Characters.', high=None, unit=Unit.POINTS)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.cache_clear()
    yield
    plugins.cache_clear()


def test_other_distributions_metrics_are_found_and_ours_are_not_shadowed(added):
    assert find_metric("length").facts.high is None
    assert find_metric("acc") is METRICS["acc"]
    assert "length" in metric_names()
    with pytest.raises(UnknownNameError, match="did you mean 'length'"):
        find_metric("lenght")


@pytest.mark.parametrize(("name", "why"), [("width", "a metric named 'length'"), ("pi", "it is float")])
def test_a_plugin_that_is_no_metric_of_its_name_is_refused(added, name, why):
    with pytest.raises(PolyarenaError, match=why):
        find_metric(name)


def test_a_misspelt_metric_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean 'rouge_lsum'"):
        find_metric("rouge_lsun")
