"""Tasks that are programs: those of lighteval and NeMo-Skills, with faults that were planted and without."""

import pytest
from every_case import every_case

from polyarena.harness.cli.app import main
from polyarena.tasks.audit import Severity, audit_configs, audit_lighteval, audit_nemo_skills
from polyarena.tasks.errors import DataError, UnknownNameError

SOUND = """
from string import ascii_uppercase

def prompt(line, task_name=None):
    listed = [f"{letter}. {option}" for letter, option in zip(ascii_uppercase, line["options"])]
    query = f"Question: {line['question']}\\n" + "\\n".join(listed) + "\\nAnswer:"
    return Doc(task_name=task_name, query=query, choices=ascii_uppercase[: len(line["options"])],
               gold_index=line["answer_index"])

task = LightevalTaskConfig(
    name="exam", prompt_function=prompt, hf_repo="owner/exam", hf_subset="de", hf_revision="%s",
    evaluation_splits=["test"], few_shots_split="dev", metrics=[Metrics.loglikelihood_acc],
)
""" % ("a" * 40)


def lighteval(tmp_path, old="", new=""):
    assert old in SOUND
    (tmp_path / "exam.py").write_text(SOUND.replace(old, new) if old else SOUND, encoding="utf-8")
    return {(each.check, each.severity.value) for each in audit_lighteval(str(tmp_path))}


def test_a_sound_task_has_no_finding(tmp_path):
    assert lighteval(tmp_path) == set()


@every_case(
    ("old", "new", "finding"),
    [
        ('+ "\\n".join(listed) ', "", ("options-not-shown", "error")),
        ("{line['question']}", "", None),  # The options are still shown, and may be the question.
        (
            """f"Question: {line['question']}\\n" + "\\n".join(listed) + """,
            '"Question:" + ',
            ("document-not-shown", "error"),
        ),
        ("listed = [f", 'options = "\\n".join(line["options"])\n    listed = [f', None),
        ('hf_repo="owner/exam"', 'hf_repo="facebook/flores"', ("script-data-set", "error")),
        ('few_shots_split="dev"', 'few_shots_split="test"', ("few-shot-from-test", "warning")),
        (f'hf_revision="{"a" * 40}"', 'hf_revision="main"', ("unpinned-revision", "warning")),
        (f', hf_revision="{"a" * 40}"', "", ("unpinned-revision", "warning")),
    ],
)
def test_planted_faults_are_found(tmp_path, old, new, finding):
    found = lighteval(tmp_path, old, new)
    assert (finding in found) if finding else not any(severity == "error" for _, severity in found)


def test_letters_counted_on_a_text(tmp_path):
    """As in lighteval 0.13's MMLU-Pro, where the number of letters is that of the characters of all options."""
    text = SOUND.replace("listed = [f", 'shown = "\\n".join([f').replace('line["options"])]\n', 'line["options"])])\n')
    text = text.replace('"\\n".join(listed)', "shown").replace('len(line["options"])', "len(shown)")
    (tmp_path / "exam.py").write_text(text, encoding="utf-8")
    (finding,) = audit_lighteval(str(tmp_path))
    assert (finding.check, finding.severity, finding.examples) == ("letters-of-a-text", Severity.ERROR, ("exam.py:7",))


@every_case(
    "change",
    [
        ("query = f", "query = str(line) + f"),
        ("query = f", "query = adapter(line) + f"),
        ("def prompt(line, task_name=None):", "def prompt(line, task_name=None):\n    line = dict(line)"),
    ],
)
def test_what_cannot_be_told_is_no_finding(tmp_path, change):
    old, new = change
    text = SOUND.replace(old, new).replace('+ "\\n".join(listed) ', "")
    (tmp_path / "exam.py").write_text(text, encoding="utf-8")
    assert audit_lighteval(str(tmp_path)) == []


def test_a_pattern_without_files_is_an_error():
    with pytest.raises((UnknownNameError, DataError)):
        audit_lighteval("no_such_task_*")


@pytest.mark.parametrize("audit", [audit_lighteval, audit_configs])
def test_a_folder_that_is_not_there_is_named(audit, tmp_path):
    with pytest.raises(DataError, match="no such file or folder") as caught:
        audit(str(tmp_path / "tasks"))
    assert caught.value.where == str(tmp_path / "tasks")


def test_a_folder_without_programs_is_named(tmp_path):
    with pytest.raises(UnknownNameError, match="no Python file in"):
        audit_lighteval(str(tmp_path))


PREPARE = """
def get_mcq_fields(question, choices):
    options = "\\n".join(choices)
    return {"problem": f"{question}\\n{options}", "options": options}

def format_entry(entry):
    answer = entry["answer"]
    return {"expected_answer": answer, **get_mcq_fields(entry["question"], entry["choices"])}

rows = load_dataset("owner/exam", revision="%s")
""" % ("a" * 40)
SETTINGS = 'METRICS_TYPE = "multichoice"\nGENERATION_ARGS = "++prompt_config=eval/exam"\n'


def nemo(tmp_path, *, prepare=PREPARE, settings=SETTINGS, prompt='user: "{examples}Q: {problem}"'):
    folder = tmp_path / "nemo_skills"
    (folder / "dataset" / "exam").mkdir(parents=True)
    (folder / "dataset" / "exam" / "prepare.py").write_text(prepare, encoding="utf-8")
    (folder / "dataset" / "exam" / "__init__.py").write_text(settings, encoding="utf-8")
    (folder / "prompt" / "config" / "eval").mkdir(parents=True)
    (folder / "prompt" / "config" / "eval" / "exam.yaml").write_text(prompt, encoding="utf-8")
    return [(each.check, each.severity.value) for each in audit_nemo_skills(tmp_path)]


def test_a_sound_data_set_has_no_finding(tmp_path):
    assert nemo(tmp_path) == []


@every_case(
    ("changes", "check"),
    [
        ({"prepare": PREPARE.replace('f"{question}\\n{options}"', "question")}, "options-not-shown"),
        ({"prompt": 'user: "{question}"'}, "field-not-in-rows"),
        ({"settings": SETTINGS.replace("eval/exam", "eval/none")}, "prompt-missing"),
        ({"prepare": PREPARE.replace('answer = entry["answer"]', 'answer = "correct_answer"')}, "quoted-literal"),
        ({"prepare": PREPARE.replace(f', revision="{"a" * 40}"', "")}, "unpinned-revision"),
    ],
)
def test_planted_faults_of_data_sets_are_found(tmp_path_factory, changes, check):
    assert check in {found for found, _ in nemo(tmp_path_factory.mktemp("skills"), **changes)}


def test_rows_that_are_passed_through_are_not_judged(tmp_path):
    prepare = 'def write(rows):\n    for row in rows:\n        row["expected_answer"] = row.pop("answer")\n'
    assert nemo(tmp_path, prepare=prepare, settings='GENERATION_ARGS = "++prompt_config=eval/exam"\n') == []


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no copy of NeMo-Skills"):
        audit_nemo_skills(tmp_path)


def test_the_command_ends_with_1_where_there_is_an_error(tmp_path, capsys):
    nemo(tmp_path, prompt='user: "{question}"')
    assert main(["tasks", "audit", "--nemo-skills", str(tmp_path)]) == 1
    assert "which the rows do not have" in " ".join(capsys.readouterr().out.split())
    (tmp_path / "lighteval").mkdir()
    (tmp_path / "lighteval" / "exam.py").write_text(SOUND, encoding="utf-8")
    assert main(["tasks", "audit", "--lighteval", str(tmp_path / "lighteval")]) == 0


def test_a_file_that_is_no_python_is_named(tmp_path):
    (tmp_path / "dataset" / "mine").mkdir(parents=True)
    for path in (tmp_path / "tasks.py", tmp_path / "dataset" / "mine" / "prepare.py"):
        path.write_text("def (")
    for found in (audit_lighteval(str(tmp_path / "tasks.py")), audit_nemo_skills(tmp_path)):
        assert [(each.check, each.severity) for each in found] == [("unreadable-file", Severity.ERROR)]
        assert found[0].examples[0].startswith(str(tmp_path))
