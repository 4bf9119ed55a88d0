"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from polyarena.harness.importing import alpaca_eval, arena_hard, deja_vu, fastchat, native, votes
from polyarena.harness.importing.result import ImportOptions, ImportResult
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
        "alpaca-eval": Format(alpaca_eval.read, "AlpacaEval: annotations.json", (".json",)),
        "arena-hard": Format(arena_hard.read, "Arena-Hard-Auto v0.1 and v2: model_judgment JSONL"),
        "deja-vu": Format(deja_vu.read, "Déjà Vu: results on m-ArenaHard by language and repeat, JSON", (".json",)),
        "fastchat": Format(fastchat.read, "FastChat (MT-bench): pairwise judgments JSONL"),
        "polyarena": Format(native.read, "our own games, JSONL"),
        "votes": Format(votes.read, "votes of people, JSONL or CSV", (".jsonl", ".csv")),
    }
)
"""By the name that ``polyarena import`` takes."""

SCORE_FORMATS = ("every-eval-ever", "helm", "inspect", "lighteval", "lm-eval")
"""Formats of scored answers; see :func:`polyarena.harness.importing.score_importer.import_scores`."""
PUBLISHED_FORMATS = ("alpaca-eval", "arena-hard", "euroeval", "every-eval-ever")
"""Formats that give published values to a CSV file; see :mod:`polyarena.harness.importing.leaderboards`."""


def find_format(name: str) -> Format:
    """Return a format.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in FORMATS:
        raise unknown("format", name, {*FORMATS, *SCORE_FORMATS, *PUBLISHED_FORMATS}, listing="polyarena import --help")
    return FORMATS[name]
