from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import pandas as pd
from every_case import every_case

from polyarena.reports.records import ESTIMATE_SCHEMA, Estimate
from polyarena.reports.stats import Outcome, estimates_frame, estimates_table, outcome, tier_groups
from polyarena.reports.stats.groupings import Group, groups_of
from polyarena.reports.stats.signature import estimate_signature
from polyarena.reports.stats.summary import Settings, Summary
from polyarena.tasks.languages import find_language
from polyarena.tasks.signature import Signature

ESTIMATE = Estimate(
    system="new", baseline=None, judge=None, task="t", level="language", group="deu_Latn", metric="accuracy", value=0.5,
    standard_error=0.1, low=0.3, high=0.7, confidence=0.95, method="percentile", n=20, n_clusters=20, n_languages=1,
    n_invalid=0, worst=None, best=None, note="", signature="s",
)  # fmt: skip


def test_tiers_are_those_of_the_language_table() -> None:
    tiers = tier_groups()["tier"]
    assert list(tiers) == ["high", "mid", "low"]
    for name, codes in tiers.items():
        assert codes
        assert {find_language(code).tier for code in codes} == {name}


def test_groups_are_macro_then_levels_then_languages() -> None:
    groups = list(groups_of(["tha_Thai", "deu_Latn", "xxx_Latn"], ["tha_Thai", "deu_Latn"], tier_groups()))
    assert groups == [
        Group("macro", "all", ("deu_Latn", "tha_Thai")),
        Group("tier", "high", ("deu_Latn",)),
        Group("tier", "mid", ("tha_Thai",)),
        Group("language", "deu_Latn", ("deu_Latn",)),
        Group("language", "tha_Thai", ("tha_Thai",)),
        Group("language", "xxx_Latn", ("xxx_Latn",)),
    ]


@every_case(
    ("low", "high", "expected"),
    [
        (0.51, 0.6, Outcome.BETTER),
        (0.3, 0.49, Outcome.WORSE),
        (0.4, 0.6, Outcome.INCONCLUSIVE),
        (0.5, 0.6, Outcome.INCONCLUSIVE),
        (0.4, 0.5, Outcome.INCONCLUSIVE),
        (None, None, Outcome.INCONCLUSIVE),
        (math.nan, math.nan, Outcome.INCONCLUSIVE),
    ],
)
def test_three_outcomes(low: float | None, high: float | None, expected: Outcome) -> None:
    assert outcome(low, high) is expected


def test_the_reference_of_an_outcome_can_be_chosen() -> None:
    assert outcome(-0.03, 0.01, reference=-0.05) is Outcome.BETTER
    assert outcome(0.01, 0.03, reference=0.0) is Outcome.BETTER


ORDERED = [
    replace(ESTIMATE, level="macro", group="all"),
    replace(ESTIMATE, level="tier", group="high"),
    replace(ESTIMATE, level="tier", group="low"),
    replace(ESTIMATE, level="family", group="Bantu"),
    ESTIMATE,
    replace(ESTIMATE, group="tha_Thai", value=None, low=None, high=None, standard_error=None, method="none"),
    replace(ESTIMATE, system="old", baseline="new", judge="rules"),
]


@every_case("order", list(permutations(range(len(ORDERED))))[::700])
def test_rows_have_one_canonical_order(order: tuple[int, ...]) -> None:
    table = estimates_table([estimates_frame([ORDERED[i] for i in order])])
    assert table.equals(estimates_table([estimates_frame([one]) for one in ORDERED]))
    judged = table.column("judge").to_pylist()
    assert judged == [None] * 6 + ["rules"]
    assert table.column("group").to_pylist()[:6] == ["all", "high", "low", "Bantu", "deu_Latn", "tha_Thai"]


def test_nulls_survive_the_way_through_a_data_frame() -> None:
    table = estimates_table([estimates_frame(ORDERED)])
    assert table.schema == ESTIMATE_SCHEMA
    assert table.column("value").to_pylist()[5] is None
    assert table.column("baseline").to_pylist()[0] is None
    assert table.column("baseline").to_pylist()[6] == "new"


def test_no_estimates_keep_their_columns() -> None:
    frame = estimates_frame([])
    assert list(frame.columns) == ESTIMATE_SCHEMA.names
    assert estimates_table([]).num_rows == 0
    assert estimates_table([frame, pd.DataFrame(columns=ESTIMATE_SCHEMA.names)]).schema == ESTIMATE_SCHEMA


def test_signature_of_nothing_has_no_interval_in_it() -> None:
    text = estimate_signature(
        Signature.parse("p"), Group("language", "deu_Latn", ("deu_Latn",)), Summary.empty(("deu_Latn",)), Settings()
    )
    assert text.startswith("p|n:0|polyarena:")
    assert estimate_signature(
        Signature.parse(""), Group("language", "x", ("x",)), Summary.empty(("x",)), Settings()
    ).startswith("n:0|")
