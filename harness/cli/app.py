"""The command tree; each command's module is imported only when it is called."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper

from polyarena.harness.terminal import printable
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.exit_codes import ExitCode

EXIT_CODES = "Exit codes:\n\n" + "".join(f"- {code.value}: {code.meaning}\n" for code in ExitCode)

COMMANDS = {
    "init": "Write a commented experiment file to start from.",
    "run": "Run an experiment, or continue an earlier run of it.",
    "status": "Show how far a run is, from its folder.",
    "plan": "Show what a run would do and cost, without spending anything.",
    "train": "Train the stages of a pipeline, or continue an earlier run of it.",
    "report": "Rebuild the results and report of a run folder.",
    "figure": "Draw one figure for a paper, or all figures and tables of a specification.",
    "import": "Import verdicts, human votes or results of other tools into a run folder.",
    "export": "Export the results of a run for other tools and sites, or pack it for a paper.",
    "judge": "Audit a judge, compare it with human votes, or measure it on preference data.",
    "compare": "Compare two systems of a run on the items that both answered.",
    "rank": "Rate and rank the systems of a run.",
    "board": "Build a static leaderboard from runs, and add runs to it.",
    "gate": "Check a new system for regressions against an old one, by language; for CI.",
    "power": "Power analysis: the smallest difference a design can detect.",
    "tasks": "List, show or audit tasks, or show which languages they cover.",
    "languages": "List languages by code, name, set or property.",
    "doctor": "Check this installation.",
    "schema": "Print the JSON Schema of the experiment file, or of the pipeline file.",
}

MODULES = {"import": "import_verdicts"}
"""Modules of commands whose own name cannot name a module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: Without the program's name; those of the process if left out.
    """
    from cyclopts import App, CycloptsError

    _survive_any_encoding()
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    app = App(
        name="polyarena",
        help="Multilingual evaluation of language models: scores and win rates by language, with confidence intervals.",
        help_epilogue=f"Add `--debug` to any command to see the traceback of an error.\n\n{EXIT_CODES}",
        version=_version,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, help_text in COMMANDS.items():
        app.command(f"polyarena.harness.cli.{MODULES.get(name, name)}:command", name=name, help=help_text)
    try:
        with _terminable():
            result = app(given, exit_on_error=False, print_error=True)
        sys.stdout.flush()
    except CycloptsError:
        return ExitCode.FIX_INPUT
    except PolyarenaError as error:
        if debug:
            raise
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        _complain("interrupted; what is done is stored, run the same command again to go on")
        return ExitCode.TERMINATED if isinstance(interrupt, _Terminated) else ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); the code is that of a program that SIGPIPE ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
        return ExitCode.READER_GONE
    except Exception as error:
        if debug:
            raise
        _complain(f"this is a defect of polyarena: {type(error).__name__}: {error}")
        _complain("  fix: report it with the output of the same command and --debug")
        return ExitCode.DEFECT
    return result if isinstance(result, int) else 0


class _Terminated(KeyboardInterrupt):
    """SIGTERM came: the same way out as after Ctrl-C."""


@contextmanager
def _terminable() -> Iterator[None]:
    """End in order at SIGTERM, as at Ctrl-C; signals reach the main thread only."""

    def terminate(number: int, frame: object) -> None:
        del number, frame
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _survive_any_encoding() -> None:
    """Print names of languages in their own letters; where the terminal has none, a mark stands for them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _version() -> str:
    from importlib.metadata import version

    return version("polyarena")


def _complain(text: str) -> None:
    print(f"polyarena: {printable(text)}", file=sys.stderr)  # noqa: T201  (the command line's own voice)
