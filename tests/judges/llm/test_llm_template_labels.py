"""Judge templates that ask for other labels than they declare, and files that could be read better."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges.llm import load_template, load_templates, template_names
from polyarena.judges.llm.template_labels import refuse_other_labels, refuse_unreadable
from polyarena.tasks.errors import DataError

THREE = {"A>B": "A>B", "A=B": "A=B", "B>A": "B>A"}
WORDS = {"A>B": "first", "A=B": "tie", "B>A": "second"}
YES_NO = {"bad": "yes", "good": "no"}
LIST = "One of\n[[A>B]] or\n[[A=B]] or\n[[B>A]]"


def check(words=THREE, marker=None, **texts):
    refuse_other_labels(texts, words, marker, "mine.toml")


@every_case(
    ("words", "marker", "texts"),
    [
        (THREE, None, {"plain": LIST, "json": '"A>B" if A is better, "A=B" or "B>A"'}),
        (THREE, None, {"plain": "Write A>B, A=B or B>A in double brackets, as [[label]]."}),
        (THREE, None, {"plain": "[[A > B]], [[**A=B**]] or 【【Ｂ＞Ａ】】", "again": "The label alone, please."}),
        (THREE, None, {"system": f"Judge.\n{LIST}", "user": "Code such as `a<b` or `a >= b` and x[a] is to be read."}),
        (WORDS, None, {"plain": '[[first]], [[tie]] or [[second]], and never "A>B"'}),
        (WORDS, "Verdict:", {"plain": "Verdict: first, tie or second", "user": "Answer A:\nAnswer B:"}),
        ({"A>B": "甲好", "B>A": "乙好"}, "判定：", {"plain": "最后写判定：甲好或乙好。", "json": '写"甲好"或"乙好"'}),
        (
            YES_NO,
            None,
            {"plain": "[[yes]] if so, [[no]] if not", "json": '{{"verdict": "yes"}} or {{"verdict": "no"}}'},
        ),
    ],
)
def test_texts_that_name_all_labels_are_taken(words, marker, texts):
    check(words, marker, **texts)


@every_case(
    ("words", "marker", "texts", "message"),
    [
        (THREE, None, {"plain": f"{LIST} or\n[[B>>A]]"}, r"'plain' .*names the label 'B>>A', which is not in `labels`"),
        (THREE, None, {"plain": f"{LIST} or [[Ａ≫Ｂ]]"}, "names the label 'A>>B'"),
        (THREE, None, {"plain": f"{LIST} or [B<A]"}, "names the label 'B<A'"),
        (THREE, None, {"plain": f"{LIST} or [[tie]]"}, "names the label 'TIE'"),
        (THREE, None, {"plain": LIST, "json": '"A>>B", "A>B", "A=B" or "B>A"'}, "'json' .*names the label 'A>>B'"),
        (THREE, None, {"plain": LIST, "again": "[[A>B]], [[A=B]], [[B>A]] or [[B>>A]]"}, "'again' .*'B>>A'"),
        (THREE, None, {"user": "[[A>B]], [[A=B]], [[B>A]] or [[B>>A]]"}, "'user' .*'B>>A'"),
        (WORDS, None, {"plain": "[[first]], [[tie]], [[second]] or [[A>B]]"}, "names the label 'A>B'"),
        (WORDS, None, {"plain": "[[first]], [[tie]], [[second]] or [[third]]"}, "names the label 'THIRD'"),
        (THREE, None, {"plain": "[[A>B]] or [[B>A]]"}, r"'plain' .*does not name the label 'A=B'"),
        (THREE, None, {"plain": "Say which is better."}, "does not name the label 'A>B'"),
        (THREE, None, {"plain": "A>>B, A=B, B>A"}, "does not name the label 'A>B'"),
        (THREE, None, {"plain": LIST, "json": '"A>B" or "B>A"'}, "'json' .*does not name the label 'A=B'"),
        (THREE, None, {"plain": LIST, "again": "[[A>B]] or [[B>A]]"}, "'again' .*does not name the label 'A=B'"),
        (THREE, None, {"system": "[[A>B]] or [[B>A]]"}, "'system' .*does not name the label 'A=B'"),
        (YES_NO, None, {"plain": "[[yes]] if it is not harmless"}, "does not name the label 'no'"),
        (WORDS, "Verdict:", {"plain": "Verdict: first or second"}, "does not name the label 'tie'"),
        (WORDS, "Verdict:", {"plain": "first, tie or second"}, "does not name the marker 'Verdict:'"),
        (
            {"A>B": "A", "B>A": "B"},
            "Answer",
            {"plain": "Answer A or B", "system": "Be fair.", "user": "Answer A:\nx\nAnswer B:\ny"},
            "'user' .*itself be read as a verdict: 'Answer A:'",
        ),
    ],
)
def test_other_labels_are_refused_and_named(words, marker, texts, message):
    with pytest.raises(DataError, match=message) as caught:
        check(words, marker, **texts)
    assert caught.value.where == "mine.toml"
    assert caught.value.fix


@every_case(
    ("words", "marker", "message"),
    [
        ({"A>B": "⟨first⟩", "B>A": "second"}, None, "'⟨first⟩' of the judge template holds ⟨"),
        ({"A>B": "first", "B>A": "second"}, "Verdict⟩", "'Verdict⟩' of the judge template holds ⟨"),
        ({"A>B": "first", "B>A": "second"}, "**:", "the marker .* has no letter or digit"),
        ({"A>B": "()", "B>A": "second"}, "Verdict:", "would not find the label 'A>B'"),
        ({"A>B": "**", "B>A": "second"}, None, "would not find the label 'A>B'"),
        ({"A>B": "first", "B>A": "first!"}, "Verdict:", "would not find the label 'A>B'"),
    ],
)
def test_words_and_markers_that_could_be_confused_are_refused(words, marker, message):
    with pytest.raises(DataError, match=message):
        refuse_unreadable(words, marker, "mine.toml")


@given(st.lists(st.sampled_from(["A>>B", "A>B", "A=B", "B>A", "B>>A"]), min_size=1, unique=True))
def test_only_the_labels_that_are_declared_may_be_asked_for(named):
    plain = "Write " + ", ".join(f"[[{label}]]" for label in named) + "."
    if set(named) == set(THREE):
        check(plain=plain)
    else:
        with pytest.raises(DataError, match=r"of the judge template (names|does not name) the label"):
            check(plain=plain)


TEMPLATE = 'name="x"\nversion="1"\nlabels=["A>B","B>A"]\nsystem="{language}"\nuser="{question}{answer_a}{answer_b}"\n'


def test_a_file_may_begin_with_the_mark_of_utf_8(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(TEMPLATE, encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert load_template(str(path)).name == "x"


@pytest.mark.parametrize(
    ("content", "fix"),
    [(TEMPLATE.encode("utf-16"), "save the file as UTF-8"), (b"name = x\n", "correct the named line")],
)
def test_a_file_that_is_no_toml_comes_with_a_remedy(tmp_path, content, fix):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no TOML") as caught:
        load_template(str(path))
    assert fix in caught.value.fix


def test_a_file_that_asks_for_another_label_is_refused(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(TEMPLATE.replace('="{language}"', '="{language} {reply}"') + 'plain="[[A>B]], [[B>A]], [[B>>A]]"\n')
    with pytest.raises(DataError, match="names the label 'B>>A'") as caught:
        load_template(str(path))
    assert caught.value.where == str(path)


@pytest.mark.parametrize("names", [("de", "deu_Latn"), ("deu", "German")])
def test_two_templates_for_one_language_are_refused(tmp_path, names):
    for name in ("", *[f".{name}" for name in names]):
        (tmp_path / f"x{name}.toml").write_text(TEMPLATE)
    mapping = {"default": "pairwise", **{name: str(tmp_path / "x.toml") for name in names}}
    with pytest.raises(DataError, match=r"two judge templates for deu_Latn") as caught:
        load_templates(str(tmp_path / "x.toml"))
    assert all(repr(name) in caught.value.why for name in names)
    with pytest.raises(DataError, match=r"(two judge templates for deu_Latn|gives other verdicts)"):
        load_templates(mapping)
    (tmp_path / f"x.{names[0]}.toml").unlink()
    assert set(load_templates(str(tmp_path / "x.toml")).by_language) == {"deu_Latn"}


@every_case("name", template_names())
def test_shipped_templates_are_taken(name):
    assert load_template(name).name == name
