"""From a prefix tree to what one forward pass computes: shared prefixes, rows and batches.

All of it depends on the requests and two numbers alone, never on timing, so that the same requests are packed in the
same way by every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarena.harness.models.hf_tree.tree import Node, PrefixTree, Request, build_tree

ROW = 256
"""Tokens of a row that small trees share; a prefix with more tokens than this below it is computed by itself.

Attention is computed between all tokens of a row, so long rows of short trees waste work; short rows leave a device
idle.
"""
LEAST_SAVED = 64
"""Tokens that a prefix must save to be computed by itself: below, one more forward pass costs more than it saves."""
SHORTEST_PREFIX = 8
"""Tokens of the shortest prefix that questions with rows of their own share."""


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


def split_questions(
    requests: Sequence[Request], questions: Sequence[int], least_saved: int = LEAST_SAVED
) -> tuple[list[Group], list[tuple[Node, ...]]]:
    """Divide requests into shared prefixes and one piece a question, which depends on the question alone.

    The tokens of a question stand in one order, from the beginning of its text, whatever is asked beside it: where its
    prefix ends decides only how many of them were computed before.

    Args:
        requests: Continuations.
        questions: The number of the question that each of them belongs to.
        least_saved: Tokens that a prefix must save to be computed by itself.

    Returns:
        Groups in depth-first order, and for each request the nodes from the beginning of its text to its end.
    """
    members: dict[int, list[int]] = {}
    for place, question in enumerate(questions):
        members.setdefault(question, []).append(place)
    trunks = {number: _trunk([requests[place] for place in places]) for number, places in members.items()}
    numbers = [number for number, trunk in trunks.items() if trunk]
    tree = build_tree([trunks[number] for number in numbers])
    groups, group_of = _shared_prefixes(tree, least_saved)
    behind = {number: group_of[id(path[-1])] for number, path in zip(numbers, tree.paths, strict=True)}
    paths: list[tuple[Node, ...]] = [()] * len(requests)
    for number, places in members.items():
        own = build_tree([requests[place].inputs for place in places])
        group = behind.get(number, groups[0])
        if group.prefix is not None:
            first = own.root.children[0]
            cut = group.prefix.length
            first.tokens, first.start = first.tokens[cut:], cut
        # The root has no tokens. What lies below it has changed if the first node was cut.
        own.root.below = sum(child.size for child in own.root.children)
        group.pieces.append(Piece((), own.root))
        for place, path in zip(places, own.paths, strict=True):
            paths[place] = path
    return groups, paths


def _trunk(requests: Sequence[Request]) -> tuple[int, ...]:
    """Return what all requests of a question read before anything is scored, at least one token less than they have."""
    first = requests[0].inputs
    common = min(len(first) - 1, *(request.first_scored for request in requests))
    for request in requests[1:]:
        common = min(common, len(request.inputs) - 1)
        if request.inputs[:common] != first[:common]:
            common = next(at for at in range(common) if request.inputs[at] != first[at])
    return first[:common]


def _shared_prefixes(tree: PrefixTree, least_saved: int) -> tuple[list[Group], dict[int, Group]]:
    """Return the groups behind the prefixes of a tree of questions, and the group of each node by its identity."""
    below: dict[int, int] = {}
    for path in tree.paths:
        for node in path:
            below[id(node)] = below.get(id(node), 0) + 1
    groups = [Group(None)]
    group_of: dict[int, Group] = {}
    stack: list[tuple[Node, Group, tuple[Node, ...]]] = [
        (child, groups[0], ()) for child in reversed(tree.root.children)
    ]
    while stack:
        node, group, carried = stack.pop()
        chain = (*carried, node)
        length = sum(len(each.tokens) for each in chain)
        if length >= SHORTEST_PREFIX and length * (below[id(node)] - 1) >= least_saved:
            group = Group(Prefix(group.prefix, chain))
            groups.append(group)
            chain = ()
        group_of[id(node)] = group
        stack.extend((child, group, chain) for child in reversed(node.children))
    return groups, group_of


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
