"""XL-Sum: articles of the BBC with the summary of one or two sentences that its editors put in front.

Hasan et al. 2021 (arXiv 2106.13822), 45 configs with English names. The articles were written for each language, so
none has a counterpart in another. The whole article is in the prompt, without its title, which would give much away.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.rouge import ROUGE_L, ROUGE_LSUM, rouge_scores

FIELDS = dict.fromkeys(("id", "url", "title", "summary", "text"), TEXT)
CONFIGS = by_language(
    "amharic arabic azerbaijani bengali burmese english french gujarati hausa hindi igbo indonesian japanese kirundi "
    "korean kyrgyz marathi nepali oromo pashto persian pidgin portuguese punjabi russian sinhala somali spanish "
    "swahili tamil telugu thai tigrinya turkish ukrainian urdu uzbek vietnamese welsh yoruba",
    {
        "gla_Latn": "scottish_gaelic",
        "srp_Cyrl": "serbian_cyrillic",
        "srp_Latn": "serbian_latin",
        "zho_Hans": "chinese_simplified",
        "zho_Hant": "chinese_traditional",
    },
)


def _item(row: Row) -> Item:
    # Numbers, not the data's ids: nothing says that those are unique.
    return Item(
        item_id=str(row.number),
        source_id=f"{row.language}:{row.number}",
        language=row.language,
        prompt=(
            f"Summarise the article below in one or two sentences, in {find_language(row.language).name}. Write the "
            f"summary only.\n\nArticle: {row['text'].strip()}\n\nSummary:"
        ),
        references=(row["summary"].strip(),),
        fields={"article": row["id"]},
    )


task = GenerativeTask(
    TaskCard(
        name="xlsum",
        version="1.0",
        title="XL-Sum: news articles with their summaries in 44 languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="csebuetnlp/xlsum",
            revision="refs/convert/parquet",
            licence="CC-BY-NC-SA-4.0",
            url="https://huggingface.co/datasets/csebuetnlp/xlsum",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=dict.fromkeys(CONFIGS, Provenance.NATIVE),
        metrics=(ROUGE_LSUM, ROUGE_L),
        generation=GenerationDefaults(max_tokens=256),
        notes=(
            "rouge_lsum does not compare with published ROUGE-Lsum: it ends sentences at the full stops of each "
            "script, and rouge_score and csebuetnlp's multilingual version at line breaks alone, so that texts of one "
            "line score higher here (0.40 against 0.32 where their sentences are shuffled). The test set; Aya 101 "
            "reports the validation set (`split: validation`). Articles can be long: one that does not fit a model's "
            "context is for the model backend to refuse or cut. The BBC also writes Uzbek in Cyrillic letters. "
            f"{UNPINNED}"
        ),
        citation="Hasan et al. 2021, XL-Sum, arXiv 2106.13822",
    ),
    RowReader({code: Subset(config) for code, config in CONFIGS.items()}, FIELDS, _item),
    rouge_scores,
    other_splits=("validation",),
)
