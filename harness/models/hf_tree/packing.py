"""From a prefix tree to what one forward pass computes: shared prefixes, rows and batches.

All of it depends on the requests and two numbers alone, never on timing, so that the same requests are packed in the
same way by every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarena.harness.models.hf_tree.tree import Node, PrefixTree

ROW = 256
"""Tokens of a row that small trees share; a prefix with more tokens than this below it is computed by itself.

Attention is computed between all tokens of a row, so long rows of short trees waste work; short rows leave a device
idle.
"""
LEAST_SAVED = 64
"""Tokens that a prefix must save to be computed by itself: below, one more forward pass costs more than it saves."""


@dataclass(slots=True, eq=False)
class Prefix:
    """Tokens that several pieces begin with, computed once and kept as keys and values.

    Attributes:
        parent: The prefix that this one continues; ``None`` at the beginning of the text.
        nodes: Its part of the tree: a path.
    """

    parent: Prefix | None
    nodes: tuple[Node, ...]

    @property
    def length(self) -> int:
        """Tokens from the beginning of the text."""
        return self.nodes[-1].end

    @property
    def piece(self) -> Piece:
        """The prefix as something to compute: one chain of tokens."""
        return Piece(self.nodes, None)

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens from the beginning of the text."""
        own = tuple(token for node in self.nodes for token in node.tokens)
        return (*self.parent.tokens, *own) if self.parent else own


@dataclass(slots=True, eq=False)
class Piece:
    """A part of the tree that stands in one row.

    Attributes:
        chain: A path of nodes that it begins with.
        top: The last of them with all of its descendants; ``None`` for a chain alone.
    """

    chain: tuple[Node, ...]
    top: Node | None

    @property
    def size(self) -> int:
        """Tokens."""
        return sum(len(node.tokens) for node in self.chain) + (self.top.below if self.top else 0)

    def nodes(self) -> Iterator[tuple[Node, int]]:
        """Yield its nodes in depth-first order, each with the number of tokens of it and its descendants in here."""
        left = self.size
        for node in self.chain:
            yield node, left
            left -= len(node.tokens)
        stack = list(reversed(self.top.children)) if self.top else []
        while stack:
            node = stack.pop()
            yield node, node.size
            stack.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one forward pass computes.

    Attributes:
        prefix: What all of its rows begin with; ``None`` for nothing.
        rows: The pieces of each row. They do not attend to each other.
    """

    prefix: Prefix | None
    rows: tuple[tuple[Piece, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and tokens of the longest."""
        return len(self.rows), max(sum(piece.size for piece in row) for row in self.rows)

    def halves(self) -> tuple[Batch, Batch] | None:
        """Return the batch in two, for a device without memory for it; ``None`` if it is a single piece."""
        if len(self.rows) > 1:
            middle = len(self.rows) // 2
            return Batch(self.prefix, self.rows[:middle]), Batch(self.prefix, self.rows[middle:])
        pieces = self.rows[0]
        if len(pieces) < 2:
            return None
        middle = len(pieces) // 2
        return Batch(self.prefix, (pieces[:middle],)), Batch(self.prefix, (pieces[middle:],))


@dataclass(slots=True)
class Group:
    """The pieces behind one prefix.

    Attributes:
        prefix: The prefix; ``None`` at the beginning of the text.
        pieces: In the order of the tree.
    """

    prefix: Prefix | None
    pieces: list[Piece] = field(default_factory=list)


def split_tree(tree: PrefixTree, row: int = ROW, least_saved: int = LEAST_SAVED) -> list[Group]:
    """Divide a tree into shared prefixes and pieces.

    A node with at most ``row`` tokens below it is a piece, with all that leads to it. A node with more becomes a prefix
    if that saves ``least_saved`` tokens, else its tokens are repeated in front of each child.

    Returns:
        Groups in depth-first order: a prefix stands after the one that it continues.
    """
    groups = [Group(None)]
    # (node, group that it is in, nodes in front of it that are no part of a prefix)
    stack: list[tuple[Node, Group, tuple[Node, ...]]] = [(tree.root, groups[0], ())]
    while stack:
        node, group, carried = stack.pop()
        chain = (*carried, node) if node.tokens else carried
        if node.tokens and node.below <= row:
            group.pieces.append(Piece(chain, node))
            continue
        length = sum(len(each.tokens) for each in chain)
        if length and length * (len(node.children) - 1) >= least_saved:
            group = Group(Prefix(group.prefix, chain))
            groups.append(group)
            chain = ()
        stack.extend((child, group, chain) for child in reversed(node.children))
    return groups


def make_batches(groups: Sequence[Group], budget: int, row: int = ROW) -> Iterator[Batch]:
    """Pack the pieces of each group into rows, and rows into batches.

    Args:
        groups: Of :func:`split_tree`.
        budget: Tokens of a batch, padding included. A piece that is longer is a batch by itself.
        row: Tokens that a row is filled up to, unless a piece is longer.

    Yields:
        Batches, longest rows first within a group, so that a device without memory for them says so at once.
    """
    for group in groups:
        rows = _fill_rows(group.pieces, row)
        batch: list[tuple[Piece, ...]] = []
        longest = 0
        for pieces in rows:
            length = sum(piece.size for piece in pieces)
            if batch and (len(batch) + 1) * max(longest, length) > budget:
                yield Batch(group.prefix, tuple(batch))
                batch, longest = [], 0
            batch.append(pieces)
            longest = max(longest, length)
        if batch:
            yield Batch(group.prefix, tuple(batch))


def _fill_rows(pieces: Sequence[Piece], row: int) -> list[tuple[Piece, ...]]:
    """Fill rows with pieces, longest first, each into the open row with the least room that suffices."""
    rows: list[list[Piece]] = []
    room: dict[int, list[int]] = {}
    for piece in sorted(pieces, key=lambda each: -each.size):
        size = piece.size
        fitting = next((left for left in range(size, row + 1) if room.get(left)), None) if size <= row else None
        if fitting is None:
            rows.append([piece])
            place, left = len(rows) - 1, row - size
        else:
            place, left = room[fitting].pop(), fitting - size
            rows[place].append(piece)
        if left > 0:
            room.setdefault(left, []).append(place)
    lengths = [sum(piece.size for piece in pieces) for pieces in rows]
    return [tuple(rows[place]) for place in sorted(range(len(rows)), key=lambda place: -lengths[place])]
