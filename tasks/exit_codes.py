"""The exit codes of the command line: one meaning each, for all commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes; others from 126 on are those of the shell."""

    DONE = 0
    CHECK_FAILED = 1
    FIX_INPUT = 2
    NOT_COMPLETE = 3
    INCONCLUSIVE = 4
    BUDGET_SPENT = 5
    INCOMPARABLE = 6
    DEFECT = 70
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """The meaning, in one line."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "done, or the check passed",
    ExitCode.CHECK_FAILED: "the check failed: a regression, or errors found by `tasks audit`",
    ExitCode.FIX_INPUT: "fix the command, the experiment, the gate file, the data or the run folder",
    ExitCode.NOT_COMPLETE: "not complete: a model, judge or endpoint failed; run the same command again",
    ExitCode.INCONCLUSIVE: "inconclusive, under --strict",
    ExitCode.BUDGET_SPENT: "a budget is spent: raise it and run the same command again",
    ExitCode.INCOMPARABLE: "the two runs cannot be compared",
    ExitCode.DEFECT: "a defect of polyarena: report it with the output of --debug",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C): run the same command again to go on",
    ExitCode.READER_GONE: "the reader of the output, such as `head`, went away",
    ExitCode.TERMINATED: "terminated (SIGTERM): run the same command again to go on",
}
