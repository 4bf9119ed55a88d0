"""Answers that are not stored: told by the plan, all at once, with what to write."""

import json

import pytest

from polyarena.harness import plan, run
from polyarena.harness.cli import main
from polyarena.harness.planning.items import load_items
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import PolyarenaError

LANGUAGES = ["deu_Latn", "swh_Latn", "tha_Thai"]


@pytest.fixture
def store(tmp_path, toys):
    """``store(deu_Latn=5)``: the answers to the first items of each language, in a folder; returns the experiment."""

    def store(folder="answers", task="toy_open", skip=(), args=None, **counts):
        experiment = {
            "name": "x", "systems": [{"name": "one", "model": "toy"}], "tasks": [task], "languages": LANGUAGES,
            "statistics": {"rounds": 100},
        }  # fmt: skip
        (entry,) = plan(experiment, output=tmp_path / "other").tasks
        (tmp_path / folder).mkdir(exist_ok=True)
        for language, count in counts.items():
            items = load_items(entry, language, DataSource(None))[:count]
            rows = [{"item_id": item.item_id, "text": "x"} for n, item in enumerate(items) if n not in skip]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / folder / f"{language}.jsonl").write_text(text, encoding="utf-8")
        system = {"name": "kept", "model": "completions", "args": {"path": str(tmp_path / folder), **(args or {})}}
        return {**experiment, "systems": [system]}

    return store


def refusal(experiment, tmp_path):
    with pytest.raises(PolyarenaError) as caught:
        plan(experiment, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    return caught.value


def test_the_plan_counts_what_is_missing_in_every_language_and_says_what_to_write(store, tmp_path):
    experiment = store(deu_Latn=3, swh_Latn=3, tha_Thai=3)
    error = refusal(experiment, tmp_path)
    total = sum(cell.items for cell in plan({**experiment, "systems": [{"name": "a", "model": "toy"}]}).cells) // 3
    assert error.what == (
        f"the system 'kept' has no stored answers to {3 * (total - 3)} of {3 * total} items of 'toy_open'"
    )
    assert error.why == f"missing are {total - 3} of {total} in each of {', '.join(LANGUAGES)}"
    assert "`- {task: toy_open, limit: 3, subset: first}` under `tasks`" in error.fix
    assert "missing: leave_out" in error.fix
    assert error.where == "systems.0.args"
    # What is to be written does it.
    limited = plan(
        {**experiment, "tasks": [{"task": "toy_open", "limit": 3, "subset": "first"}]}, output=tmp_path / "a"
    )
    assert {cell.items for cell in limited.cells} == {3}
    left_out = {**experiment["systems"][0]["args"], "missing": "leave_out"}
    system = {**experiment["systems"][0], "args": left_out}
    assert plan({**experiment, "systems": [system]}, output=tmp_path / "b").cells


def test_all_languages_without_a_file_are_named_at_once_with_those_of_other_gaps(store, tmp_path):
    error = refusal(store(deu_Latn=2), tmp_path)
    assert "(no file) in each of swh_Latn, tha_Thai" in error.why
    assert "in deu_Latn" in error.why
    assert "add the files of swh_Latn, tha_Thai" in error.fix
    assert "`languages: [...]` under the system 'kept'" in error.fix


def test_gaps_in_the_middle_cannot_be_cured_by_a_limit(store, tmp_path):
    error = refusal(store(deu_Latn=4, swh_Latn=4, tha_Thai=4, skip=(0,)), tmp_path)
    assert "limit" not in error.fix
    assert "score what is there: `missing: leave_out`" in error.fix


@pytest.mark.parametrize("skip", [(0,), ()])
def test_whole_answers_and_allowed_gaps_need_nothing(store, tmp_path, skip):
    experiment = store(deu_Latn=999, swh_Latn=999, tha_Thai=999, skip=skip, args={"missing": "leave_out"})
    assert len(plan(experiment, output=tmp_path / "run").cells) == 3


def test_a_language_without_any_answer_is_refused_also_where_gaps_are_allowed(store, tmp_path):
    experiment = store(deu_Latn=999, tha_Thai=999, args={"missing": "leave_out"})
    (tmp_path / "answers" / "swh_Latn.jsonl").write_text('{"item_id": "of another task", "text": "x"}\n')
    error = refusal(experiment, tmp_path)
    assert "in swh_Latn" in error.why
    assert "store the rest" in error.fix


def test_ids_that_are_those_of_no_item_are_shown_beside_one_that_is(store, tmp_path):
    experiment = store(task="polyarena_mini", deu_Latn=9)
    (tmp_path / "answers" / "deu_Latn.jsonl").write_text(
        '{"item_id": "7", "text": "x"}\n{"item_id": "6", "text": "x"}\n'
    )
    error = refusal({**experiment, "languages": ["deu_Latn"]}, tmp_path)
    assert error.why == "missing are 8 of 8 in deu_Latn; the file has ids such as '7', the items such as 'blue-sky'"
    assert "use the ids that `polyarena tasks items polyarena_mini` prints" in error.fix
    assert "`id_field`" in error.fix
    # One row of an item is enough to know that the ids are right.
    few = store(task="polyarena_mini", deu_Latn=1)
    error = refusal({**few, "languages": ["deu_Latn"]}, tmp_path)
    assert error.why == "missing are 7 of 8 in deu_Latn"
    assert "tasks items" not in error.fix


def test_ids_of_own_prompts_are_those_of_their_file(store, tmp_path):
    (tmp_path / "prompts.jsonl").write_text('{"language": "de", "prompt": "Ja?", "id": "a"}\n')
    task = {"path": str(tmp_path / "prompts.jsonl")}
    experiment = {**store(), "tasks": [{"task": task}], "languages": ["deu_Latn"]}
    (tmp_path / "answers" / "deu_Latn.jsonl").write_text('{"item_id": "1", "text": "x"}\n')
    error = refusal(experiment, tmp_path)
    assert "ids such as '1', the items such as 'a'" in error.why
    assert "use the ids of the prompts" in error.fix


def test_two_systems_two_tasks_and_a_wrong_file_are_told_together(store, tmp_path):
    experiment = store(deu_Latn=2, swh_Latn=2, tha_Thai=2)
    other = store(folder="more", deu_Latn=1, swh_Latn=1, tha_Thai=1)["systems"][0]
    broken = store(folder="broken", deu_Latn=2, swh_Latn=2, tha_Thai=2)["systems"][0]
    (tmp_path / "broken" / "deu_Latn.jsonl").write_text("{}\n")
    systems = [*experiment["systems"], {**other, "name": "more"}, {**broken, "name": "broken"}]
    error = refusal({**experiment, "systems": systems}, tmp_path)
    told = [error, *error.also]
    assert any("'kept'" in each.what for each in told)
    assert any("'more'" in each.what for each in told)
    assert any("broken/deu_Latn.jsonl" in each.where for each in told)


def test_the_command_says_it_once_and_runs_nothing(store, tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(json.dumps(store(deu_Latn=3, swh_Latn=3, tha_Thai=3)))
    for command in (["plan", str(path)], ["run", str(path), "--quiet", "--output", str(tmp_path / "run")]):
        assert main(command) == 2
        err = capsys.readouterr().err
        assert err.count("no stored answers") == 1
        assert "subset: first" in err


GENERATION = "model: org/name\ntemperature: 0.7\nchat_template: the model's own\nstop: [a, b]\nseed:\n"


def test_a_file_beside_the_answers_says_how_they_were_generated(store, tmp_path):
    experiment = store(deu_Latn=999, swh_Latn=999, tha_Thai=999)
    unknown = run(plan(experiment, output=tmp_path / "run"), report=False).lock
    assert dict(unknown.stored_answers) == {"kept": {}}
    assert unknown.tasks["toy_open"].sampling == {}
    (tmp_path / "answers" / "generation.yaml").write_text(GENERATION)
    again = run(plan(experiment, output=tmp_path / "run"))
    assert again.lock.stored_answers["kept"] == {
        "chat_template": "the model's own", "model": "org/name", "seed": "unknown", "stop": "a, b",
        "temperature": "0.7",
    }  # fmt: skip
    page = again.files.page.read_text(encoding="utf-8")
    assert "answers generated elsewhere, as their folder says" in page
    assert "greedy" not in page
    assert again.lock.cells == unknown.cells


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "not a mapping"),
        ("a: {b: 1}\n", "not a plain value"),
        ("api_key: abc\n", "credential"),
        ("a: [\n", "YAML"),
    ],
)
def test_a_file_that_says_it_wrongly_is_refused(store, tmp_path, text, says):
    experiment = store(deu_Latn=999, swh_Latn=999, tha_Thai=999)
    (tmp_path / "answers" / "generation.yaml").write_text(text)
    error = refusal(experiment, tmp_path)
    assert says in error.what
    assert "generation.yaml" in error.where
