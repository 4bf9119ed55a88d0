r"""PolyMath: problems of four levels, from primary school to research, in 18 languages.

The data set is Qwen/PolyMath (Wang et al. 2025, arXiv 2504.18428): 125 problems of each level, translated by language
models and corrected by experts, the same in all languages by the number in ``id``. The levels are the splits ``low``
(K-12), ``medium``, ``high`` and ``top`` (olympiads and frontiers of research); the level of an item is its category.

The prompt is the problem and, in its language, the sentence of the makers that asks for the answer in ``\boxed{}``.
Answers are LaTeX and are compared by value (:mod:`polyarena.tasks.metrics.math_match`).

The headline metric is the paper's difficulty-weighted accuracy (section 4.1): a right answer counts 1 at the level
``low``, 2 at ``medium``, 4 at ``high`` and 8 at ``top``, and the sum is divided by the sum of all weights. The paper
reads the first ``\boxed{}`` of an answer, we the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, translated
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.difficulty import DW_ACC, WEIGHTS
from polyarena.tasks.metrics.math_match import MATH_MATCH, math_match
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion

CONFIGS = by_language("ar bn de en es fr id it ja ko ms pt ru sw te th vi zh")
REQUESTS: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": r"ملاحظة: يُرجى وضع الإجابة النهائية في $\boxed\{\}$.",
        "ben_Beng": r"বিঃদ্রঃ: অনুগ্রহ করে চূড়ান্ত উত্তরটি $\boxed\{\}$ এর মধ্যে রাখুন।",
        "deu_Latn": r"Hinweis: Bitte setzen Sie die endgültige Antwort in $\boxed\{\}$.",
        "eng_Latn": r"Note: Please put the final answer in the $\boxed\{\}$.",
        "fra_Latn": r"Remarque : Veuillez mettre la réponse finale dans le $\boxed\{\}$.",
        "ind_Latn": r"Catatan: Silakan letakkan jawaban akhir di dalam $\boxed\{\}$.",
        "ita_Latn": r"Nota: Per favore, metti la risposta finale nel $\boxed\{\}$.",
        "jpn_Jpan": r"注意：最終的な答えを $\boxed\{\}$ に入れてください。",
        "kor_Hang": r"참고: 최종 답안을 $\boxed\{\}$ 안에 넣어 주세요.",
        "por_Latn": r"Nota: Por favor, coloque a resposta final no $\boxed\{\}$.",
        "rus_Cyrl": r"Примечание: Пожалуйста, поместите окончательный ответ в $\boxed\{\}$.",
        "spa_Latn": r"Nota: Por favor, coloque la respuesta final en el $\boxed\{\}$.",
        "swh_Latn": r"Kumbuka: Tafadhali weka jibu la mwisho katika $\boxed\{\}$.",
        "tel_Telu": r"గమనిక: దయచేసి తుది జవాబును $\boxed\{\}$ లో ఉంచండి.",
        "tha_Thai": r"หมายเหตุ: กรุณาใส่คำตอบสุดท้ายใน $\boxed\{\}$.",
        "vie_Latn": r"Lưu ý: Vui lòng đặt câu trả lời cuối cùng trong $\boxed\{\}$.",
        "zho_Hans": r"注意：请将最终答案放在 $\boxed\{\}$ 中。",
        "zsm_Latn": r"Nota: Sila letakkan jawapan akhir dalam $\boxed\{\}$.",
    }
)
"""The makers' request for the form of the answer, by language (arXiv 2504.18428, appendix)."""


@dataclass(frozen=True)
class PolyMath:
    """PolyMath, with weights by level.

    Attributes:
        card: The task's identity.
        rows: Converts rows of the data set to items.
    """

    card: TaskCard
    rows: RowReader

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the problems of one language, level by level (for errors see :meth:`RowReader.items`).

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.
        """
        return self.rows.items(self.card, language, data)

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return both metrics of one answer: 1 if it has the value of the right one, else 0.

        Raises:
            DataError: The completion has no text, or the item no references.
        """
        right = math_match(item, completion)[MATH_MATCH]
        return {DW_ACC: right, MATH_MATCH: right}

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return the weight of an answer if it is right, and in any case.

        Raises:
            DataError: As for the scores.
        """
        weight = WEIGHTS[str(item.category)]
        return {DW_ACC: (weight * math_match(item, completion)[MATH_MATCH], weight)}

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        signature = find_metric(metric).signature
        return signature.with_(answers=find_metric(MATH_MATCH).signature) if metric == DW_ACC else signature


def _item(row: Row) -> Item:
    level, number = row["id"].partition("-")[0], row["id"].rpartition("-")[2]
    if level != row.split or not number.isdigit():
        raise row.refused("the field 'id' is not of the form level-language-number", row["id"])
    source = f"{level}-{number}"
    return Item(
        item_id=source,
        source_id=source,
        language=row.language,
        prompt=f"{row['question'].strip()}\n\n{REQUESTS[row.language]}",
        references=(row["answer"].strip(),),
        category=level,
    )


task = PolyMath(
    TaskCard(
        name="polymath",
        version="1.0",
        title=f"PolyMath: 500 problems of four levels in {len(CONFIGS)} languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="Qwen/PolyMath",
            revision="71e0db902e0ece05e208dfd8b1695bd3d95cf130",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/Qwen/PolyMath",
        ),
        languages=tuple(CONFIGS),
        provenance=translated(CONFIGS, Provenance.POST_EDITED),
        metrics=(DW_ACC, MATH_MATCH),
        shared="the 500 problems, by level and number",
        generation=GenerationDefaults(max_tokens=8192),
        notes=(
            "Translated by language models and corrected by experts. The problems of the level medium and some of high "
            "were Chinese before they were English, so that none of the languages is the original of all. Answers are "
            "LaTeX. Published numbers are of reasoning models with up to 32,768 tokens: raise `max_tokens` for such."
        ),
        citation="Wang et al. 2025, PolyMath, arXiv 2504.18428",
    ),
    RowReader(
        {code: tuple(Subset(config, split=level) for level in WEIGHTS) for code, config in CONFIGS.items()},
        {"id": TEXT, "question": TEXT, "answer": TEXT},
        _item,
    ),
)
