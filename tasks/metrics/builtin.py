"""polyarena's own metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.corpus import BLEU_STATISTICS, CHRF_STATISTICS, bleu, chrf
from polyarena.tasks.metrics.difficulty import DW_ACC, DW_ACC_STATISTICS, weighted_accuracy
from polyarena.tasks.metrics.gender import (
    DELTA_G,
    DELTA_G_STATISTICS,
    DELTA_S,
    DELTA_S_STATISTICS,
    GENDER_ACC,
    GENDER_UNDECIDED,
    delta_g,
    delta_s,
)
from polyarena.tasks.metrics.instructions.scores import (
    IF_OVERALL,
    IF_OVERALL_WORDS,
    INST_LOOSE,
    INST_STATISTICS,
    INST_STRICT,
    OVERALL_STATISTICS,
    PROMPT_LOOSE,
    PROMPT_STRICT,
    followed_share,
    instruction_scores,
    instruction_statistics,
    overall_accuracy,
)
from polyarena.tasks.metrics.language_confusion import (
    LINE_PASS,
    LPR,
    LPR_SETTINGS,
    SETTINGS,
    WORD_PASS,
    confusion_scores,
)
from polyarena.tasks.metrics.letter_choice import LETTER_ABSENT, LETTER_MATCH, letter_scores
from polyarena.tasks.metrics.math_match import MATH_MATCH, math_match
from polyarena.tasks.metrics.metric import Direction, Metric, Unit
from polyarena.tasks.metrics.multiple_choice import ACC, ACC_BYTES, choice_scores
from polyarena.tasks.metrics.numbers import NUMERIC_MATCH, numeric_match
from polyarena.tasks.metrics.question_answering import EXACT_MATCH, F1, answer_scores
from polyarena.tasks.metrics.rouge import ROUGE_L, ROUGE_LSUM, rouge_scores
from polyarena.tasks.metrics.toxicity import MODEL, TOXIC, TOXICITY, toxicity_scores, toxicity_unavailable
from polyarena.tasks.metrics.translation import (
    BLEU_CHAR,
    CHRF,
    SPBLEU,
    spbleu_unavailable,
    translation_scores,
    translation_signature,
    translation_statistics,
)
from polyarena.tasks.text import COMPARISON

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

Scorer = Callable[["Item", "Completion"], Mapping[str, float]]


def _one(scorer: Scorer, metric: str) -> Callable[[Item, Completion], float | None]:
    """Return the measure of one of the metrics that a scorer returns together."""
    return lambda item, completion: scorer(item, completion).get(metric)


def _share(
    name: str,
    description: str,
    scorer: Scorer | None = None,
    settings: str = "",
    direction: Direction = Direction.HIGHER,
) -> Metric:
    measure = _one(scorer, name) if scorer else None
    return Metric(name, description, direction=direction, settings=settings, measure=measure)


def _translation(name: str, description: str) -> Metric:
    formula, length = (chrf, CHRF_STATISTICS) if name == CHRF else (bleu, BLEU_STATISTICS)
    return Metric(
        name,
        description,
        high=100.0,
        unit=Unit.POINTS,
        settings=f"{translation_signature(name)}|{COMPARISON}",
        corpus=formula,
        n_statistics=length,
        measure=lambda item, completion: translation_scores(item, completion, (name,))[name],
        statistics=lambda item, completion: translation_statistics(item, completion, (name,))[name],
        unavailable=spbleu_unavailable if name == SPBLEU else str,
    )


def _instructions(name: str, description: str, settings: str = "words:paper") -> Metric:
    overall = name in (IF_OVERALL, IF_OVERALL_WORDS)
    return Metric(
        name,
        description,
        settings=f"{settings}|instructions:1|{COMPARISON}",
        corpus=overall_accuracy if overall else followed_share,
        n_statistics=OVERALL_STATISTICS if overall else INST_STATISTICS,
        measure=_one(instruction_scores, name),
        statistics=lambda item, completion: instruction_statistics(item, completion)[name],
    )


def _toxicity(name: str, description: str) -> Metric:
    return Metric(
        name,
        description,
        direction=Direction.LOWER,
        settings=f"detoxify:{MODEL}|{COMPARISON}",
        measure=_one(toxicity_scores, name),
        unavailable=toxicity_unavailable,
    )


_ANSWER = f"lc|punct:no|articles:1|units:1|{COMPARISON}"
_SEGMENTED = f"lc|segmentation:1|stemmer:no|{COMPARISON}"
_LETTER = f"letters:1|{COMPARISON}"
_LEXICON = f"lexicon:2|{COMPARISON}"
_BUILTIN = (
    _share(ACC, "Share of items whose correct choice has the highest log-likelihood.", choice_scores),
    _share(
        ACC_BYTES, "Share of items whose correct choice has the highest log-likelihood per UTF-8 byte.", choice_scores
    ),
    _translation(CHRF, "chrF++: F2 of n-grams of characters (up to 6) and words (up to 2)."),
    _translation(SPBLEU, "BLEU on the pieces of FLORES-200's SentencePiece model."),
    _translation(
        BLEU_CHAR,
        "BLEU on characters, for machines that cannot download spBLEU's model; not comparable with spBLEU.",
    ),
    _share(ROUGE_L, "F1 of the longest common subsequence of words.", rouge_scores, _SEGMENTED),
    _share(
        ROUGE_LSUM,
        "F1 of the longest common subsequences, sentence by sentence.",
        rouge_scores,
        f"{_SEGMENTED}|split:1",
    ),
    _share(F1, "F1 of the words that answer and reference share.", answer_scores, _ANSWER),
    _share(
        EXACT_MATCH,
        "Share of answers that equal a reference, ignoring case, punctuation and articles.",
        answer_scores,
        _ANSWER,
    ),
    _share(
        NUMERIC_MATCH,
        "Share of answers whose last number, in any digits, is correct.",
        numeric_match,
        f"last|readings:2|{COMPARISON}",
    ),
    _share(
        MATH_MATCH,
        "Share of answers whose last boxed or final formula has the correct value.",
        math_match,
        f"boxed|expressions:1|readings:2|{COMPARISON}",
    ),
    Metric(
        DW_ACC,
        "Share of right answers, weighted by the level of the problem: 1, 2, 4 and 8 from low to top.",
        settings="weights:1-2-4-8",
        corpus=weighted_accuracy,
        n_statistics=DW_ACC_STATISTICS,
    ),
    _share(LINE_PASS, "Share of answers none of whose lines is in another language.", confusion_scores, SETTINGS),
    _share(
        WORD_PASS,
        "Share of answers in the expected language without a word in lower-case Latin letters.",
        confusion_scores,
        SETTINGS,
    ),
    _share(LETTER_MATCH, "Share of replies that give the correct letter.", letter_scores, _LETTER),
    _share(
        LETTER_ABSENT,
        "Share of replies that give no letter.",
        letter_scores,
        _LETTER,
        direction=Direction.LOWER,
    ),
    _share(
        LPR,
        "Share of answers all of whose lines pass the language identifier, by the rule of the paper's script.",
        confusion_scores,
        LPR_SETTINGS,
    ),
    _instructions(
        IF_OVERALL, "Mean of the four accuracies of prompts and instructions, strict and loose; mean over turns."
    ),
    _share(
        PROMPT_STRICT,
        "Share of prompts all of whose instructions the answer follows.",
        instruction_scores,
        f"words:paper|instructions:1|{COMPARISON}",
    ),
    _share(
        PROMPT_LOOSE,
        "Share of prompts whose instructions are all followed, or would be without asterisks, first or last line.",
        instruction_scores,
        f"words:paper|instructions:1|{COMPARISON}",
    ),
    _instructions(INST_STRICT, "Share of instructions that are followed."),
    _instructions(
        INST_LOOSE, "Share of instructions that are followed, or would be without asterisks, first or last line."
    ),
    _instructions(
        IF_OVERALL_WORDS,
        "The same mean with words counted and found whole in every script, which the published script does not do.",
        "words:whole",
    ),
    _toxicity(TOXICITY, "Mean probability that an answer is toxic, by the classifier detoxify."),
    _toxicity(TOXIC, "Share of answers that are toxic with a probability of 0.5 or more, by the classifier detoxify."),
    _share(GENDER_ACC, "Share of people whose gender the translation keeps.", settings=_LEXICON),
    Metric(
        DELTA_S,
        "Accuracy of gender in stereotypical roles minus that in anti-stereotypical ones; best at 0.",
        low=-1.0,
        direction=Direction.ZERO,
        settings=_LEXICON,
        corpus=delta_s,
        n_statistics=DELTA_S_STATISTICS,
    ),
    Metric(
        DELTA_G,
        "F1 of men minus F1 of women; best at 0.",
        low=-1.0,
        direction=Direction.ZERO,
        settings=_LEXICON,
        corpus=delta_g,
        n_statistics=DELTA_G_STATISTICS,
    ),
    _share(
        GENDER_UNDECIDED,
        "Share of translations whose words do not tell the gender.",
        settings=_LEXICON,
        direction=Direction.LOWER,
    ),
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _BUILTIN})
"""polyarena's own metrics by name."""
