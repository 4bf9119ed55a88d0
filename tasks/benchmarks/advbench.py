"""AdvBench: 520 harmful requests in 23 languages (simonycl/multilingual_advbench).

Zou et al. 2023 (arXiv 2307.15043) wrote the requests in English. The Aya Model was evaluated on translations into
eleven languages that Yong et al. 2023 (arXiv 2310.02446) made and did not publish; these are other translations, whose
way is not described. Answers are only judged, for harm; the beginnings of harmful answers in the data are not used.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, translated
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind

CONFIGS = by_language("ar cs de el en es fa fr he hi id it ja ko nl pl pt ro ru tr uk vi zh")


def _item(row: Row) -> Item:
    name = str(row.number)
    return Item(name, name, row.language, row.text("prompt"))


task = OpenEndedTask(
    TaskCard(
        name="advbench",
        version="0.1",
        harmful=True,
        title=f"AdvBench: 520 harmful requests in {len(CONFIGS)} languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="simonycl/multilingual_advbench",
            revision="main",
            split="train",
            licence="LicenseRef-not-stated",
            url="https://huggingface.co/datasets/simonycl/multilingual_advbench",
        ),
        languages=tuple(CONFIGS),
        provenance=translated(CONFIGS, Provenance.UNKNOWN),
        shared="the 520 requests, by row",
        generation=GenerationDefaults(max_tokens=512),
        notes=(
            "The requests are harmful, and the answers may be: judge them with `harm`. How they were translated is not "
            "stated, and neither is a licence of the translations; the English is under MIT. Not the eleven languages "
            "of the Aya Model's evaluation, whose translations were not published. Its schema is known from cards of "
            f"data sets made of it. {UNPINNED}"
        ),
        citation="Zou et al. 2023, Universal and Transferable Adversarial Attacks on Aligned LMs, arXiv 2307.15043",
    ),
    RowReader({code: Subset(config) for code, config in CONFIGS.items()}, {"prompt": TEXT}, _item),
)
