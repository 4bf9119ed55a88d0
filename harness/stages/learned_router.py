"""A light classifier that predicts from prompt and language which teacher would win.

Character n-grams of the prompt, hashed, and the language go into a multinomial logistic regression. With it a new
prompt is sent to one teacher instead of to all (the learned router of Odumakinde et al. 2024, arXiv 2408.14960, is a
language model).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError

FEATURES = 2**12
FOLDS = 5
FEWEST = 20
"""Fewest prompts to learn from."""


class LearnedRouter:
    """Predicts the winning teacher.

    Attributes:
        teachers: That have won at least once, sorted.
    """

    def __init__(self, prompts: Sequence[str], languages: Sequence[str], teachers: Sequence[str]) -> None:
        self.teachers = sorted(set(teachers))
        self._languages = sorted(set(languages))
        self._model = None
        if len(self.teachers) > 1:
            self._model = LogisticRegression(C=1.0, max_iter=1000).fit(self._features(prompts, languages), teachers)

    def predict(self, prompts: Sequence[str], languages: Sequence[str]) -> list[str]:
        """Return a teacher for each prompt.

        Args:
            prompts: Texts.
            languages: ``lang_Script`` of each; one that was not seen in training counts as no language.
        """
        if not prompts:
            return []
        if self._model is None:
            return [self.teachers[0]] * len(prompts)
        return [str(teacher) for teacher in self._model.predict(self._features(prompts, languages))]

    def _features(self, prompts: Sequence[str], languages: Sequence[str]) -> Any:
        texts = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 3), n_features=FEATURES).transform(prompts)
        places = {language: place for place, language in enumerate(self._languages)}
        rows = [row for row, language in enumerate(languages) if language in places]
        columns = [places[languages[row]] for row in rows]
        shape = (len(languages), len(self._languages))
        return hstack([texts, csr_matrix(([1.0] * len(rows), (rows, columns)), shape=shape)]).tocsr()


def cross_fitted_teachers(
    prompts: Mapping[str, str],
    languages: Mapping[str, str],
    winners: Mapping[str, str],
    seed: int,
    *,
    where: str = "",
) -> dict[str, str]:
    """Return the predicted teacher of each prompt, by classifiers that have not seen its own winner.

    Prompts are divided into five parts by the hash of their text, equal prompts together; each part is predicted from
    the other four.

    Args:
        prompts: Text of each prompt, by id.
        languages: Of each prompt.
        winners: The teacher with the highest reward; prompts without one are predicted but not learned from.
        seed: Of the division.
        where: The stage, for messages.

    Raises:
        DataError: There are too few prompts to learn from.
    """
    if len(winners) < FEWEST:
        raise DataError(
            f"the learned router has {count_of(len(winners), 'prompt')} to learn from, and {FEWEST} are needed",
            where=where,
            fix="give it more prompts, or use `router: reward`",
        )
    folds = {row_id: _fold(text, seed) for row_id, text in prompts.items()}
    found: dict[str, str] = {}
    majority = Counter(winners.values()).most_common(1)[0][0]
    for fold in range(FOLDS):
        learned = [row_id for row_id in prompts if folds[row_id] != fold and row_id in winners]
        asked = [row_id for row_id in prompts if folds[row_id] == fold]
        if not learned:
            found |= dict.fromkeys(asked, majority)
            continue
        router = LearnedRouter(
            [prompts[each] for each in learned],
            [languages[each] for each in learned],
            [winners[each] for each in learned],
        )
        predicted = router.predict([prompts[each] for each in asked], [languages[each] for each in asked])
        found |= dict(zip(asked, predicted, strict=True))
    return found


def _fold(text: str, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}\0{text}".encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big") % FOLDS
