"""Pieces, rows and batches contain each node, within the budget, and depend on the requests alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.models.hf_tree.packing import Batch, Group, Piece, Prefix, make_batches, split_tree
from polyarena.harness.models.hf_tree.tree import build_tree

SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12).map(tuple), min_size=1, max_size=40)


def texts(group: Group) -> set[tuple[int, ...]]:
    """The beginnings of texts that a group computes, its prefix included."""
    before = group.prefix.tokens if group.prefix else ()
    found = {before[: length + 1] for length in range(len(before))}
    for piece in group.pieces:
        paths: dict[int, tuple[int, ...]] = {0: ()}
        for node, _ in piece.nodes():
            path = paths[node.start - len(before)] + node.tokens if node.start - len(before) in paths else ()
            paths = {depth: tokens for depth, tokens in paths.items() if depth <= node.start - len(before)}
            paths[node.end - len(before)] = path
            found |= {before + path[:length] for length in range(1, len(path) + 1)}
    return found


@given(SEQUENCES, st.integers(1, 20), st.integers(1, 20))
def test_every_beginning_is_computed(sequences: list[tuple[int, ...]], row: int, least_saved: int) -> None:
    groups = split_tree(build_tree(sequences), row, least_saved)
    wanted = {sequence[:length] for sequence in sequences for length in range(1, len(sequence) + 1)}
    assert set().union(*(texts(group) for group in groups)) == wanted


@given(SEQUENCES, st.integers(1, 20), st.integers(1, 60))
def test_batches_hold_each_piece_once_within_the_budget(
    sequences: list[tuple[int, ...]], row: int, budget: int
) -> None:
    groups = split_tree(build_tree(sequences), row, 4)
    batches = list(make_batches(groups, budget, row))
    packed = [piece for batch in batches for pieces in batch.rows for piece in pieces]
    assert {id(piece) for piece in packed} == {id(piece) for group in groups for piece in group.pieces}
    assert len(packed) == sum(len(group.pieces) for group in groups)
    for batch in batches:
        rows, length = batch.shape
        assert rows * length <= budget or rows == 1
        assert all(len(pieces) == 1 or sum(piece.size for piece in pieces) <= row for pieces in batch.rows)


@given(SEQUENCES, st.randoms(use_true_random=False))
def test_packing_does_not_depend_on_the_order_of_requests(sequences: list[tuple[int, ...]], random: object) -> None:
    def shapes(given: list[tuple[int, ...]]) -> list[list[list[tuple[int, ...]]]]:
        groups = split_tree(build_tree(given), 8, 4)
        return [
            [
                [tuple(token for node, _ in piece.nodes() for token in node.tokens) for piece in row]
                for row in batch.rows
            ]
            for batch in make_batches(groups, 32, 8)
        ]

    shuffled = list(sequences)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shapes(shuffled) == shapes(sequences)


def test_a_long_shared_beginning_is_a_prefix_and_a_passage_with_its_choices_is_not() -> None:
    few_shot = tuple(range(100, 400))
    passages = [tuple(range(1000 * place, 1000 * place + 50)) for place in range(1, 5)]
    groups = split_tree(
        build_tree([(*few_shot, *passage, choice) for passage in passages for choice in (1, 2)]), 64, 64
    )
    assert [group.prefix.length if group.prefix else 0 for group in groups] == [0, 300]
    assert [piece.size for piece in groups[1].pieces] == [52] * 4
    # The first group has nothing of its own: all texts go through the prefix.
    assert groups[0].pieces == []


def test_a_short_shared_beginning_is_repeated() -> None:
    sequences = [(7, *range(100 * place, 100 * place + 40)) for place in range(1, 9)]
    (group,) = split_tree(build_tree(sequences), 64, 64)
    assert group.prefix is None
    assert [piece.size for piece in group.pieces] == [41] * 8


def test_prefixes_continue_prefixes() -> None:
    system = tuple(range(50))
    shots = [tuple(range(1000 * place, 1000 * place + 60)) for place in (1, 2)]
    questions = [tuple(range(100_000 + 100 * place, 100_000 + 100 * place + 40)) for place in range(4)]
    groups = split_tree(build_tree([(*system, *shot, *question) for shot in shots for question in questions]), 64, 40)
    prefixes = [group.prefix for group in groups if group.prefix]
    assert [prefix.length for prefix in prefixes] == [50, 110, 110]
    assert [prefix.parent for prefix in prefixes] == [None, prefixes[0], prefixes[0]]
    assert prefixes[1].tokens == (*system, *shots[0])


def test_halves_end_at_one_piece() -> None:
    tree = build_tree([(place, 1, 2) for place in range(4)])
    (group,) = split_tree(tree, 3, 64)
    batch = Batch(None, tuple((piece,) for piece in group.pieces))
    halves = batch.halves()
    assert halves is not None
    assert [half.shape for half in halves] == [(2, 3), (2, 3)]
    assert Batch(None, ((group.pieces[0],),)).halves() is None
    both = Batch(None, (tuple(group.pieces[:2]),)).halves()
    assert both is not None
    assert [half.rows for half in both] == [((piece,),) for piece in group.pieces[:2]]


@pytest.mark.parametrize("row", [1, 3, 100])
def test_a_prefix_is_a_piece_of_one_chain(row: int) -> None:
    (node,) = build_tree([tuple(range(row))]).root.children
    piece = Prefix(None, (node,)).piece
    assert isinstance(piece, Piece)
    assert piece.size == row
    assert list(piece.nodes()) == [(node, row)]
