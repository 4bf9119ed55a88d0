"""What the item browser shows; the harness fills it in."""

from __future__ import annotations

from dataclasses import dataclass

from polyarena.judges.records import Label

_POINTS: dict[str, int] = {Label.A_MUCH: 1, Label.A: 1, Label.TIE: 0, Label.B: -1, Label.B_MUCH: -1}


@dataclass(frozen=True, slots=True)
class Answer:
    """A system's answer to an item.

    Attributes:
        system: Whose.
        text: Without its thought.
        thought: What a reasoning model wrote before; empty without one.
        cut: Whether it was cut off at a limit of tokens.
    """

    system: str
    text: str
    thought: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of two answers in one order.

    Attributes:
        judge: Its name.
        first: The system whose answer was shown first.
        label: A value of :class:`polyarena.judges.records.Label`, from the first shown to the second.
        text: The judge's reply; empty where nobody wrote anything.
        error: Why there is no verdict; empty if there is one.
    """

    judge: str
    first: str
    label: str
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item with the answers of a pair of systems, or of one system.

    Attributes:
        task: Task name.
        language: ``lang_Script``.
        item_id: The item, within task and language.
        candidate: The system whose result it is.
        baseline: The other system; empty where nothing was compared.
        prompt: As the candidate received it.
        answers: The candidate's first.
        verdicts: By judge and order.
        withheld: Why the texts are not shown; empty if they are.
    """

    task: str
    language: str
    item_id: str
    candidate: str
    baseline: str = ""
    prompt: str = ""
    answers: tuple[Answer, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    withheld: str = ""

    def points(self, verdict: Verdict) -> int | None:
        """Return 1 for a win of the candidate, 0 for a tie, -1 for a loss; ``None`` without a verdict."""
        found = _POINTS.get(verdict.label)
        return found if found is None or verdict.first == self.candidate else -found

    @property
    def outcome(self) -> str:
        """``win``, ``tie`` or ``loss`` of the candidate over all verdicts; ``invalid`` or empty without any."""
        points = [self.points(verdict) for verdict in self.verdicts]
        known = [point for point in points if point is not None]
        if not known:
            return "invalid" if points else ""
        return "win" if sum(known) > 0 else "loss" if sum(known) < 0 else "tie"

    @property
    def orders_differ(self) -> bool:
        """Whether a judge decided differently when the answers changed places."""
        return any(len(set(orders.values())) > 1 for orders in self._results("first").values())

    @property
    def judges_differ(self) -> bool:
        """Whether two judges have different results, each over its own orders and repeats."""
        return len({result for orders in self._results("").values() for result in orders.values()}) > 1

    def _results(self, by: str) -> dict[str, dict[str, int]]:
        """Return -1, 0 or 1 for each judge, and for each order if ``by`` is ``first``; those without any are absent."""
        sums: dict[str, dict[str, int]] = {}
        for verdict in self.verdicts:
            if (points := self.points(verdict)) is not None:
                orders = sums.setdefault(verdict.judge, {})
                order = verdict.first if by else ""
                orders[order] = orders.get(order, 0) + points
        return {j: {order: (n > 0) - (n < 0) for order, n in orders.items()} for j, orders in sums.items()}

    @property
    def cut(self) -> bool:
        """Whether any answer was cut off."""
        return any(answer.cut for answer in self.answers)
