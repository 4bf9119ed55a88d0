"""The import formats by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from polyarena.harness.importing.alpaca_eval import read as read_alpaca_eval
from polyarena.harness.importing.arena_hard import read as read_arena_hard
from polyarena.harness.importing.deja_vu import read as read_deja_vu
from polyarena.harness.importing.fastchat import read as read_fastchat
from polyarena.harness.importing.native import read as read_native
from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.votes import read as read_votes
from polyarena.tasks.suggest import unknown


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        read: Reads a file or folder.
        title: What it is, in one line.
        suffixes: Of the files that are read where a folder is given.
    """

    read: Callable[[Path, ImportOptions], ImportResult]
    title: str
    suffixes: tuple[str, ...] = (".jsonl",)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "alpaca-eval": Format(read_alpaca_eval, "AlpacaEval: annotations.json", (".json",)),
        "arena-hard": Format(read_arena_hard, "Arena-Hard-Auto v0.1 and v2: model_judgment JSONL"),
        "deja-vu": Format(read_deja_vu, "Déjà Vu: results on m-ArenaHard by language and repeat, JSON", (".json",)),
        "fastchat": Format(read_fastchat, "FastChat (MT-bench): pairwise judgments JSONL"),
        "polyarena": Format(read_native, "our own games, JSONL"),
        "votes": Format(read_votes, "votes of people, JSONL or CSV", (".jsonl", ".csv")),
    }
)
"""By the name that ``polyarena import`` takes."""

SCORE_FORMATS = ("every-eval-ever", "helm", "inspect", "lighteval", "lm-eval", "nemo-evaluator")
"""Formats of scored answers; see :func:`polyarena.harness.importing.score_importer.import_scores`."""
PUBLISHED_FORMATS = ("alpaca-eval", "arena-hard", "euroeval", "every-eval-ever", "lm-eval")
"""Formats that give published values to a CSV file; see :mod:`polyarena.harness.importing.leaderboards`."""


def find_format(name: str) -> Format:
    """Return a format.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in FORMATS:
        raise unknown("format", name, {*FORMATS, *SCORE_FORMATS, *PUBLISHED_FORMATS}, listing="polyarena import --help")
    return FORMATS[name]
