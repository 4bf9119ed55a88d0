"""Boards of made values, and the site's modules run by Node.js."""

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.board.model import Column
from polyarena.reports.board.packing import pack_column
from polyarena.reports.board.tables import item_tables

SITE = Path(str(files("polyarena.reports.board"))) / "site"
LANGUAGES = ("deu_Latn", "fra_Latn", "hin_Deva", "swh_Latn")


@pytest.fixture(scope="session")
def node():
    """Return a function that runs a module's text and returns what its default export function makes of the input."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node.js is not installed; the tests marked `browser` run the same modules in Chromium")

    def call(script, value=None):
        text = script.replace("SITE", SITE.as_uri()) + (
            "\nimport fs from 'node:fs';\n"
            "process.stdout.write(JSON.stringify(main(JSON.parse(fs.readFileSync(0, 'utf8'))) ?? null));\n"
        )
        done = subprocess.run(
            [program, "--input-type=module", "-e", text], input=json.dumps(value), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def scores(
    task="quiz",
    metric="acc",
    systems=("alpha", "beta", "gamma"),
    languages=LANGUAGES,
    n=60,
    seed=0,
    kind="binary",
    parallel=True,
    drop=0.0,
    statistics=False,
):
    """Return made scores of systems whose items are correlated over systems and languages."""
    generator = np.random.default_rng(seed)
    hard = generator.normal(size=n)
    rows = []
    for s, system in enumerate(systems):
        for language in languages:
            latent = 0.8 * hard + generator.normal(size=n) + 0.15 * s
            for i in range(n):
                if generator.random() < drop:
                    continue
                source = f"q{i}" if parallel else f"{language}-q{i}"
                value = {"binary": float(latent[i] > 0), "share": 1 / (1 + np.exp(-latent[i])), "real": latent[i]}[kind]
                rows.append((system, task, language, f"{language}/{i}", 0, source, metric, float(value), metric))
    columns = ["system", "task", "language", "item_id", "sample_index", "source_id", "metric", "value", "signature"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["statistics"] = None
    return frame


def battles(systems=("alpha", "beta", "gamma"), baseline="base", n=80, seed=1, languages=LANGUAGES):
    """Return made battles with ties."""
    generator = np.random.default_rng(seed)
    rows = [
        ("judge", "arena", language, f"p{i}", f"p{i}", system, baseline, float(generator.choice([0, 0.5, 1])), 2, 0)
        for system in systems
        for language in languages
        for i in range(n)
    ]
    names = (
        "judge",
        "task",
        "language",
        "item_id",
        "source_id",
        "candidate",
        "baseline",
        "score",
        "n_games",
        "n_invalid",
    )
    return pd.DataFrame(rows, columns=list(names))


def columns_of(frame, **facts):
    """Return the columns of a frame, keyed by task and metric."""
    found = []
    for key, table in item_tables(frame).items():
        name = "-".join(part for part in key if part)
        found.append(Column(name, key.task, key.task, key.metric, key.judge, key.baseline, "signature", table, **facts))
    return found


def facts_of(column):
    """Return what the page knows of a column beside its data."""
    return {"key": column.key, "low": column.low, "high": column.high, "direction": column.direction.value}


def shipped(columns):
    """Return columns as the page gets them."""
    return [{"facts": facts_of(each), "packed": json.loads(json.dumps(pack_column(each)))} for each in columns]


@pytest.fixture(scope="session")
def made():
    """The functions of this file, for tests of this folder."""
    import types

    return types.SimpleNamespace(
        scores=scores, battles=battles, columns_of=columns_of, shipped=shipped, facts_of=facts_of, LANGUAGES=LANGUAGES
    )
