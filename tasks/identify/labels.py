"""What the identifier's labels mean in our codes, and how well it knows each language.

``labels.csv`` has one row for each label of lid.176 whose language is in our table, and for ``als``, by which it means
Alemannic and the rest of the world Albanian. ``recall`` is the share of 68 passages of three sentences (the 204
sentences of SIB-200, out of FLORES-200, in their order) that get the label, or one that :data:`RELATIVES` declares as
good; it is empty where there was no text to measure.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_TABLE = Path(__file__).with_name("labels.csv")
KNOWN_FROM = 0.8
"""Measured recall from which on a language counts as identifiable."""

RELATIVES: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "afr_Latn nld_Latn",
        "arb_Arab arz",
        "azj_Latn azb",
        "dan_Latn nob_Latn nn",
        "ind_Latn zsm_Latn",
        "srp_Cyrl hrv_Latn bs sh",
        "urd_Arab pnb",
        "zho_Hans zho_Hant yue_Hant wuu",
    )
)
"""Languages that the identifier confuses even in passages, or that count as one: none is evidence against another."""


@cache
def languages_by_label() -> Mapping[str, str]:
    """Return our code for each label of the identifier that has one."""
    return MappingProxyType({row["label"]: row["language"] for row in _rows()})


@cache
def identifiable() -> frozenset[str]:
    """Return the codes of the languages that the identifier is known to recognise."""
    measured = {row["language"] for row in _rows() if row["recall"] and float(row["recall"]) >= KNOWN_FROM}
    # The label is the same, and the script tells them apart.
    return frozenset(measured | {"zho_Hant"})


def related(one: str, other: str) -> bool:
    """Return whether the identifier cannot be trusted to tell two languages apart."""
    return one == other or any(one in group and other in group for group in RELATIVES)


def _rows() -> list[dict[str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
