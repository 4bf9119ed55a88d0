"""The card of a judge, as data, Markdown and page."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from every_case import every_case

from polyarena.judges import Game
from polyarena.reports.judge_card.biases import answer_styles
from polyarena.reports.judge_card.card import ALL, MEASURES, judge_card
from polyarena.reports.judge_card.rates import Rate, RateSettings
from polyarena.reports.judge_card.render import card_data, card_lines, card_markdown, card_page, format_rate

FEW = RateSettings(rounds=200)


def play(first, *, items=60, languages=("deu_Latn", "swh_Latn"), **more):
    """Games in both orders; ``first(item, language)`` is the label of the first order, and of the second."""
    return [
        Game("j", "t", language, f"{item}", f"s{item}", *pair, 0, first(item, language)[order], "", **more)
        for item in range(items)
        for language in languages
        for order, pair in enumerate((("new", "old"), ("old", "new")))
    ]


def fair(item, language):
    return ("A>B", "B>A") if item % 2 else ("B>A", "A>B")


def test_a_fair_judge_has_nothing_that_stands_out():
    card = judge_card("j", play(fair), settings=FEW)
    assert [row.language for row in card.rows] == [ALL, "deu_Latn", "swh_Latn"]
    whole = card.rows[0]
    assert set(whole.rates) == set(MEASURES)
    assert whole.rates["position_bias"].value == 0.5
    assert whole.rates["contradictory"].value == 0
    assert card.findings == ()
    assert whole.price is None
    assert whole.rates["length_bias"] == Rate()


def test_a_judge_that_always_says_first_is_called_out():
    card = judge_card("j", play(lambda item, language: ("A>B", "A>B")), settings=FEW)
    assert "always the same (the answer shown first)" in card.findings[0]
    assert any("leans to the answer shown first" in finding for finding in card.findings)
    assert any("100% of its pairs contradict" in finding for finding in card.findings)


def test_a_judge_that_is_stuck_in_one_language_is_called_out_there():
    card = judge_card(
        "j", play(lambda item, code: ("A=B", "A=B") if code == "swh_Latn" else fair(item, code)), settings=FEW
    )
    assert card.findings[0] == "It answers nearly always the same in Swahili."


def test_a_lean_of_ten_points_is_found_and_its_interval_covers():
    generator = np.random.default_rng(5)

    def leaning(item, language):
        return tuple("A>B" if generator.random() < 0.6 else "B>A" for _ in range(2))

    found = judge_card("j", play(leaning, items=400), settings=FEW).rows[0].rates["position_bias"]
    assert found.low < 0.6 < found.high
    assert found.low > 0.5


def test_what_is_not_known_is_not_measured():
    card = judge_card("j", play(lambda *_: ("A>B", "A>B")), order_known=False, settings=FEW)
    for name in ("position_bias", "contradictory", "position_inconsistency"):
        assert card.rows[0].rates[name].value is None


def test_preference_for_wrong_language_relatives_and_length_are_measured():
    styles = answer_styles({(s, "t", "deu_Latn", str(i)): [("x" if s == "new" else "xx")] for s in ("new", "old")
                      for i in range(60)})  # fmt: skip
    games = play(lambda *_: ("B>A", "A>B"), languages=("deu_Latn",))
    marked = [
        Game(**{**{n: getattr(g, n) for n in Game.__dataclass_fields__},
                "wrong_language": "a" if g.system_a == "old" else "b", "cost": 0.002})
        for g in games
    ]  # fmt: skip
    card = judge_card("j", marked, styles=styles, relatives={"old": ("Meta",)}, settings=FEW)
    rates = card.rows[0].rates
    assert rates["length_bias"].value == rates["self_preference"].value == rates["wrong_language"].value == 1
    assert rates["answers_wrong"].value == 0.5
    assert card.rows[0].price == pytest.approx(2.0)
    text = " ".join(card.findings)
    assert "prefers answers in the wrong language" in text
    assert "shares a family (Meta) with the system old" in text


def test_what_a_gate_decided_says_nothing_of_the_judge():
    games = play(lambda *_: ("B>A", "A>B"), wrong_language="a")
    gated = [
        Game(**{**{n: getattr(g, n) for n in Game.__dataclass_fields__}, "raw": "language gate: no"}) for g in games
    ]
    assert judge_card("j", gated, settings=FEW).rows[0].rates["wrong_language"].value is None


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_page_and_markdown_show_every_measure_and_escape():
    card = judge_card("<b>j</b>", play(fair), description="a | b <script>", signature="s|1", settings=FEW)
    columns, lines = card_lines(card)
    assert len(lines) == 3
    assert all(len(line) == len(columns) for line in lines)
    assert lines[0][0] == "all languages"
    parsed = Text()
    parsed.feed(card_page([card, card]))
    assert "script" not in parsed.tags
    assert parsed.tags.count("table") == 2
    assert "<b>j</b>" in parsed.text
    assert "Swahili" in parsed.text
    markdown = card_markdown(card)
    assert "| all languages | 240 |" in markdown
    assert "Nothing stands out." in markdown
    assert markdown.count("\n| ") == 5


def test_data_is_json():
    data = json.loads(json.dumps(card_data(judge_card("j", play(fair), settings=FEW))))
    assert data["rows"][0]["rates"]["ties"] == {
        "value": 0.0,
        "low": 0.0,
        "high": pytest.approx(0.06, abs=0.03),
        "n": 240,
    }


@every_case(
    ("found", "text"),
    [(Rate(), "–"), (Rate(0.5, None, None, 1), "50.0 [–]"), (Rate(0.543, 0.5291, 0.5582, 9), "54.3 [52.9, 55.8]")],
)
def test_rates_as_texts(found, text):
    assert format_rate(found) == text
