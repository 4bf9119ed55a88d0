"""The prefix tree holds every sequence, and each common beginning once."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.models.hf_tree.tree import Node, Request, build_tree

SEQUENCES = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8).map(tuple), max_size=24)


def all_nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from all_nodes(child)


@given(SEQUENCES)
def test_each_path_spells_its_sequence(sequences: list[tuple[int, ...]]) -> None:
    tree = build_tree(sequences)
    for sequence, path in zip(sequences, tree.paths, strict=True):
        assert tuple(token for node in path for token in node.tokens) == sequence
        assert [node.start for node in path] == [0, *(node.end for node in path[:-1])]


@given(SEQUENCES)
def test_each_common_beginning_stands_once(sequences: list[tuple[int, ...]]) -> None:
    tree = build_tree(sequences)
    beginnings = {sequence[:length] for sequence in sequences for length in range(1, len(sequence) + 1)}
    assert tree.root.below == len(beginnings)
    for node in all_nodes(tree.root):
        assert len({child.tokens[0] for child in node.children}) == len(node.children)
        assert node.below == sum(len(each.tokens) for each in all_nodes(node)) - len(node.tokens)


def test_a_sequence_that_begins_another_ends_inside_the_tree() -> None:
    tree = build_tree([(1, 2, 3), (1, 2), (1, 2, 4)])
    (top,) = tree.root.children
    assert (top.tokens, [child.tokens for child in top.children]) == ((1, 2), [(3,), (4,)])
    assert tree.paths[1] == (top,)


def test_large_token_ids_keep_their_order() -> None:
    tree = build_tree([(256, 1), (255, 1), (300_000, 1)])
    assert [child.tokens[0] for child in tree.root.children] == [255, 256, 300_000]


def test_thousands_of_nested_sequences_need_no_recursion() -> None:
    long = tuple(range(3000))
    tree = build_tree([long[:length] for length in range(1, 3001)])
    assert len(tree.paths[-1]) == 3000
    assert tree.root.below == 3000


def test_no_sequence_is_an_empty_tree() -> None:
    assert build_tree([]).root.size == 0


def test_the_position_before_the_first_target_is_the_first_scored() -> None:
    assert Request((5, 6, 7, 8), (8, 9)).first_scored == 2
