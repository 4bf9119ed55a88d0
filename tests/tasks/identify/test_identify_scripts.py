"""The script of a text."""

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.identify.scripts import han_variant, letters, main_script


@every_case(
    ("text", "script"),
    [
        ("Hello, world 123", "Latn"),
        ("Привет", "Cyrl"),
        ("नमस्ते दुनिया", "Deva"),
        ("สวัสดี", "Thai"),
        ("שלום", "Hebr"),
        ("ሰላም", "Ethi"),
        ("日本語の文章です", "Jpan"),
        ("マネージド サービス", "Jpan"),
        ("ひらがな", "Jpan"),
        ("한국어 문장", "Hang"),
        ("한국어 大韓民國의 憲法은", "Hang"),
        ("한글", "Hang"),
        ("这个问题很难回答", "Hans"),
        ("這個問題很難回答", "Hant"),
        ("大人中天", "Hans"),
        ("他说宫崎骏的电影《となりのトトロ》非常有名，所有的孩子都喜欢看这部作品，大人们也很喜欢看这部作品，"
         "每个家庭都应该一起去电影院看一次，因为这样的故事能够让所有人都感到温暖和快乐，并且记住自己的童年", "Hans"),
        ("123 !? 🙂", None),
        ("", None),
    ],
)  # fmt: skip
def test_main_script(text, script):
    assert main_script(text) == script


def test_the_majority_of_letters_decides():
    assert main_script("да yes ok") == "Latn"
    assert main_script("да нет ok") == "Cyrl"


def test_equal_counts_are_decided_by_the_alphabet():
    assert main_script("аб ab") == main_script("ab аб") == "Cyrl"


def test_vowel_signs_count_as_letters_of_their_script():
    assert letters("कि")["Deva"] == 2
    assert letters("e\u0301") == {"Latn": 1}


def test_simplified_and_traditional_of_real_text(sentences):
    assert {han_variant(text) for text in sentences["zho_Hans"]} == {"Hans"}


def test_scripts_of_real_text_are_those_of_their_language_codes(sentences):
    wrong = {
        (language, text)
        for language, texts in sentences.items()
        for text in texts
        if main_script(text) != language.rpartition("_")[2]
    }
    # One Chinese sentence of 20,196 is mostly names in Latin letters.
    assert [language for language, _ in wrong] == ["zho_Hans"]


@given(st.text())
def test_any_text_has_a_script_exactly_if_it_has_letters(text):
    assert (main_script(text) is None) == (not letters(text))


@given(st.text(), st.randoms(use_true_random=False))
def test_the_order_of_characters_is_irrelevant(text, random):
    shuffled = list(text)
    random.shuffle(shuffled)
    assert main_script("".join(shuffled)) == main_script(text)
