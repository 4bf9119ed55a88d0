"""Judges of a run: cards, people, panels, preference data; and the commands that show them."""

import json

import numpy as np
import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.auditing import (
    corrected_win_rates,
    measure_preferences,
    read_preferences,
    run_agreement,
    run_cards,
    run_panel,
)
from polyarena.harness.cli import main
from polyarena.harness.experiment import load_experiment
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.judges import Game, Label
from polyarena.tasks.errors import DataError, ExperimentError, StoreError, UnknownNameError

EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open"],
    "judges": [{"name": "long", "judge": "toy_length"}, {"name": "rules", "judge": "rules"}],
    "panels": [{"name": "jury", "judges": ["long", "rules"]}],
    "statistics": {"rounds": 200},
}


@pytest.fixture
def finished(finished_run):
    return finished_run(EXPERIMENT).folder.path


@pytest.fixture
def with_votes(finished, tmp_path):
    """Two people who vote as the longer answer wins, but for one of them on every third item."""
    games = open_run(finished).games().query("judge == 'long' and system_a == 'two' and language == 'deu_Latn'")
    rows = []
    for place, game in enumerate(games.itertuples()):
        vote = {"A>B": "a", "B>A": "b", "A=B": "tie"}[game.label]
        for voter in ("ann", "bob"):
            changed = "tie" if voter == "bob" and place % 3 == 0 else vote
            rows.append({"item_id": game.item_id, "language": "de", "system_a": "two", "system_b": "one",
                         "vote": changed, "voter": voter})  # fmt: skip
    path = tmp_path / "votes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_verdicts("votes", path, finished)
    return finished


def test_the_length_judge_is_seen_through(finished):
    (card,) = run_cards(open_run(finished), "long")
    rates = card.rows[0].rates
    assert rates["length_bias"].value == 1
    assert rates["contradictory"].value == 0
    assert rates["position_bias"].value == 0.5
    assert rates["invalid"].value == 0
    assert card.rows[0].price is None
    assert [row.language for row in card.rows[1:]] == ["deu_Latn", "swh_Latn", "tha_Thai"]


def test_all_judges_have_a_card_and_unknown_ones_a_suggestion(finished):
    records = open_run(finished)
    assert [card.judge for card in run_cards(records)] == ["jury", "long", "rules"]
    with pytest.raises(UnknownNameError, match="did you mean 'rules'"):
        run_cards(records, "rule")


def test_a_run_without_judges_has_no_card(tmp_path, toys):
    run(plan({**EXPERIMENT, "judges": [], "panels": []}, output=tmp_path / "none"))
    with pytest.raises(StoreError, match="no judge"):
        run_cards(open_run(tmp_path / "none"))


def test_agreement_with_people_and_their_ceiling(with_votes):
    table = run_agreement(open_run(with_votes), "long", "humans")
    whole = table.rows[0]
    assert (whole.n, whole.votes, whole.n_people) == (12, 24, 12)
    assert whole.judge["raw"].value > whole.people["raw"].value > 0.5
    assert table.without_votes == ("swh_Latn", "tha_Thai")
    with pytest.raises(ExperimentError, match="with itself"):
        run_agreement(open_run(with_votes), "long", "long")


def test_a_run_without_votes_says_how_to_import_them(finished):
    with pytest.raises(ExperimentError, match="no votes of 'humans' have been imported into this run") as caught:
        run_agreement(open_run(finished), "long", "humans")
    assert f"polyarena import votes FILE -o {finished}" in caught.value.fix


@pytest.mark.parametrize("people", ["rules", "jury"])
def test_two_orders_of_a_judge_are_no_two_people(with_votes, people):
    with pytest.raises(ExperimentError, match=f"{people}' is no votes of people(.|\n)*judge panel RUN long {people}"):
        run_agreement(open_run(with_votes), "long", people)
    with pytest.raises(UnknownNameError, match="did you mean 'rules'"):
        run_agreement(open_run(with_votes), "long", "rule")


def judged_and_voted(place, items=120, labelled=60):
    """A judge that always prefers ``ours``, and votes on half of the items, of which people give it every third."""
    games, votes = [], []
    for n in range(items):
        for a, b in (("ours", "base"), ("base", "ours")):
            won = "ours" if n % 10 else "base"
            games.append({"item_id": str(n), "system_a": a, "system_b": b, "judge": "biased", "language": "de",
                          "label": "A>B" if won == a else "B>A"})  # fmt: skip
        if n < labelled:
            for voter in ("ann", "bob"):
                vote = "a" if n % 3 else "b"
                votes.append({"item_id": str(n), "language": "de", "system_a": "base", "system_b": "ours",
                              "vote": vote, "voter": voter})  # fmt: skip
    votes.append({**votes[0], "item_id": "never judged"})
    for kind, rows in (("polyarena", games), ("votes", votes)):
        path = place / f"{kind}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        import_verdicts(kind, path, place / "run", ImportOptions(baseline="base"))
    return place / "run"


def test_win_rates_are_corrected_by_votes(tmp_path, capsys):
    place = judged_and_voted(tmp_path)
    found = corrected_win_rates(open_run(place), "biased", "humans").set_index("level")
    row = found.loc["language"]
    humans = np.array([0.0 if n % 3 else 1.0 for n in range(60)])
    judge = np.array([1.0 if n % 10 else 0.0 for n in range(120)])
    assert (row["candidate"], row["baseline"], row["n_labelled"], row["n_judged"]) == ("ours", "base", 60, 120)
    assert row["judge_alone"] == pytest.approx(0.9)
    assert row["humans"] == pytest.approx(humans.mean())
    # The estimate as it is defined, from the weight.
    weight = np.cov(humans, judge[:60])[0, 1] / (2 * judge.var(ddof=1))
    assert row["weight"] == pytest.approx(max(0.0, weight))
    expected = humans.mean() - row["weight"] * (judge[:60].mean() - judge[60:].mean())
    assert row["value"] == pytest.approx(expected)
    assert row["low"] < row["value"] < row["high"] < 0.6
    assert main(["judge", "agreement", str(place), "biased", "--correct"]) == 0
    printed = capsys.readouterr().out
    assert "90.0" in printed
    assert "60 of 120" in printed
    assert "drawn at random" in printed
    assert main(["judge", "agreement", str(place), "biased", "--correct", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["corrected"]
    assert {row["level"] for row in rows} >= {"language", "macro"}
    assert rows[0]["judge_alone"] == pytest.approx(0.9)


def test_few_votes_stand_alone_and_votes_elsewhere_correct_nothing(tmp_path, capsys):
    place = judged_and_voted(tmp_path, labelled=20)
    row = corrected_win_rates(open_run(place), "biased", "humans").set_index("level").loc["language"]
    assert (row["weight"], row["value"]) == (0, row["humans"])
    assert main(["judge", "agreement", str(place), "biased", "--correct"]) == 0
    assert "20 labels only, fewer than 50" in capsys.readouterr().out
    with pytest.raises(ExperimentError, match="with itself"):
        corrected_win_rates(open_run(place), "biased", "biased")


def test_a_panel_by_name_or_by_its_members(finished):
    records = open_run(finished)
    by_name, by_members = run_panel(records, "jury"), run_panel(records, None, ["long", "rules"])
    assert by_name == by_members
    require_equal, left_out = by_name
    assert require_equal[0].n == 36
    assert {row.member for row in left_out} == {"", "long", "rules"}
    with pytest.raises(ExperimentError, match="no panel"):
        run_panel(records, "long")
    with pytest.raises(ExperimentError, match="two judges"):
        run_panel(records, None, ["long"])


def test_the_whole_panel_has_the_win_rate_of_the_report(finished):
    records = open_run(finished)
    _, left_out = run_panel(records, "jury")
    macro = records.estimates().query("judge == 'jury' and level == 'macro'")["value"].iloc[0]
    assert next(row for row in left_out if row.member == "").win_rate == pytest.approx(macro)


def preference(**changes):
    return {"id": 1, "prompt": "Wer?", "chosen": "ein langer Satz", "rejected": "kurz", "subset": "hep-python",
            "language": "deu_Latn", **changes}  # fmt: skip


@pytest.fixture
def preferences(tmp_path):
    def write(*rows, name="p.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({}, "Reasoning"),
        ({"subset": "llmbar-adver-GPTOut"}, "Chat Hard"),
        ({"subset": "alpacaeval-easy"}, "Chat"),
        ({"subset": "xstest-should-respond"}, "Safety"),
        ({"subset": "translation-de"}, "translation-de"),
        ({"subset": None}, "uncategorised"),
        ({"category": "Mine"}, "Mine"),
    ],
)
def test_categories_of_preference_data(changes, category, preferences):
    (found,) = read_preferences(preferences(preference(**changes)))
    assert found.category == category


def test_preference_files_named_by_language(preferences, tmp_path):
    path = preferences({k: v for k, v in preference().items() if k != "language"}, name="data/sw.jsonl")
    assert [each.language for each in read_preferences(path.parent)] == ["swh_Latn"]
    assert [each.language for each in read_preferences(path, "de")] == ["deu_Latn"]
    with pytest.raises(DataError, match="names no language"):
        read_preferences(path)
    with pytest.raises(DataError, match="twice"):
        read_preferences(preferences(preference(), preference()))
    with pytest.raises(DataError, match="chosen"):
        read_preferences(preferences({"prompt": "?", "rejected": "x"}))


def test_pairs_without_an_identifier_are_told_apart_by_their_place(preferences, tmp_path):
    nameless = {name: value for name, value in preference().items() if name != "id"}
    for name in ("a", "b"):
        path = preferences(nameless, {**nameless, "id": None}, name=f"data/{name}.jsonl")
    found = read_preferences(path.parent)
    assert [each.id for each in found] == ["1", "2", "b.jsonl:1", "b.jsonl:2"]
    with pytest.raises(DataError, match="'7' appears twice") as caught:
        read_preferences(preferences(preference(id=7), preference(id="7")))
    assert "number them" in caught.value.fix


def test_translations_without_an_identifier_meet_by_their_line(preferences):
    nameless = {name: value for name, value in preference().items() if name not in ("id", "language")}
    for name in ("de", "sw"):
        path = preferences(nameless, {**nameless, "prompt": "Nani?"}, name=f"lines/{name}.jsonl")
    assert [(each.language, each.id) for each in read_preferences(path.parent)] == [
        ("deu_Latn", "1"), ("deu_Latn", "2"), ("swh_Latn", "1"), ("swh_Latn", "2"),
    ]  # fmt: skip


def test_an_experiment_without_judges_offers_none(toys, tmp_path):
    bare = load_experiment({**EXPERIMENT, "judges": [], "panels": []})
    with pytest.raises(UnknownNameError) as caught:
        measure_preferences(bare, "long", [])
    assert caught.value.fix == ""


def test_accuracy_by_language_and_category(preferences, toys, tmp_path):
    rows = [preference(), preference(id=2, subset="donotanswer", chosen="kurz", rejected="lang und falsch"),
            preference(id=1, language="swh_Latn"), preference(id=3, chosen="gleich", rejected="gleiC")]  # fmt: skip
    experiment = load_experiment({**EXPERIMENT, "output": str(tmp_path / "run")})
    table = measure_preferences(experiment, "long", read_preferences(preferences(*rows)))
    found = {(row.language, row.category): row.accuracy.value for row in table}
    assert found["deu_Latn", "Safety"] == 0
    assert found["swh_Latn", "Reasoning"] == found["deu_Latn", "Reasoning"] == 1
    assert found["all", "all"] == pytest.approx(3 / 4)
    assert ("swh_Latn", "Safety") not in found
    with pytest.raises(UnknownNameError, match="judge 'lang'"):
        measure_preferences(experiment, "lang", [])


def test_the_commands(with_votes, preferences, tmp_path, capsys):
    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, capsys.readouterr().out

    code, out = call("judge", "audit", with_votes, "long")
    assert code == 0
    assert "share that goes to the longer answer" in out
    headings = out.partition("by language")[2].split("Swahili")[0].split()
    assert headings.index("answers_wrong") > headings.index("invalid") > headings.index("games")
    assert (with_votes / "report/judges/index.html").read_text().startswith("<!DOCTYPE html>")
    assert (with_votes / "report/judges/long.md").exists()
    code, out = call("judge", "audit", with_votes, "--json")
    assert [card["judge"] for card in json.loads(out)] == ["humans", "jury", "long", "rules"]
    code, out = call("judge", "agreement", with_votes, "long")
    assert "humans with each other (the ceiling)" in out
    assert "did not vote in Swahili, Thai" in out
    code, out = call("judge", "agreement", with_votes, "long", "humans", "--json")
    assert json.loads(out)["rows"][0]["n"] == 12
    code, out = call("judge", "panel", with_votes, "jury")
    assert "long · rules" in out
    code, out = call("judge", "panel", with_votes, "long", "rules", "--rule", "mean", "--json")
    assert len(json.loads(out)["left_out"]) == 3
    file = tmp_path / "experiment.yaml"
    file.write_text(json.dumps(EXPERIMENT))
    path = preferences(preference())
    code, out = call("judge", "preferences", file, "long", path, "--json")
    assert (code, json.loads(out)[0]["accuracy"]["value"]) == (0, 1.0)
    code, out = call("judge", "preferences", file, "long", path)
    assert "Reasoning" in out
    assert call("judge", "audit", tmp_path / "nowhere")[0] == 2


def test_a_judge_that_always_says_first_is_called_out_on_the_terminal(tmp_path, capsys):
    rows = [{"item_id": str(n), "system_a": a, "system_b": b, "label": "A>B", "language": "de", "judge": "stuck"}
            for n in range(30) for a, b in (("x", "y"), ("y", "x"))]  # fmt: skip
    path = tmp_path / "g.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_verdicts("polyarena", path, tmp_path / "run")
    assert main(["judge", "audit", str(tmp_path / "run")]) == 0
    assert "always the same (the answer shown first)" in capsys.readouterr().out


@pytest.mark.slow
def test_the_korean_jury_leans_to_the_first_answer(test_data, tmp_path):
    from polyarena.harness.importing import ImportOptions
    from polyarena.reports.judge_card import consistency as habits

    options = ImportOptions(language="ko", baseline="claude-3.7-sonnet")
    import_verdicts("arena-hard", test_data / "verdicts/ko-arena-hard/ensemble", tmp_path / "ko", options)
    records = open_run(tmp_path / "ko")
    (card,) = run_cards(records)
    rates = card.rows[0].rates
    assert rates["position_bias"].value == pytest.approx(0.550, abs=0.001)
    assert rates["contradictory"].value == pytest.approx(0.150, abs=0.001)
    assert rates["ties"].value == pytest.approx(0.0628, abs=0.0001)
    assert rates["strong"].value == pytest.approx(0.4426, abs=0.0001)
    assert "leans to the answer shown first" in card.findings[0]
    games = records.games()
    wins = games[games["label"] != Label.TIE]
    assert len(wins) == 38_000 - 2_387
    assert isinstance(
        next(iter(habits.order_pairs([Game(**row) for row in games.head(4).to_dict("records")])))[0], Game
    )
