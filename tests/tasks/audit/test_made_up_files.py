"""The audit of lm-eval's task files, on files that are written here."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.audit import audit_configs
from polyarena.tasks.audit.configs import read_configs
from polyarena.tasks.audit.configs.loading import ConfigReader, Function
from polyarena.tasks.audit.configs.templates import read_template
from polyarena.tasks.audit.configs.wording import answer_language
from polyarena.tasks.audit.revisions import is_pinned
from polyarena.tasks.errors import UnknownNameError

SOUND = """
task: sound
dataset_path: nobody/questions
dataset_name: tha
dataset_kwargs: {revision: 0123456789abcdef}
output_type: generate_until
training_split: train
test_split: test
fewshot_split: train
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
metric_list: [{metric: exact_match}]
"""


@pytest.fixture
def audit(tmp_path):
    """Write files, given by name, and return the findings."""

    def audit(**files):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text, "utf-8")
        return audit_configs(str(tmp_path))

    return audit


def kinds(findings):
    return {(each.check, each.severity.value) for each in findings}


def test_a_sound_file_has_no_findings(audit):
    assert audit(sound__yaml=SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('"{{question}}"', "\"{{'question'}}\"", ("quoted-literal", "error")),
        ('"{{question}}"', '"{{ \\"question\\" }}"', ("quoted-literal", "error")),
        ('"{{question}}"', '"Answer the question."', ("document-not-shown", "error")),
        ('"{{question}}"', '"{{question"', ("template-syntax", "error")),
        ('"{{question}}"', "'{{question}}\\nAnswer:'", ("literal-escape", "warning")),
        ("0123456789abcdef", "main", ("unpinned-revision", "warning")),
        ("dataset_kwargs: {revision: 0123456789abcdef}", "", ("unpinned-revision", "warning")),
        (
            "revision: 0123456789abcdef",
            "revision: 0123456789abcdef, trust_remote_code: true",
            ("trust-remote-code", "warning"),
        ),
        ("nobody/questions", "facebook/flores", ("script-data-set", "error")),
        ("fewshot_split: train", "fewshot_split: test", ("few-shot-from-test", "warning")),
        ("fewshot_split: train", "fewshot_config: {split: test}", ("few-shot-from-test", "warning")),
        (
            "training_split: train\ntest_split: test\nfewshot_split: train",
            "test_split: test",
            ("few-shot-from-test", "note"),
        ),
        (
            "training_split: train\ntest_split: test\nfewshot_split: train",
            "test_split: test\nnum_fewshot: 5",
            ("few-shot-from-test", "warning"),
        ),
        ("exact_match", "bleu", ("metric-for-script", "error")),
    ],
)
def test_each_fault_is_found_alone(audit, old, new, check):
    assert old in SOUND
    found = audit(sound__yaml=SOUND.replace(old, new))
    assert check in kinds(found)
    assert {each.check for each in found} <= {check[0], "document-not-shown"}
    assert {each.task for each in found} == {"sound"}


def test_examples_of_the_task_itself_are_no_fault(audit):
    text = SOUND.replace(
        "training_split: train\ntest_split: test\nfewshot_split: train",
        "test_split: test\nfewshot_config: {samples: [{question: a, answer: b}]}",
    )
    assert audit(sound__yaml=text) == []


def test_functions_are_read_and_never_run(audit, tmp_path):
    utils = f"""
import evaluate
open({str(tmp_path / "ran")!r}, "w")

def rouge(items):
    return items

def rouge_agg(items):
    return evaluate.load("rouge").compute()["rougeL"]
"""
    metric = "{metric: !function utils.rouge, aggregation: !function utils.rouge_agg}"
    found = audit(sound__yaml=SOUND.replace("{metric: exact_match}", metric), utils__py=utils)
    assert kinds(found) == {("metric-for-script", "error")}
    assert found[0].language == "tha_Thai"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("dataset_name", "faulty"), [("deu", False), ("tel", True), ("tha", True)])
def test_rouge_is_wrong_only_for_other_scripts(audit, dataset_name, faulty):
    utils = "import rouge_score\ndef rouge(items):\n    return rouge_score.rouge_scorer.RougeScorer(['rougeL'])\n"
    text = SOUND.replace("{metric: exact_match}", "{metric: !function utils.rouge}").replace("tha", dataset_name, 1)
    assert bool(audit(sound__yaml=text, utils__py=utils)) is faulty


def test_a_tokenizer_of_its_own_is_trusted(audit):
    utils = "import rouge_score as r\ndef rouge(a):\n    return r.rouge_scorer.RougeScorer([], tokenizer=T())\n"
    assert (
        audit(sound__yaml=SOUND.replace("{metric: exact_match}", "{metric: !function utils.rouge}"), utils__py=utils)
        == []
    )


def test_a_missing_or_broken_module_is_no_crash(audit):
    text = SOUND.replace("{metric: exact_match}", "{metric: !function utils.f}")
    assert audit(sound__yaml=text) == []
    assert audit(sound__yaml=text, utils__py="def f(:") == []


GROUP = """
group: all_of_them
task: [sound, {group: inner, task: [other]}, tagged]
aggregate_metric_list: [{metric: acc}]
"""
OTHER = SOUND.replace("task: sound", "task: other")
TAGGED = SOUND.replace("task: sound", "task: third\ntag: tagged")


def test_a_group_without_a_number(audit):
    found = audit(sound__yaml=SOUND, other__yaml=OTHER, tagged__yaml=TAGGED, group__yaml=GROUP)
    assert kinds(found) == {("metric-not-emitted", "error")}
    assert "none of its 3 tasks reports (they report exact_match)" in found[0].message
    assert found[0].examples == ("sound", "other", "third")


def test_a_group_that_leaves_tasks_out(audit):
    found = audit(
        sound__yaml=SOUND, other__yaml=OTHER.replace("exact_match", "acc"), tagged__yaml=TAGGED, group__yaml=GROUP
    )
    assert kinds(found) == {("metric-partly-emitted", "warning")}
    assert "leaves out 2 of its 3 tasks" in found[0].message


def test_metrics_by_default_and_by_overlay_count(audit):
    default = SOUND.replace("metric_list: [{metric: exact_match}]", "").replace("generate_until", "multiple_choice")
    assert audit(sound__yaml=default, group__yaml=GROUP) == []
    overlay = "group: g\ntask: [{task: sound, metric_list: [{metric: acc}]}]\naggregate_metric_list: [{metric: acc}]\n"
    assert audit(sound__yaml=SOUND, group__yaml=overlay) == []


def test_a_function_that_may_report_several_metrics_is_given_the_benefit(audit):
    text = SOUND.replace("{metric: exact_match}", "{metric: !function utils.f}")
    group = "group: g\ntask: [sound]\naggregate_metric_list: [{metric: acc}]\n"
    assert audit(sound__yaml=text, group__yaml=group, utils__py="def f(a):\n    return compute(a)\n") == []
    found = audit(sound__yaml=text, group__yaml=group, utils__py="def f(a):\n    return 1.0\n")
    assert kinds(found) == {("metric-not-emitted", "error")}


def test_a_group_of_nothing_is_a_warning(audit):
    group = "group: g\ntask: [nowhere]\naggregate_metric_list: [{metric: acc}]\n"
    assert kinds(audit(sound__yaml=SOUND, group__yaml=group)) == {("empty-group", "warning")}


def test_includes_are_followed_and_own_keys_win(audit, tmp_path):
    found = audit(base=SOUND, child__yaml="include: base\ntask: child\ndoc_to_text: \"{{'question'}}\"\n")
    assert {each.task for each in found} == {"child"}
    assert "quoted-literal" in {each.check for each in found}
    assert read_configs([tmp_path]).tasks["child"].get("dataset_path") == "nobody/questions"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("include: nowhere\ntask: a\n", "No such file"),
        ("include: broken.yaml\ntask: a\n", "includes itself"),
        ("task: [", "not YAML"),
        ("- a\n- b\n", "no mapping"),
    ],
)
def test_unreadable_files_are_named(audit, text, why):
    found = audit(broken__yaml=text)
    assert kinds(found) == {("unreadable-file", "error")}
    assert why in found[0].message
    assert found[0].examples[0].endswith("broken.yaml")


def test_the_second_file_of_a_name_is_never_used(audit):
    found = audit(a__yaml=SOUND, b__yaml=SOUND)
    assert kinds(found) == {("hidden-by-name", "warning")}
    assert found[0].examples[0].endswith("b.yaml")


def test_a_pattern_that_means_nothing_is_refused():
    with pytest.raises(UnknownNameError, match="no task or group of lm-eval"):
        audit_configs("no_such_task_*")


def test_a_pattern_means_tasks_and_groups_by_name():
    found = audit_configs("xlsum_amharic_*")
    assert {each.task for each in found} == {f"xlsum_amharic_prompt_{n}" for n in (1, 2, 3)}
    (known,) = {each.message for each in found if each.check == "document-not-shown"}
    assert known.endswith("other tasks of this data set show text")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("dataset_name: amharic", "amh_Ethi"),
        ("dataset_name: xquad.th", "tha_Thai"),
        ("dataset_name: eng_Latn-yor_Latn", "yor_Latn"),
        ("dataset_name: all\ndoc_to_target: sentence_zul_Latn", "zul_Latn"),
        ("dataset_name: main", None),
        ("dataset_name: null", None),
    ],
)
def test_the_language_of_answers(tmp_path, keys, code):
    (tmp_path / "a.yaml").write_text(f"task: made_up\n{keys}\n")
    assert answer_language(read_configs([tmp_path]).tasks["made_up"]) == code


def test_a_language_in_the_name_of_the_task(tmp_path):
    (tmp_path / "a.yaml").write_text("task: sums_hausa_prompt_1\n")
    assert answer_language(read_configs([tmp_path]).tasks["sums_hausa_prompt_1"]) == "hau_Latn"


def test_functions_keep_the_folder_of_the_file_that_names_them(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "b").write_text("process_docs: !function utils.clean\nother: !unknown x\n")
    (tmp_path / "a.yaml").write_text("include: base/b\ntask: a\n")
    keys = ConfigReader().read(tmp_path / "a.yaml")
    assert keys["process_docs"] == Function((tmp_path / "base").resolve(), "utils.clean")
    assert keys["process_docs"].module == (tmp_path / "base").resolve() / "utils.py"
    assert keys["other"] is None


@given(st.text(alphabet="{}%' abcq\"\n\\", max_size=40))
def test_any_template_is_taken_apart_or_refused(text):
    template = read_template(text)
    assert template.fault or isinstance(template.fields, frozenset)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_reason(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "any.yaml").write_bytes(content)
    index = read_configs([folder])
    assert all("any.yaml" in reason or "No such file" in reason for reason in index.unreadable.values())
    assert len(index.unreadable) + len(index.tasks) + len(index.groups) <= 1


@given(st.text(alphabet="0123456789abcdef", min_size=7, max_size=40))
def test_every_hash_is_pinned(revision):
    assert is_pinned(revision)


@every_case("revision", ["main", "", "script", "refs/pr/1", "refs/convert/parquet", "abc"])
def test_branches_are_not_pinned(revision):
    assert not is_pinned(revision)
