"""m-ArenaHard: 500 prompts of Arena-Hard-Auto v0.1, machine-translated into 22 languages, the same in each.

The data set is CohereLabs/m-ArenaHard, described with Aya Expanse (arXiv 2412.04261). The translations are Google
Translate's and were not edited: most line breaks are lost, some code is translated, and HTML entities (``&#39;``) stand
in 56 (German) to 355 (French) of the 500 prompts of a language. Systems get the prompts as they are, so that results
compare with published ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.check import require_language
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item, Kind

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion

CONFIGS: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": "ar",
        "ces_Latn": "cs",
        "deu_Latn": "de",
        "ell_Grek": "el",
        "eng_Latn": "en",
        "fra_Latn": "fr",
        "heb_Hebr": "he",
        "hin_Deva": "hi",
        "ind_Latn": "id",
        "ita_Latn": "it",
        "jpn_Jpan": "ja",
        "kor_Hang": "ko",
        "nld_Latn": "nl",
        "pes_Arab": "fa",
        "pol_Latn": "pl",
        "por_Latn": "pt",
        "ron_Latn": "ro",
        "rus_Cyrl": "ru",
        "spa_Latn": "es",
        "tur_Latn": "tr",
        "ukr_Cyrl": "uk",
        "vie_Latn": "vi",
        "zho_Hans": "zh",
    }
)
"""The data set's config of each language."""

FIELDS = ("question_id", "cluster", "category", "prompt")


@cache
def _card() -> TaskCard:
    return TaskCard(
        name="m_arenahard",
        version="0.1",
        title="m-ArenaHard: 500 hard prompts of users in 23 languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="CohereLabs/m-ArenaHard",
            revision="ab393a96cd0b",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/m-ArenaHard",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance={code: Provenance.NATIVE if code == "eng_Latn" else Provenance.MACHINE for code in CONFIGS},
        shared="the 500 prompts",
        generation=GenerationDefaults(max_tokens=2048),
        notes=(
            "English is the original; the rest is Google Translate's, not edited: most line breaks are lost, some "
            "code is translated, and HTML entities stand in 56 (German) to 355 (French) of the 500 prompts of a "
            "language. The prompts are used as they are."
        ),
        citation="Dang et al. 2024, Aya Expanse, arXiv 2412.04261; Li et al. 2024, Arena-Hard, arXiv 2406.11939",
    )


class MArenaHard:
    """The task; see the module for what it is."""

    @property
    def card(self) -> TaskCard:
        """The task's identity."""
        return _card()

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the prompts of one language in the order of the data set.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: The data is missing, lacks a field, has a field that is no text, or an id twice.
        """
        require_language(self.card, language)
        config = CONFIGS[language]
        seen: dict[str, int] = {}
        for number, row in enumerate(data.rows(self.card.dataset, config, FIELDS), start=1):
            where = f"{self.card.dataset.id}, config {config!r}, row {number}"
            wrong = [field for field in FIELDS if not isinstance(row[field], str)]
            if wrong:
                raise DataError(f"the field {wrong[0]!r} is no text", where=where, why=f"it is {row[wrong[0]]!r}")
            question_id = row["question_id"]
            if question_id in seen:
                raise DataError(
                    f"the question_id {question_id!r} occurs twice",
                    where=where,
                    why=f"row {seen[question_id]} has it too",
                    fix="copy or download the data set again",
                )
            seen[question_id] = number
            yield Item(
                item_id=question_id,
                source_id=question_id,
                language=language,
                prompt=row["prompt"],
                fields={"cluster": row["cluster"]},
            )

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:  # noqa: ARG002
        """Return nothing: answers are only judged."""
        return {}


task = MArenaHard()
