"""Which metrics are adequate in which languages, and why others are not.

The table ``adequacy.csv`` contains a level and its reason for each metric: for all languages (``*``), for a script
(``Thai``), or for one language (``fry_Latn``). The most specific row applies. It covers the metrics that polyarena
computes, and others that it finds in foreign tasks: ``acc_norm``, ``bleu`` (tokeniser 13a), ``ter``, ``rouge_score``
(of the package of this name), ``squad_f1`` (the English normaliser for all languages).

Metrics of the language of an answer depend on the identifier: adequate where it knows the language,
doubtful where only the script identifies it, inadequate where neither does.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from polyarena.tasks.identify import can_identify
from polyarena.tasks.languages import all_languages, find_language
from polyarena.tasks.metrics.language_confusion import LINE_PASS, LPR
from polyarena.tasks.suggest import unknown

_TABLE = Path(__file__).with_name("adequacy.csv")
EVERYWHERE = "*"

IDENTIFYING = frozenset({LINE_PASS, LPR})
"""Metrics whose value comes from the language identifier."""


class Level(StrEnum):
    """How reliable a metric is in a language."""

    ADEQUATE = "adequate"
    DOUBTFUL = "doubtful"
    """It ranks systems within the language, but is not comparable with other languages or publications."""
    INADEQUATE = "inadequate"
    """It does not measure what its name says."""


class Adequacy(NamedTuple):
    """The adequacy of a metric in a language.

    Attributes:
        level: How far it can be trusted.
        reason: Why it is not adequate; empty if it is.
    """

    level: Level
    reason: str


def adequacy(metric: str, language: str) -> Adequacy:
    """Return how far a metric can be trusted in a language.

    Args:
        metric: A metric's name.
        language: Any code or name of :func:`polyarena.tasks.languages.find_language`.

    Raises:
        UnknownNameError: There is no such language, or nothing is said of this metric.
    """
    found = find_language(language)
    if metric in IDENTIFYING:
        return identification_adequacy(found.code)
    said = _table().get(metric)
    if said is None:
        raise unknown("metric", metric, rated_metrics())
    return said.get(found.code) or said.get(found.script) or said[EVERYWHERE]


def identification_adequacy(language: str) -> Adequacy:
    """Return how far the identifier's word on texts that should be in a language can be trusted.

    Args:
        language: Any code or name of a language.

    Raises:
        UnknownNameError: There is no such language.
    """
    found = find_language(language)
    if can_identify(found.code):
        return Adequacy(Level.ADEQUATE, "")
    if Counter(each.script for each in all_languages())[found.script] == 1:
        return Adequacy(Level.DOUBTFUL, "the identifier does not know this language: only its script tells it")
    return Adequacy(Level.INADEQUATE, "the identifier does not know this language, nor does its script tell it")


def rated_metrics() -> tuple[str, ...]:
    """Return the metrics of which something is said, sorted."""
    return tuple(sorted({*_table(), *IDENTIFYING}))


@cache
def _table() -> Mapping[str, Mapping[str, Adequacy]]:
    """Return what the table says, by metric and by language, script or ``*``."""
    said: dict[str, dict[str, Adequacy]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for where in row["where"].split():
                said.setdefault(row["metric"], {})[where] = Adequacy(Level(row["level"]), row["reason"])
    return MappingProxyType(said)
