"""Translation: chrF++ and spBLEU through sacrebleu (Post 2018), as statistics that are summed over a corpus.

* ``chrf++``: n-grams of characters and of words (Popović 2017).
* ``spbleu``: BLEU on the pieces of FLORES-200's SentencePiece model, which cuts all of its languages alike (Goyal et
  al. 2022, arXiv 2106.03193; NLLB Team 2022, arXiv 2207.04672). It needs that model, a file that sacrebleu downloads.
* ``bleu_char``: BLEU on characters, where the model is not to be had. It is sacrebleu's own ``char`` tokeniser, so
  anyone can make the number again; like spBLEU it has one unit for all scripts, unlike words, which in Thai or Japanese
  are not written apart. It is no spBLEU: characters are smaller than pieces, and its numbers are higher.

Texts are equal as :mod:`polyarena.tasks.text` says, before sacrebleu sees them; on texts without invisible characters
and in the form NFC the numbers are sacrebleu's own.

The value of one item is the score of a corpus of this item alone. Of one sentence without four pieces, or without any
match, BLEU is 0: read items by chrF++.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from polyarena.tasks.errors import DataError
from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.corpus import CHRF_BETA, CHRF_ORDER, CHRF_WORDS, bleu, chrf
from polyarena.tasks.text import comparable

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

CHRF = "chrf++"
SPBLEU = "spbleu"
BLEU_CHAR = "bleu_char"
_TOKENISERS = {SPBLEU: "flores200", BLEU_CHAR: "char"}

Statistics = tuple[float, ...]


def translation_statistics(item: Item, completion: Completion, metrics: Iterable[str]) -> Mapping[str, Statistics]:
    """Return the statistics of one translation, by metric; their sum over items goes into the metric's formula.

    Args:
        item: With references.
        completion: With a text.
        metrics: Among ``chrf++``, ``spbleu`` and ``bleu_char``.

    Raises:
        DataError: The completion has no text or the item no references, or spBLEU's model is missing.
    """
    text, references = answer_and_references(item, completion)
    return {metric: statistics_of(metric, text, references) for metric in metrics}


def translation_scores(item: Item, completion: Completion, metrics: Iterable[str]) -> Mapping[str, float]:
    """Return the value of one translation, from 0 to 100, by metric; arguments and errors as for the statistics."""
    import numpy as np

    return {
        metric: float(_FORMULAS[metric](np.array(statistics, dtype=np.float64)))
        for metric, statistics in translation_statistics(item, completion, metrics).items()
    }


def statistics_of(metric: str, hypothesis: str, references: Sequence[str]) -> Statistics:
    """Return the statistics of one text against its references.

    Args:
        metric: ``chrf++``, ``spbleu`` or ``bleu_char``.
        hypothesis: A text; line breaks are spaces to all three metrics.
        references: One or more.

    Raises:
        DataError: spBLEU's model is missing.
    """
    hypothesis, references = comparable(hypothesis), [comparable(reference) for reference in references]
    # The step between sentences and scores that sacrebleu's own significance tests take, for both metrics alike.
    found = _scorer(metric)._extract_corpus_statistics([hypothesis], [[reference] for reference in references])
    return tuple(float(count) for count in found[0])


def translation_signature(metric: str, references: int = 1) -> str:
    """Return sacrebleu's signature of a metric, such as ``nrefs:1|case:mixed|...|version:2.6.0``.

    Args:
        metric: ``chrf++``, ``spbleu`` or ``bleu_char``; no model is needed to sign.
        references: How many each item has.
    """
    if metric == CHRF:
        order = f"eff:yes|nc:{CHRF_ORDER}|nw:{CHRF_WORDS}|space:no"
    else:
        order = f"eff:no|tok:{_TOKENISERS[metric]}|smooth:exp"
    return f"nrefs:{references}|case:mixed|{order}|version:{version('sacrebleu')}"


@cache
def _scorer(metric: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF as CHARACTERS

    if metric == CHRF:
        return CHARACTERS(char_order=CHRF_ORDER, word_order=CHRF_WORDS, beta=CHRF_BETA)
    if metric == SPBLEU:
        _require_pieces()
    return BLEU(tokenize=_TOKENISERS[metric])


def spbleu_unavailable() -> str:
    """Return why spBLEU cannot be computed on this machine and what helps; empty if it can.

    The first time, sacrebleu downloads its model (5 MB).
    """
    return _fault_of_pieces()


@cache
def _fault_of_pieces() -> str:
    try:
        _require_pieces()
    except DataError as error:
        return f"{error.what}; {error.fix}"
    return ""


def _require_pieces() -> None:
    """Have sacrebleu load (and download, the first time) FLORES-200's SentencePiece model, or say what is missing."""
    pieces: Any = import_module("sacrebleu.tokenizers.tokenizer_spm")
    url = pieces.SPM_MODELS["flores200"]["url"]
    name = url.rpartition("/")[2]
    try:
        pieces.Flores200Tokenizer()
    except ImportError as error:
        raise DataError(
            "spBLEU needs the library sentencepiece",
            why=str(error).strip().partition("\n")[0],
            fix=f"pip install 'polyarena[spbleu]', or score with {BLEU_CHAR} (another metric, with other numbers)",
        ) from error
    # URLError, a full disk or a damaged file: all of them are OSError; sentencepiece adds RuntimeError.
    except (OSError, RuntimeError) as error:
        raise DataError(
            "spBLEU's SentencePiece model could not be loaded",
            where=f"{pieces.SACREBLEU_DIR}/models/{name}",
            why=f"sacrebleu loads it from {url}: {str(error).partition(chr(10))[0]}",
            fix=f"put the file there by hand, or as models/{name} into a folder that the environment variable "
            f"SACREBLEU names; or score with {BLEU_CHAR} (another metric, with other numbers)",
        ) from error


_FORMULAS: Mapping[str, Callable[[Any], Any]] = {CHRF: chrf, SPBLEU: bleu, BLEU_CHAR: bleu}
