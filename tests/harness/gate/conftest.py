"""Runs of stored answers: a good model, the same again with small changes, and one that lost a part."""

import json

import pytest

from polyarena.harness import plan, run
from polyarena.tasks.data import DataSource
from polyarena.tasks.languages import find_language
from polyarena.tasks.registry import find_task

LANGUAGES = ("deu_Latn", "fra_Latn", "spa_Latn", "hin_Deva")
SENTENCES = {
    "deu_Latn": "Das ist eine kurze, aber hilfreiche Antwort auf die Frage, die gestellt wurde, und sie endet hier.",
    "fra_Latn": "Voici une réponse courte mais utile à la question qui a été posée, et elle se termine ici.",
    "spa_Latn": "Esta es una respuesta corta pero útil a la pregunta que se ha planteado, y termina aquí.",
    "hin_Deva": "यह पूछे गए प्रश्न का एक छोटा लेकिन उपयोगी उत्तर है, और यह यहाँ समाप्त होता है।",
}
ENGLISH = "This is a short but helpful answer to the question that was asked, and it ends here."


@pytest.fixture(scope="session")
def make_run(tmp_path_factory):
    """Return a function that runs stored answers: ``lost`` names the languages that are answered in English."""

    def build(name, *, lost=(), languages=LANGUAGES, task=None, base=None, judges=("rules",), **system):
        folder = tmp_path_factory.mktemp(name)
        _write(folder / "base", ())
        _write(folder / "answers", lost)
        experiment = {
            "name": "gated",
            "systems": [
                {"name": "fixed", "model": "completions", "args": {"path": str(base or folder / "base")}},
                {"name": "model", "model": "completions", "args": {"path": str(folder / "answers")}, **system},
            ],
            "baseline": "fixed",
            "tasks": [{"task": "polyarena_mini", "languages": list(languages), **(task or {})}],
            "judges": list(judges),
            "statistics": {"rounds": 200},
        }
        return run(plan(experiment, output=folder / "run"), report=False).folder.path

    return build


def _write(folder, lost):
    task = find_task("polyarena_mini")
    folder.mkdir(parents=True)
    for code in LANGUAGES:
        text = ENGLISH if code in lost else SENTENCES[code]
        rows = [
            json.dumps({"item_id": item.item_id, "text": f"{text} ({item.item_id})", "finish_reason": "stop"})
            for item in task.items(code, DataSource(None))
        ]
        (folder / f"{find_language(code).code}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def good(make_run):
    return make_run("good")


@pytest.fixture(scope="session")
def lost_all(make_run):
    return make_run("lost", lost=LANGUAGES)
