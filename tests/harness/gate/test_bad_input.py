"""What cannot be compared, and files that are not what they should be: each kind is named, none is a regression."""

import json
import shutil

import pytest

from polyarena.harness.cli import main
from polyarena.harness.gate.check import check
from polyarena.harness.gate.gate_file import GateFile
from polyarena.reports.gate import Status
from polyarena.reports.gate.result import Outcome
from polyarena.tasks.errors import PolyarenaError, StoreError

QUICK = GateFile(rounds=999, margin=20)


def edited(folder, tmp_path, change):
    """Return a copy of a run whose lock file was changed."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    path = copy / "lock.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.chmod(0o644)
    path.write_text(json.dumps(content), encoding="utf-8")
    return copy


def notes(result):
    return {each.note for each in result.decision.incomparable}


def sampled(temperature):
    """Return a change of the lock after which the system sampled its answers at this temperature."""

    def change(content):
        settings = {"temperature": temperature, "max_tokens": 64}
        content["tasks"]["polyarena_mini"]["sampling"] = {"model": {"settings": settings, "samples": 1}}

    return change


def other_judge(content):
    content["judges"]["rules"]["signature"] = "judge:rules@9"


def other_template(content):
    content["tasks"]["polyarena_mini"]["template"] = "polite"


def chat_template(content):
    systems = content["experiment"]["resolved"]["systems"]
    next(each for each in systems if each["name"] == "model")["chat_template"] = "{{ messages }}"


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (sampled(0.0), sampled(0.7), "temperature is 0.7 here, 0.0 there"),
        (lambda content: None, other_template, "prompt template polyarena_mini: name is 'polite'"),
        (lambda content: None, chat_template, "chat template"),
    ],
)
def test_what_was_changed_is_named(good, tmp_path, before, after, named):
    sides = edited(good, tmp_path / "old", before), edited(good, tmp_path / "new", after)
    result = check(*sides, QUICK)
    assert result.outcome is Outcome.INCOMPARABLE, result.headline
    assert all(named in each for each in notes(result))
    assert not result.failed


def test_another_judge_leaves_what_it_did_not_decide_comparable(good, tmp_path):
    result = check(good, edited(good, tmp_path, other_judge), QUICK)
    assert result.outcome is Outcome.INCOMPARABLE
    assert {each.metric for each in result.decision.incomparable} == {"win_rate"}
    assert all("judge:rules@9" in each for each in notes(result))


def test_several_changes_are_all_named(good, tmp_path):
    def both(content):
        sampled(0.7)(content)
        other_template(content)

    (note,) = notes(
        check(edited(good, tmp_path / "old", sampled(0.0)), edited(good, tmp_path / "new", both), QUICK)
    ) - {""}
    assert "temperature" in note
    assert "polite" in note


def test_another_prompt_template_and_other_data_are_incomparable(good, tmp_path):
    def prompt(content):
        task = content["tasks"]["polyarena_mini"]
        task["card"]["version"] = "99"

    result = check(good, edited(good, tmp_path, prompt), QUICK)
    assert result.outcome is Outcome.INCOMPARABLE
    assert all("version" in note and "99" in note for note in notes(result))


def test_items_that_only_one_run_has_are_counted_and_a_few_do_not_matter(good, make_run):
    fewer = make_run("seven", task={"limit": 7}, base=good.parent / "base")
    lenient = QUICK.model_copy(update={"min_paired": 0.5, "max_unknown": 0.5})
    result = check(good, fewer, lenient)
    assert result.outcome is Outcome.PASSED, result.headline
    assert any("have no counterpart or no value and are left out" in note for note in result.notes)
    strict = check(good, fewer, QUICK.model_copy(update={"max_unknown": 1.0}))
    assert strict.outcome is Outcome.INCOMPARABLE
    assert all("only 7 of 8 items are paired" in each.note for each in strict.decision.incomparable if each.n == 7)


def test_a_lock_of_another_version_is_refused_with_both(good, tmp_path, capsys):
    def version(content):
        content["format"] = 99

    copy = edited(good, tmp_path, version)
    assert main(["gate", "check", "--baseline", str(copy), "--candidate", str(good)]) == 2
    assert "99" in capsys.readouterr().err


def test_a_damaged_cell_is_an_error_and_never_a_regression(good, tmp_path):
    copy = tmp_path / "damaged"
    shutil.copytree(good, copy)
    path = next(copy.glob("cells/model/*/*.parquet"))
    path.chmod(0o644)
    path.write_bytes(b"PAR1")
    with pytest.raises(PolyarenaError):
        check(good, copy, QUICK)


def test_a_missing_baseline_says_where(good, tmp_path, capsys):
    assert main(["gate", "check", "--baseline", str(tmp_path / "no.parquet"), "--candidate", str(good)]) == 2
    assert "no.parquet" in capsys.readouterr().err


def test_a_reference_with_unreadable_metadata_is_refused(good, tmp_path):
    import pyarrow.parquet as pq

    from polyarena.harness.gate.item_values import run_values
    from polyarena.harness.gate.reference import _KEY, read_reference, write_reference
    from polyarena.harness.results import open_run

    path = write_reference(run_values(open_run(good), None, QUICK), tmp_path / "b.parquet")
    pq.write_table(pq.read_table(path).replace_schema_metadata({_KEY: b"{"}), path)
    with pytest.raises(StoreError, match="cannot be read"):
        read_reference(path)


def test_texts_of_harmful_tasks_are_in_no_file(good, lost_all, tmp_path):
    def harmful(content):
        content["tasks"]["polyarena_mini"]["card"]["harmful"] = True

    shown = check(good, lost_all, QUICK)
    assert {Status(each.status) for each in shown.failed} == {Status.REGRESSED}
    assert all(each.prompt and each.old and each.new for each in shown.examples)
    texts = {text for each in shown.examples for text in (each.prompt, each.old, each.new)}
    # One side that calls the task harmful is enough.
    for sides in ((edited(good, tmp_path, harmful), lost_all), (good, edited(lost_all, tmp_path / "b", harmful))):
        files = [tmp_path / name for name in ("gate.json", "gate.xml", "gate.md", "comment.md")]
        flags = zip(("--json-file", "--junit", "--markdown", "--comment"), map(str, files), strict=True)
        arguments = ["gate", "check", "--baseline", str(sides[0]), "--candidate", str(sides[1])]
        main([*arguments, *(each for pair in flags for each in pair)])
        result = check(*sides, QUICK)
        assert result.examples
        assert all(each.prompt is each.old is each.new is None for each in result.examples)
        written = "".join(path.read_text(encoding="utf-8") for path in files)
        assert not [text for text in texts if text[:40] in written]
        assert result.examples[0].item_id in written


def test_calibrated_discordance_tells_the_power_of_the_check(good, lost_all, tmp_path):
    from polyarena.harness.gate.item_values import run_values
    from polyarena.harness.gate.reference import write_reference
    from polyarena.harness.results import open_run

    values = run_values(open_run(good), None, QUICK)
    path = write_reference(
        values, tmp_path / "b.parquet", discordance={"polyarena_mini/win_rate": 0.02}, false_alarms=0.03
    )
    told = [note for note in check(path, lost_all, QUICK).notes if "as calibrated" in note]
    assert len(told) == 1
    assert "polyarena_mini (win_rate): two runs of one model differ in 2.0% of items" in told[0]
