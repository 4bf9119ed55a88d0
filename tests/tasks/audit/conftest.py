"""A task that can be made wrong in every way that the audit knows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from polyarena.tasks.audit import AuditSource
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.item import Item, Kind

SWAHILI = (
    "Mtoto alikwenda sokoni kununua matunda pamoja na mama yake asubuhi na mapema.",
    "Wanafunzi walisoma vitabu vingi katika maktaba ya shule yao jana jioni.",
    "Mkulima alipanda mahindi shambani kabla ya mvua kubwa kuanza kunyesha.",
    "Daktari alimwambia mgonjwa apumzike nyumbani kwa siku tatu mfululizo.",
    "Wavuvi walirudi ufukweni na samaki wengi baada ya usiku mrefu baharini.",
    "Mwalimu mkuu aliwaalika wazazi wote kwenye mkutano wa mwisho wa mwaka.",
)
GERMAN = (
    "Das Kind ging am frühen Morgen mit seiner Mutter auf den Markt, um Obst zu kaufen.",
    "Die Schülerinnen lasen gestern Abend viele Bücher in der Bibliothek ihrer Schule.",
    "Der Bauer pflanzte den Mais auf dem Feld, bevor der große Regen einsetzte.",
    "Die Ärztin sagte dem Kranken, er solle sich drei Tage lang zu Hause ausruhen.",
    "Die Fischer kehrten nach einer langen Nacht auf See mit vielen Fischen zurück.",
    "Der Schulleiter lud alle Eltern zur letzten Versammlung des Jahres ein.",
)
TEXTS = {"deu_Latn": GERMAN, "swh_Latn": SWAHILI}


def card(**changes):
    base = TaskCard(
        name="made_up",
        version="1",
        title="a made-up task",
        kind=Kind.GENERATIVE,
        dataset=Dataset(id="nobody/made-up", revision="0123456789abcdef", licence="MIT"),
        languages=("deu_Latn", "swh_Latn"),
        provenance=dict.fromkeys(("deu_Latn", "swh_Latn"), Provenance.NATIVE),
        metrics=("exact_match",),
        shared="the questions",
    )
    return base.model_copy(update=changes)


@dataclass(frozen=True)
class MadeUp:
    card: TaskCard = field(default_factory=card)
    template: str = "Question number {number}: {article}\nAnswer:"
    change: object = None
    fields: tuple[str, ...] = ("id", "article", "answer")

    def items(self, language, data):
        rows = data.rows(self.card.dataset, language, self.fields)
        for number, row in enumerate(rows):
            item = Item(
                item_id=str(row["id"]),
                source_id=str(row["id"]),
                language=language,
                prompt=self.template.format(number=number, **row),
                references=(row["answer"],),
            )
            yield self.change(number, item) if self.change else item

    def score(self, item, completion):
        return {"exact_match": float(completion.text in item.references)}


def rows_of(language, n=24):
    texts = TEXTS[language]
    return [
        {
            "id": number,
            "article": f"{texts[number % 6]} {texts[(number // 6 + 1) % 6]} ({number})",
            "answer": str(number),
        }
        for number in range(n)
    ]


@pytest.fixture
def write(tmp_path):
    """Write the rows of a language into the mirror and return the mirror."""

    def write(language, rows):
        path = tmp_path / "hub" / "nobody" / "made-up" / language / "test.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return tmp_path / "hub"

    return write


@pytest.fixture
def mirror(write):
    for language in TEXTS:
        folder = write(language, rows_of(language))
    return folder


@pytest.fixture
def source(mirror):
    return AuditSource(mirror)


@pytest.fixture
def made_up():
    """Make the task, with changes to its card, its template, its fields, or each item."""

    def make(change=None, template=None, fields=None, **changes):
        task = MadeUp(card(**changes), change=change)
        task = replace(task, template=template) if template else task
        return replace(task, fields=fields) if fields else task

    return make


@pytest.fixture
def row_maker():
    return rows_of
