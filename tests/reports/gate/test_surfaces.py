"""What people and machines read: Markdown, JUnit, annotations, JSON."""

import html
from dataclasses import replace
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
from every_case import every_case

from polyarena.reports.gate import GateSettings, Status, decide, pair_items
from polyarena.reports.gate.document import document, json_schema
from polyarena.reports.gate.junit import junit
from polyarena.reports.gate.markdown import COMMENT_LIMIT, comment, escape, markdown
from polyarena.reports.gate.result import Allowed, Example, GateResult, Outcome, name_of, note_of
from polyarena.reports.gate.workflow_commands import MOST, workflow_commands

FOUR = ["deu_Latn", "fra_Latn", "swh_Latn", "yor_Latn"]
HOSTILE = "<script>alert(1)</script> [x](javascript:y) | `a` @team #1 ![i](u)\n\x00\x1b ]]> \u202e"


@pytest.fixture
def result(values):
    rng = np.random.default_rng(0)
    old = (rng.random((300, 4)) < 0.7).astype(float)
    new = old.copy()
    new[rng.random(300) < 0.3, 2] = 0.0
    found = decide(
        pair_items(values(old, FOUR), values(new, FOUR)),
        GateSettings(rounds=999),
        groupings={"region": {"africa": FOUR[2:]}},
    )
    return GateResult("main (runs/main)", "pr (runs/pr)", Outcome.REGRESSED, found)


def test_the_first_line_says_what_failed_and_by_how_much(result):
    first = markdown(result).splitlines()[1]
    assert first.startswith("### ❌ polyarena gate: ")
    assert "2 of 6 checks failed, the worst mini, all languages (acc): " in first
    assert "points" in first


def test_every_check_is_in_the_summary_and_worst_first(result):
    text = markdown(result)
    assert all(escape(name_of(each)) in text for each in result.decision.verdicts)
    assert text.index("**Failed**") < text.index("**Warnings") < text.index("All checks")


def test_a_comment_stays_below_the_limit_whatever_it_holds(result):
    many = [
        replace(each, group=f"l{i:04d}_Latn", note=HOSTILE * 20)
        for i in range(400)
        for each in result.decision.verdicts
    ]
    long = replace(result, decision=result.decision.with_verdicts(many))
    text = comment(long)
    assert len(text) < COMMENT_LIMIT
    assert "Shortened" in text
    assert text.count("<details>") == text.count("</details>")
    assert len(markdown(long, limit=2_000).encode()) <= 2_000


@every_case("text", [HOSTILE, "a|b", "<img src=x onerror=y>", "```", "\r\n# head"])
def test_names_and_texts_are_inert_in_markdown(text):
    safe = escape(text)
    assert not set(safe) & set("<>`|[]*_\n\r\x00\x1b\u202e")


@pytest.mark.parametrize("text", ["polyarena_mini (off_target_language)", "a & b &amp; #1 <i> [x](y) | `z` \\ ~~k~~"])
def test_a_browser_shows_what_was_escaped(text):
    assert html.unescape(escape(text)) == text


def test_examples_show_hostile_answers_as_text(result):
    example = Example("mini", "swh_Latn", "7", "acc", 1.0, 0.0, HOSTILE, HOSTILE, HOSTILE * 100)
    text = markdown(replace(result, examples=(example,)))
    assert "<script" not in text
    assert "Swahili, item 7" in text
    assert "…" in text


def test_junit_counts_what_fails_what_is_skipped_and_what_errs(result):
    root = ElementTree.fromstring(junit(result))
    (suite,) = root.findall("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "2", "0")
    assert root.get("failures") == "2"
    # The regression of a language only warns: it is skipped, not passed.
    warned = [case for case in suite if case.find("skipped") is not None]
    assert [case.get("name") for case in warned] == ["Swahili in mini (acc)"]
    assert "regressed: -" in warned[0].find("skipped").get("message")


def test_junit_of_hostile_names_is_xml(result):
    hostile = [replace(each, task=HOSTILE, note=HOSTILE) for each in result.decision.verdicts]
    whole = replace(result, decision=result.decision.with_verdicts(hostile), missing=(HOSTILE,))
    root = ElementTree.fromstring(junit(whole))
    assert len(root.findall(".//testcase")) == 13
    assert root.find(".//error").get("type") == "incomplete"


def test_an_allowed_regression_is_named_and_fails_nothing(result):
    allowed = replace(
        result, allowed=tuple(Allowed(each, "tokeniser change", "2030-01-01") for each in result.decision.failed)
    )
    assert allowed.failed == ()
    assert "tokeniser change" in markdown(allowed)
    root = ElementTree.fromstring(junit(allowed))
    assert root.get("failures") == "0"
    assert any("allowed: tokeniser change" in each.get("message") for each in root.findall(".//skipped"))


def test_annotations_are_escaped_and_few(result):
    many = [replace(result.failed[0], group=f"g{i}", task="a,b:c%\nd") for i in range(30)]
    lines = workflow_commands(replace(result, decision=result.decision.with_verdicts(many)))
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == MOST
    assert "more, see the job summary" in errors[-1]
    assert all("\n" not in line for line in lines)
    assert any("a%2Cb%3Ac%25%0Ad" in line for line in lines)


def test_the_document_follows_its_schema(result):
    jsonschema.validate(document(result), json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document(result), "outcome": "fine"}, json_schema())


@pytest.mark.parametrize(
    ("outcome", "start"),
    [(Outcome.INCOMPLETE, "Incomplete: 1 cell or pair of"), (Outcome.INCOMPARABLE, "Incomparable: 1 of 1 checks")],
)
def test_a_headline_never_calls_a_failure_of_the_run_a_regression(result, outcome, start):
    note = replace(result.decision.verdicts[0], status=Status.INCOMPARABLE.value, action="warn")
    empty = replace(result.decision, verdicts=(note,))
    assert replace(result, outcome=outcome, decision=empty, missing=("a",)).headline.startswith(start)


def test_nothing_regressed_says_what_it_could_hide(values):
    rng = np.random.default_rng(1)
    old = (rng.random((60, 2)) < 0.5).astype(float)
    new = np.where(rng.random((60, 2)) < 0.2, 1 - old, old)
    found = decide(pair_items(values(old, FOUR[:2]), values(new, FOUR[:2])), GateSettings(rounds=999))
    text = GateResult("a", "b", Outcome.PASSED, found).headline
    assert text.startswith("No regression found: ")
    assert "could hide a drop of up to" in text


def test_a_drop_that_no_item_can_show_may_have_any_size(result):
    open_check = replace(result.decision.verdicts[0], status=Status.INCONCLUSIVE.value, detectable=None)
    known = replace(open_check, detectable=12.34)
    for verdicts, hidden in (((known,), "a drop of up to 12.3 points"), ((known, open_check), "a drop of any size")):
        passed = replace(result, outcome=Outcome.PASSED, decision=replace(result.decision, verdicts=verdicts))
        assert f"(they could hide {hidden})" in passed.headline


@pytest.mark.parametrize(("count", "said"), [(1, "the only check is"), (3, "all 3 checks are")])
def test_a_gate_whose_checks_are_all_inconclusive_says_that_nothing_was_shown(result, count, said):
    open_check = replace(result.decision.verdicts[0], status=Status.INCONCLUSIVE.value, detectable=12.34)
    decision = replace(result.decision, verdicts=(open_check,) * count)
    passed = replace(result, outcome=Outcome.PASSED, decision=decision)
    assert passed.headline.startswith(f"No regression found, but nothing was shown: {said} inconclusive (")
    assert "✅" not in markdown(passed)
    known = replace(open_check, status=Status.OK.value)
    shown = replace(passed, decision=replace(decision, verdicts=(known, open_check)))
    assert "1 of 2 checks are shown to be within the margin, 1 is inconclusive" in shown.headline
    assert "✅" in markdown(shown)


def test_items_that_would_settle_a_check_are_counted_a_language(result):
    few = replace(result.decision.verdicts[0], status=Status.INCONCLUSIVE.value, n_needed=18, note="few")
    assert note_of(few) == "few; about 18 items a language would settle it"
    assert note_of(replace(few, status=Status.OK.value)) == "few"
