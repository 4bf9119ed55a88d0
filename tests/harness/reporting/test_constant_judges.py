"""A judge that always says the same is told of wherever its win rates are shown."""

import pytest

from polyarena.harness import open_run, write_report
from polyarena.harness.cli.summary import print_summary
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.harness.reporting.constant_judges import constant_judges
from polyarena.reports.judge_card.consistency import CONSTANT_FROM


@pytest.fixture
def judged(tmp_path):
    """Imports games of a judge that says what a function of order and item says; half of them in each order."""

    def judged(says, items=CONSTANT_FROM, orders=(0, 1)):
        import json

        rows = [
            {"item_id": str(item), "system_a": a, "system_b": b, "judge": "j", "language": "deu_Latn", "task": "t",
             "label": says(order, item)}
            for item in range(items)
            for order, (a, b) in enumerate((("new", "old"), ("old", "new"))) if order in orders
        ]  # fmt: skip
        path = tmp_path / "games.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        import_verdicts("polyarena", path, tmp_path / "run", ImportOptions(baseline="old"))
        return open_run(tmp_path / "run")

    return judged


@pytest.mark.parametrize(
    ("says", "what"),
    [
        (lambda order, item: "A>B", "the answer shown first"),
        (lambda order, item: "B>>A", "the answer shown second"),
        (lambda order, item: "A=B", "a tie"),
        (lambda order, item: "A>>B" if item % 2 else "A>B", "the answer shown first"),
        (lambda order, item: "invalid" if item % 3 == 0 else "A>B", "the answer shown first"),
    ],
)
def test_what_is_always_said_is_found(judged, says, what):
    assert constant_judges(judged(says, items=2 * CONSTANT_FROM)) == {"j": what}


@pytest.mark.parametrize(
    ("says", "items", "orders"),
    [
        (lambda order, item: "A>B" if order == 0 else "B>A", 20, (0, 1)),  # The same system always wins.
        (lambda order, item: "A>B", 60, (0,)),  # It is never shown second: it may be better.
        (lambda order, item: "A>B", CONSTANT_FROM // 2 - 1, (0, 1)),  # Too few to tell.
        (lambda order, item: "A>B" if item % 5 else "B>A", 40, (0, 1)),
        (lambda order, item: "invalid", 40, (0, 1)),
    ],
)
def test_a_judge_that_says_this_and_that_is_not(judged, says, items, orders):
    assert constant_judges(judged(says, items, orders)) == {}


def test_the_page_and_the_terminal_say_so(judged, capsys):
    records = judged(lambda order, item: "A>B")
    files = write_report(records.folder)
    said = "The judge j nearly always returned the same verdict (the answer shown first)"
    assert said in files.page.read_text()
    print_summary(records.folder, files)
    assert said in capsys.readouterr().out
