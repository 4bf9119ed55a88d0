"""The example paper: a run, all its figures and tables by one command, the same bytes twice, and a PDF where TeX is."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from polyarena.harness.cli import main
from polyarena.harness.reporting.paper import load_paper, write_paper
from polyarena.tasks.errors import ExperimentError

SOURCE = Path(__file__).parents[2] / "examples" / "paper"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    for name in ("paper.yaml", "paper.tex", "run.yaml", "answers.py", "Makefile"):
        shutil.copy(SOURCE / name, folder)
    subprocess.run([sys.executable, folder / "answers.py"], check=True)
    assert main(["run", str(folder / "run.yaml"), "--output", str(folder / "run"), "--quiet"]) == 0
    assert main(["figure", "--spec", str(folder / "paper.yaml")]) == 0
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_one_command_makes_everything_and_makes_it_again(paper: Path) -> None:
    first = digests(paper / "figures")
    assert {"forest.pdf", "forest.csv", "forest.caption.tex", "win-rates.tex", "win-rates.md"} <= set(first)
    write_paper(paper / "paper.yaml")
    assert digests(paper / "figures") == first


def test_one_figure_of_the_run(paper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["figure", "forest", str(paper / "run"), "--venue", "acl-2col", "-o", str(tmp_path / "out.pdf")]
    assert main(arguments) == 0
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
    assert b"/Type3" not in (tmp_path / "out.pdf").read_bytes()
    assert "careful" in (tmp_path / "out.csv").read_text(encoding="utf-8")
    assert "Judge: rules" in (tmp_path / "out.caption.txt").read_text(encoding="utf-8")
    assert not (tmp_path / "out.png").exists()
    assert "out.pdf" in capsys.readouterr().out


@pytest.mark.parametrize(
    "kind", ["win-tie-loss", "heat-map", "ranks", "matrix", "bias", "sensitivity", "power", "resource"]
)
def test_kinds_that_a_run_of_verdicts_has(paper: Path, tmp_path: Path, kind: str) -> None:
    assert main(["figure", kind, str(paper / "run"), "--venue", "acl-2col", "-o", str(tmp_path / "x.svg")]) == 0
    assert list(tmp_path.glob("x*.svg"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["forrest"], "did you mean 'forest'"),
        (["forest", "--venue", "acl"], "unknown venue"),
        (["forest", "--systems", "carefull"], "did you mean 'careful'"),
        (["scores"], "has no scores"),
        (["steps"], "--systems first,second"),
        (["agreement"], "human"),
    ],
)
def test_what_cannot_be_drawn_says_why(
    paper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    command = ["figure", arguments[0], str(paper / "run"), *arguments[1:], "-o", str(tmp_path / "x.pdf")]
    assert main(command) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_suffix_that_no_figure_has(paper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure", "forest", str(paper / "run"), "-o", str(tmp_path / "x.jpeg")]) == 2
    assert "pdf" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("figures: [{name: a, kind: forest, runs: [x], colour: red}]", "colour"),
        ("figures: [{name: a, kind: forest, runs: [x]}, {name: a, kind: forest, runs: [x]}]", "the name a"),
        ("figures: [", "no YAML"),
        ("figures: [{name: ../a, kind: forest, runs: [x]}]", "name"),
    ],
)
def test_specifications_that_are_wrong_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "paper.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError, match=says):
        load_paper(path)


def test_published_numbers_are_drawn_from_a_table(tmp_path: Path) -> None:
    rows = ["system,baseline,level,group,wins,ties,losses"]
    rows += [f"Aya-101,mT0x,language,{code},{win},3,{97 - win}" for code, win in (("arb_Arab", 91), ("eng_Latn", 36))]
    (tmp_path / "published.csv").write_text("\n".join(rows), encoding="utf-8")
    out = tmp_path / "out.png"
    assert main(["figure", "win-tie-loss", str(tmp_path / "published.csv"), "--venue", "acl-1col", "-o", str(out)]) == 0
    assert out.exists()


@pytest.mark.tex
def test_pdflatex_sets_two_pages_without_type_3(paper: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex here (Debian: texlive-latex-recommended texlive-fonts-recommended)")
    for _ in range(2):
        done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"], cwd=paper,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
    assert "(2 pages" in done.stdout
    assert "Overfull" not in done.stdout
    assert b"/Type3" not in (paper / "paper.pdf").read_bytes()
