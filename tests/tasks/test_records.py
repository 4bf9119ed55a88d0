"""Records survive Arrow and Parquet as they are."""

import io
from dataclasses import fields

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA, Battle, Game
from polyarena.reports.records import ESTIMATE_SCHEMA, Estimate
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA, Completion, Score, from_table, to_table
from polyarena.tasks.text import REPLACEMENT, well_formed

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SHARE = st.floats(0, 1)
MAYBE_INT = st.none() | st.integers(0, 10**9)
COMPLETIONS = st.builds(
    Completion,
    system=TEXT,
    task=TEXT,
    language=TEXT,
    item_id=TEXT,
    sample_index=st.integers(0, 9),
    source_id=TEXT,
    prompt=TEXT,
    text=st.none() | TEXT,
    loglikelihoods=st.none() | st.lists(st.floats(-1e3, 0), max_size=5).map(tuple),
    choice_bytes=st.none() | st.lists(st.integers(1, 99), max_size=5).map(tuple),
    finish_reason=st.none() | TEXT,
    prompt_tokens=MAYBE_INT,
    completion_tokens=MAYBE_INT,
    latency_s=st.none() | st.floats(0, 1e6),
    identified_language=st.none() | TEXT,
    identified_probability=st.none() | SHARE,
    identified_script=st.none() | TEXT,
)
GAMES = st.builds(
    Game,
    judge=TEXT,
    task=TEXT,
    language=TEXT,
    item_id=TEXT,
    source_id=TEXT,
    system_a=TEXT,
    system_b=TEXT,
    repeat=st.integers(0, 9),
    label=TEXT,
    raw=TEXT,
    prompt_tokens=MAYBE_INT,
    completion_tokens=MAYBE_INT,
    cost=st.none() | st.floats(0, 1e6),
    error=st.none() | TEXT,
)


def through_parquet(table):
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    buffer.seek(0)
    return pq.read_table(buffer)


@given(st.lists(COMPLETIONS, max_size=4))
def test_completions_survive(records):
    assert from_table(through_parquet(to_table(records, COMPLETION_SCHEMA)), Completion) == records


@given(st.lists(GAMES, max_size=4))
def test_games_survive(records):
    assert from_table(through_parquet(to_table(records, GAME_SCHEMA)), Game) == records


@pytest.mark.parametrize(
    ("record", "schema"),
    [
        (Completion, COMPLETION_SCHEMA),
        (Score, SCORE_SCHEMA),
        (Game, GAME_SCHEMA),
        (Battle, BATTLE_SCHEMA),
        (Estimate, ESTIMATE_SCHEMA),
    ],
)
def test_schema_and_record_have_the_same_fields_in_the_same_order(record, schema):
    assert [field.name for field in fields(record)] == schema.names


@given(st.text(max_size=50))
def test_any_text_can_be_made_storable(text):
    clean = well_formed(text)
    assert clean.encode().decode() == clean
    assert len(clean) == len(text)
    assert "\0" not in clean
    assert well_formed(clean) == clean


@given(TEXT)
def test_good_text_is_left_alone(text):
    assert well_formed(text) == text


def test_what_cannot_be_stored_leaves_a_mark():
    assert well_formed("a\0b\ud800c") == f"a{REPLACEMENT}b{REPLACEMENT}c"
