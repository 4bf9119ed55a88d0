"""The table of ``polyarena plan``: a row for each system and task, sums of what is left, honest money."""

import json
import re

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.cli import amounts, main
from polyarena.harness.cli.plan import _row, as_data
from polyarena.harness.cli.shorten import MOST_ROWS, print_omitted, shorten
from polyarena.harness.planning import CostEstimate, plan
from polyarena.harness.planning.cost import Range

SIZES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
PRICED = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "prices": {"input": 2, "output": 8}}


def effort(**changes):
    plain = {"items": 10, "requests": 20, "cached": 0, "prompt_tokens": Range(10, 20), "billed": False, "price": None,
             "completion_tokens": Range(1, 2000), "stored": False}  # fmt: skip
    return CostEstimate(**plain | changes)


@given(st.floats(0, 1e12))
def test_short_numbers_are_near_the_long_ones(number):
    digits, suffix = re.fullmatch(r"([\d.]+)([kMG]?)", amounts.short(number)).groups()
    assert float(digits) * SIZES[suffix] == pytest.approx(number, rel=0.05, abs=0.5)
    assert len(digits) <= 6


@every_case(
    ("number", "short"),
    [
        (0, "0"),
        (0.4, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (12_345, "12.3k"),
        (2.5e6, "2.5M"),
        (7e9, "7.0G"),
        (3e12, "3000.0G"),
    ],
)
def test_numbers_of_each_size(number, short):
    assert amounts.short(number) == short


@every_case(
    ("span", "tokens", "money"),
    [
        (Range(), "–", "nothing"),
        (Range(0, 5), "0 to 5", "0.00 to 5.00"),
        (Range(1, 1), "1 to 1", "1.00 to 1.00"),
        (Range(1500, 2e6), "1.5k to 2.0M", "1500.00 to 2000000.00"),
        # Little is not nothing.
        (Range(0.001, 0.002), "0 to 0", "0.00 to 0.00"),
    ],
)
def test_ranges_of_tokens_and_of_money(span, tokens, money):
    assert (amounts.span(span), amounts.money(span)) == (tokens, money)


@every_case(
    ("parts", "row"),
    [
        ([effort()], ("1", "0", "10", "20", "–", "10 to 20", "1 to 2.0k", "–")),
        ([effort(), effort(requests=5)], ("2", "0", "20", "25", "–", "20 to 40", "2 to 4.0k", "–")),
        # What is stored has items, and nothing else to do.
        ([effort(), effort(stored=True)], ("2", "1", "20", "20", "–", "10 to 20", "1 to 2.0k", "–")),
        ([effort(stored=True)], ("1", "1", "10", "0", "–", "–", "–", "–")),
        ([effort(billed=True, cached=7)], ("1", "0", "10", "20", "7", "10 to 20", "1 to 2.0k", "unknown")),
        (
            [effort(billed=True, price=Range(1, 2)), effort(billed=True, price=Range(0.5, 1), cached=3)],
            ("2", "0", "20", "40", "3", "20 to 40", "2 to 4.0k", "1.50 to 3.00"),
        ),
        (
            [effort(billed=True, price=Range(1, 2), stored=True)],
            ("1", "1", "10", "0", "0", "–", "–", "nothing"),
        ),
        (
            [effort(billed=True, price=Range(1, 2)), effort(billed=True)],
            ("2", "0", "20", "40", "0", "20 to 40", "2 to 4.0k", "unknown"),
        ),
        # The price of what is stored need not be known.
        (
            [effort(billed=True, price=Range(1, 2)), effort(billed=True, stored=True)],
            ("2", "1", "20", "20", "0", "10 to 20", "1 to 2.0k", "1.00 to 2.00"),
        ),
    ],
)
def test_a_row_sums_up_what_is_left(parts, row):
    assert _row("one", "t", parts) == ("one", "t", *row)


def experiment(**changes):
    systems = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")]
    return {"name": "toy", "systems": systems, "tasks": ["toy_open"], **changes}


@pytest.fixture
def shown(toys, tmp_path, capsys):
    def shown(*options, **changes):
        path = tmp_path / "toy.yaml"
        path.write_text(json.dumps(experiment(**changes)), encoding="utf-8")
        capsys.readouterr()
        assert main(["plan", str(path), "-o", str(tmp_path / "run"), *options]) == 0
        return capsys.readouterr().out

    return shown


def judge(**endpoint):
    return {"baseline": "one", "judges": [{"name": "j", "judge": "llm", "endpoint": {**PRICED, **endpoint}}]}


def test_each_system_and_each_judge_has_a_row(shown, tmp_path):
    out = shown(**judge())
    assert f"toy in {tmp_path / 'run'}" in out
    assert "j judges two against one" in out
    assert re.search(r"to do: 9 of 9 cells and pairs; price: \d+\.\d\d to \d+\.\d\d\n", out)
    assert "tokens are estimated from the UTF-8 length of the prompts" in out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "price: nothing"),
        (judge(prices=None), "price: unknown: an endpoint has no prices"),
        ({"systems": experiment()["systems"][:1]}, "open-ended answers will not be judged"),
        ({"baseline": "one"}, "judging needs `judges`, a `baseline` or `opponents`, and two"),
    ],
    ids=["nothing", "unknown", "one system", "no judge"],
)
def test_sentences_below_the_table(shown, changes, says):
    assert says in shown(**changes)


def test_judged_or_closed_questions_need_no_warning(shown):
    warning = "will not be judged"
    assert warning not in shown(**judge())
    assert warning not in shown(tasks=["toy_choice"])


def test_cells_that_no_system_claims_are_counted_by_language(shown):
    systems = experiment()["systems"]
    systems[0]["languages"], systems[1]["languages"] = "deu_Latn", "deu_Latn, swh_Latn"
    assert "skipped because a system does not list the language: 3 cells in 2 languages" in shown(systems=systems)
    assert "does not claim" not in shown()


def test_json_is_the_plan_as_plain_data(shown, tmp_path):
    data = json.loads(shown("--json", **judge()))
    made = plan(experiment(**judge()), output=tmp_path / "run")
    assert data == json.loads(json.dumps(as_data(made)))
    assert (len(data["cells"]), len(data["games"])) == (6, 3)
    assert data["price"] == {"low": pytest.approx(made.price().low), "high": pytest.approx(made.price().high)}
    whole = sum(games["price"]["high"] for games in data["games"])
    assert data["price"]["high"] == pytest.approx(whole)


def test_an_unknown_price_is_null(shown):
    assert json.loads(shown("--json", **judge(prices=None)))["price"] is None
    assert json.loads(shown("--json"))["price"] == {"low": 0, "high": 0}


@every_case(
    ("averages", "details", "kept"),
    [(0, MOST_ROWS, MOST_ROWS), (0, MOST_ROWS + 1, MOST_ROWS), (3, MOST_ROWS, 3), (MOST_ROWS + 2, 1, MOST_ROWS)],
)
def test_of_a_long_table_the_averages_stay(averages, details, kept):
    rows = iter([*(f"average {n}" for n in range(averages)), *(f"detail {n}" for n in range(details))])
    shown_rows, left = shorten(rows, lambda row: row.startswith("detail"))
    assert (len(shown_rows), left) == (kept, averages + details - kept)


@pytest.mark.parametrize(
    ("count", "text"), [(0, ""), (1, "1 more row with"), (2, "2 more rows with"), (10**6, "1,000,000 more")]
)
def test_rows_left_out_are_counted(capsys, count, text):
    print_omitted(count)
    out = capsys.readouterr().out
    assert out.startswith(text)
    assert (out == "") == (count == 0)


def test_a_judge_of_a_system_s_family_is_told_before_anything_is_spent(shown):
    systems = experiment()["systems"]
    systems[1]["args"] = {**systems[1]["args"], "model": "qwen2-7b"}
    asked = judge(model="Qwen3-32B")
    told = "The judge j and the system two are of one family (Alibaba), by the names of their models."
    assert told in " ".join(shown(**asked, systems=systems).split())
    assert "of one family" not in shown(**asked)
