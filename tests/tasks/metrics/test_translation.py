"""chrF++, spBLEU and its substitute are what sacrebleu says they are."""

import sys
import types
import urllib.request
from functools import cache
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU
from sacrebleu.metrics import CHRF as SACREBLEU_CHRF

from polyarena.tasks.benchmarks.flores import from_english
from polyarena.tasks.errors import DataError
from polyarena.tasks.metrics import translation
from polyarena.tasks.metrics.registry import METRICS, available, unavailable_reason
from polyarena.tasks.metrics.translation import (
    BLEU_CHAR,
    CHRF,
    SPBLEU,
    _scorer,
    statistics_of,
    translation_scores,
    translation_signature,
    translation_statistics,
)
from polyarena.tasks.text import comparable

FAULT_OF_PIECES = translation._fault_of_pieces


def theirs(metric):
    return SACREBLEU_CHRF(word_order=2) if metric == CHRF else BLEU(tokenize="char")


def score_of(metric, hypotheses, *references):
    """Return sacrebleu's score of the texts as they are compared."""
    texts = [list(map(comparable, each)) for each in references]
    return theirs(metric).corpus_score(list(map(comparable, hypotheses)), texts).score


def summed(metric, hypotheses, references):
    rows = [statistics_of(metric, *pair) for pair in zip(hypotheses, references, strict=True)]
    return np.array(rows).sum(axis=0)


@every_case("metric", [CHRF, BLEU_CHAR])
@every_case("pair", ["nld_Latn deu_Latn", "ukr_Cyrl rus_Cyrl", "zho_Hans jpn_Jpan", "lao_Laoo tha_Thai"])
def test_summed_statistics_give_the_corpus_score_on_real_text(metric, pair, sentences):
    """The text of a neighbour stands for a bad translation."""
    hypotheses, references = (sentences[code] for code in pair.split())
    score = score_of(metric, hypotheses, references)
    assert score > 1
    # Invisible characters are rare in real text: a soft hyphen in Dutch, a zero-width space in Lao.
    assert theirs(metric).corpus_score(hypotheses, [references]).score == pytest.approx(score, abs=0.003)
    ours = METRICS[metric].corpus(summed(metric, hypotheses, [[text] for text in references]))
    assert ours == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize("metric", [CHRF, BLEU_CHAR])
def test_several_references_are_as_sacrebleu_takes_them(metric, sentences):
    hypotheses, first, second = (sentences[code][:40] for code in ("dan_Latn", "nob_Latn", "swe_Latn"))
    score = score_of(metric, hypotheses, first, second)
    ours = METRICS[metric].corpus(summed(metric, hypotheses, list(zip(first, second, strict=True))))
    assert ours == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize("metric", [CHRF, BLEU_CHAR])
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=4))
def test_any_texts_get_what_sacrebleu_gives(metric, pairs):
    score = score_of(metric, [one for one, _ in pairs], [other for _, other in pairs])
    ours = METRICS[metric].corpus(summed(metric, [one for one, _ in pairs], [[other] for _, other in pairs]))
    assert ours == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize("metric", [CHRF, BLEU_CHAR])
def test_the_signature_is_sacrebleus(metric):
    scorer = theirs(metric)
    scorer.corpus_score(["a b"], [["a b"], ["c d"]])
    assert translation_signature(metric, references=2) == str(scorer.get_signature())


def test_spbleu_is_signed_without_its_model():
    scorer = BLEU(tokenize="char")
    scorer.corpus_score(["a"], [["a"]])
    signature = scorer.get_signature()
    signature.update("tok", "flores200")
    assert translation_signature(SPBLEU) == str(signature)


def test_scores_of_one_item_are_those_of_a_corpus_of_one(answered):
    item, completion = answered("the cat sat on a mat", "the cat sat on the mat")
    scores = translation_scores(item, completion, [CHRF, BLEU_CHAR])
    statistics = translation_statistics(item, completion, [CHRF, BLEU_CHAR])
    assert list(scores) == list(statistics) == [CHRF, BLEU_CHAR]
    for metric, value in scores.items():
        expected = theirs(metric).corpus_score([completion.text], [list(item.references)]).score
        assert value == pytest.approx(expected, abs=1e-9)
        assert len(statistics[metric]) == METRICS[metric].n_statistics
        assert all(isinstance(count, float) for count in statistics[metric])


@pytest.fixture
def no_model(monkeypatch, tmp_path):
    """An installation with sentencepiece, without the model, without a network; yields the model's place."""

    class Pieces:
        def Load(self, path):  # noqa: N802
            if Path(path).read_bytes() != b"model":
                raise OSError("not a model")

        def EncodeAsPieces(self, line):  # noqa: N802
            return [f"▁{word[:3]}" for word in line.split()]

    def offline(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setitem(sys.modules, "sentencepiece", types.SimpleNamespace(SentencePieceProcessor=Pieces))
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.SACREBLEU_DIR", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    _scorer.cache_clear()
    yield tmp_path / "models" / "flores200sacrebleuspm"
    _scorer.cache_clear()


@pytest.fixture
def looked_for(monkeypatch):
    """Look for spBLEU's model, as outside of tests."""
    monkeypatch.setattr(translation, "_fault_of_pieces", cache(FAULT_OF_PIECES.__wrapped__))


def test_without_its_model_chrf_is_scored_all_the_same(no_model, looked_for, answered):
    assert "could not be loaded" in unavailable_reason(SPBLEU)
    assert available((CHRF, SPBLEU)) == (CHRF,)
    item, completion = answered("Habari ya leo", "Habari ya asubuhi")
    assert list(from_english.score(item, completion)) == list(from_english.statistics(item, completion)) == [CHRF]


def test_without_the_library_the_reason_says_what_to_install(no_model, looked_for, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    reason = unavailable_reason(SPBLEU)
    assert "needs the library sentencepiece; pip install 'polyarena[spbleu]'" in reason


def test_with_its_model_spbleu_is_available(no_model, looked_for, answered):
    no_model.parent.mkdir()
    no_model.write_bytes(b"model")
    assert unavailable_reason(SPBLEU) == ""
    assert list(from_english.score(*answered("Habari ya leo", "Habari ya asubuhi"))) == [CHRF, SPBLEU]


@pytest.mark.parametrize("name", [CHRF, "acc", "no such metric"])
def test_metrics_without_needs_are_available(name):
    assert unavailable_reason(name) == ""


def test_without_its_model_spbleu_says_which_file_belongs_where(no_model):
    with pytest.raises(DataError, match="could not be loaded") as caught:
        statistics_of(SPBLEU, "a", ["b"])
    assert caught.value.where == str(no_model)
    assert "no route to host" in caught.value.why
    assert "SACREBLEU" in caught.value.fix
    assert BLEU_CHAR in caught.value.fix


def test_a_damaged_model_is_reported_in_the_same_way(no_model):
    no_model.parent.mkdir()
    no_model.write_bytes(b"half a mod")
    with pytest.raises(DataError, match="could not be loaded") as caught:
        statistics_of(SPBLEU, "a", ["b"])
    assert "not a model" in caught.value.why


def test_with_its_model_spbleu_is_bleu_on_pieces(no_model):
    no_model.parent.mkdir()
    no_model.write_bytes(b"model")
    counts = statistics_of(SPBLEU, "one three four five six", ["one thread fought fine sixty"])
    # Three-letter pieces: one thr fou fiv six against one thr fou fin six.
    assert counts == (5, 5, 4, 2, 1, 0, 5, 4, 3, 2)


def test_without_the_library_spbleu_says_what_to_install(no_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(DataError, match="needs the library sentencepiece") as caught:
        statistics_of(SPBLEU, "a", ["b"])
    assert "pip install 'polyarena[spbleu]'" in caught.value.fix
