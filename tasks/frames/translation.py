"""Shared parts of tasks that translate sentences between English and other languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.tasks.fast_init import fast_init
from polyarena.tasks.item import Item
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.registry import available, find_metric
from polyarena.tasks.metrics.translation import BLEU_CHAR, CHRF, SPBLEU, translation_scores, translation_statistics
from polyarena.tasks.signature import Signature
from polyarena.tasks.suggest import unknown
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.card import TaskCard
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion

ENGLISH = "eng_Latn"
METRICS = (CHRF, SPBLEU)


@fast_init
@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence in English and in another language.

    Attributes:
        id: Shared by all translations of the sentence.
        other: The sentence in the other language.
        english: The same in English.
        category: The part of the task that it belongs to, such as its domain; ``None`` if there are no parts.
    """

    id: str
    other: str
    english: str
    category: str | None = None


@dataclass(frozen=True)
class TranslationTask:
    """Translation between English and each other language, in one direction.

    Attributes:
        card: The task's card; its languages are the other languages.
        pairs: Reads the sentences of one language with their English counterparts.
        into_english: The direction.
        characters: Whether to use BLEU on characters instead of spBLEU, whose model must be downloaded once.
        unit: What is translated, in the words of the prompt.
    """

    card: TaskCard
    pairs: Callable[[str, DataSource], Iterator[Pair]]
    into_english: bool
    characters: TranslationTask | None = None
    unit: str = "sentence"

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of the variants; all have the same prompts and differ in their metrics."""
        return ("pieces", "characters") if self.characters else ()

    def variant(self, name: str) -> TranslationTask:
        """Return the task with spBLEU (``pieces``) or with BLEU on characters (``characters``).

        Raises:
            UnknownNameError: There is no such variant; the message has a did-you-mean.
        """
        if self.characters is None or name not in self.templates:
            raise unknown(f"template of the task {self.card.name}", name, self.templates)
        return self if name == self.templates[0] else self.characters

    def answer_language(self, language: str) -> str:
        """Return the language of the answers to the items of a language."""
        return ENGLISH if self.into_english else language

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the sentences of one language in the order of its data.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: What reading the pairs raises.
        """
        require_language(self.card, language)
        return self._translations(language, self.pairs(language, data))

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the metrics of the card of one sentence, from 0 to 100; none that cannot be computed here.

        Raises:
            DataError: The completion has no text.
        """
        return translation_scores(item, completion, available(self.card.metrics))

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return the statistics of one sentence, by metric, of which the scores of the corpus are made.

        Raises:
            DataError: The completion has no text.
        """
        return translation_statistics(item, completion, available(self.card.metrics))

    def metric_signature(self, metric: str) -> Signature:
        """Return sacrebleu's signature of one of the card's metrics."""
        return find_metric(metric).signature

    def _translations(self, language: str, pairs: Iterable[Pair]) -> Iterator[Item]:
        names = (find_language(language).name, "English")
        source, target = names if self.into_english else names[::-1]
        head = f"Translate this {self.unit} from {source} into {target}. Write the translation only.\n\n"
        answer = self.answer_language(language)
        for pair in pairs:
            texts = (pair.other, pair.english)
            text, reference = texts if self.into_english else texts[::-1]
            yield Item(
                item_id=pair.id,
                source_id=pair.id,
                language=language,
                prompt=head + text,
                references=(reference,),
                fields={"answer_language": answer},
                category=pair.category,
            )


def translation_task(
    card: TaskCard, pairs: Callable[[str, DataSource], Iterator[Pair]], *, into_english: bool, unit: str = "sentence"
) -> TranslationTask:
    """Return the task with both of its variants.

    Args:
        card: With :data:`METRICS`; its notes get a sentence on the variant without spBLEU.
        pairs: As in :class:`TranslationTask`.
        into_english: The direction.
        unit: As in :class:`TranslationTask`.
    """
    hint = (
        f"Where spBLEU's model cannot be downloaded, ask for {card.name}.characters: the same with BLEU on characters."
    )
    card = card.model_copy(update={"notes": f"{card.notes} {hint}"})
    characters = card.model_copy(update={"name": f"{card.name}.characters", "metrics": (CHRF, BLEU_CHAR)})
    by_characters = TranslationTask(characters, pairs, into_english, unit=unit)
    return TranslationTask(card, pairs, into_english, by_characters, unit)
