"""Did-you-mean."""

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.suggest import closest, unknown

NAMES = ["polyarena_mini", "cldr_names", "m_arenahard", "xcopa"]


@every_case(
    ("written", "meant"),
    [
        ("polyarena-mini", "polyarena_mini"),
        ("XCOPA", "xcopa"),
        ("m_arena_hard", "m_arenahard"),
        ("cldrnames", "cldr_names"),
    ],
)
def test_the_nearest_name_comes_first(written, meant):
    assert closest(written, NAMES)[0] == meant


def test_nothing_is_suggested_for_nonsense():
    assert closest("zzzzzz", NAMES) == []


@given(st.sampled_from(NAMES), st.integers(0, 30))
def test_one_letter_too_few_is_forgiven(name, place):
    place %= len(name)
    assert name in closest(name[:place] + name[place + 1 :], NAMES)


def test_the_error_helps_with_near_names():
    error = unknown("task", "xcoppa", NAMES, where="file:3", listing="polyarena tasks")
    assert str(error).startswith("file:3: unknown task 'xcoppa'")
    assert error.fix == "did you mean 'xcopa'? (`polyarena tasks` lists them all)"


def test_the_error_lists_few_names_when_none_is_near():
    assert unknown("task", "zzz", NAMES).fix == "use one of: " + ", ".join(sorted(NAMES))


def test_the_error_does_not_list_many():
    error = unknown("language", "zzz", [f"name{n}" for n in range(100)], listing="polyarena languages")
    assert error.fix == "`polyarena languages` lists them all"
