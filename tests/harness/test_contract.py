"""What one phase writes is what the next one reads: lock, records and page of one run, checked against each other."""

import json
import re
from dataclasses import dataclass
from html import unescape

import pyarrow.parquet as pq
import pytest

from polyarena.harness import open_run, plan, run, write_report
from polyarena.harness.importing import import_verdicts
from polyarena.harness.lock import Lock
from polyarena.harness.planning import tasks as planning_tasks
from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA, RATING_SCHEMA
from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA
from polyarena.tasks.registry import find_task

LANGUAGES = ("deu_Latn", "swh_Latn")
SENTENCE = "The committee will meet again next week to discuss the budget for the new school building."


@dataclass(frozen=True)
class Generation:
    """A generative task; into English if ``to_english``, in which case the references are what is answered."""

    card: TaskCard
    to_english: bool = False

    def items(self, language, data):
        for number in range(6):
            reference = f"{SENTENCE} {number}" if self.to_english else "word"
            yield Item(str(number), f"q{number}", language, f"say {reference}", references=(reference,))

    def score(self, item, completion):
        return {"exact_match": float((completion.text or "").endswith(item.references[0]))}


@dataclass(frozen=True)
class IntoEnglish(Generation):
    to_english: bool = True

    def answer_language(self, language):
        return "eng_Latn"


def card(name):
    return TaskCard(
        name=name,
        version="1",
        title=f"the toy task {name}",
        kind=Kind.GENERATIVE,
        dataset=Dataset(id="builtin", revision="1", licence="Apache-2.0"),
        languages=LANGUAGES,
        provenance=dict.fromkeys(LANGUAGES, Provenance.GENERATED),
        metrics=("exact_match",),
    )


TASKS = {"toy_generative": Generation(card("toy_generative")), "toy_to_english": IntoEnglish(card("toy_to_english"))}
EXPERIMENT = {
    "name": "contract",
    "systems": [
        {"name": "base", "model": "toy", "args": {"voice": "base"}},
        {"name": "english", "model": "toy", "args": {"voice": SENTENCE}},
    ],
    "baseline": "base",
    "languages": list(LANGUAGES),
    "tasks": ["toy_open", "toy_choice", *TASKS],
    "judges": [{"name": "long", "judge": "toy_length"}, {"name": "rater", "judge": "toy_rating"}],
    "statistics": {"rounds": 100},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@pytest.fixture
def finished(place, toys, monkeypatch):
    """The run with votes of two people, its report written; made once, and only read."""
    monkeypatch.setattr(
        planning_tasks, "find_task", lambda name, **k: TASKS[name] if name in TASKS else find_task(name, **k)
    )
    if not (place / "run" / "lock.json").exists():
        done = run(plan(EXPERIMENT, output=place / "run"), report=False)
        assert not done.failures
        vote = {"language": "de", "system_a": "english", "system_b": "base", "task": "toy_open", "vote": "a"}
        votes = [{**vote, "item_id": str(i), "voter": voter} for i in range(12) for voter in ("ann", "bob")]
        path = place / "votes.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in votes), encoding="utf-8")
        import_verdicts("votes", path, place / "run")
        write_report(done.folder)
    return open_run(place / "run")


@pytest.fixture
def page(finished):
    html = (finished.folder.report / "index.html").read_text(encoding="utf-8")
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_every_kind_is_in_the_run(finished):
    assert {task.card.kind for task in finished.lock.tasks.values()} == set(Kind)


def test_the_lock_that_is_written_is_the_lock_that_is_read(finished):
    written = json.loads((finished.folder.path / "lock.json").read_text(encoding="utf-8"))
    assert Lock.model_validate(written) == finished.lock
    assert json.loads(finished.lock.model_dump_json()) == written


def test_every_shard_of_the_lock_is_there_and_no_other(finished):
    cells = {finished.folder.cell(*cell) for cell in finished.lock.all_cells()}
    assert cells == set((finished.folder.path / "cells").rglob("*.parquet"))
    games = {finished.games_file(pair) for pair in finished.pairs()}
    assert games == set((finished.folder.path / "games").rglob("*.parquet"))
    assert finished.missing() == []


@pytest.mark.parametrize(
    ("records", "schema", "count"),
    [
        ("completions", COMPLETION_SCHEMA, 2 * 2 * (12 + 12 + 6 + 6)),
        ("scores", SCORE_SCHEMA, 2 * 2 * (12 + 6 + 6)),
        ("games", GAME_SCHEMA, 2 * 2 * 2 * 12 + 2 * 12),
        ("ratings", RATING_SCHEMA, 2 * 2 * 12),
        ("battles", BATTLE_SCHEMA, 2 * 2 * 12 + 12),
        ("estimates", ESTIMATE_SCHEMA, None),
    ],
)
def test_records_are_read_as_they_were_written(records, schema, count, finished):
    frame = getattr(finished, records)()
    assert list(frame.columns) == schema.names
    assert count is None or len(frame) == count
    for path in finished.folder.results.glob(f"{records}.parquet"):
        assert pq.read_schema(path).remove_metadata().equals(schema)


def test_records_name_only_what_the_lock_has(finished):
    lock = finished.lock
    for frame in (finished.completions(), finished.scores()):
        cells = set(map(tuple, frame[["system", "task", "language"]].drop_duplicates().to_numpy().tolist()))
        assert cells <= set(map(tuple, lock.all_cells()))
    games = finished.games()
    assert set(games["judge"]) == set(lock.judges)
    assert set(finished.ratings()["judge"]) == {"rater"}
    scores = finished.scores()
    for name, task in lock.tasks.items():
        assert set(scores.loc[scores["task"] == name, "metric"]) == set(task.card.metrics) == set(task.metrics)


def test_games_of_a_rater_follow_from_its_ratings(finished):
    ratings = finished.ratings().set_index(["system", "language", "item_id"])["value"]
    games = finished.games().query("judge == 'rater'")
    for game in games.itertuples():
        a, b = (ratings[system, game.language, game.item_id] for system in (game.system_a, game.system_b))
        assert game.label == ("A=B" if a == b else "A>B" if a > b else "B>A")


def test_votes_keep_their_voters(finished):
    votes = finished.games().query("judge == 'humans'")
    assert set(votes["rater"]) == {"ann", "bob"}
    assert set(votes["source_id"]) == {f"q{i}" for i in range(12)}


def test_answers_of_a_translation_into_english_are_expected_in_english(finished, page):
    """The page once told of every right answer that it was in another language."""
    assert finished.lock.answer_languages["toy_to_english"] == dict.fromkeys(LANGUAGES, "eng_Latn")
    answers = pq.read_table(finished.folder.results / "answers.parquet").to_pylist()
    (row,) = [
        row
        for row in answers
        if (row["task"], row["system"], row["language"]) == ("toy_to_english", "english", "swh_Latn")
    ]
    assert (row["expected"], row["same"], row["answers"]) == ("eng_Latn", 6, 6)
    (row,) = [
        row
        for row in answers
        if (row["task"], row["system"], row["language"]) == ("toy_generative", "english", "swh_Latn")
    ]
    assert (row["expected"], row["same"]) == ("swh_Latn", 0)


def test_estimates_follow_from_the_records(finished):
    estimates = finished.estimates()
    scores = finished.scores()
    for row in estimates[(estimates["level"] == "language") & estimates["judge"].isna()].itertuples():
        own = scores[
            (scores["system"] == row.system)
            & (scores["task"] == row.task)
            & (scores["language"] == row.group)
            & (scores["metric"] == row.metric)
        ]
        assert row.value == pytest.approx(own["value"].mean())
        assert row.n == len(own)
    battles = finished.battles()
    for row in estimates[(estimates["level"] == "language") & (estimates["metric"] == "win_rate")].itertuples():
        own = battles[(battles["judge"] == row.judge) & (battles["language"] == row.group)]
        assert row.value == pytest.approx(own["score"].mean())
        assert (row.wins, row.ties, row.losses) == (
            (own["score"] > 0.5).sum(),
            (own["score"] == 0.5).sum(),
            (own["score"] < 0.5).sum(),
        )


def test_the_page_shows_what_the_lock_and_the_records_say(finished, page):
    lock = finished.lock
    for name in (*lock.tasks, *lock.cells, *lock.judges):
        assert name in page, name
    for judge in lock.judges.values():
        assert judge.description in page
    macro = finished.estimates().query("level == 'macro' and metric == 'win_rate'")
    for row in macro.itertuples():
        assert f"{100 * row.value:.1f}" in page


def test_the_report_of_the_same_records_is_the_same(finished, monkeypatch):
    def contents():
        parts = (finished.folder.results, finished.folder.report)
        return {path: path.read_bytes() for part in parts for path in sorted(part.rglob("*")) if path.is_file()}

    before = contents()
    write_report(finished.folder)
    assert contents() == before
