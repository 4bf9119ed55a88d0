"""Text as LaTeX that pdflatex sets."""

from __future__ import annotations

import pandas as pd
import pytest
from every_case import every_case

from polyarena.reports.tables import TexError, latex, tex_caption, tex_text


@every_case(
    ("text", "tex"),
    [
        ("plain", "plain"),
        ("a_b & 50% #1 $x$ {y}", r"a\_b \& 50\% \#1 \$x\$ \{y\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("Yorùbá", r"Yor\`{u}b\'{a}"),
        ("Tiếng Việt", r"Ti\'{\^{e}}ng Vi\^{\d{e}}t"),
        ("Māori, français, română", r"M\={a}ori, fran\c{c}ais, rom\^{a}n\u{a}"),
        ("í ĵ", r"\'{\i} \^{\j}"),
        ("60 – 70 ± 1, −1 ≤ 2 → 3", r"60 -- 70 $\pm$ 1, $-$1 $\le$ 2 $\rightarrow$ 3"),
        ("two\nlines", "two lines"),
    ],
)
def test_specials_and_accents_become_macros(text: str, tex: str) -> None:
    assert tex_text(text) == tex


@every_case("text", ["русский", "日本語", "ɓ", "العربية"])
def test_what_pdflatex_cannot_set_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(TexError, match="xelatex") as caught:
        tex_text(text)
    assert f"U+{ord(text[0]):04X}" in str(caught.value)
    assert tex_text(text, unicode=True) == text


def test_a_caption_is_a_command_of_its_own() -> None:
    assert tex_caption("50% of A_B.") == "\\caption{50\\% of A\\_B.}\n"


def test_brackets_after_a_line_end_are_no_distances() -> None:
    assert "{}[1, 2]" in latex(pd.DataFrame({"band": ["[1, 2]"]}))[0]
