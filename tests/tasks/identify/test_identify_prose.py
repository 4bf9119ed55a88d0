"""What counts as prose."""

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.identify.prose import _LEFT_OUT, SCANNED, prose


@every_case(
    ("text", "left"),
    [
        ("Vorher\n```python\nprint('hello')\n```\nnachher", "Vorher nachher"),
        ("Vorher\n~~~\nhello\n~~~\nnachher", "Vorher nachher"),
        ("1. Schritt\n   ```c\n   int main;\n   ```\nnachher", ". Schritt nachher"),
        ("Abgeschnitten:\n```cpp\nint main() {\n  return", "Abgeschnitten:"),
        ("Nutze `malloc(size)` hier", "Nutze hier"),
        ("Siehe https://example.org/a?b=c und www.example.org", "Siehe und"),
        ("an jemand@example.org schreiben", "an schreiben"),
        ("Es gilt $a^2+b^2=c^2$ immer", "Es gilt immer"),
        ("Es gilt $$\\sum_{i} x_i$$ immer", "Es gilt immer"),
        ("Es gilt \\(alpha\\) und \\[beta\n gamma\\] immer", "Es gilt und immer"),
        ("Es gilt \\begin{align}x &= y\\end{align} immer", "Es gilt immer"),
        ("<b>fett</b> &amp; gut", "fett gut"),
        ("gut\r\n```\r\ncode\r\n```\r\nbesser", "gut besser"),
    ],
)
def test_leaves_out_what_is_no_prose(text, left):
    assert prose(text) == left


def test_amounts_of_money_are_no_formula():
    assert "und dann" in prose("kostet $5 und dann $10 mehr")


def test_notation_is_left_out_and_words_stay():
    tune = prose("X:1 T:آهنگ محلی M:4/4\nC2 E G C | GAB c2")
    assert "آهنگ محلی" in tune
    assert not any("a" <= letter.lower() <= "z" for letter in tune)
    assert "Cmaj" not in prose("Die Akkorde Cmaj7 und D7")
    assert prose("使用NDK编译") == "使用 编译"
    assert prose("WICHTIG ist das") == "WICHTIG ist das"


def test_code_without_a_fence_stays():
    assert "return" in prose("int main() { return x; }")


def test_reads_no_further_than_the_limit():
    assert prose("a" * SCANNED + " end") == "a" * SCANNED


@every_case("opening", ["\\[", "\\(", "$$", "\\begin{x}", "`", "<a", "http://", "```\n", "a@", "$x"])
def test_thousands_of_openings_without_an_end_take_no_time(opening):
    # A pattern that tries every opening with every end would never come back.
    assert len(prose(opening * SCANNED)) <= SCANNED


@given(st.text(max_size=400))
def test_is_one_stripped_line(text):
    line = prose(text)
    assert line == " ".join(line.split())


@given(st.text(alphabet="äöü ßéñабв", max_size=200))
def test_plain_words_are_kept(text):
    assert prose(text) == " ".join(text.split())


MARKS = "``` ~~~ $ $$ \\[ \\] \\( \\) \\begin{a} \\end{a} ` http://x.y/z www.a a@b.c <b> &amp; &"
PIECES = (*MARKS.split(), "A", "AB1", "x9", "hello", "Ünter", "мир", "5", "\n", "\r\n", " ")


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_a_pattern_is_passed_over_only_where_it_matches_nothing(pieces):
    text = "".join(pieces)
    line = text[:SCANNED].replace("\r\n", "\n")
    for pattern in _LEFT_OUT:
        line = pattern.sub(" ", line)
    assert prose(text) == " ".join(line.split())
