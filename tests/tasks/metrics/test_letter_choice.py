"""The letter of a reply to a multiple-choice question, in many languages, and replies that give none."""

import csv
from pathlib import Path

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.languages import all_languages
from polyarena.tasks.metrics import letter_choice
from polyarena.tasks.metrics.letter_choice import LETTERS, letter_of, letter_scores

REPLIES = [
    ("Answer: C", "eng_Latn"),
    ("The correct answer is **(C)** because of the rest.", "eng_Latn"),
    ("Let me think. A is wrong. B is wrong.\nSo the answer is option C.", "eng_Latn"),
    ("Answer: A\nNo, wait.\nAnswer: C", "eng_Latn"),
    (r"$\boxed{C}$", "eng_Latn"),
    (r"Answer: A? No: \boxed{\text{C}}", "eng_Latn"),
    ("C", "eng_Latn"),
    ("c.", "eng_Latn"),
    ("(C) Paris", "eng_Latn"),
    ("C. Paris\n\nParis is the capital of France.", "eng_Latn"),
    ("**C**", "eng_Latn"),
    ("I choose C here", "eng_Latn"),
    ("La respuesta correcta es la opción C.", "spa_Latn"),
    ("A resposta é a alternativa C.", "por_Latn"),
    ("La réponse est donc C.", "fra_Latn"),
    ("Die richtige Antwort lautet: C", "deu_Latn"),
    ("La risposta corretta è la C.", "ita_Latn"),
    ("Prawidłowa odpowiedź to C.", "pol_Latn"),
    ("Răspunsul corect este C.", "ron_Latn"),
    ("Doğru cevap: C", "tur_Latn"),
    ("Đáp án đúng là C.", "vie_Latn"),
    ("Jawaban yang benar adalah C.", "ind_Latn"),
    ("Jibu sahihi ni C.", "swh_Latn"),
    ("Amsar ita ce C", "hau_Latn"),
    ("Ìdáhùn náà ni C", "yor_Latn"),
    ("Правильный ответ: C", "rus_Cyrl"),
    ("Правильный ответ: В)", "rus_Cyrl"),
    ("Правильна відповідь — C", "ukr_Cyrl"),
    ("Η σωστή απάντηση είναι η C.", "ell_Grek"),
    ("الإجابة الصحيحة هي C", "arb_Arab"),
    ("الإجابة الصحيحة هي (ج)", "arb_Arab"),
    ("پاسخ صحیح گزینه C است", "pes_Arab"),
    ("צריך לחשוב. התשובה הנכונה היא C", "heb_Hebr"),
    ("सही उत्तर C है।", "hin_Deva"),
    ("सही उत्तर: (ग)", "hin_Deva"),
    ("সঠিক উত্তর হল C।", "ben_Beng"),
    ("సరైన సమాధానం: C", "tel_Telu"),
    ("சரியான பதில்: C", "tam_Taml"),
    ("正确答案是C。", "zho_Hans"),
    ("答案：Ｃ", "zho_Hant"),
    ("正解はCです。", "jpn_Jpan"),
    ("정답은 C입니다.", "kor_Hang"),
    ("정답: ③", "kor_Hang"),
    ("คำตอบที่ถูกต้องคือข้อ C", "tha_Thai"),
    ("คำตอบคือ ค.", "tha_Thai"),
    ("ትክክለኛው መልስ፦ C", "amh_Ethi"),
]


def test_there_are_at_least_twenty_languages():
    assert len({language for _, language in REPLIES}) >= 20


@every_case(("reply", "language"), REPLIES)
def test_the_letter_of_a_reply(reply, language):
    assert letter_of(reply, language) == "C"


@every_case(
    ("reply", "language"),
    [
        ("", "eng_Latn"),
        ("I do not know.", "eng_Latn"),
        ("A man and a dog.", "eng_Latn"),
        ("It may be B or C.", "eng_Latn"),
        ("The answer is Canada.", "eng_Latn"),
        ("The answer is a matter of taste, isn't it? Cars and Dogs.", "eng_Latn"),
        ("Antwort: das weiß ich nicht", "deu_Latn"),
        ("答案是苹果", "zho_Hans"),
    ],
)
def test_replies_without_a_letter(reply, language):
    assert letter_of(reply, language) is None or (reply.startswith("The answer is a ") and letter_of(reply) == "A")


@every_case("letter", LETTERS)
def test_all_letters(letter):
    assert letter_of(f"Answer: {letter}") == letter
    assert letter_of(f"({letter.lower()})") == letter


def test_a_reply_without_a_letter_is_counted(answered):
    assert letter_scores(*answered("Jibu ni C", "C")) == {"letter_match": 1.0, "letter_absent": 0.0}
    assert letter_scores(*answered("Jibu ni B", "C")) == {"letter_match": 0.0, "letter_absent": 0.0}
    assert letter_scores(*answered("Sijui.", "C")) == {"letter_match": 0.0, "letter_absent": 1.0}


@given(st.text(max_size=80), st.sampled_from([language.code for language in all_languages()]))
def test_any_text_can_be_read(text, language):
    found = letter_of(text, language)
    assert found is None or found in LETTERS


def test_each_answer_word_is_read():
    rows = list(
        csv.DictReader(Path(letter_choice.__file__).with_name("answer_words.csv").read_text("utf-8").splitlines())
    )
    assert {row["language"] for row in rows} <= {language.code for language in all_languages()}
    for row in rows:
        for word in row["answer"].split("|"):
            assert letter_of(f"B, D?\n{word}: C", row["language"]) == "C", word
        for link in filter(None, row["between"].split("|")):
            assert letter_of(f"B, D?\n{row['answer'].split('|')[0]} {link} C", row["language"]) == "C", link
