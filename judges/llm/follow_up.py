"""Asks a stream of questions, and those again whose reply cannot be used, without ever waiting for a single one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from polyarena.judges.protocol import Ask, Call, Reply
from polyarena.tasks.errors import ModelError
from polyarena.tasks.finish_reasons import is_cut


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a judge model.

    Attributes:
        call: What is asked.
        usable: Whether a reply has a verdict.
        again: What is said after a reply that does not; ``None`` for no second try.
    """

    call: Call
    usable: Callable[[Reply], bool]
    again: str | None = None


@dataclass(slots=True, eq=False)
class _Pending:
    question: Question
    replies: list[Reply] = field(default_factory=list)
    done: bool = False

    def next_call(self) -> Call:
        return follow_up_call(self.question, self.replies[0].text) if self.replies else self.question.call

    def take(self, reply: Reply) -> None:
        self.replies.append(reply)
        self.done = (
            reply.error is not None
            or len(self.replies) == 2
            or self.question.again is None
            # Another try at the same limit would be cut off as well, at the same price.
            or is_cut(reply.finish_reason)
            or self.question.usable(reply)
        )


def ask_with_follow_up(ask: Ask, questions: Iterable[Question]) -> Iterator[tuple[Reply, ...]]:
    """Yield one or two replies to each question, in order.

    A second try is put at the end of what is being asked; questions behind it go on meanwhile, and their replies wait
    for it here. So no more is held than twice what ``ask`` has in flight, and questions are drawn only as fast as it
    takes them.

    Args:
        ask: Reaches the model.
        questions: Any number.

    Raises:
        ModelError: ``ask`` broke its promise of one reply for each call.
    """
    exchange = _Exchange(iter(questions))
    while True:
        for reply in ask(exchange.calls()):
            exchange.take(reply)
            yield from exchange.ready()
        exchange.check()
        if not exchange.unusable:
            return


class _Exchange:
    """What is asked, what is answered, and what waits for its turn."""

    def __init__(self, source: Iterator[Question]) -> None:
        self.source = source
        self.unusable: deque[_Pending] = deque()
        self._in_order: deque[_Pending] = deque()
        self._sent: deque[_Pending] = deque()
        self._asked = self._answered = 0
        self._drained = False

    def calls(self) -> Iterator[Call]:
        """Yield what is to be asked next, second tries first, until nothing is known to be left."""
        while True:
            if self.unusable:
                pending = self.unusable.popleft()
            else:
                question = next(self.source, None)
                if question is None:
                    self._drained = True
                    return
                pending = _Pending(question)
                self._in_order.append(pending)
            self._sent.append(pending)
            self._asked += 1
            yield pending.next_call()

    def take(self, reply: Reply) -> None:
        """File the reply to the oldest question without one."""
        self._answered += 1
        if not self._sent:
            self.check()
        pending = self._sent.popleft()
        pending.take(reply)
        if not pending.done:
            self.unusable.append(pending)

    def ready(self) -> Iterator[tuple[Reply, ...]]:
        """Yield what is complete and not behind anything that is not."""
        while self._in_order and self._in_order[0].done:
            yield tuple(self._in_order.popleft().replies)

    def check(self) -> None:
        """Check that all that was asked is answered, once, and nothing is left to ask for the first time.

        Raises:
            ModelError: It is not: the endpoint client lost or invented replies.
        """
        if self._answered != self._asked or not self._drained:
            raise ModelError(f"the endpoint client gave {self._answered} replies to {self._asked} questions")


def follow_up_call(question: Question, reply: str) -> Call:
    """Return the call that follows a reply without a verdict; what was said before stays, so that it is not lost."""
    # Chat templates want turns to alternate, and some servers refuse an empty one.
    said = {"role": "assistant", "content": reply if reply.strip() else "(no reply)"}
    turns = (said, {"role": "user", "content": question.again or ""})
    return replace(question.call, messages=(*question.call.messages, *turns))
