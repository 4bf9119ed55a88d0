"""Makes the runs behind the pictures of the documentation, draws the figures, and photographs the report.

    python docs/pictures/make.py DATA [PART...]

``DATA`` is a folder with ``hub``, ``completions`` and ``verdicts``; a PART is korean, arena, confusion, quickstart,
aya, figures, screens or boards (all by default, which takes about half an hour, most of it for aya). Runs stay in
``build/pictures``. Screens and boards need playwright and Chromium. The picture of published values is made only where
``DATA/../facts/published_numbers.csv`` exists.
"""

from __future__ import annotations

import csv
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
    command = [
        sys.executable,
        "-c",
        "from polyarena.harness.cli import main; raise SystemExit(main())",
        *map(str, arguments),
    ]
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


def aya(data: Path) -> None:
    """Run a small model on the tasks in 99 languages."""
    polyarena("run", ROOT / "examples" / "aya_sample.yaml", "-o", BUILD / "aya", data=data)


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
    del data
    report = BUILD / "arena" / "report"
    page, items = (report / "index.html").as_uri(), (report / "items.html").as_uri()
    shots = [
        ("report/report-light", page, (1400, 900), "light"),
        ("report/report-dark", page, (1400, 900), "dark"),
        ("report/report-phone-light", page, (380, 700), "light"),
        ("report/report-phone-dark", page, (380, 700), "dark"),
        ("report/items-light", items, (1400, 900), "light"),
        ("report/items-phone-dark", items, (380, 900), "dark"),
    ]
    _photograph(shots)


def boards(data: Path) -> None:
    """Build boards of the Korean verdicts, of the languages of ``aya`` and of published values, and photograph them."""
    described = {"title": "Korean Arena-Hard", "description": "38 systems on 500 Korean prompts, judged by a jury"}
    addresses = {name: _board(name, facts, BUILD / name, data=data) for name, facts in
                 {"korean": described, "aya": {"title": "aya_sample"}}.items()}  # fmt: skip
    korean, aya = addresses["korean"], addresses["aya"]
    phone = f"{korean}#view=system&system=command-a&pin=gpt-4o-2024-11-20"
    shots = [
        ("board-desktop-light", korean, (1200, 700), "light"),
        ("board-desktop-dark", korean, (1200, 700), "dark"),
        ("board-phone-light", korean, (380, 700), "light"),
        ("board-phone-dark", phone, (380, 700), "dark"),
        ("board-aya-desktop", f"{aya}#by=languages", (1200, 500), "light"),
    ]
    numbers = data.parent / "facts" / "published_numbers.csv"
    if numbers.exists():
        with numbers.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = ("system", "benchmark", "language", "metric", "value")
        # Rows that a paper itself contradicts, and those that are no single number of a system, are left out.
        rows = [row for row in rows if all(row[name] for name in columns) and "SUSPECT" not in row["evidence"]
                and row["value"].replace(".", "", 1).lstrip("-").isdigit()]  # fmt: skip
        with (BUILD / "published.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*columns, "source"])
            writer.writerows([*(row[name] for name in columns), row["source_url"]] for row in rows)
        published = _board("published", {"title": "Published values of the Aya papers", "published": ["published.csv"]},
                           data=data)  # fmt: skip
        shots.append(("board-published", published, (1200, 600), "light"))
    _photograph(shots)


def _board(name: str, facts: dict[str, Any], *runs: Path, data: Path) -> str:
    """Build a board and return its address."""
    site, file = BUILD / f"board-{name}", BUILD / f"board-{name}.yaml"
    shutil.rmtree(site, ignore_errors=True)
    file.write_text(json.dumps(facts), "utf-8")
    polyarena("board", "build", *runs, "-c", file, "-o", site, data=data)
    return (site / "index.html").as_uri()


def _photograph(shots: list[tuple[str, str, tuple[int, int], str]]) -> None:
    """Write pictures of pages in Chromium: name, address, width and height, colours."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, address, (width, height), scheme in shots:
            picture = BUILD / f"{Path(name).name}.png"
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab.goto(address)
            tab.wait_for_load_state("networkidle")
            tab.screenshot(path=picture)
            tab.close()
            _shrink(picture, STATIC / f"{name}.png")
        browser.close()


def _shrink(source: Path, target: Path) -> None:
    """Write a picture with a palette of few colours."""
    image = Image.open(source).convert("RGB")
    # Not by median cut, which merges the colours of small marks, such as those of a legend.
    image = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    image.save(target, optimize=True)


PARTS = {part.__name__: part for part in (korean, arena, confusion, quickstart, aya, figures, screens, boards)}


def main() -> None:
    """Make the parts that are named, or all of them."""
    data, *names = sys.argv[1:]
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in names or PARTS:
        PARTS[name](Path(data).resolve())


if __name__ == "__main__":
    main()
