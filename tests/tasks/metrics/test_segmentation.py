"""Words and sentences of many scripts."""

import unicodedata

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.metrics.segmentation import lowercase, sentences, units, words
from polyarena.tasks.text import comparable


@every_case(
    ("text", "expected"),
    [
        ("Hello, world: don't 3.14 (ABC)", ["Hello", "world", "don", "t", "3", "14", "ABC"]),
        ("naïve Zoe\u0308", ["naïve", "Zoë"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया"]),
        ("বাংলা ভাষা", ["বাংলা", "ভাষা"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("이 문장은 짧다.", ["이", "문장은", "짧다"]),
        ("የአማርኛ፡ሰላም።", ["የአማርኛ", "ሰላም"]),
        ("བོད་ཡིག", ["བོད", "ཡིག"]),
        ("می\u200cخواهم بروم", ["میخواهم", "بروم"]),
        ("\u200fשלום, עולם", ["שלום", "עולם"]),
        ("日本語のテーマパーク2024年", ["日", "本", "語", "の", "テー", "マ", "パー", "ク", "2024", "年"]),
        ("我们用 Python 3。", ["我", "们", "用", "Python", "3"]),
        ("น้ำใจ", ["น้ำ", "ใ", "จ"]),
        ("ภาษาไทย ๑๒", ["ภ", "า", "ษ", "า", "ไ", "ท", "ย", "๑๒"]),
        ("ພາສາ\u200bລາວ", ["ພ", "າ", "ສ", "າ", "ລ", "າ", "ວ"]),
        ("ភាសាខ្មែរ", ["ភា", "សា", "ខ្មែ", "រ"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("ပစ္စည်း", ["ပ", "စ္စ", "ည်း"]),
        ("ꦗꦮ", ["ꦗ", "ꦮ"]),
        ("", []),
        ("!? — …", []),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("code", ["tha_Thai", "lao_Laoo", "khm_Khmr", "mya_Mymr", "jpn_Jpan", "zho_Hans"])
def test_scripts_without_spaces_do_not_score_by_whole_sentences(code, sentences_of):
    """A word of a real text is no longer than a syllable, and a text has about as many as letters."""
    for text in sentences_of(code):
        found = words(text)
        latin = sum(word.isascii() for word in found)
        assert len(found) > 8
        assert max(len(word) for word in found if not word.isascii()) <= 8 or latin


@pytest.fixture
def sentences_of(request):
    data = request.getfixturevalue("sentences")
    return lambda code: data[code]


@pytest.mark.parametrize("code", ["deu_Latn", "rus_Cyrl", "arb_Arab", "amh_Ethi", "tel_Telu", "kor_Hang"])
def test_scripts_with_spaces_have_about_as_many_words_as_spaces(code, sentences_of):
    for text in sentences_of(code):
        assert 0.5 <= len(words(text)) / len(text.split()) <= 3


def test_sentences_of_scripts_without_spaces_are_many_words(sentences_of):
    assert sum(len(words(text)) for text in sentences_of("tha_Thai")) > 60 * 204


@given(st.text())
def test_words_lose_no_letter_and_gain_none(text):
    kept = [c for c in comparable(text) if unicodedata.category(c)[0] in "LMN"]
    assert list("".join(words(text))) == kept


@given(st.text(), st.text())
def test_a_space_parts_words(one, other):
    assert words(f"{one} {other}") == words(one) + words(other)


@given(st.text(alphabet=st.characters(categories=["L", "M", "N", "P"])))
def test_units_only_cut(token):
    assert "".join(units(token)) == token


@every_case(
    ("token", "expected"),
    [
        ("don't", ["don't"]),
        ("naïveté", ["naïveté"]),
        ("", [""]),
        ("東京都", ["東", "京", "都"]),
        ("東京°C", ["東", "京", "°C"]),
        ("50°東", ["50°", "東"]),
        ("น้ำใจ", ["น้ำ", "ใ", "จ"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),
    ],
)
def test_units(token, expected):
    assert units(token) == expected


@every_case(
    ("text", "expected"),
    [
        ("One. Two! Three? four", ["One.", "Two!", "Three?", "four"]),
        ("By J. Smith, e.g. here. Next", ["By J. Smith, e.g. here.", "Next"]),
        ('It is 3.5 m. He said: "No." Then', ["It is 3.5 m.", 'He said: "No."', "Then"]),
        ("One\nTwo\n\nThree", ["One", "Two", "Three"]),
        ("Wait... What?! No.", ["Wait...", "What?!", "No."]),
        ("今日は晴れ。明日は「雨。」そう！？はい", ["今日は晴れ。", "明日は「雨。」", "そう！？", "はい"]),
        ("यह एक है। वह दो है॥ तीन", ["यह एक है।", "वह दो है॥", "तीन"]),
        ("এক।দুই।", ["এক।", "দুই।"]),
        ("یہ ایک ہے۔ وہ دو؟ ہاں", ["یہ ایک ہے۔", "وہ دو؟", "ہاں"]),
        ("ይህ አንድ ነው። ሁለት፧ ሦስት", ["ይህ አንድ ነው።", "ሁለት፧", "ሦስት"]),
        ("မြန်မာ။ ဘာသာ။", ["မြန်မာ။", "ဘာသာ။"]),
        ("ខ្មែរ។ ភាសា។", ["ខ្មែរ។", "ភាសា។"]),
        ("Γεια; Ναι.", ["Γεια;", "Ναι."]),
        ("one; two", ["one; two"]),
        ("สวัสดีครับ วันนี้ 3 คน", ["สวัสดีครับ", "วันนี้ 3 คน"]),
        ("Да. Нет.", ["Да.", "Нет."]),
        ("  \n ", []),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


@given(st.text(alphabet='aB .!?。।\n")คก;Γ', max_size=60))
def test_sentences_only_cut(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(sentence == sentence.strip() and sentence for sentence in sentences(text))
    assert not any("\n" in sentence for sentence in sentences(text))


@every_case("part", [".", "!", "!)", ". ", "。", "ก ", " ", "\n", '."', "I. "])
def test_long_runs_of_marks_take_no_time(part):
    # A pattern that goes back for every mark would never come back.
    assert len("".join(sentences(part * 20_000)).replace(" ", "")) <= len(part) * 20_000
    assert set("".join(words(part * 20_000))) <= set(part + part.casefold())


def test_case_of_i():
    assert lowercase("ILIK İzmir", "tur_Latn") == "ılık izmir"
    assert lowercase("ILIK", "azj_Latn") == "ılık"
    assert lowercase("INDEX", "eng_Latn") == lowercase("INDEX") == "index"
    assert lowercase("IД", "kaz_Cyrl") == "iд"
