"""Off-target language: marked, or decided without paying."""

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Answer, Call, Label, Match, Verdict
from polyarena.judges.language_gate import GatedJudge, GatePolicy, wrong_language
from polyarena.tasks.signature import Signature

GERMAN = "Die Katze sitzt auf dem Dach und schaut den Vögeln zu, bis es dunkel wird."
ENGLISH = "The cat is sitting on the roof and watches the birds until it gets dark."
RUSSIAN = "Кошка сидит на крыше и смотрит на птиц, пока не стемнеет."
CODE = "```python\nprint('hello world and everybody else in this little example')\n```"


def match(a, b, language="deu_Latn", **more):
    return Match(language=language, question="Erzähl etwas.", a=Answer(a), b=Answer(b), **more)


@every_case(
    ("a", "b", "wrong"),
    [
        (GERMAN, GERMAN, None),
        (ENGLISH, GERMAN, "a"),
        (GERMAN, ENGLISH, "b"),
        (ENGLISH, RUSSIAN, "both"),
        (RUSSIAN, GERMAN, "a"),
        ("Yes.", GERMAN, None),
        ("", GERMAN, None),
        (CODE, GERMAN, None),
    ],
)
def test_wrong_answers_are_found_and_short_ones_and_code_are_not(a, b, wrong):
    assert wrong_language(match(a, b)) == wrong


def test_the_expected_language_is_the_one_that_the_item_asks_for():
    assert wrong_language(match(ENGLISH, ENGLISH, answer_language="eng_Latn")) is None
    assert wrong_language(match(GERMAN, ENGLISH, answer_language="eng_Latn")) == "a"


def test_a_language_that_the_identifier_does_not_know_is_never_wrong_in_its_own_script():
    assert wrong_language(match(ENGLISH, GERMAN, language="twi_Latn")) is None
    assert wrong_language(match(RUSSIAN, GERMAN, language="twi_Latn")) == "a"


def test_what_was_identified_before_is_taken_and_doubt_is_no_evidence():
    def identified(language, probability, script):
        return Answer("text", None, language, probability, script)

    for answer, wrong in (
        (identified("eng_Latn", 0.99, "Latn"), "a"),
        (identified("eng_Latn", 0.4, "Latn"), None),
        (identified(None, 0.0, "Latn"), None),
        (identified("rus_Cyrl", 0.3, "Cyrl"), "a"),
    ):
        assert wrong_language(Match("deu_Latn", "?", answer, Answer(GERMAN))) == wrong


class Recorder:
    """Says that A wins; remembers what it was asked, and draws ``ahead`` matches before it answers."""

    signature = Signature({"judge": "recorder"})
    description = "recorder"

    def __init__(self, ahead=1):
        self.ahead, self.seen = ahead, []

    def calls(self, match):
        return [Call(({"role": "user", "content": match.question},))]

    def decide(self, matches):
        waiting = []
        for each in matches:
            self.seen.append(each.key)
            waiting.append(each)
            if len(waiting) == self.ahead:
                yield from (Verdict(Label.A, one.key) for one in waiting)
                waiting = []
        yield from (Verdict(Label.A, one.key) for one in waiting)


@every_case(
    ("policy", "a", "b", "label"),
    [
        (GatePolicy.LOSS, ENGLISH, GERMAN, Label.B),
        (GatePolicy.LOSS, GERMAN, ENGLISH, Label.A),
        (GatePolicy.LOSS, ENGLISH, ENGLISH, Label.TIE),
        (GatePolicy.TIE, ENGLISH, GERMAN, Label.TIE),
        (GatePolicy.TIE, GERMAN, ENGLISH, Label.TIE),
    ],
)
def test_where_the_policy_decides_nobody_is_asked(policy, a, b, label):
    inner = Recorder()
    gated = GatedJudge(inner, policy)
    (verdict,) = gated.decide([match(a, b)])
    assert verdict.label is label
    assert "language gate" in verdict.raw
    assert verdict.cost is None
    assert inner.seen == []
    assert gated.calls(match(a, b)) == []
    assert len(gated.calls(match(GERMAN, GERMAN))) == 1


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 7))
def test_verdicts_come_in_the_order_of_the_matches(wrong, ahead):
    inner = Recorder(ahead)
    matches = [match(ENGLISH if each else GERMAN, GERMAN, key=str(place)) for place, each in enumerate(wrong)]
    verdicts = list(GatedJudge(inner, GatePolicy.LOSS).decide(iter(matches)))
    assert [verdict.label is Label.B for verdict in verdicts] == wrong
    assert [verdict.raw for verdict in verdicts if verdict.label is Label.A] == inner.seen
    assert inner.seen == [str(place) for place, each in enumerate(wrong) if not each]


def test_matches_are_drawn_only_as_the_judge_takes_them():
    drawn = []

    def matches():
        for place in range(100):
            drawn.append(place)
            yield match(GERMAN, GERMAN, key=str(place))

    verdicts = GatedJudge(Recorder(), GatePolicy.TIE).decide(matches())
    next(verdicts)
    assert len(drawn) <= 2


def test_the_gate_is_in_the_signature_and_the_description():
    loss, tie = (GatedJudge(Recorder(), policy) for policy in (GatePolicy.LOSS, GatePolicy.TIE))
    assert str(loss.signature).startswith("judge:recorder|language_gate:loss@0.7|identifier:")
    assert loss.signature != tie.signature
    assert "loses" in loss.description
    assert "tie" in tie.description
