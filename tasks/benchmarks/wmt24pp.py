"""WMT24++: English texts of news, literature, speech and social media, translated by people into 51 languages.

The data set is google/wmt24pp (Deutsch et al. 2025, arXiv 2502.12404). Each of its 55 configs has the same 998 segments
of WMT24: the English ``source``, and ``target``, a human translation that a second person edited, which is the
reference. One segment is a canary, and 37 sources are marked as bad; the authors leave them out, and so do we. A
segment is known by ``segment_id`` in all languages.

The paper translates from English, and so does ``wmt24pp_from_english``. ``wmt24pp_to_english`` turns the pairs around:
its source is a translation and its reference the English original, which makes it easier than text written in the
language; published numbers of that direction use the same pairs.

Four languages have two regional varieties, of which one is asked: Arabic of Saudi Arabia, French of France, Portuguese
of Brazil, Swahili of Kenya.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language
from polyarena.tasks.frames.rows import ANY, TEXT, WHOLE, Subset, read_rows, refuse_repeat
from polyarena.tasks.frames.translation import METRICS, Pair, TranslationTask, translation_task
from polyarena.tasks.item import Kind

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource

CONFIGS = by_language(
    "bg_BG bn_IN ca_ES cs_CZ da_DK de_DE el_GR es_MX et_EE fa_IR fi_FI fil_PH gu_IN he_IL hi_IN hr_HR hu_HU id_ID "
    "is_IS it_IT ja_JP kn_IN ko_KR lt_LT lv_LV ml_IN mr_IN nl_NL no_NO pa_IN pl_PL ro_RO ru_RU sk_SK sl_SI sr_RS "
    "sv_SE ta_IN te_IN th_TH tr_TR uk_UA ur_PK vi_VN zh_CN zh_TW zu_ZA ar_SA fr_FR pt_BR sw_KE"
)
"""The second half of the config of each language, after ``en-``."""
VARIETIES = ("ar_EG", "fr_CA", "pt_PT", "sw_TZ")
"""Further varieties of languages in the data set, which are not asked."""

FIELDS = {"segment_id": WHOLE, "is_bad_source": ANY, "domain": TEXT, "source": TEXT, "target": TEXT}
DATASET = Dataset(
    id="google/wmt24pp",
    revision="fd7405c06494bc66a57b25f55d217a72f96e60dc",
    split="train",
    licence="Apache-2.0",
    url="https://huggingface.co/datasets/google/wmt24pp",
)


def pairs(language: str, data: DataSource) -> Iterator[Pair]:
    """Yield the segments of one language in the order of its file, without the canary and bad sources.

    Args:
        language: A key of ``CONFIGS``.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing, lacks a field, or has a segment twice.
    """
    seen: dict[str, str] = {}
    for row in read_rows(DATASET, Subset(f"en-{CONFIGS[language]}"), language, FIELDS, data):
        if row["is_bad_source"] or row["domain"] == "canary":
            continue
        segment = str(row["segment_id"])
        refuse_repeat(segment, seen, row.place)
        yield Pair(segment, row["target"].strip(), row["source"].strip(), row["domain"])


def _task(name: str, title: str, notes: str, *, into_english: bool) -> TranslationTask:
    card = TaskCard(
        name=name,
        version="1.0",
        title=title,
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=tuple(CONFIGS),
        provenance=dict.fromkeys(CONFIGS, Provenance.POST_EDITED),
        metrics=METRICS,
        shared="the 960 segments that are not bad sources, by segment_id",
        generation=GenerationDefaults(max_tokens=2048),
        notes=(
            f"{notes} Segments can be paragraphs. References are human translations that a second person edited. The "
            f"varieties {', '.join(VARIETIES)} of the data set are not asked. The category is the domain. The one "
            "split is called train; nothing is trained."
        ),
        citation="Deutsch et al. 2025, WMT24++: Expanding the Language Coverage of WMT24, arXiv 2502.12404",
    )
    return translation_task(card, pairs, into_english=into_english, unit="text")


from_english = _task(
    "wmt24pp_from_english",
    f"WMT24++: English texts of four domains into {len(CONFIGS)} languages",
    "The direction of the paper.",
    into_english=False,
)
to_english = _task(
    "wmt24pp_to_english",
    f"WMT24++: texts of four domains from {len(CONFIGS)} languages into English",
    "The source is a translation of the English reference, so that this direction is easier than texts written in the "
    "language.",
    into_english=True,
)
