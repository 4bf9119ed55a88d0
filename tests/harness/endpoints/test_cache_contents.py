"""What the call cache holds beside answers: refusals, open batches, and how an answer was bought."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import CallCache
from polyarena.harness.endpoints.cache import CachedReply
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

A, B, C = ("ab" * 32, "cd" * 32, "ef" * 32)
HERE, THERE = "http://here/v1", "http://there/v1"


@pytest.mark.parametrize("batch", [False, True])
def test_it_is_kept_how_an_answer_was_bought(cache, batch):
    reply = Reply("x", "stop", 5, 2, cached_tokens=3)
    cache.put(A, reply, batch=batch)
    assert cache.find(A) == CachedReply(reply, batch)
    assert cache.get(A) == reply
    cache.put(A, reply, batch=not batch)
    assert cache.find(A).batch is batch


def test_an_empty_answer_is_one_and_no_answer_is_none(cache):
    cache.put(A, Reply(""))
    assert cache.get(A) == Reply("")
    assert A in cache
    assert B not in cache
    assert cache.find(B) is cache.get(B) is None


def test_the_last_reason_of_a_refusal_stays_and_it_is_no_answer(cache):
    assert cache.refusal(A) is None
    cache.refuse(A, "HTTP 400: too long")
    cache.refuse(A, "HTTP 413: ไทย")
    assert cache.refusal(A) == "HTTP 413: ไทย"
    assert A not in cache
    assert len(cache) == 0


def test_an_answer_and_an_old_refusal_stand_side_by_side(cache):
    cache.refuse(A, "no")
    cache.put(A, Reply("after all"))
    assert (cache.get(A), cache.refusal(A)) == (Reply("after all"), "no")


def test_letter_case_of_a_key_means_nothing(cache):
    cache.put(A.upper(), Reply("x"))
    assert cache.get(A) == Reply("x")


@pytest.mark.parametrize("key", ["not hex", "abc", "zz"])
def test_what_is_no_key_is_refused_before_anything_is_written(cache, key):
    with pytest.raises(ValueError, match="hex"):
        cache.put_all([(A, Reply("x")), (key, Reply("y"))])
    assert len(cache) == 0


def test_nothing_at_all_is_kept_as_well(cache):
    cache.put_all([])
    assert len(cache) == 0


def test_a_batch_from_its_handing_in_to_its_end(cache):
    cache.register_batch("token", HERE, [B, A])
    assert cache.open_batches(HERE) == {"token": None}
    assert cache.open_batches(THERE) == {}
    assert cache.batch_keys("token") == [A, B]
    assert (cache.batch_of(A), cache.batch_of(C)) == ("token", None)
    cache.name_batch("token", "batch-7")
    assert cache.open_batches(HERE) == {"token": "batch-7"}
    cache.close_batch("token")
    assert cache.open_batches(HERE) == {}
    assert cache.batch_keys("token") == []
    assert cache.batch_of(A) is None


def test_a_question_lies_in_the_batch_that_was_handed_in_first(cache):
    assert cache.register_batch("one", HERE, [B, A]) == [B, A]
    assert cache.register_batch("other", HERE, [B, C]) == [C]
    assert [cache.batch_of(key) for key in (A, B, C)] == ["one", "one", "other"]
    cache.close_batch("one")
    assert [cache.batch_of(key) for key in (A, B, C)] == [None, None, "other"]
    assert cache.register_batch("next", HERE, [A, B, C]) == [A, B]


def test_naming_or_closing_a_batch_that_is_not_there_does_nothing(cache):
    cache.register_batch("one", HERE, [A])
    cache.name_batch("none", "batch-1")
    cache.close_batch("none")
    assert cache.open_batches(HERE) == {"one": None}


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("register_batch"),
                st.sampled_from("xyz"),
                st.sampled_from([HERE, THERE]),
                st.sets(st.sampled_from([A, B, C])),
            ),
            st.tuples(st.just("name"), st.sampled_from("xyz"), st.sampled_from(["b1", "b2"])),
            st.tuples(st.just("close"), st.sampled_from("xyz")),
        ),
        max_size=12,
    )
)
def test_batches_are_what_a_dictionary_would_say(steps):
    """Plays the steps on the file and on two dictionaries."""
    batches: dict[str, tuple[str, str | None]] = {}
    lying: dict[str, str] = {}
    with CallCache(":memory:") as cache:
        for kind, token, *more in steps:
            if kind == "register_batch":
                cache.register_batch(token, *more)
                batches[token] = (more[0], None)
                lying = dict.fromkeys(more[1], token) | lying
            elif kind == "name":
                cache.name_batch(token, *more)
                if token in batches:
                    batches[token] = (batches[token][0], more[0])
            else:
                cache.close_batch(token)
                batches.pop(token, None)
                lying = {key: other for key, other in lying.items() if other != token}
        for url in (HERE, THERE):
            assert cache.open_batches(url) == {t: name for t, (where, name) in batches.items() if where == url}
        assert {key: cache.batch_of(key) for key in (A, B, C) if cache.batch_of(key)} == lying
        for token in "xyz":
            assert cache.batch_keys(token) == sorted(key for key, other in lying.items() if other == token)


def test_all_of_it_outlives_the_process(tmp_path):
    path = tmp_path / "calls.sqlite"
    with CallCache(path) as cache:
        cache.put(A, Reply("x"), batch=True)
        cache.refuse(B, "no")
        cache.register_batch("token", HERE, [C])
    with CallCache(path) as cache:
        assert (cache.find(A).batch, cache.refusal(B), cache.batch_of(C)) == (True, "no", "token")


def test_words_of_questions_and_keys_of_users_are_nowhere_in_the_file(scripted_server, open_endpoint, ask_for, cache):
    list(open_endpoint(cache)(ask_for("a very telling question")))
    cache._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = cache.path.read_bytes()
    assert b"fine" in content
    assert b"telling" not in content
    assert b"sk-never" not in content


@pytest.mark.parametrize(
    "use",
    [
        lambda cache: cache.get(A),
        lambda cache: cache.put(A, Reply("x")),
        lambda cache: cache.put_all([(A, Reply("x"))]),
        lambda cache: cache.refuse(A, "no"),
        lambda cache: cache.register_batch("t", HERE, [A]),
        len,
        lambda cache: A in cache,
    ],
)
def test_a_closed_file_is_not_called_damaged(tmp_path, use):
    cache = CallCache(tmp_path / "calls.sqlite")
    cache.close()
    cache.close()
    with pytest.raises(StoreError, match="cannot be read or written") as caught:
        use(cache)
    assert "closed" in caught.value.why
    assert caught.value.where == str(tmp_path / "calls.sqlite")
