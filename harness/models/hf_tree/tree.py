"""The prefix tree of token sequences: what several of them begin with is one path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Request:
    """One continuation to score.

    Attributes:
        inputs: The tokens that the model reads: context and continuation without its last token.
        targets: The continuation. The last ``len(targets)`` positions of ``inputs`` predict them.
    """

    inputs: tuple[int, ...]
    targets: tuple[int, ...]

    @property
    def first_scored(self) -> int:
        """The depth in ``inputs`` whose prediction is compared with the first target."""
        return len(self.inputs) - len(self.targets)


@dataclass(slots=True)
class Node:
    """An edge of the tree with what hangs below it.

    Attributes:
        tokens: Of the edge.
        start: Depth of the first of them.
        children: Continuations, in the order of their tokens.
        below: Tokens of all descendants.
    """

    tokens: tuple[int, ...]
    start: int
    children: list[Node] = field(default_factory=list)
    below: int = 0

    @property
    def end(self) -> int:
        """Depth after the last token."""
        return self.start + len(self.tokens)

    @property
    def size(self) -> int:
        """Tokens of the edge and of all descendants."""
        return len(self.tokens) + self.below


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """A prefix tree.

    Attributes:
        root: Without tokens of its own.
        paths: For each sequence that was given, the nodes from below the root to its end.
    """

    root: Node
    paths: list[tuple[Node, ...]]


def build_tree(sequences: Sequence[tuple[int, ...]]) -> PrefixTree:
    """Build the prefix tree of token sequences; equal ones share a path.

    The sequences are sorted, and each is hung where it departs from the one before it, as in the construction of a
    suffix tree from sorted suffixes and their longest common prefixes.

    Args:
        sequences: Token ids, none of them empty.
    """
    keys = [np.asarray(sequence, dtype=">u4").tobytes() for sequence in sequences]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    root = Node((), 0)
    stack, before, path_of = [root], b"", {}
    for place in order:
        key = keys[place]
        if key not in path_of:
            sequence = sequences[place]
            _descend(stack, _common(before, key))
            if len(sequence) > stack[-1].end:
                leaf = Node(sequence[stack[-1].end :], stack[-1].end)
                stack[-1].children.append(leaf)
                stack.append(leaf)
            before = key
            path_of[key] = stack[-1]
    parents = _count_below(root)
    return PrefixTree(root, [_path(path_of[key], parents) for key in keys])


def _descend(stack: list[Node], depth: int) -> None:
    """Leave on the stack the path of the first ``depth`` tokens, splitting the edge in which they end."""
    last = None
    while stack[-1].end > depth:
        last = stack.pop()
    if last is not None and stack[-1].end < depth:
        cut = depth - last.start
        upper = Node(last.tokens[:cut], last.start, [last])
        last.tokens, last.start = last.tokens[cut:], depth
        stack[-1].children[-1] = upper
        stack.append(upper)


def _common(one: bytes, other: bytes) -> int:
    """Return how many tokens two sequences have in common at their beginning."""
    size = min(len(one), len(other)) // 4
    if not size:
        return 0
    differ = np.frombuffer(one, ">u4", size) != np.frombuffer(other, ">u4", size)
    first = int(differ.argmax())
    return first if differ[first] else size


def _count_below(root: Node) -> dict[int, Node]:
    """Fill :attr:`Node.below` and return the parent of each node, by the identity of the node."""
    parents: dict[int, Node] = {}
    order = [root]
    for node in order:
        for child in node.children:
            parents[id(child)] = node
            order.append(child)
    for node in reversed(order):
        node.below = sum(child.size for child in node.children)
    return parents


def _path(node: Node, parents: dict[int, Node]) -> tuple[Node, ...]:
    path = []
    while id(node) in parents:
        path.append(node)
        node = parents[id(node)]
    return tuple(reversed(path))
