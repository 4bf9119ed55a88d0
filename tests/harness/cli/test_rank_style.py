"""``polyarena rank --style``: win rates at equal style beside the raw ones, from stored answers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyarena.harness.lock import Lock
from polyarena.tasks.records import COMPLETION_SCHEMA

CODES = ("swh_Latn", "tha_Thai")
STATISTICS = {"confidence": 0.9, "rounds": 100, "seed": 0}


def completion(system, language, item, text):
    empty = dict.fromkeys(COMPLETION_SCHEMA.names)
    return empty | {
        "system": system, "task": "open", "language": language, "item_id": str(item), "sample_index": 0,
        "source_id": f"s{item}", "prompt": "?", "text": text,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """A judge who likes length, and nothing else, and a candidate who writes more."""
    generator = np.random.default_rng(0)
    battles = []
    for language in CODES:
        lengths = {"long": generator.integers(60, 600, 80), "short": generator.integers(20, 300, 80)}
        for system, many in lengths.items():
            rows = [completion(system, language, item, "x" * int(n)) for item, n in enumerate(many)]
            path = tmp_path / "cells" / system / "open" / f"{language}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema=COMPLETION_SCHEMA), path)
        gap = np.log1p(lengths["long"]) - np.log1p(lengths["short"])
        won = generator.random(80) < 1 / (1 + np.exp(-1.5 * gap / gap.std()))
        battles += [
            {
                "judge": "j", "task": "open", "language": language, "item_id": str(item), "source_id": f"s{item}",
                "candidate": "long", "baseline": "short", "score": float(won[item]), "n_games": 2, "n_invalid": 0,
            }
            for item in range(80)
        ]  # fmt: skip
    (tmp_path / "results").mkdir()
    pd.DataFrame(battles).to_parquet(tmp_path / "results" / "battles.parquet")
    cells = {system: {"open": dict.fromkeys(CODES, "key")} for system in ("long", "short")}
    resolved = {
        "name": "toy",
        "systems": [{"name": "long", "model": "toy"}],
        "tasks": ["open"],
        "statistics": STATISTICS,
    }
    content = {"experiment": {"name": "toy", "digest": "d", "resolved": resolved}, "cells": cells}
    lock = Lock.model_validate(content).model_dump(mode="json")
    (tmp_path / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return tmp_path


def test_raw_and_controlled_rates_stand_side_by_side(call, run):
    code, out, err = call("rank", run, "--style", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    macro = next(row for row in found["controlled"] if row["level"] == "macro")
    assert (macro["candidate"], macro["baseline"], macro["n"]) == ("long", "short", 160)
    assert macro["raw_low"] > 0.5
    assert macro["low"] < 0.5 < macro["high"]
    assert macro["confidence"] == 0.9
    length = next(row for row in found["style_effects"] if row["feature"] == "length")
    assert length["low"] < 1.5 < length["high"]
    ranked = next(row for row in found["ranking"] if row["system"] == "long" and row["level"] == "macro")
    assert ranked["win_rate"] == pytest.approx(macro["raw"], abs=1e-4)


def test_both_are_printed(call, run):
    code, out, _ = call("rank", run, "--style", "--rounds", 50)
    assert code == 0
    assert "open: win rates in % by judge j, raw and at equal style" in out
    assert "change of the log-odds of winning" in out
    assert "The raw win rate is the main result." in out


def test_without_the_flag_nothing_of_style_is_said(call, run):
    code, out, _ = call("rank", run, "--json")
    assert code == 0
    assert "controlled" not in json.loads(out)


def test_verdicts_without_answers_have_no_style(call, run):
    for path in run.glob("cells/**/*.parquet"):
        path.unlink()
    code, out, err = call("rank", run, "--style")
    assert (code, out) == (2, "")
    assert "--style needs the answers" in err


def test_length_control_is_printed_and_in_json(call, run, tmp_path):
    code, out, _ = call("rank", run, "--length-control", "--rounds", 50)
    assert code == 0
    assert "length-controlled (no difficulty)" in " ".join(out.split())
    (tmp_path / "d.csv").write_text("item_id,difficulty\n" + "".join(f"{n},{n % 3}\n" for n in range(80)))
    code, out, _ = call("rank", run, "--length-control", "--difficulties", tmp_path / "d.csv", "--json")
    assert code == 0
    rows = json.loads(out)["length_controlled"]
    assert {row["method"] for row in rows} == {"given difficulty"}
    assert all(row["controlled"] < row["raw"] for row in rows)


def test_difficulties_need_length_control_and_a_file(call, run, tmp_path):
    code, _, err = call("rank", run, "--gamed", "long")
    assert code == 2
    assert "add --length-control" in err
    code, _, err = call("rank", run, "--length-control", "--difficulties", tmp_path / "none.csv")
    assert code == 2
    assert "item_id and difficulty" in err
