"""The audit of a task finds each fault that is put into it, and nothing in a task without one."""

from dataclasses import replace

import pytest
from every_case import every_case

from polyarena.tasks.audit import AuditSource, Severity, audit_task, audit_tasks, worst
from polyarena.tasks.audit.parallel import Parallel
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.data.fields import PlacedRows
from polyarena.tasks.errors import HiddenAnswersError
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.registry import find_task


def checks(findings, severity=None):
    return {finding.check for finding in findings if severity is None or finding.severity is severity}


def only(findings, check):
    (found,) = [finding for finding in findings if finding.check == check]
    return found


def test_a_sound_task_has_no_findings(made_up, source):
    assert audit_task(made_up(), source) == []


@pytest.mark.parametrize("revision", ["main", "", "refs/convert/parquet", "master"])
def test_a_revision_that_moves_is_a_warning(made_up, source, revision):
    task = made_up(dataset=Dataset(id="nobody/made-up", revision=revision, licence="MIT"))
    found = only(audit_task(task, source), "unpinned-revision")
    assert found.severity is Severity.WARNING
    assert "nobody/made-up" in found.message


@pytest.mark.parametrize("revision", ["ab393a96cd0b", "v1.2", "0.1", "2.0.0"])
def test_a_hash_or_version_is_pinned(made_up, source, revision):
    task = made_up(dataset=Dataset(id="nobody/made-up", revision=revision, licence="MIT"))
    assert audit_task(task, source) == []


@pytest.mark.parametrize("licence", ["", "unknown", "NOASSERTION"])
def test_a_missing_licence_is_a_warning(made_up, source, licence):
    task = made_up(dataset=Dataset(id="nobody/made-up", revision="0123456", licence=licence))
    assert checks(audit_task(task, source)) == {"missing-licence"}


def test_a_language_without_provenance_is_an_error(made_up, source):
    found = only(audit_task(made_up(provenance={"deu_Latn": Provenance.NATIVE}), source), "missing-provenance")
    assert (found.severity, found.examples) == (Severity.ERROR, ("swh_Latn",))


def test_a_language_outside_the_table_is_an_error_and_no_crash(made_up, source):
    codes = ("deu_Latn", "qqq_Latn")
    found = audit_task(made_up(languages=codes, provenance=dict.fromkeys(codes, Provenance.NATIVE)), source)
    assert only(found, "unknown-language").examples == ("qqq_Latn",)


def test_a_language_that_the_data_lacks_is_named(made_up, source):
    codes = ("deu_Latn", "swh_Latn", "tha_Thai")
    task = made_up(languages=codes, provenance=dict.fromkeys(codes, Provenance.NATIVE))
    found = only(audit_task(task, source), "language-absent")
    assert (found.severity, found.examples) == (Severity.WARNING, ("tha_Thai",))


@pytest.mark.parametrize("folder", [None, "empty"])
def test_without_data_there_is_one_note(made_up, tmp_path, folder):
    root = None
    if folder:
        root = tmp_path / folder
        root.mkdir()
    found = audit_task(made_up(), AuditSource(root))
    assert [(each.check, each.severity) for each in found] == [("data-absent", Severity.NOTE)]


def test_a_renamed_field_is_an_error_for_each_language(made_up, source):
    found = audit_task(made_up(fields=("id", "text", "answer")), source)
    assert {each.language for each in found if each.check == "unreadable-items"} == {"deu_Latn", "swh_Latn"}
    assert "'text' is missing" in found[0].message


def test_a_task_that_raises_anything_does_not_stop_the_audit(made_up, source):
    def explode(number, item):
        raise ZeroDivisionError("a plugin's own")

    found = audit_tasks([made_up(change=explode), made_up()], source)
    assert checks(found) == {"unreadable-items"}
    assert "ZeroDivisionError: a plugin's own" in found[0].message


def test_an_article_that_no_prompt_shows_is_an_error(made_up, source):
    found = only(audit_task(made_up(template="Summarise document number {number}."), source), "field-not-shown")
    assert found.severity is Severity.ERROR
    assert "'article'" in found.message
    assert "2 languages" in found.message
    assert "Mtoto" in found.examples[0] or "Das Kind" in found.examples[0]


@pytest.mark.parametrize("label", ["", "NP ", "PP-LOC-2 "])
def test_a_parse_tree_of_a_text_that_is_shown_is_shown(made_up, write, row_maker, label):
    for language in ("deu_Latn", "swh_Latn"):
        rows = [
            {
                **row,
                "parse": f"({label or ''}" + "".join(f" ({label}{word} )" for word in row["article"].split()) + " )",
            }
            for row in row_maker(language)
        ]
        folder = write(language, rows)
    assert "field-not-shown" not in checks(audit_task(made_up(), AuditSource(folder)))


def test_the_longest_field_that_nobody_asked_for_is_a_warning(made_up, write, row_maker):
    for language in ("deu_Latn", "swh_Latn"):
        rows = [{**row, "comment": row["article"][::-1] * 2} for row in row_maker(language)]
        folder = write(language, rows)
    found = only(audit_task(made_up(), AuditSource(folder)), "field-not-shown")
    assert (found.severity, "longest" in found.message) == (Severity.WARNING, True)


def test_a_text_with_a_blank_in_it_counts_as_shown(made_up, source):
    def cut(number, item):
        words = item.prompt.split(" ")
        return replace(item, prompt=" ".join(words[:6]) + " _ " + " ".join(words[7:]))

    assert audit_task(made_up(change=cut), source) == []


def test_empty_prompts_and_targets_are_errors(made_up, source):
    found = audit_task(
        made_up(change=lambda n, item: replace(item, prompt=" ", references=("",)) if n < 3 else item), source
    )
    assert {"empty-prompt", "empty-target"} <= checks(found, Severity.ERROR)
    assert all("3 of 24" in each.message for each in found if each.check.startswith("empty"))


def choices(number, item):
    return replace(item, choices=("nyumba kubwa", "mti mrefu"), gold=number % 2, references=())


def test_a_right_choice_that_is_none_is_an_error(made_up, source):
    task = made_up(
        kind=Kind.MULTIPLE_CHOICE,
        metrics=("acc",),
        change=lambda n, item: replace(choices(n, item), gold=2 if n == 5 else -1 if n == 6 else 0),
    )
    found = [each for each in audit_task(task, source) if each.check == "gold-out-of-range"]
    assert len(found) == 2
    assert found[0].examples[0].startswith("5:")


def test_blank_and_equal_choices_are_found(made_up, source):
    def spoil(number, item):
        item = choices(number, item)
        return replace(item, choices=("mti", " ") if number == 0 else ("mti", "mti")) if number < 2 else item

    found = audit_task(made_up(kind=Kind.MULTIPLE_CHOICE, metrics=("acc",), change=spoil), source)
    assert "empty-choice" in checks(found, Severity.ERROR)
    assert "equal-choices" in checks(found, Severity.WARNING)


@pytest.mark.parametrize(("copies", "severity"), [(1, Severity.WARNING), (6, Severity.ERROR)])
def test_duplicates_are_as_bad_as_they_are_many(made_up, write, row_maker, copies, severity):
    for language in ("deu_Latn", "swh_Latn"):
        rows = row_maker(language)
        for number in range(copies):
            rows[-1 - number]["article"] = rows[0]["article"]
        folder = write(language, rows)
    task = made_up(template="Swali: {article}\nJibu:")
    found = [each for each in audit_task(task, AuditSource(folder)) if each.check == "duplicate-items"]
    assert [each.severity for each in found] == [severity, severity]
    assert f"{copies} of 24" in found[0].message
    assert found[0].examples[0].startswith("0 and ")


def test_an_id_that_occurs_twice_is_an_error(made_up, source):
    found = audit_task(made_up(change=lambda n, item: replace(item, item_id=str(n % 20))), source)
    assert "double-item-id" in checks(found, Severity.ERROR)


def test_items_in_another_language_are_an_error(made_up, write, row_maker):
    folder = write("deu_Latn", row_maker("deu_Latn"))
    write("swh_Latn", row_maker("deu_Latn"))
    found = only(audit_task(made_up(), AuditSource(folder)), "other-language")
    assert (found.language, found.severity) == ("swh_Latn", Severity.ERROR)
    assert "not in swh_Latn" in found.message


def test_a_quarter_in_another_language_is_a_warning(made_up, write, row_maker):
    folder = write("deu_Latn", row_maker("deu_Latn"))
    write("swh_Latn", [*row_maker("swh_Latn")[:18], *row_maker("deu_Latn")[18:]])
    found = only(audit_task(made_up(), AuditSource(folder)), "other-language")
    assert (found.language, found.severity) == ("swh_Latn", Severity.WARNING)


def test_an_english_template_does_not_hide_nor_make_a_wrong_language(made_up, source, write, row_maker):
    template = "Please read the following article and answer in one word.\n{article}\nThank you very much for it:"
    found = audit_task(made_up(template=template), source)
    assert {(each.check, each.severity) for each in found} == {("instruction-language", Severity.NOTE)}
    write("swh_Latn", row_maker("deu_Latn"))
    assert "other-language" in checks(audit_task(made_up(template=template), source))


def test_numbers_as_references_do_not_speak_for_a_language_but_translations_do(made_up, write, row_maker):
    starts = (
        "Yesterday the farmers",
        "In the evening my sisters",
        "After the rain some boys",
        "Every year the teachers",
    )
    ends = ("walked to the market", "planted maize in the field", "read many old books", "sang together", "went home")
    english = [f"{starts[n % 4]} {ends[n % 5]} with {n} of their friends." for n in range(24)]
    for language in ("deu_Latn", "swh_Latn"):
        rows = [{**row, "article": english[n], "answer": str(n)} for n, row in enumerate(row_maker(language))]
        folder = write(language, rows)
    assert "other-language" in checks(audit_task(made_up(), AuditSource(folder)))
    for language in ("deu_Latn", "swh_Latn"):
        rows = [{**row, "article": english[n], "answer": row["article"]} for n, row in enumerate(row_maker(language))]
        write(language, rows)
    assert "other-language" not in checks(audit_task(made_up(), AuditSource(folder)))


def test_a_language_that_cannot_be_identified_is_noted(made_up, write, row_maker):
    codes = ("deu_Latn", "swh_Latn", "xho_Latn")
    for language in codes:
        folder = write(language, row_maker("swh_Latn" if language == "xho_Latn" else language))
    task = made_up(languages=codes, provenance=dict.fromkeys(codes, Provenance.NATIVE))
    found = audit_task(task, AuditSource(folder))
    assert [(each.check, each.examples) for each in found] == [("language-not-checked", ("xho_Latn",))]


def test_source_ids_that_differ_are_a_warning_and_apart_an_error(made_up, source):
    def shift(start):
        def change(number, item):
            return replace(item, source_id=str(number + start)) if item.language == "swh_Latn" else item

        return change

    assert "misaligned-source" not in checks(audit_task(made_up(), source))
    assert "misaligned-source" not in checks(audit_task(made_up(change=shift(100), shared=""), source))
    assert only(audit_task(made_up(change=shift(3)), source), "misaligned-source").severity is Severity.WARNING
    assert only(audit_task(made_up(change=shift(100)), source), "misaligned-source").severity is Severity.ERROR


def test_lost_characters_are_a_warning(made_up, source):
    found = audit_task(made_up(change=lambda n, item: replace(item, prompt=item.prompt + "\ud800")), source)
    assert checks(found) == {"broken-text"}


def test_a_metric_that_does_not_fit_the_language(made_up, source):
    codes = ("deu_Latn", "tha_Thai")
    task = made_up(languages=codes, provenance=dict.fromkeys(codes, Provenance.NATIVE), metrics=("bleu",))
    found = only(audit_task(task, source), "metric-inadequate")
    assert (found.severity, found.examples) == (Severity.ERROR, ("tha_Thai",))
    beside = task.card.model_copy(update={"metrics": ("exact_match", "bleu")})
    assert only(audit_task(replace(task, card=beside), source), "metric-inadequate").severity is Severity.WARNING


def test_a_metric_of_a_plugin_is_noted_as_unrated(made_up, source):
    found = audit_task(made_up(metrics=("own_metric",)), source)
    assert [(each.check, each.severity) for each in found] == [("metric-unrated", Severity.NOTE)]


def test_other_templates_of_a_task_are_looked_at_too(made_up, source):
    class Family:
        templates = ("plain", "blind")

        def __init__(self):
            self.task = made_up()
            self.card, self.items, self.score = self.task.card, self.task.items, self.task.score

        def variant(self, name):
            changed = self.card.model_copy(update={"name": f"made_up.{name}"})
            return replace(self.task, card=changed, template="Number {number}.")

    found = audit_task(Family(), source)
    assert {each.task for each in found} == {"made_up.blind"}
    assert "field-not-shown" in checks(found, Severity.ERROR)


@pytest.mark.parametrize("hub", [False, True])
def test_data_that_its_makers_give_out_elsewhere_is_absent_and_no_fault_of_the_task(hub):
    from polyarena.tasks.registry import find_task

    found = audit_task(find_task("winomt"), AuditSource(None, hub=hub))
    assert {each.severity for each in found} == {Severity.NOTE}
    absent = only(found, "data-absent")
    assert "winomt is not on the hub" in absent.message


def test_no_task_of_ours_is_an_error_where_there_is_no_data():
    from polyarena.tasks.registry import installed_tasks

    found = audit_tasks(installed_tasks()[0], AuditSource(None))
    assert [each for each in found if each.severity is Severity.ERROR] == []


def test_the_hub_is_not_asked_unless_it_may_be(made_up, monkeypatch):
    asked, nothing = [], PlacedRows([], [], "")
    monkeypatch.setattr("polyarena.tasks.data.source.hub_rows", lambda dataset, config: asked.append(config) or nothing)
    audit_task(made_up(), AuditSource(None))
    assert asked == []
    audit_task(made_up(), AuditSource(None, hub=True))
    assert asked == ["deu_Latn", "swh_Latn"]


def test_the_worst_comes_first(made_up, source):
    task = made_up(
        template="Number {number}.",
        metrics=("own_metric",),
        dataset=Dataset(id="nobody/made-up", revision="main", licence="MIT"),
    )
    found = audit_task(task, source)
    assert [each.severity for each in found] == sorted((each.severity for each in found), key=list(Severity).index)
    assert worst(found) is Severity.ERROR
    assert worst([]) is None


def test_ours_on_the_mirror_have_no_errors(test_data):
    from polyarena.tasks.registry import find_task, installed_tasks

    source = AuditSource(test_data / "hub")
    names = {"cldr_names", "polyarena_mini", "m_arenahard", "xcopa"}
    tasks = [task for task in installed_tasks()[0] if task.card.name in names]
    assert find_task("m_arenahard") in tasks
    found = audit_tasks(tasks, source)
    assert [each for each in found if each.severity is Severity.ERROR] == []
    assert "data-absent" not in {each.check for each in found}


def test_a_copy_that_hides_its_answers_is_a_warning_and_no_fault_of_the_task(made_up, source):
    def hidden(number, item):
        raise HiddenAnswersError("12 of 12 questions have no answer", fix="copy the data set again")

    found = audit_task(made_up(change=hidden), source)
    assert checks(found) == {"hidden-answers"}
    assert {finding.severity for finding in found} == {Severity.WARNING}
    assert {finding.language for finding in found} == {"deu_Latn", "swh_Latn"}
    assert "12 of 12" in found[0].message
    assert found[0].examples == ("copy the data set again",)


def test_what_is_to_be_translated_need_not_be_in_the_language_of_the_answer(made_up, write, row_maker):
    # German to be translated into Swahili, and nothing to compare a translation with but a word.
    write("deu_Latn", row_maker("deu_Latn"))
    mirror = AuditSource(write("swh_Latn", row_maker("deu_Latn")))

    def asked(number, item):
        return replace(item, references=("female",), fields={"answer_language": item.language})

    def unsaid(number, item):
        return replace(item, references=("female",))

    assert "other-language" not in checks(audit_task(made_up(change=asked), mirror))
    assert "other-language" in checks(audit_task(made_up(change=unsaid), mirror))


def test_one_language_is_no_plural(made_up, source):
    task = made_up(metrics=("bleu",), languages=("tha_Thai",), provenance={"tha_Thai": Provenance.NATIVE})
    assert " in 1 language: " in only(audit_task(task, source), "metric-inadequate").message


def parallel_findings(task, source):
    return [each for each in audit_task(task, source) if each.check == "not-translations"]


@every_case(
    ("change", "what"),
    [
        (lambda number: {"gold": (number + 1) % 2}, "right answer differs"),
        (lambda number: {"category": "law"}, "category or subject differs"),
        (lambda number: {"fields": {"subject": "law"}}, "category or subject differs"),
    ],
)
def test_items_with_one_source_id_that_are_no_translations_are_an_error(change, what):
    def item(language, number, **more):
        base = {"choices": ("a", "b"), "gold": number % 2, "category": "art", "fields": {"subject": "art"}}
        return Item(str(number), str(number), language, f"{language} {number}", **{**base, **more})

    found = Parallel()
    card = TaskCard(
        name="x",
        version="1",
        title="x",
        kind=Kind.MULTIPLE_CHOICE,
        dataset=Dataset(id="builtin", revision="1", licence="MIT"),
        languages=("deu_Latn", "swh_Latn", "zul_Latn"),
        provenance=dict.fromkeys(("deu_Latn", "swh_Latn", "zul_Latn"), Provenance.NATIVE),
        shared="all",
    )
    found.look("deu_Latn", [item("deu_Latn", number) for number in range(100)])
    one = [item("swh_Latn", number, **(change(number) if number == 7 else {})) for number in range(100)]
    found.look("swh_Latn", one)
    assert not list(found.findings(card))  # one corrected answer is no misaligned set
    found.look("zul_Latn", [item("zul_Latn", number, **change(number)) for number in range(100)])
    (finding,) = found.findings(card)
    assert (finding.check, finding.severity) == ("not-translations", Severity.ERROR)
    assert what in finding.message
    assert finding.examples[0].startswith("zul_Latn: 100 of 100; 0: ")


def test_real_parallel_sets_have_no_such_finding(test_data):
    source = AuditSource(test_data / "hub")
    for name in ("afrixnli", "afrimmlu", "belebele"):
        assert not parallel_findings(find_task(name), source), name
