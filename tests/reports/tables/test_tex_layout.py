"""Tables in parts that fit a page: widths, breaks, rows and notes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.tables import tex_caption
from polyarena.reports.tables.tex_layout import (
    LINE,
    PAGE_WIDTH,
    SEPARATION,
    TexColumn,
    tex_parts,
    tex_width,
    text_cell,
)

NAMES = st.text(st.sampled_from("abcXYZ019-_/.é字 "), min_size=1, max_size=60).filter(str.strip)


def column(head: str, *texts: str, front: bool = False) -> TexColumn:
    return TexColumn(text_cell(head), [text_cell(text) for text in texts], front)


def heads(part: str) -> list[str]:
    line = part.split("\\toprule\n")[1].split(" \\\\\n\\midrule")[0]
    return [re.sub(r"\\parbox\[.\]\{[\d.]+pt\}|\\[a-z]+(\{\})?|[{}]", "", head).strip() for head in line.split(" & ")]


def test_a_small_table_is_one_part_without_boxes() -> None:
    (part,) = tex_parts([column("Language", "German", "Thai", front=True), column("acc", "71.2", "60.0")])
    assert "\\begin{tabular}{@{}lr@{}}\n\\toprule\nLanguage & acc \\\\\n\\midrule\nGerman & 71.2 \\\\\n" in part
    assert "parbox" not in part
    assert part.startswith("{\\fontsize{8}{9.5}\\selectfont")


def test_columns_that_do_not_fit_come_in_a_further_part_beside_those_in_front() -> None:
    systems = [f"system {k}" for k in range(12)]
    table = [column("Language", "German", front=True), *(column(s, "71.2 [60.1, 80.3]") for s in systems)]
    parts = tex_parts(table)
    assert len(parts) > 1
    assert [head for part in parts for head in heads(part)[1:]] == systems
    assert all(heads(part)[0] == "Language" and "German & " in part for part in parts)
    assert len(tex_parts(table, width=2 * PAGE_WIDTH)) < len(parts)


def test_rows_beyond_a_page_come_in_a_further_part_with_the_head_again() -> None:
    rows = [f"row {k}" for k in range(100)]
    parts = tex_parts([column("Language", *rows, front=True), column("acc", *["1.0"] * 100)])
    found = [row for part in parts for row in re.findall(r"row \d+", part)]
    assert found == rows
    for part in parts:
        assert part.count("\\toprule") == part.count("Language & acc") == 1
        assert len(re.findall("row", part)) * LINE < 500


def test_groups_start_after_a_gap_but_not_at_the_top_of_a_part() -> None:
    table = [column("Language", *"abcd", front=True), column("acc", *"1234")]
    (part,) = tex_parts(table, groups=[0, 2])
    assert part.count("\\addlinespace") == 1
    assert "\\addlinespace\nc & 3" in part


def test_notes_stand_below_the_last_part_only_and_may_end_after_each_setting() -> None:
    rows = [f"row {k}" for k in range(100)]
    table = [column("Language", *rows, front=True), column("acc", *["1.0"] * 100)]
    parts = tex_parts(table, ["Signature: task:mini@0.1|seed:0"])
    assert [("Signature" in part) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert "\\textbar{}\\allowbreak{}seed:" in parts[-1]


@given(st.lists(NAMES, min_size=1, max_size=6))
def test_no_line_is_wider_than_the_page_by_the_widths_of_the_font(names: list[str]) -> None:
    table = [column(name, name, front=place < 2) for place, name in enumerate(names)]
    for part in tex_parts(table, width=220.0):
        sizes = [float(size) for size in re.findall(r"\\parbox\[t\]\{([\d.]+)pt\}", part)]
        columns = len(heads(part))
        assert sum(sizes) + 2 * SEPARATION * (columns - 1) <= 220.5


def test_columns_in_front_share_the_room_and_narrow_ones_keep_their_width() -> None:
    (part,) = tex_parts([column("System", "x" * 200, front=True), column("Task", "mini", front=True),
                         column("acc", "71.2")])  # fmt: skip
    (size,) = re.findall(r"\\parbox\[t\]\{([\d.]+)pt\}", part)
    assert 100 < float(size) < PAGE_WIDTH
    assert "} & mini & 71.2" in part
    assert part.count("\\allowbreak{}") == 199


def test_marks_on_letters_are_never_separated_from_them() -> None:
    (part,) = tex_parts([column("h", "क्षि" * 30, front=True)], width=60.0)
    assert not re.search("\\\\allowbreak\\{\\}[\u0900-\u0903\u093c\u094d]", part)


@every_case(("narrow", "wide"), [("ill.", "WWW."), ("1.5", "10.5"), ("e", "é字"), ("plain", "PLAIN")])
def test_widths_are_those_of_a_font(narrow: str, wide: str) -> None:
    assert 0 < tex_width(narrow) < tex_width(wide)


def test_accents_have_no_width_of_their_own() -> None:
    assert tex_width("é") == pytest.approx(tex_width("e"))
    assert tex_width("e\u0301") == pytest.approx(tex_width("e"))


def test_long_names_in_captions_can_be_broken_and_short_words_are_left() -> None:
    assert tex_caption("Win rate of Aya-8B (95%).") == "\\caption{Win rate of Aya-8B (95\\%).}\n"
    assert tex_caption("x" * 40).count("\\allowbreak{}") == 39
    assert "organisation/\\allowbreak{}" in tex_caption("organisation/model-name-70B-instruct")


@pytest.mark.tex
def test_estimated_widths_are_no_less_than_those_of_tex(tmp_path: Path) -> None:
    known = shutil.which("kpsewhich") and subprocess.run(["kpsewhich", "lmodern.sty"], capture_output=True, check=False)
    if shutil.which("pdflatex") is None or not known or known.returncode:
        pytest.skip("no pdflatex with Latin Modern here (Debian: texlive-latex-recommended lmodern)")
    texts = ["Average: All languages", "71.2 [60.1, 80.3]", "Llama-3.3-70B-Instruct", "WMIJ@mwk_qvx", "éâ Žñ"]
    lines = "".join(f"\\setbox0\\hbox{{{text_cell(t).tex}}}\\typeout{{width=\\the\\wd0}}" for t in texts)
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{lmodern}\\begin{document}"
    (tmp_path / "x.tex").write_text(f"{head}\\fontsize{{8}}{{9.5}}\\selectfont {lines}\\end{{document}}")
    done = subprocess.run(["pdflatex", "-interaction=batchmode", "x.tex"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    found = re.findall(r"width=([\d.]+)pt", (tmp_path / "x.log").read_text(encoding="latin-1"))
    for text, width in zip(texts, map(float, found), strict=True):
        assert width <= tex_width(text) + 0.01 <= 1.12 * width + 1
