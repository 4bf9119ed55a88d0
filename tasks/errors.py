"""The errors that a user can cause, in all packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from polyarena.tasks.exit_codes import ExitCode


class PolyarenaError(Exception):
    """An error that the user can fix: says what is wrong, where, why, and what to do next.

    The command line prints these without a traceback (``--debug`` shows it).

    Attributes:
        what: One sentence: what is wrong.
        where: The file (and line), field, cell or address concerned; empty if none.
        why: The reason, if it is not clear from ``what``.
        fix: The next thing to do or the command to run.
        also: Further errors found at the same time, so that all can be fixed at once.
    """

    exit_code: int = ExitCode.FIX_INPUT

    def __init__(
        self, what: str, *, where: str | Path = "", why: str = "", fix: str = "", also: Sequence[PolyarenaError] = ()
    ) -> None:
        self.what = what
        self.where = str(where)
        self.why = why
        self.fix = fix
        self.also = tuple(also)
        super().__init__(self.render())

    def move(self, where: str) -> None:
        """Give the error another place, for a caller that knows more of it."""
        self.where = where
        self.args = (self.render(),)

    def render(self) -> str:
        """Return the message as the terminal shows it, one fact per line."""
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join([*lines, *(other.render() for other in self.also)])


class UnknownNameError(PolyarenaError):
    """A language, task, judge, model or key that does not exist (message carries a did-you-mean)."""


class DataError(PolyarenaError):
    """A data file is missing, unreadable or not in the expected schema."""


class NotOnHubError(DataError):
    """A data set that is not on the hub is needed, and there is no local mirror of it."""


class HiddenAnswersError(DataError):
    """This copy of a data set lacks the correct answers; other copies may have them."""


class ExperimentError(PolyarenaError):
    """The experiment file cannot be used as written."""


class ModelError(PolyarenaError):
    """A model or endpoint could not be built or did not answer."""

    exit_code = ExitCode.NOT_COMPLETE


class StoreError(PolyarenaError):
    """A run folder cannot be read or written."""
