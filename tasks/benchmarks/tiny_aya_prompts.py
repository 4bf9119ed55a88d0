"""The open-ended prompts that Tiny Aya was evaluated on: m-ArenaHard v2.1 and Dolly, translated anew.

Both data sets are of CohereLabs and described with Tiny Aya (arXiv 2603.11510), which uses each in 66 languages:

* ``m_arenahard_v21``: m-ArenaHard-v2.1, the prompts of m-ArenaHard v2.0 in more languages, with the same fields.
* ``dolly_v2``: dolly-machine-translated-v2, the prompts of Dolly-15k that the Aya evaluation suite has, translated by a
  stronger system than there.

The languages are those of Tiny Aya that have an ISO 639-1 code, which the configs are named after. They are one more
than 66: of which one there is no config could not be learnt; ``polyarena plan`` says it before anything is asked.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, translated
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind

CONFIGS = by_language(
    "am ar bg bn ca cs cy da de el en es et eu fa fi fr ga gl gu ha he hi hr hu id ig it ja jv km ko lo lt lv mg mr ms "
    "mt my ne nl no pa pl pt ro ru sk sl sn sr sv sw ta te th tl tr uk ur vi wo xh yo zh zu"
)
_CITATION = "Salamanca et al. 2026, Tiny Aya, arXiv 2603.11510"
_LANGUAGES = (
    "Tiny Aya reports 66 languages; the card lists the 67 of its languages that have an ISO 639-1 code, since the list "
    "of configs could not be read. Cantonese, Nigerian Pidgin and traditional Chinese have none."
)


def _arena(row: Row) -> Item:
    question_id = row["question_id"]
    kept = {"subcategory": str(row.values["subcategory"])} if row.values.get("subcategory") else {}
    return Item(question_id, question_id, row.language, row["prompt"], fields=kept, category=row["category"])


def _dolly(row: Row) -> Item:
    named = next((row.values[name] for name in ("id", "question_id") if row.values.get(name) is not None), row.number)
    references = tuple(str(row.values[name]) for name in ("target", "targets") if row.values.get(name))
    return Item(str(named), str(named), row.language, row["prompt"], references=references)


def _card(name: str, title: str, dataset: str, shared: str, notes: str) -> TaskCard:
    return TaskCard(
        name=name,
        version="1.0",
        title=title,
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id=dataset, revision="main", licence="Apache-2.0", url=f"https://huggingface.co/datasets/{dataset}"
        ),
        languages=tuple(CONFIGS),
        provenance=translated(CONFIGS, Provenance.MACHINE),
        shared=shared,
        generation=GenerationDefaults(max_tokens=2048),
        notes=f"{notes} {_LANGUAGES} {UNPINNED}",
        citation=_CITATION,
    )


_PARTS = {code: Subset(config) for code, config in CONFIGS.items()}

m_arenahard_v21 = OpenEndedTask(
    _card(
        "m_arenahard_v21",
        f"m-ArenaHard v2.1: hard or creative prompts of users in {len(CONFIGS)} languages",
        "CohereLabs/m-ArenaHard-v2.1",
        "the prompts, by question_id",
        "English is the original; the rest was translated by machine.",
    ),
    RowReader(_PARTS, dict.fromkeys(("question_id", "category", "prompt"), TEXT), _arena),
)
dolly_v2 = OpenEndedTask(
    _card(
        "dolly_v2",
        f"Dolly, translated anew: prompts in {len(CONFIGS)} languages",
        "CohereLabs/dolly-machine-translated-v2",
        "the prompts, by id or else by row",
        "English is the original; the rest was translated by machine. The ids are not those of "
        "`dolly_machine_translated`.",
    ),
    RowReader(_PARTS, {"prompt": TEXT}, _dolly),
)
