"""The Python that the pages show runs as it stands."""

import json
import re
from pkgutil import resolve_name

import pytest

from polyarena.harness import plan, run
from polyarena.harness.cli.app import COMMANDS
from polyarena.tasks.benchmarks.polyarena_mini import task


def execute(text):
    names = {}
    exec(compile(text, "<page>", "exec"), names)
    return names


@pytest.fixture
def finished_quickstart(beside_quickstart):
    return run(plan("examples/quickstart.yaml"))


def test_the_readme_needs_ten_lines_and_they_run(blocks, beside_quickstart, capsys):
    (text,) = blocks("README.md", "python")
    assert len([line for line in text.splitlines() if line.strip()]) <= 10
    names = execute(text)
    output = capsys.readouterr().out
    assert "8 of 8 cells to run" in output
    assert "win_rate" in output
    assert "acc_bytes" in output
    assert names["finished"].failures == ()
    assert (beside_quickstart / "runs" / "quickstart" / "report" / "index.html").is_file()


def test_running_the_readme_again_computes_nothing(blocks, finished_quickstart, toys, capsys):
    (text,) = blocks("README.md", "python")
    before = toys.read_text()
    execute(text)
    assert "0 of 8 cells to run" in capsys.readouterr().out
    assert toys.read_text() == before


def test_the_page_on_python_begins_with_a_run(blocks, beside_quickstart, capsys):
    names = execute(blocks("docs/python.md", "python")[0])
    assert set(names["estimates"]["task"]) == {"polyarena_mini", "cldr_names"}
    assert "told-the-language" in capsys.readouterr().out


def test_an_experiment_can_be_a_mapping(blocks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for system in ("ours", "theirs"):
        folder = tmp_path / "answers" / system
        folder.mkdir(parents=True)
        for language in ("hin_Deva", "vie_Latn"):
            ids = [item.item_id for item in task.items(language, None)]
            rows = [json.dumps({"item_id": each, "completion": f"{system} {each}"}) for each in ids]
            (folder / f"{language}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    text = blocks("docs/python.md", "python")[1]
    names = execute(text)
    assert {cell.language for cell in names["planned"].cells} == {"hin_Deva", "vie_Latn"}


def test_a_run_folder_is_opened(blocks, finished_quickstart, capsys):
    names = execute(blocks("docs/python.md", "python")[2])
    assert len(names["completions"]) == 2 * (2 * 8 + 2 * 2)
    assert capsys.readouterr().out.rstrip().endswith("[]")


def test_a_figure_is_drawn_in_a_notebook(blocks, finished_quickstart):
    names = execute(blocks("docs/extending.md", "python")[0])
    assert names["picture"].startswith(b"%PDF")


def test_the_published_score_counts_strong_verdicts_as_the_page_on_importing_says(blocks):
    (text,) = blocks("docs/importing.md", "python")
    assert text.count("assert") == 2
    execute(text)


def test_no_python_block_is_left_untested(blocks, pages):
    shown = {page: len(blocks(page, "python")) for page in pages}
    assert {page: count for page, count in shown.items() if count} == {
        "README.md": 1,
        "docs/extending.md": 1,
        "docs/importing.md": 1,
        "docs/python.md": 3,
        "docs/reasoning-models.md": 1,
    }


def test_the_page_on_reasoning_models_splits_thoughts(blocks):
    (block,) = blocks("docs/reasoning-models.md", "python")
    exec(block, {})


def test_the_table_has_every_command_and_functions_that_exist(pages):
    rows = re.findall(r"^\| `polyarena (\w+).*?` \| `([\w.]+)\(", pages["docs/python.md"], re.MULTILINE)
    assert {command for command, _ in rows} == set(COMMANDS) - {"doctor"}
    for _, dotted in rows:
        assert callable(resolve_name(dotted)), dotted
