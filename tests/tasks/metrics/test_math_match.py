"""Mathematical answers of whole replies, in all digits."""

import json

from every_case import every_case

from polyarena.tasks.metrics.math_match import last_boxed, math_match, same_answer


@every_case(
    ("answer", "gold", "language"),
    [
        (r"So the answer is $\boxed{\frac{1}{2}}$.", "0.5", "eng_Latn"),
        (r"\boxed{3} no, \boxed{\dfrac{\sqrt{3}}{2}}", r"$\frac{\sqrt{3}}{2}$", "eng_Latn"),
        (r"উত্তর: $\boxed{১২}$", "12", "ben_Beng"),
        (r"الجواب هو \boxed{\frac{١}{٢}}", r"\frac{1}{2}", "arb_Arab"),
        (r"答えは$\boxed{70000}$円です。", "70000", "jpn_Jpan"),
        (r"\boxed{70.000}", "70000", "deu_Latn"),
        (r"\boxed{70,000}", "70000", "eng_Latn"),
        (r"\boxed{3,5}", r"$\frac{7}{2}$", "deu_Latn"),
        (r"\boxed{18元}", "18", "zho_Hans"),
        (r"\boxed{18 \text{ cm}}", "18", "eng_Latn"),
        (r"\boxed{18 cm}", "18", "eng_Latn"),
        (r"\boxed{x = 18}", "18", "eng_Latn"),
        (r"\boxed{50\%}", "50\\%", "eng_Latn"),
        (r"\boxed{50}", "50\\%", "eng_Latn"),
        (r"Final: \(\frac{13}{24}\)", r"$\frac{13}{24}$", "eng_Latn"),
        ("The value is $2n - 1$", "$2n-1$", "eng_Latn"),
        ("**Answer: 2/3**", r"$\frac{2}{3}$", "eng_Latn"),
        ("We get\nx = 5/2", r"\frac52", "eng_Latn"),
        ("Jibu ni 42.", "42", "swh_Latn"),
        (r"\boxed{\{2, -2, 0.5, -0.5\}}", r"${2, -2, \frac{1}{2}, -\frac{1}{2}}$", "eng_Latn"),
        (r"\boxed{f(x)=\alphax+\beta}", r"$f(x) = \alphax + \beta$", "eng_Latn"),
    ],
)
def test_right_answers(answer, gold, language):
    assert same_answer(answer, gold, language)


@every_case(
    ("answer", "gold"),
    [
        (r"\boxed{\frac{1}{3}}", "0.5"),
        (r"\boxed{0.5} is wrong, it is \boxed{2}", "0.5"),
        (r"\boxed{}", "0.5"),
        (r"\boxed{5", "5 6"),
        ("", "0"),
        ("no idea", "0"),
        (r"\boxed{12}", r"\frac{12}{5}"),
        ("The answer is 2.", "$2n$"),
        ("2 and $x$", "2"),
        (r"\boxed{1,2}", "2"),
        (r"\boxed{2^{2024}}", "$2^{2024} - 1$"),
    ],
)
def test_wrong_answers(answer, gold):
    assert not same_answer(answer, gold, "eng_Latn")


@every_case(
    ("text", "expected"),
    [
        ("none", None),
        (r"\boxed{a}", "a"),
        (r"\boxed{\frac{a}{b}} and", r"\frac{a}{b}"),
        (r"\boxed {a}, \fbox{b}", "b"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{a} \boxed{b", "a"),
    ],
)
def test_last_boxed(text, expected):
    assert last_boxed(text) == expected


def test_the_metric_takes_any_reference(answered):
    assert math_match(*answered(r"\boxed{1/2}", "3", "0.5")) == {"math_match": 1.0}
    assert math_match(*answered(r"\boxed{1/2}", "3")) == {"math_match": 0.0}


def test_each_gold_of_polymath_equals_itself_and_no_other(test_data):
    root = test_data / "hub/Qwen/PolyMath"
    golds = {
        json.loads(line)["answer"]
        for path in root.glob("en/*.jsonl")
        for line in path.read_text("utf-8").split("\n")
        if line
    }
    assert len(golds) > 60
    for gold in golds:
        assert same_answer(rf"Therefore \boxed{{{gold.strip('$')}}}.", gold, "eng_Latn")
        assert [other for other in golds if same_answer(rf"\boxed{{{other.strip('$')}}}", gold, "eng_Latn")] == [gold]
