"""Checks of contributed runs."""

import json
import shutil
import threading
import urllib.request
from dataclasses import replace

import pytest

from polyarena.harness.board import add_run, build_board, check_run
from polyarena.harness.board.build import site_sources
from polyarena.harness.board.serve import board_server
from polyarena.harness.cli import main
from polyarena.harness.store.shard import read_shard, shard_metadata, write_shard
from polyarena.tasks.errors import StoreError
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion


@pytest.fixture
def site(first, tmp_path):
    build_board([first], tmp_path / "site")
    return tmp_path / "site"


def test_a_whole_run_is_verified(second, site):
    found = check_run(second, site_sources(site))
    assert (found.verified, found.reasons) == (True, ())
    assert main(["board", "check", str(second), "--site", str(site)]) == 0


def test_a_run_with_changed_answers_is_self_reported(second, site, tmp_path, capsys):
    run = tmp_path / "second"
    shutil.copytree(second, run)
    path = next((run / "cells").rglob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    found = check_run(run, site_sources(site))
    assert not found.verified
    assert "damaged" in found.reasons[0]
    assert main(["board", "check", str(run), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verified"] is False


def test_answers_of_another_experiment_are_found(second, first, site, tmp_path):
    run = tmp_path / "second"
    shutil.copytree(second, run)
    theirs = first / "cells" / "model" / "polyarena_mini" / "deu_Latn.parquet"
    shutil.copy(theirs, run / "cells" / "other" / "polyarena_mini" / "deu_Latn.parquet")
    assert any("not written by this experiment" in reason for reason in check_run(run).reasons)


def test_a_run_with_a_part_missing_is_self_reported(second, tmp_path):
    run = tmp_path / "second"
    shutil.copytree(second, run)
    next((run / "cells" / "other").rglob("*.parquet")).unlink()
    assert any("is missing" in reason for reason in check_run(run).reasons)


def test_other_settings_than_the_boards_are_named(make_run, site):
    limited = make_run("limited", systems=("other",), limit=5)
    found = check_run(limited, site_sources(site))
    assert any("asked otherwise" in reason for reason in found.reasons)


def copy_with_prompts(second, run, change):
    """Copy a run with other prompts in German; its shards are as intact as those of any run."""
    shutil.copytree(second, run)
    for path in (run / "cells").glob("other/*/deu_Latn.parquet"):
        rows = [replace(row, prompt=change(i, row.prompt)) for i, row in enumerate(read_shard(path, Completion))]
        write_shard(path, rows, COMPLETION_SCHEMA, {"key": shard_metadata(path)["key"]})


def test_other_prompts_are_found_and_chat_templates_are_not(second, site, tmp_path):
    sources = site_sources(site)
    copy_with_prompts(second, tmp_path / "templates", lambda i, text: f"<user>{text}<end>")
    assert check_run(tmp_path / "templates", sources).verified
    copy_with_prompts(second, tmp_path / "others", lambda i, text: text if i else "An easier question?")
    found = check_run(tmp_path / "others", sources)
    assert not found.verified
    assert any("prompts of polyarena_mini in deu_Latn that other was given differ" in each for each in found.reasons)


def test_a_contributed_run_is_marked_on_the_board(second, site, read_data):
    add_run(second, site, contributed=True)
    marks = {each["name"]: each["verified"] for each in read_data(site / "data" / "board.js")["systems"]}
    assert marks == {"model": None, "other": True}


def test_imported_results_can_only_be_self_reported(site, tmp_path, read_data):
    lines = [
        {"judge": "j", "task": "t", "language": "deu_Latn", "item_id": str(i), "source_id": str(i), "system_a": "x",
         "system_b": "y", "label": "A>B"} for i in range(12)
    ]  # fmt: skip
    (tmp_path / "games.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    run = tmp_path / "imported"
    assert main(["import", "polyarena", str(tmp_path / "games.jsonl"), "-o", str(run), "--baseline", "y"]) == 0
    assert "imported" in check_run(run).reasons[0]
    add_run(run, site, contributed=True)
    assert {each["verified"] for each in read_data(site / "data" / "board.js")["systems"]} == {None, False}


def test_a_site_is_served_to_this_machine(site):
    with board_server(site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/"
            with urllib.request.urlopen(address) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert b"site.js" in answer.read()
        finally:
            server.shutdown()
            thread.join()


def test_only_boards_are_served(tmp_path):
    with pytest.raises(StoreError, match="no board here"):
        board_server(tmp_path)
