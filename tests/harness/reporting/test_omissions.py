"""Sentences on what a run lacks."""

from every_case import every_case

from polyarena.harness.lock import Lock
from polyarena.harness.reporting.omissions import MOST_NAMED, omission_sentences, some


def lock(**changes):
    resolved = {"name": "x", "systems": [{"name": "one", "model": "toy"}], "tasks": ["sums"]}
    return Lock.model_validate({"experiment": {"name": "x", "digest": "d", "resolved": resolved}, **changes})


@every_case(
    ("entry", "sentence"),
    [
        (
            {"task": "xlsum", "languages": ["tha_Thai"], "reason": "clauses", "metric": "bleu", "suite": ""},
            "bleu of xlsum is not scored in Thai: clauses.",
        ),
        (
            {"task": "xcopa", "languages": ["deu_Latn"], "reason": "no data", "metric": "", "suite": "aya99"},
            "xcopa, which the suite aya99 has, is not asked in German: no data.",
        ),
        (
            {"task": "gone", "languages": [], "reason": "not installed", "metric": "", "suite": "aya99"},
            "gone, which the suite aya99 has, is not asked: not installed.",
        ),
    ],
)
def test_what_is_left_out_is_said(entry, sentence):
    assert omission_sentences(lock(omissions=[entry])) == [sentence]
    assert omission_sentences(lock()) == []


def test_of_many_names_only_the_first_are_named():
    names = [f"l{i}" for i in range(MOST_NAMED + 3)]
    assert some(names).endswith(f"l{MOST_NAMED - 1} and 3 more")
    assert some(names[:MOST_NAMED]).count(",") == MOST_NAMED - 1


def test_differences_from_papers_are_said():
    found = omission_sentences(
        lock(
            deviations=[
                {"suite": "aya", "task": "mgsm", "reason": "0 for 5"},
                {"suite": "aya", "task": "x", "reason": "no"},
            ]
        )
    )
    assert found == ["The suite aya differs from the paper in mgsm (0 for 5), x (no)."]


def test_what_is_not_averaged_and_what_was_trained_on_is_said():
    card = {
        "name": "sums", "version": "1", "title": "t", "kind": "generative", "languages": ["deu_Latn", "swh_Latn"],
        "dataset": {"id": "x/y", "revision": "r", "licence": "MIT"},
        "provenance": {"deu_Latn": "native", "swh_Latn": "machine-translated"},
    }  # fmt: skip
    resolved = {
        "name": "x",
        "systems": [{"name": "one", "model": "toy", "seen": {"sums": "items", "other": "items"}}],
        "tasks": ["sums"],
        "statistics": {"averages": "native"},
    }
    found = lock(
        experiment={"name": "x", "digest": "d", "resolved": resolved},
        tasks={"sums": {"card": card, "languages": ["deu_Latn", "swh_Latn"]}},
    )
    assert omission_sentences(found) == [
        "Averages are over native data only: without 1 translated sets, of sums.",
        "one was trained on items of sums: its scores there say little.",
    ]
