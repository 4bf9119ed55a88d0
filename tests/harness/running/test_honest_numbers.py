"""What failed or was made with other settings is in no number, and what was spent is always told."""

import pytest

from polyarena.harness import open_run, plan, run, write_report
from polyarena.harness.cli import main
from polyarena.harness.store import RunFolder, shard_metadata
from polyarena.tasks.errors import PolyarenaError, StoreError


def test_numbers_of_other_settings_do_not_stand_in_for_a_failed_cell(go, systems, monkeypatch):
    go()
    monkeypatch.setenv("TOY_FAIL", "swh_Latn")
    broken = go(report=True, systems=[systems[0], {**systems[1], "system_prompt": "Speak {language}."}])
    assert {failure.language for failure in broken.failures} == {"swh_Latn"}
    for frame in (
        broken.battles(),
        broken.scores()[lambda f: f["system"] == "two"],
        broken.completions()[lambda f: f["system"] == "two"],
    ):
        assert set(frame["language"]) == {"deu_Latn", "tha_Thai"}
    assert "Incomplete" in broken.files.page.read_text()


def test_numbers_of_other_settings_do_not_stand_in_for_a_model_that_cannot_be_loaded(go, systems):
    go()
    broken = go(systems=[systems[0], {"name": "two", "model": "toy", "args": {"voice": "mute"}}])
    assert set(broken.scores()["system"]) == {"one"}
    assert broken.battles().empty


def test_verdicts_of_other_settings_do_not_stand_in_for_a_judge_that_fails(go, scripted_server, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    endpoint = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 1, "max_wait_s": 0.01}
    judge = {"name": "llm", "judge": "llm", "endpoint": endpoint}
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]")
    go(tasks=["toy_open"], judges=[judge])
    scripted_server.script = lambda request: scripted_server.status(500)
    broken = go(tasks=["toy_open"], judges=[{**judge, "args": {"max_tokens": 77}}])
    assert len(broken.failures) == 3
    assert broken.battles().empty
    # The earlier verdicts are kept, and come back with the earlier settings.
    asked = len(scripted_server.log)
    assert len(go(tasks=["toy_open"], judges=[judge]).battles()) == 36
    assert len(scripted_server.log) == asked


def test_bad_data_of_some_languages_spares_the_others(tmp_path, toys):
    texts = ["deu", "swh", "tha"]
    for system in ("a", "b"):
        (tmp_path / system).mkdir()
        for code in texts:
            lines = "".join(f'{{"item_id": "{n}", "text": "word {n}"}}\n' for n in range(12))
            (tmp_path / system / f"{code}.jsonl").write_text(lines)
    experiment = {
        "name": "stored",
        "systems": [
            {"name": name, "model": "completions", "args": {"path": str(tmp_path / name)}} for name in ("a", "b")
        ],
        "baseline": "a",
        "tasks": ["toy_open"],
        "judges": ["rules"],
        "statistics": {"rounds": 200},
    }
    made = plan(experiment, output=tmp_path / "run")
    for code in ("deu", "swh"):
        (tmp_path / "b" / f"{code}.jsonl").write_text("")
    finished = run(made)
    assert {failure.language for failure in finished.failures} == {"deu_Latn", "swh_Latn"}
    assert {failure.exit_code for failure in finished.failures} == {2}
    assert set(finished.battles()["language"]) == {"tha_Thai"}
    # A plan made now reports both files at once.
    with pytest.raises(PolyarenaError) as caught:
        plan(experiment, output=tmp_path / "run")
    told = caught.value.render()
    assert "b/deu.jsonl" in told
    assert "b/swh.jsonl" in told


def test_systems_with_answers_to_other_items_meet_on_those_that_both_answered(toys, tmp_path):
    for system, numbers in (("a", range(10)), ("b", range(4, 12))):
        (tmp_path / system).mkdir()
        for code in ("deu", "swh", "tha"):
            (tmp_path / system / f"{code}.jsonl").write_text(
                "".join(f'{{"item_id": "{n}", "text": "word {n}"}}\n' for n in numbers)
            )
    systems = [
        {"name": name, "model": "completions", "args": {"path": str(tmp_path / name), "missing": "leave_out"}}
        for name in ("a", "b")
    ]
    experiment = {"name": "s", "systems": systems, "baseline": "a", "tasks": ["toy_open"], "judges": ["rules"]}
    planned = plan({**experiment, "statistics": {"rounds": 200}}, output=tmp_path / "run")
    finished = run(planned)
    assert not finished.failures
    assert set(finished.battles()["item_id"]) == {str(n) for n in range(4, 10)}
    assert len(finished.completions()) == 3 * (10 + 8)
    assert "Not judged: 18 answers of b or a to toy_open without a counterpart" in finished.files.page.read_text()
    assert not plan({**experiment, "statistics": {"rounds": 200}}, output=tmp_path / "run").missing_cells


def spent(folder, who):
    events = [event for event in RunFolder(folder).events() if event["event"] == "CostsUpdated" and event["who"] == who]
    return events[-1]["ledgers"]["m"]


def test_what_a_failing_candidate_took_is_told(scripted_server, toys, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    answered = iter(range(5))
    scripted_server.script = lambda request: (
        scripted_server.ok("fine") if next(answered, None) is not None else scripted_server.status(500)
    )
    args = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.01, "concurrency": 2}
    experiment = {"name": "x", "systems": [{"name": "api", "model": "endpoint", "args": args}], "tasks": ["toy_open"]}
    finished = run(plan(experiment, output=tmp_path / "run"))
    assert len(finished.failures) == 3
    ledger = spent(tmp_path / "run", "candidates")
    assert ledger["attempts"] == len(scripted_server.log)
    assert ledger["prompt_tokens"] == scripted_server.usage[0]


def test_an_empty_reply_of_a_judge_is_an_answer(go, scripted_server, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    scripted_server.script = lambda request: scripted_server.ok("")
    judge = {"name": "llm", "judge": "llm", "endpoint": {"base_url": scripted_server.base_url, "model": "m"}}
    finished = go(tasks=["toy_open"], judges=[judge])
    assert not finished.failures
    assert set(finished.games()["label"]) == {"invalid"}
    path = RunFolder(tmp_path / "run").games("llm", "two", "one", "toy_open", "deu_Latn")
    assert "unanswered" not in shard_metadata(path)


@pytest.mark.parametrize(
    "args",
    [
        {"api_key": "sk-LEAK"},
        {"token": "sk-LEAK"},
        {"header": {"Authorization": "Bearer sk-LEAK"}},
        {"deep": {"deeper": {"X-API-Key": "sk-LEAK"}}},
    ],
)
def test_a_credential_in_the_file_is_refused_without_saying_it(tmp_path, toys, capsys, args):
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\nsystems: [{{name: a, model: toy, args: {args!r}}}]\ntasks: [toy_choice]\n")
    assert main(["run", str(path), "-o", str(tmp_path / "run"), "-q"]) == 2
    err = capsys.readouterr().err
    assert "credential" in err
    assert "sk-LEAK" not in err
    assert not (tmp_path / "run").exists()


def test_a_damaged_shard_is_named_by_the_report(go, tmp_path):
    go()
    path = RunFolder(tmp_path / "run").cell("one", "toy_open", "deu_Latn")
    content = path.read_bytes()
    path.write_bytes(content[:60] + bytes(140) + content[200:])
    with pytest.raises(StoreError, match=r"deu_Latn\.parquet"):
        write_report(RunFolder(tmp_path / "run"))


@pytest.mark.parametrize("text", ["{", "[]", '{"experiment": []}', '{"experiment": {"name": "toy"}}'])
def test_a_damaged_lock_is_named_and_can_be_mended(go, tmp_path, text):
    before = go().battles()
    lock = RunFolder(tmp_path / "run").lock_file
    lock.write_text(text)
    with pytest.raises(StoreError, match=r"lock\.json"):
        open_run(tmp_path / "run")
    lock.unlink()
    assert go().battles().equals(before)


def test_answers_without_a_counterpart_are_told(go):
    sampled = {"model": "toy", "sampling": {"temperature": 1.0}}
    systems = [{"name": "one", **sampled, "samples": 3}, {"name": "two", **sampled, "samples": 2}]
    finished = go(report=True, systems=systems, tasks=["toy_open"])
    assert "Not judged: 36 answers of two or one to toy_open" in finished.files.page.read_text()
    assert len(finished.games()) == 3 * 12 * 2 * 2
    assert "no counterpart" not in go(report=True, tasks=["toy_open"]).files.page.read_text()
