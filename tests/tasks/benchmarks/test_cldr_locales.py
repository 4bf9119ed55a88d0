"""Reading CLDR's files leaves babel as it was, and does not depend on what babel has read before."""

from babel import Locale, localedata

from polyarena.tasks.benchmarks.cldr_names.locales import names_in


def test_babel_is_left_as_it_was():
    localedata._cache.pop("zu", None)
    names_in.cache_clear()
    names_in("zu")
    assert Locale.parse("zu").character_order == "left-to-right"


def test_what_babel_has_read_before_changes_nothing():
    localedata._cache.pop("ht", None)
    names_in.cache_clear()
    before = dict(names_in("ht"))
    # Merged with what it inherits, Haitian Creole would have French names.
    assert localedata.load("ht")["territories"]["DE"]
    names_in.cache_clear()
    assert dict(names_in("ht")) == before
