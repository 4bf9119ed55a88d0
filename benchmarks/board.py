"""Speed of a board in Chromium: size of the first view, first paint, filter to repaint, build time and memory.

    python benchmarks/board.py                     # 200 systems x 100 languages x 30 tasks, approximate
    python benchmarks/board.py --site SITE         # a site that is there, such as the 38-system board

Needs Playwright and Chromium. Reports medians; nothing is asserted, for machines differ.
"""

import argparse
import gzip
import json
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from polyarena.harness.board.assemble import assemble
from polyarena.harness.board.board_file import BoardFile
from polyarena.harness.board.source import TEXT_COLUMNS, Measurement, Source, SourceFacts, SourceSystem
from polyarena.reports.board import site_files
from polyarena.reports.metric_facts import metric_facts
from polyarena.tasks.card import Dataset, TaskCard
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import all_languages

FILTER = """async ([label, value]) => {
  const boxes = [...document.querySelectorAll('label.field')];
  const box = boxes.find((each) => each.firstChild.textContent === label).querySelector('select');
  const root = document.documentElement;
  const before = root.dataset.ready;
  const start = performance.now();
  box.value = value;
  box.dispatchEvent(new Event('change'));
  while (root.dataset.ready === before) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""

FACET = """() => {
  const labels = [...document.querySelectorAll('.fields label.field')];
  const label = labels.find((each) => each.querySelector('select'));
  return label ? [label.firstChild.textContent, [...label.querySelector('select').options].map((o) => o.value)] : null;
}"""


def made_source(systems: int, languages: int, tasks: int, items: int) -> Source:
    """Return a source of cells as a large run would give it."""
    generator = np.random.default_rng(0)
    codes = [language.code for language in all_languages()][:languages]
    names = [f"organisation/model-{i:03}" for i in range(systems)]
    ability = generator.normal(0.55, 0.12, systems)
    frames = []
    for task in range(tasks):
        means = ability[:, None] - generator.gamma(2, 0.05, languages)[None, :]
        means = np.clip(means + generator.normal(0, 0.03, means.shape), 0.01, 0.99)
        frames.append(
            pd.DataFrame(
                {
                    "system": np.repeat(names, languages),
                    "task": f"task_{task:02}",
                    "metric": "acc",
                    "judge": "",
                    "baseline": "",
                    "language": codes * systems,
                    "value": means.ravel(),
                    "standard_error": np.sqrt(means * (1 - means) / items).ravel(),
                    "n": items,
                    "n_clusters": items,
                    "correlation": 0.3,
                    "noise": np.sqrt(means * (1 - means) / items).ravel(),
                    "adjustment": 1.0,
                }
            )
        )
    tasks_found = sorted({frame["task"].iloc[0] for frame in frames})
    cards = {
        name: TaskCard(
            name=name, version="1", title=name, kind=Kind.MULTIPLE_CHOICE, languages=tuple(codes), metrics=("acc",),
            dataset=Dataset(id="made/made", revision="1", licence="MIT"), provenance={},
        ) for name in tasks_found
    }  # fmt: skip
    facts = SourceFacts(
        name="made", polyarena="0", lock="0", tasks=cards, metrics={"acc": metric_facts("acc")},
        measurements=tuple(Measurement(task=name, metric="acc", signature=f"task:{name}@1") for name in tasks_found),
        systems={name: SourceSystem() for name in names},
    )  # fmt: skip
    return Source(facts, None, pd.concat(frames, ignore_index=True), pd.DataFrame(columns=list(TEXT_COLUMNS)))


def build(folder: Path, systems: int, languages: int, tasks: int) -> None:
    """Build a made site and print what that took."""
    source = made_source(systems, languages, tasks, 200)
    start = time.perf_counter()
    board = assemble([source], BoardFile(title=f"{systems} x {languages} x {tasks}"))
    for name, content in site_files(board):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"build: {seconds:.1f} s, peak memory {peak:.2f} GiB")


def sizes(site: Path) -> None:
    """Print bytes of the first view and of all data, compressed as a host would."""
    first = [site / name for name in ("index.html", "board.css", "site.js", "data/board.js")]
    packed = sum(len(gzip.compress(path.read_bytes(), 6)) for path in first)
    rest = sum(len(gzip.compress(path.read_bytes(), 6)) for path in (site / "data").glob("*.js") if path not in first)
    print(f"first view: {packed / 1e6:.3f} MB compressed; the other data: {rest / 1e6:.2f} MB compressed")


def measure(site: Path, rounds: int) -> None:
    """Print first paint and filter to repaint in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        paints, rows, filters, sorts = [], [], [], []
        for _ in range(rounds):
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            page = context.new_page()
            start = time.perf_counter()
            page.goto(f"{site.as_uri()}/index.html")
            while not page.evaluate("document.documentElement.dataset.ready || ''"):
                page.wait_for_timeout(5)
            rows.append(1000 * (time.perf_counter() - start))
            script = "performance.getEntriesByName('first-contentful-paint').map((each) => each.startTime)[0] ?? null"
            paint = page.evaluate(script)
            if paint is not None:
                paints.append(paint)
            facet = page.evaluate(FACET)
            label, values = facet or [
                "score",
                page.evaluate("[...document.querySelector('select').options].map((o) => o.value)"),
            ]
            page.evaluate(FILTER, [label, values[-1]])  # Loads the data.
            filters += [page.evaluate(FILTER, [label, value]) for value in values[:6] * 2]
            sorts.append(page.evaluate(FILTER, ["columns", "languages"]))
            sorts.append(page.evaluate(FILTER, ["columns", "tasks"]))
            context.close()
        browser.close()
    shown = {
        "first contentful paint ms": statistics.median(paints) if paints else None,
        "table complete ms, navigation included": statistics.median(rows),
        f"filter to repaint ms, median of {len(filters)}": statistics.median(filters),
        "filter to repaint ms, largest": max(filters),
        "change of columns ms": statistics.median(sorts),
    }
    print(json.dumps({key: None if value is None else round(value, 1) for key, value in shown.items()}, indent=1))


def main() -> None:
    """Build, or take a site that is there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path)
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--languages", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if given.site:
        sizes(given.site.resolve())
        measure(given.site.resolve(), given.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), given.systems, given.languages, given.tasks)
        sizes(Path(folder))
        measure(Path(folder), given.rounds)


if __name__ == "__main__":
    main()
