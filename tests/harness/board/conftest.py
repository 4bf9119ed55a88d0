"""Runs of stored answers, and a site's data read back."""

import json
import re

import pytest

from polyarena.harness import plan, run
from polyarena.tasks.data import DataSource
from polyarena.tasks.registry import find_task

LANGUAGES = ("deu_Latn", "fra_Latn", "hin_Deva")
SENTENCES = {
    "deu_Latn": "Das ist eine kurze, aber hilfreiche Antwort auf die Frage, die gestellt wurde, und sie endet hier.",
    "fra_Latn": "Voici une réponse courte mais utile à la question qui a été posée, et elle se termine ici.",
    "hin_Deva": "यह पूछे गए प्रश्न का एक छोटा लेकिन उपयोगी उत्तर है, और यह यहाँ समाप्त होता है।",
}
ENGLISH = "This is a short but helpful answer to the question that was asked, and it ends here."


@pytest.fixture(scope="session")
def make_run(tmp_path_factory):
    """Return a function that runs stored answers; ``lost`` names languages that are answered in English."""

    def build(name, *, systems=("model",), lost=(), languages=LANGUAGES, suffix="", limit=None, text=None):
        folder = tmp_path_factory.mktemp("runs")
        _write(folder / "base", (), "", None)
        specs = [{"name": "fixed", "model": "completions", "args": {"path": str(folder / "base")}}]
        for system in systems:
            _write(folder / system, lost, suffix, text)
            specs.append({"name": system, "model": "completions", "args": {"path": str(folder / system)}})
        task = {"task": "polyarena_mini", "languages": list(languages), **({"limit": limit} if limit else {})}
        experiment = {
            "name": name,
            "systems": specs,
            "baseline": "fixed",
            "tasks": [task],
            "judges": ["rules"],
            "statistics": {"rounds": 200},
        }
        return run(plan(experiment, output=folder / name), report=False).folder.path

    return build


def _write(folder, lost, suffix, text):
    task = find_task("polyarena_mini")
    folder.mkdir(parents=True, exist_ok=True)
    for code in LANGUAGES:
        said = text or (ENGLISH if code in lost else SENTENCES[code])
        rows = [
            json.dumps({"item_id": item.item_id, "text": f"{said} ({item.item_id}){suffix}", "finish_reason": "stop"})
            for item in task.items(code, DataSource(None))
        ]
        (folder / f"{code}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def first(make_run):
    return make_run("first", lost=("hin_Deva",))


@pytest.fixture(scope="session")
def second(make_run):
    return make_run("second", systems=("other",), lost=("deu_Latn",))


def shipped(path):
    """Return the JSON of a data file, as the page parses it."""
    text = path.read_text(encoding="utf-8")
    call = re.fullmatch(r"polyarenaBoard\.(\w+)\((.*)\);\n", text, flags=re.DOTALL)
    arguments = json.loads(f"[{call[2]}]")
    return json.loads(arguments[-1])


@pytest.fixture(scope="session")
def read_data():
    return shipped
