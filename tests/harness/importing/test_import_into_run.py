"""After an import every report works; a run that is there is respected."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness import open_run, plan, run, write_report
from polyarena.harness.cli import main
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.harness.importing.names import folder_names
from polyarena.harness.importing.shards import group_into_shards
from polyarena.harness.lock import UnmappedField
from polyarena.harness.store import RunFolder, read_shard
from polyarena.judges import Game, mean_over_games
from polyarena.tasks.errors import DataError, PolyarenaError, StoreError, UnknownNameError


def rows(items=12, model="new", label="A>B"):
    return [
        {
            "item_id": f"i{n}",
            "system_a": a,
            "system_b": b,
            "label": label,
            "language": code,
            "judge": "jury",
            "task": "t",
        }
        for n in range(items)
        for code in ("de", "sw")
        for a, b in ((model, "old"), ("old", model))
    ]


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_imported_run_has_results_and_a_report(write, tmp_path):
    done = import_verdicts("polyarena", write("g.jsonl", rows()), tmp_path / "run", ImportOptions(baseline="old"))
    assert done.games == {"jury": 48}
    files = write_report(RunFolder(tmp_path / "run"))
    records = open_run(tmp_path / "run")
    assert len(records.games()) == 48
    assert not records.missing()
    macro = records.estimates().query("level == 'macro'").iloc[0]
    assert (macro["value"], macro["system"], macro["baseline"], macro["n_clusters"]) == (0.5, "new", "old", 12)
    assert "judge:imported@1|format:polyarena" in macro["signature"]
    assert "jury" in files.page.read_text()


def test_the_signature_follows_the_files(write, tmp_path):
    def signature(label):
        import_verdicts("polyarena", write("g.jsonl", rows(label=label)), tmp_path / label.replace(">", ""))
        return open_run(tmp_path / label.replace(">", "")).lock.judges["jury"].signature

    assert signature("A>B") != signature("B>A")


def test_importing_again_replaces_the_judge(write, tmp_path):
    for label in ("A>B", "A=B", "A=B"):
        import_verdicts("polyarena", write("g.jsonl", rows(label=label)), tmp_path / "run")
    records = open_run(tmp_path / "run")
    assert len(records.games()) == 48
    assert set(records.games()["label"]) == {"A=B"}
    assert list(records.lock.judges) == ["jury"]
    assert list(records.lock.imported) == ["jury"]


def test_the_same_file_gives_the_same_bytes_at_any_time(write, tmp_path):
    path = write("g.jsonl", rows())
    trees, events = [], []
    for place in ("a", "b"):
        import_verdicts("polyarena", path, tmp_path / place / "run")
        files = tree(tmp_path / place / "run")
        events.append([json.loads(line) for line in files.pop("events.jsonl").splitlines()])
        trees.append(files)
    assert trees[0] == trees[1]
    for event in (*events[0], *events[1]):
        del event["time"]
    assert events[0] == events[1]


def test_what_is_not_mapped_is_told_and_stored(write, tmp_path):
    done = import_verdicts("polyarena", write("g.jsonl", [{**row, "mood": "calm"} for row in rows()]), tmp_path / "run")
    (field,) = done.unmapped
    assert (field.what, field.count, field.examples) == ("field mood", 48, ("calm",))
    stored = open_run(tmp_path / "run").lock.imported["jury"].unmapped
    assert stored == (UnmappedField(what="field mood", count=48, examples=("calm",)),)
    (event,) = list(RunFolder(tmp_path / "run").events())
    assert event["unmapped"] == [{"what": "field mood", "count": 48, "examples": ["calm"]}]
    assert event["games"] == 48


def test_a_file_that_is_imported_again_is_not_counted_twice(write, tmp_path):
    run = tmp_path / "run"
    for name, model in (("one", "new"), ("two", "newer"), ("two", "newer"), ("one", "new")):
        path = write(f"{name}.jsonl", [{**row, "mood": "calm"} for row in rows(model=model)])
        import_verdicts("polyarena", path, run, ImportOptions(baseline="old"))
    (field,) = open_run(run).lock.imported["jury"].unmapped
    assert field.count == 96


def test_names_that_cannot_be_folders_are_changed_and_told(write, tmp_path):
    done = import_verdicts("polyarena", write("g.jsonl", rows(model="org/new (x)")), tmp_path / "run")
    assert done.renamed == {"org/new (x)": "org-new-x"}
    assert set(open_run(tmp_path / "run").games()["system_a"]) == {"old", "org-new-x"}


@given(st.sets(st.text(min_size=1, max_size=30).filter(lambda text: any(c.isascii() and c.isalnum() for c in text))))
def test_every_name_gets_a_folder_of_its_own(names):
    found = folder_names(names)
    assert set(found) == names
    assert len({name.casefold() for name in found.values()}) == len(names)
    for name in found.values():
        assert name.isascii()
        assert name[0].isalnum()
        assert not set(name) & set("/\\:*? ")


def test_the_common_opponent_is_the_baseline_unless_another_is_named():
    def game(a, b):
        return Game("j", "t", "deu_Latn", "i", "i", a, b, 0, "A>B", "")

    games = [game("hub", "x"), game("y", "hub"), game("z", "hub")]
    places = ["f:1", "f:2", "f:3"]
    assert {place[2] for place in group_into_shards(games, (), places)} == {"hub"}
    assert {place[1:3] for place in group_into_shards(games[:1], ("x",), places[:1])} == {("hub", "x")}


SYSTEMS = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")]
EXPERIMENT = {
    "name": "toy", "systems": SYSTEMS, "baseline": "one", "tasks": ["toy_open"],
    "judges": [{"name": "long", "judge": "toy_length"}], "statistics": {"rounds": 200},
}  # fmt: skip
VOTE = {"item_id": "3", "language": "de", "system_a": "one", "system_b": "two", "vote": "a", "voter": "ann"}


@pytest.fixture
def finished(finished_run):
    return finished_run(EXPERIMENT).folder.path


def test_votes_join_a_run_with_its_sources_and_survive_the_next_run(finished, write):
    import_verdicts("votes", write("v.jsonl", [VOTE, {**VOTE, "item_id": "4"}]), finished)
    for again in (False, True):
        if again:
            run(plan(EXPERIMENT, output=finished))
        write_report(RunFolder(finished))
        records = open_run(finished)
        votes = records.games().query("judge == 'humans'")
        assert sorted(votes["source_id"]) == ["q3", "q4"]
        assert set(records.estimates()["judge"]) == {"long", "humans"}
    signature = records.estimates().query("judge == 'humans'")["signature"].iloc[0]
    assert "orders:1" in signature


@pytest.mark.parametrize(
    ("changes", "error", "complaint"),
    [
        ({"system_b": "too"}, UnknownNameError, "unknown system 'too'"),
        ({"task": "toy_opened"}, UnknownNameError, "unknown task"),
        ({"language": "fr"}, DataError, "does not ask toy_open in fra_Latn"),
        ({"item_id": "no such item"}, DataError, "no game is about an item"),
    ],
)
def test_votes_that_do_not_fit_the_run_are_refused(changes, error, complaint, finished, write):
    before = tree(finished)
    with pytest.raises(error, match=complaint):
        import_verdicts("votes", write("v.jsonl", [{**VOTE, **changes}]), finished)
    assert tree(finished) == before


@pytest.mark.parametrize("changes", [{"system_b": "too"}, {"task": "toy_opened"}, {"language": "fr"}])
def test_what_does_not_fit_the_run_is_named_by_its_line(changes, finished, write):
    with pytest.raises(PolyarenaError) as caught:
        import_verdicts("votes", write("v.jsonl", [VOTE, {**VOTE, "item_id": "2", **changes}]), finished)
    assert "v.jsonl:2, for the run" in caught.value.where


def test_votes_on_other_items_are_left_out_and_counted(finished, write):
    done = import_verdicts("votes", write("v.jsonl", [VOTE, {**VOTE, "item_id": "99"}]), finished)
    assert done.games == {"humans": 1}
    assert [field.count for field in done.unmapped] == [1]


def test_a_judge_that_was_run_is_not_overwritten(finished, write):
    with pytest.raises(StoreError, match="judge 'long' of its own"):
        import_verdicts("votes", write("v.jsonl", [VOTE]), finished, ImportOptions(judge="long"))


@pytest.mark.parametrize(
    ("options", "assumed"),
    [
        (ImportOptions(), {"baseline": "gpt-4-0314", "language": "eng_Latn"}),
        (ImportOptions(language="ko"), {"baseline": "gpt-4-0314"}),
        (ImportOptions(language="ko", baseline="old"), {}),
    ],
)
def test_what_the_files_do_not_say_is_said(options, assumed, write, tmp_path, capsys):
    row = {"question_id": "1", "model": "new", "judge": "j", "games": [{"score": "A>B"}, {"score": "B>A"}]}
    path = write("ah.jsonl", [row])
    assert import_verdicts("arena-hard", path, tmp_path / "run", options).defaults == assumed
    given = [
        part for name in ("language", "baseline") if (said := getattr(options, name)) for part in (f"--{name}", said)
    ]
    assert main(["import", "arena-hard", str(path), "-o", str(tmp_path / "other"), *given]) == 0
    out = capsys.readouterr().out
    assert ("language eng_Latn is assumed" in out) == ("language" in assumed)
    assert ("baseline gpt-4-0314 is assumed" in out) == ("baseline" in assumed)


def test_the_command_says_what_it_did(write, tmp_path, capsys):
    path = write("g.jsonl", [{**row, "mood": "calm"} for row in rows()])
    assert main(["import", "polyarena", str(path), "-o", str(tmp_path / "run"), "--baseline", "old"]) == 0
    out = capsys.readouterr().out
    assert "judge jury: 48 games" in out
    assert "field mood" in out
    assert main(["import", "polyarena", str(path), "-o", str(tmp_path / "run"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["games"] == {"jury": 48}
    assert main(["import", "polyarena", str(tmp_path / "none.jsonl"), "-o", str(tmp_path / "x")]) == 2
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_the_published_korean_leaderboard_comes_out(test_data, tmp_path):
    verdicts = test_data / "verdicts/ko-arena-hard"
    options = ImportOptions(language="ko", baseline="claude-3.7-sonnet")
    done = import_verdicts("arena-hard", verdicts / "ensemble", tmp_path / "ko", options)
    assert done.games == {"ensemble": 38_000}
    assert (done.invalid, done.unmapped) == (0, ())
    with (verdicts / "leaderboard_no_control.csv").open(encoding="utf-8") as file:
        published = {row["model"]: float(row["score"]) for row in csv.DictReader(file)}
    names = folder_names(published)
    records = open_run(tmp_path / "ko")
    scores = {
        pair[1]: 100 * mean_over_games(read_shard(records.folder.games(*pair), Game), pair[1], strong_weight=3)
        for pair in records.pairs()
    }
    assert len(scores) == 38
    # The published numbers have two decimals.
    differences = [abs(scores[names[name]] - value) for name, value in published.items() if names[name] in scores]
    assert max(differences) <= 0.005 + 1e-9
