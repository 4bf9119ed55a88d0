"""Every table that a report writes, typeset by a real TeX: no error and no line that is too long."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyarena.harness.reporting.table_files import report_tables
from polyarena.reports.bands import with_bands
from polyarena.reports.page.support_matrix import support_matrix
from polyarena.reports.stats import mean_scores, simultaneous_bands, win_rates
from polyarena.tasks.languages import select_languages

LONG = "a_very_long-name/with.many:parts@" + "unbroken" * 20
SYSTEMS = ("Aya Expanse 8B", "gpt-4_turbo & co. #1 {50%} ~^\\", "Müller’s “Größe” <7>", LONG)
SIGNATURE = "task:mini@0.1|rev:ab393a9|judge:gpt-4o-2024-11-20|template:pairwise@1|orders:2|ties:half|B:200|seed:0"
PREAMBLES = {
    "pdflatex": "\\usepackage[T1]{fontenc}\\usepackage{times}",
    "xelatex": "\\usepackage{lmodern}",
    "lualatex": "\\usepackage{lmodern}",
}


def has(engine: str, package: str) -> bool:
    if shutil.which(engine) is None or shutil.which("kpsewhich") is None:
        return False
    return subprocess.run(["kpsewhich", package], capture_output=True, check=False).returncode == 0


def draw(languages: list[str], systems: tuple[str, ...]) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        (system, "mini", code, f"q{i}", 0, f"q{i}", "acc", float(generator.random() < 0.3 + 0.1 * s), SIGNATURE, kind)
        for s, system in enumerate(systems)
        for code in languages
        for i, kind in ((0, "stereotypical"), (1, "agnostic"), (2, "agnostic"), (3, "stereotypical"))
    ]
    names = ["system", "task", "language", "item_id", "sample_index", "source_id", "metric", "value", "signature"]
    return pd.DataFrame(rows, columns=[*names, "category"])


@pytest.fixture(scope="module")
def tables() -> dict[str, bytes]:
    """All kinds of tables of a report: scores and win rates in 99 languages, groups, categories, the support matrix."""
    languages = [language.code for language in select_languages("aya99")]
    scores = draw(languages, SYSTEMS)
    numbers = [mean_scores(scores, rounds=30)]
    for name in SYSTEMS[1:]:
        battles = scores[scores["system"] == name].rename(columns={"system": "candidate", "value": "score"})
        battles = battles.assign(baseline=SYSTEMS[0], judge="rules", n_games=2, n_invalid=0)
        bands = simultaneous_bands(battles, rounds=30)
        numbers.append(with_bands(win_rates(battles, rounds=30), [bands]))
    estimates = pd.concat(numbers, ignore_index=True)
    doubtful = estimates["group"].isin(languages[:3])
    estimates["flag"] = np.where(doubtful, "the metric is doubtful for these languages, see its card", "")
    asked = {name: languages[k:] for k, name in enumerate(SYSTEMS)}
    support = support_matrix(SYSTEMS, asked, [(SYSTEMS[0], languages[0])])
    return report_tables(estimates, SYSTEMS, support)


def typeset(engine: str, folder: Path, files: dict[str, bytes]) -> str:
    """Return the log of a document with every file on a page of its own, its caption below."""
    if not has(engine, "times.sty" if engine == "pdflatex" else "lmodern.sty"):
        packages = "texlive-latex-recommended texlive-fonts-recommended texlive-xetex texlive-luatex lmodern"
        pytest.skip(f"no {engine} with its fonts here (Debian: {packages})")
    pages = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        if name.endswith(".tex") and not name.endswith(".caption.tex"):
            caption = re.sub(r"(-\d+)?\.tex$", ".caption.tex", name)
            pages.append(f"\\begin{{table}}[p]\\centering\n\\input{{{name}}}\n\\input{{{caption}}}\n\\end{{table}}")
    body = "\n\\clearpage\n".join(pages)
    document = f"\\documentclass{{article}}{PREAMBLES[engine]}\\usepackage{{booktabs}}"
    (folder / "all.tex").write_text(f"{document}\\begin{{document}}{body}\\end{{document}}", encoding="utf-8")
    done = subprocess.run([engine, "-interaction=nonstopmode", "-halt-on-error", "all.tex"], cwd=folder,
                          capture_output=True, check=False)  # fmt: skip
    log = (folder / "all.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert len(pages) > 10
    return log


@pytest.mark.tex
@pytest.mark.parametrize("engine", sorted(PREAMBLES))
def test_every_table_of_a_report_fits_its_page(engine: str, tables: dict[str, bytes], tmp_path: Path) -> None:
    log = typeset(engine, tmp_path, tables)
    assert re.findall(r"Overfull \\hbox.*\n.*", log) == []
    assert re.findall(r"Float too large.*", log) == []
