"""Makes the runs behind the pictures of the documentation, draws the figures, and photographs the report.

    python docs/pictures/make.py DATA [PART...]

``DATA`` is a folder with ``hub``, ``completions`` and ``verdicts``; a PART is korean, arena, confusion, quickstart,
figures or screens (all by default, which takes a few minutes). Runs stay in ``build/pictures``. Screens need playwright
and Chromium.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "pictures"
STATIC = ROOT / "docs" / "_static"
COLOURS = 160
"""Of a picture's palette, which makes it small."""


def polyarena(*arguments: object, data: Path) -> None:
    """Run the command line with the data of the pictures."""
    environment = {**os.environ, "POLYARENA_DATA": str(data / "hub"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", "from polyarena.harness.cli import main; main()", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def korean(data: Path) -> None:
    """Import the verdicts on 38 systems in Korean."""
    verdicts = data / "verdicts" / "ko-arena-hard" / "ensemble"
    polyarena("import", "arena-hard", verdicts, "-o", BUILD / "korean", "--language", "ko", "--baseline",
              "claude-3.7-sonnet", data=data)  # fmt: skip
    polyarena("report", BUILD / "korean", data=data)


def arena(data: Path) -> None:
    """Judge the stored answers to m-ArenaHard."""
    text = (ROOT / "examples" / "m_arenahard_stored.yaml").read_text("utf-8")
    (BUILD / "arena.yaml").write_text(text.replace("../../shared/data", str(data)), "utf-8")
    polyarena("run", BUILD / "arena.yaml", "-o", BUILD / "arena", data=data)


def confusion(data: Path) -> None:
    """Judge the stored answers of ten models to monolingual prompts, every pair of them."""
    folder = BUILD / "confusion-data" / "confusion"
    shutil.copytree(ROOT / "docs" / "pictures", folder.parent, dirs_exist_ok=True)
    answers: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for system in sorted((data / "completions" / "language-confusion").iterdir()):
        rows = [json.loads(line) for file in sorted(system.iterdir()) for line in file.open(encoding="utf-8")]
        answers[system.name] = {
            (row["language"], row["question_id"]): row for row in rows if row["task"] == "monolingual"
        }
    common = sorted(set.intersection(*(set(own) for own in answers.values())))
    folder.mkdir(parents=True, exist_ok=True)
    first = next(iter(answers.values()))
    prompts = [
        {"language": key[0], "id": key[1], "source_id": f"{key[0]}-{key[1]}", "prompt": first[key]["prompt"]}
        for key in common
    ]
    _write_lines(folder / "prompts.jsonl", prompts)
    for system, own in answers.items():
        by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for key in common:
            by_language[key[0]].append({"item_id": key[1], "completion": own[key]["completion"]})
        for language, rows in by_language.items():
            _write_lines(folder / system / f"{language}.jsonl", rows)
    polyarena("run", folder.parent / "confusion.yaml", "-o", BUILD / "confusion", data=data)


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def quickstart(data: Path) -> None:
    """Run the quickstart."""
    polyarena("run", ROOT / "examples" / "quickstart.yaml", "-o", BUILD / "quickstart", data=data)


def figures(data: Path) -> None:
    """Draw the figures of figures.yaml; of a figure in several parts, the first one."""
    polyarena("figure", "--spec", ROOT / "docs" / "pictures" / "figures.yaml", data=data)
    drawn = BUILD / "figures"
    for path in sorted(drawn.glob("*.png")):
        if path.stem.rpartition("-")[2] in {"", "1"} or not path.stem[-1].isdigit():
            _shrink(path, STATIC / "figures" / f"{path.stem.removesuffix('-1')}.png")
    report = BUILD / "quickstart" / "report" / "figures"
    (forest,) = report.glob("win-rate-*.png")
    _shrink(forest, STATIC / "quickstart.png")


def screens(data: Path) -> None:
    """Photograph the report and the item browser in Chromium, at both widths and in both colours."""
    from playwright.sync_api import sync_playwright

    del data
    report = BUILD / "arena" / "report"
    shots = [
        ("report-light", "index.html", (1400, 900), "light"),
        ("report-dark", "index.html", (1400, 900), "dark"),
        ("report-phone-light", "index.html", (380, 700), "light"),
        ("report-phone-dark", "index.html", (380, 700), "dark"),
        ("items-light", "items.html", (1400, 900), "light"),
        ("items-phone-dark", "items.html", (380, 900), "dark"),
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, page, (width, height), scheme in shots:
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab.goto((report / page).as_uri())
            tab.wait_for_load_state("networkidle")
            tab.screenshot(path=BUILD / f"{name}.png")
            tab.close()
            _shrink(BUILD / f"{name}.png", STATIC / "report" / f"{name}.png")
        browser.close()


def _shrink(source: Path, target: Path) -> None:
    """Write a picture with a palette of few colours."""
    image = Image.open(source).convert("RGB")
    # Not by median cut, which merges the colours of small marks, such as those of a legend.
    image = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    image.save(target, optimize=True)


PARTS = {part.__name__: part for part in (korean, arena, confusion, quickstart, figures, screens)}


def main() -> None:
    """Make the parts that are named, or all of them."""
    data, *names = sys.argv[1:]
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in names or PARTS:
        PARTS[name](Path(data).resolve())


if __name__ == "__main__":
    main()
