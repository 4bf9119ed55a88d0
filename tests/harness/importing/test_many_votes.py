"""Case 26: votes in the shape of an arena, of many systems in nearly all pairs with about two items each."""

import itertools
import random

import pytest

from polyarena.harness import open_run
from polyarena.harness.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """59 systems, 927 pairs, 3 judges of votes; the stronger system wins with probability 0.7."""
    place, rng = tmp_path_factory.mktemp("votes"), random.Random(0)
    pairs = rng.sample(list(itertools.combinations(range(59), 2)), 927)
    for judge in ("one", "two", "three"):
        rows = ["item_id,language,model_a,model_b,winner"]
        for item, (a, b) in enumerate(pair for pair in pairs for _ in range(2)):
            winner = rng.choice(
                ["tie", *["model_a" if a < b else "model_b"] * 7, *["model_b" if a < b else "model_a"] * 3]
            )
            rows.append(f"q{item},English,m{a:02d},m{b:02d},{winner}")
        path = place / f"{judge}.csv"
        path.write_text("\n".join(rows))
        assert main(["import", "votes", str(path), "-o", str(place / "run"), "--judge", judge]) == 0
    return place / "run"


@pytest.mark.figures
@pytest.mark.slow
def test_the_report_has_one_chart_a_judge_and_ranking_and_no_more(folder, capsys):
    battles = open_run(folder).battles()
    assert len({*battles["candidate"], *battles["baseline"]}) == 59
    assert len(battles[["candidate", "baseline"]].drop_duplicates()) == 927
    assert set(battles["judge"]) == {"one", "two", "three"}
    assert main(["report", str(folder)]) == 0
    figures = {path.name for path in (folder / "report" / "figures").glob("*.caption.txt")}
    assert len(figures) == 12
    for judge in ("one", "two", "three"):
        own = {name for name in figures if f"-imported-{judge}" in name}
        assert len(own) == 4
        assert f"ranks-imported-{judge}.caption.txt" in own
    assert len(capsys.readouterr().out.splitlines()) < 300
    assert main(["rank", str(folder), "--rounds", "200"]) == 0
    assert len(capsys.readouterr().out.splitlines()) < 200
