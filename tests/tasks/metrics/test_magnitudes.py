"""Numbers as people write them in 30 languages: magnitudes, spaces, exponents, Ethiopic numerals."""

from fractions import Fraction

from babel.core import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.languages import all_languages, find_language
from polyarena.tasks.metrics.magnitudes import write_in_digits
from polyarena.tasks.metrics.numbers import numbers, same_number

WRITTEN = [
    ("2万5千", "jpn_Jpan", 25_000),
    ("答えは3千万円です", "jpn_Jpan", 30_000_000),
    ("１億２千万人", "jpn_Jpan", 120_000_000),
    ("合計 1万2345 円", "jpn_Jpan", 12_345),
    ("7万", "jpn_Jpan", 70_000),
    ("2千3百万", "jpn_Jpan", 23_000_000),
    ("-2万", "jpn_Jpan", -20_000),
    ("3.5万", "zho_Hans", 35_000),
    ("共12亿3456万7890", "zho_Hans", 1_234_567_890),
    ("利润是7万元。", "zho_Hans", 70_000),
    ("5千克", "zho_Hans", 5),
    ("5千米", "zho_Hans", 5),
    ("8百", "zho_Hans", 800),
    ("1,200万", "zho_Hans", 12_000_000),
    ("2萬5千元", "zho_Hant", 25_000),
    ("3億", "zho_Hant", 300_000_000),
    ("7만 원", "kor_Hang", 70_000),
    ("2만5천", "kor_Hang", 25_000),
    ("2만 5천 원입니다", "kor_Hang", 25_000),
    ("1억 2,000만 원", "kor_Hang", 120_000_000),
    ("3만 2500원", "kor_Hang", 32_500),
    ("3천 명", "kor_Hang", 3_000),
    ("5백만 달러", "kor_Hang", 5_000_000),
    ("사과 3만, 배 12개", "kor_Hang", 12),
    ("2 lakh rupees", "eng_Latn", 200_000),
    ("Rs 1 crore 20 lakh", "eng_Latn", 12_000_000),
    ("2.5 crores", "eng_Latn", 25_000_000),
    ("2 lakh crore", "eng_Latn", 2 * 10**12),
    ("1.5 million", "eng_Latn", 1_500_000),
    ("$70 thousand", "eng_Latn", 70_000),
    ("3 Million", "eng_Latn", 3_000_000),
    ("25k", "eng_Latn", 25_000),
    ("25 km", "eng_Latn", 25),
    ("25kg", "eng_Latn", 25),
    ("1e3", "eng_Latn", 1_000),
    ("2.5E-1", "eng_Latn", Fraction(1, 4)),
    ("1.5 × 10^3", "eng_Latn", 1_500),
    (r"$1.5 \times 10^{3}$", "eng_Latn", 1_500),
    ("3/4 million", "eng_Latn", Fraction(3, 4)),
    ("1\u2009234\u2009567", "eng_Latn", 1_234_567),
    ("12\u2007345", "eng_Latn", 12_345),
    ("2 लाख 50 हज़ार रुपये", "hin_Deva", 250_000),
    ("२ लाख", "hin_Deva", 200_000),
    ("3 करोड़", "hin_Deva", 30_000_000),
    ("12,34,567", "hin_Deva", 1_234_567),
    ("५ हजार", "mar_Deva", 5_000),
    ("२ कोटी", "mar_Deva", 20_000_000),
    ("৫ লাখ টাকা", "ben_Beng", 500_000),
    ("৭০ হাজার ডলার", "ben_Beng", 70_000),
    ("১.৫ কোটি", "ben_Beng", 15_000_000),
    ("70 వేల డాలర్లు", "tel_Telu", 70_000),
    ("2 లక్షల", "tel_Telu", 200_000),
    ("5 லட்சம்", "tam_Taml", 500_000),
    ("௩ கோடி", "tam_Taml", 30_000_000),
    ("5 લાખ", "guj_Gujr", 500_000),
    ("5 ਹਜ਼ਾਰ", "pan_Guru", 5_000),
    ("3 ಲಕ್ಷ", "kan_Knda", 300_000),
    ("3 ലക്ഷം", "mal_Mlym", 300_000),
    ("۵ لاکھ", "urd_Arab", 500_000),
    ("۷۰ هزار دلار", "pes_Arab", 70_000),
    ("٧٠ ألف دولار", "arb_Arab", 70_000),
    ("٣ ملايين", "arb_Arab", 3_000_000),
    ("٣ آلاف", "arb_Arab", 3_000),
    ("70 אלף דולר", "heb_Hebr", 70_000),
    ("2 ล้านบาท", "tha_Thai", 2_000_000),
    ("๗ หมื่น", "tha_Thai", 70_000),
    ("2หมื่น5พันบาท", "tha_Thai", 25_000),
    ("5 พันธุ์", "tha_Thai", 5),
    ("5 သိန်း", "mya_Mymr", 500_000),
    ("70 тысяч рублей", "rus_Cyrl", 70_000),
    ("2 500 тыс. руб.", "rus_Cyrl", 2_500_000),
    ("1,5 млн", "rus_Cyrl", 1_500_000),
    ("12\u202f345,5", "rus_Cyrl", Fraction(24_691, 2)),
    ("5 тисяч", "ukr_Cyrl", 5_000),
    ("70 mil dólares", "spa_Latn", 70_000),
    ("2 mil 500 pesos", "spa_Latn", 2_500),
    ("3 millones", "spa_Latn", 3_000_000),
    ("70 mil reais", "por_Latn", 70_000),
    ("2,5 milhões", "por_Latn", 2_500_000),
    ("70 mille dollars", "fra_Latn", 70_000),
    ("1\u202f234\u202f567,8", "fra_Latn", Fraction(12_345_678, 10)),
    ("1 billion", "fra_Latn", 10**12),
    ("70 Tausend", "deu_Latn", 70_000),
    ("1,5 Millionen Euro", "deu_Latn", 1_500_000),
    ("3 Mrd. Euro", "deu_Latn", 3 * 10**9),
    ("70 mila euro", "ita_Latn", 70_000),
    ("5 tysięcy", "pol_Latn", 5_000),
    ("70 bin dolar", "tur_Latn", 70_000),
    ("2,5 milyon", "tur_Latn", 2_500_000),
    ("70 nghìn đồng", "vie_Latn", 70_000),
    ("1,5 triệu", "vie_Latn", 1_500_000),
    ("70 ribu dolar", "ind_Latn", 70_000),
    ("2,5 juta", "ind_Latn", 2_500_000),
    ("dola elfu 70", "swh_Latn", 70_000),
    ("milioni 2.5", "swh_Latn", 2_500_000),
    ("shilingi laki 3", "swh_Latn", 300_000),
    ("dala dubu 70", "hau_Latn", 70_000),
    ("70 ሺህ ዶላር", "amh_Ethi", 70_000),
    ("፳፭", "amh_Ethi", 25),
    ("፲፪፻፴፬", "amh_Ethi", 1_234),
    ("፯፼", "amh_Ethi", 70_000),
    ("፻", "amh_Ethi", 100),
    ("mil 5", "spa_Latn", 5),
    ("5 bin", "eng_Latn", 5),
]


def test_there_are_enough_strings_and_languages():
    assert len(WRITTEN) >= 80
    assert len({language for _, language, _ in WRITTEN}) >= 20


@every_case(("text", "language", "value"), WRITTEN)
def test_numbers_as_people_write_them(text, language, value):
    found = numbers(text, language)
    assert found, "no number"
    assert found[-1][0] == value, f"read as {found}"


@every_case(
    ("answer", "gold", "language"),
    [("7만", "7", "kor_Hang"), ("2万5千", "2", "jpn_Jpan"), ("70 ሺህ", "70", "amh_Ethi"), ("3 lakh", "3", "eng_Latn")],
)
def test_a_magnitude_makes_another_number(answer, gold, language):
    assert not same_number(answer, gold, language)


@every_case(
    ("text", "language", "values"),
    [
        ("1万 2万", "jpn_Jpan", [10_000, 20_000]),
        ("5만 3만", "kor_Hang", [50_000, 30_000]),
        ("5 thousand, 2 million", "eng_Latn", [5_000, 2_000_000]),
        ("2, 3万", "jpn_Jpan", [2, 30_000]),
        ("1e999", "eng_Latn", [1, 999]),
        ("3千", "eng_Latn", [3_000]),
    ],
)
def test_magnitudes_that_do_not_go_down_are_several_numbers(text, language, values):
    assert [readings[0] for readings in numbers(text, language)] == values


NUMERALS = "፩፪፫፬፭፮፯፰፱", "፲፳፴፵፶፷፸፹፺"


def ethiopic(value):
    """Write a number below 10^8 as Ethiopic numerals."""

    def below_hundred(number):
        tens, ones = divmod(number, 10)
        return (NUMERALS[1][tens - 1] if tens else "") + (NUMERALS[0][ones - 1] if ones else "")

    def below_myriad(number):
        hundreds, rest = divmod(number, 100)
        return ((below_hundred(hundreds) if hundreds > 1 else "") + "፻" if hundreds else "") + below_hundred(rest)

    myriads, rest = divmod(value, 10_000)
    return ((below_myriad(myriads) if myriads > 1 else "") + "፼" if myriads else "") + below_myriad(rest)


@given(st.integers(1, 10**8 - 1))
def test_ethiopic_numerals_of_any_size(value):
    assert numbers(ethiopic(value), "amh_Ethi")[-1][0] == value


def myriads(value, signs="万億"):
    high, rest = divmod(value, 10**8)
    middle, low = divmod(rest, 10**4)
    parts = [(high, signs[1]), (middle, signs[0]), (low, "")]
    return "".join(f"{number}{sign}" for number, sign in parts if number)


@given(st.integers(1, 10**12 - 1), st.sampled_from([("万億", "jpn_Jpan"), ("万亿", "zho_Hans"), ("만억", "kor_Hang")]))
def test_myriads_of_any_size(value, signs):
    assert numbers(f"= {myriads(value, signs[0])} .", signs[1])[-1][0] == value


@given(st.text(max_size=60), st.sampled_from([language.code for language in all_languages()]))
def test_texts_without_digits_stay_as_they_are(text, language):
    plain = "".join(character for character in text if not character.isnumeric())
    assert write_in_digits(plain, language, Fraction) == plain


@given(
    st.text(alphabet="0123456789.,万千億만천 kKeE^×*thousandlakh-", max_size=60),
    st.sampled_from(["jpn_Jpan", "eng_Latn"]),
)
def test_any_text_can_be_read(text, language):
    assert all(1 <= len(readings) <= 2 for readings in numbers(text, language))


DIGITS = {
    "Beng": "০", "Deva": "०", "Gujr": "૦", "Guru": "੦", "Knda": "೦", "Khmr": "០", "Laoo": "໐", "Mlym": "൦", "Mymr": "၀",
    "Orya": "୦", "Taml": "௦", "Telu": "౦", "Thai": "๐", "Arab": "٠", "Jpan": "０", "Hans": "０", "Hant": "０",
}  # fmt: skip


def in_own_digits(value, language):
    """Write a gold as its language does: grouped, in the digits of its script."""
    known = find_language(language)
    try:
        locale = Locale.parse(known.iso639_1 or known.iso639_3)
        group, decimal = get_group_symbol(locale), get_decimal_symbol(locale)
    except ValueError:
        group, decimal = ",", "."
    text = f"{value:,}".translate({ord(","): group, ord("."): decimal})
    zero = ord(DIGITS.get(known.script, "0"))
    return "".join(chr(zero + int(digit)) if digit in "0123456789" else digit for digit in text)


EAST = {"jpn_Jpan": "万億", "zho_Hans": "万亿", "kor_Hang": "만억"}


def test_all_golds_of_mgsm_and_afrimgsm_are_read_in_their_own_digits(test_data):
    from polyarena.tasks.benchmarks import afrimgsm, mgsm
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.errors import DataError

    data, checked = DataSource(test_data / "hub"), 0
    for task in (mgsm.task, afrimgsm.task):
        for language in task.card.languages:
            try:
                golds = [item.references[0] for item in task.items(language, data)]
            except DataError:
                continue
            for gold in golds:
                value = float(gold.replace(",", ""))
                whole = int(value) if value == int(value) else value
                assert same_number(f"= {in_own_digits(whole, language)}.", gold, language), (gold, language)
                if language == "amh_Ethi" and isinstance(whole, int) and whole > 0:
                    assert same_number(ethiopic(whole), gold, language), gold
                if language in ("jpn_Jpan", "zho_Hans") and isinstance(whole, int) and whole > 0:
                    assert same_number(myriads(whole, "万億" if language == "jpn_Jpan" else "万亿"), gold, language), (
                        gold
                    )
                checked += 1
    assert checked >= 2_750


def test_each_word_of_the_table_is_read():
    import csv
    from pathlib import Path

    from polyarena.tasks.metrics import magnitudes

    rows = list(csv.DictReader(Path(magnitudes.__file__).with_suffix(".csv").read_text("utf-8").splitlines()))
    codes = {language.code for language in all_languages()}
    for row in rows:
        assert row["language"] == "*" or set(row["language"].split()) <= codes
        for word in row["words"].split():
            for language in ["eng_Latn"] if row["language"] == "*" else row["language"].split():
                text = f"{word.removesuffix('<')} 3" if word.endswith("<") else f"3 {word}"
                assert numbers(text, language)[-1][0] == 3 * int(row["factor"]), (word, language)


def test_the_metric_has_a_new_version():
    from polyarena.tasks.metrics.registry import find_metric

    assert "readings:2" in str(find_metric("numeric_match").signature)
