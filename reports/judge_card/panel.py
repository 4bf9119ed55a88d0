"""How the members of a panel agree, and what leaving each of them out would change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np

from polyarena.judges import Game, collapse
from polyarena.judges.panels import PanelRule, panel_games
from polyarena.reports.judge_card.agreement import ALL
from polyarena.reports.judge_card.rates import RateSettings
from polyarena.reports.judge_card.units import CATEGORIES, Unit, decided, unit_of
from polyarena.reports.stats.agreement import Coefficient, estimate_agreement, fleiss
from polyarena.tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class MemberAgreement:
    """How the members agree in one language.

    Attributes:
        language: ``lang_Script``, or ``all``.
        n: Items that all members decided.
        fleiss: Fleiss' kappa of all members; ``None`` where undefined.
        pairs: Cohen's kappa of each two members.
    """

    language: str
    n: int
    fleiss: float | None
    pairs: Mapping[tuple[str, str], Coefficient]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A comparison with one member left out.

    Attributes:
        task: Task name.
        candidate: The system that the win rates are about.
        baseline: The other one.
        member: Who is left out; empty for the whole panel.
        win_rate: Unweighted mean over languages.
        difference: From the whole panel.
        languages: The win rate of each language.
    """

    task: str
    candidate: str
    baseline: str
    member: str
    win_rate: float
    difference: float
    languages: Mapping[str, float]


def member_agreement(
    members: Mapping[str, Sequence[Game]], settings: RateSettings | None = None
) -> tuple[MemberAgreement, ...]:
    """Compare the members of a panel, all languages pooled, then each.

    Args:
        members: The games of each; two or more.
        settings: How intervals are made.

    Raises:
        DataError: There is no item that all members decided.
    """
    chosen = settings or RateSettings()
    verdicts = {name: decided(games) for name, games in members.items()}
    first, *others = verdicts.values()
    shared = [unit for unit in first if all(unit in other for other in others)]
    if not shared:
        raise DataError("the judges have no item in common", why=", ".join(members))
    languages = sorted({unit.language for unit in shared})
    return tuple(
        _agreement(language, [unit for unit in shared if language in (ALL, unit.language)], verdicts, chosen)
        for language in (ALL, *languages)
    )


def leave_one_out(
    members: Mapping[str, Sequence[Game]], rule: PanelRule, baselines: Mapping[tuple[str, str, str], str]
) -> tuple[LeftOut, ...]:
    """Return the win rate of each comparison by the whole panel, then with each member left out.

    Differences are over the languages in which both the whole panel and the rest decided something; comparisons without
    any verdict are left out.

    Args:
        members: The games of each; two or more.
        rule: The panel's.
        baselines: By task and the two systems, sorted: which of them is the baseline.
    """
    whole = _win_rates(members, rule, baselines)
    found = [_left_out(key, "", rates, rates) for key, rates in sorted(whole.items())]
    for name in members:
        rest = {other: games for other, games in members.items() if other != name}
        for key, rates in sorted(_win_rates(rest, rule, baselines).items()):
            # Only languages that both have tell what the member changed.
            shared = {code: whole[key][code] for code in rates if code in whole.get(key, {})}
            if shared:
                found.append(_left_out(key, name, {code: rates[code] for code in shared}, shared))
    return tuple(sorted(found, key=lambda row: (row.task, row.candidate, row.baseline, row.member)))


def _agreement(
    language: str, units: Sequence[Unit], verdicts: Mapping[str, Mapping[Unit, int]], settings: RateSettings
) -> MemberAgreement:
    counts = np.zeros((len(units), CATEGORIES))
    for found in verdicts.values():
        counts[np.arange(len(units)), [found[unit] for unit in units]] += 1
    sources = [f"{unit.task}\0{unit.source_id}" for unit in units]
    pairs = {}
    for one, other in combinations(verdicts, 2):
        tables = np.zeros((len(units), CATEGORIES, CATEGORIES))
        rows, columns = ([verdicts[name][unit] for unit in units] for name in (one, other))
        tables[np.arange(len(units)), rows, columns] = 1
        found_pair = estimate_agreement(
            tables, sources, confidence=settings.confidence, rounds=settings.rounds, seed=settings.seed
        )
        pairs[one, other] = found_pair["cohen"]
    return MemberAgreement(language, len(units), fleiss(counts), pairs)


def _win_rates(
    members: Mapping[str, Sequence[Game]], rule: PanelRule, baselines: Mapping[tuple[str, str, str], str]
) -> dict[tuple[str, str, str], dict[str, float]]:
    """Return the win rate of each language by task, candidate and baseline."""
    games = panel_games("panel", members, rule) if len(members) > 1 else [g for part in members.values() for g in part]
    grouped: defaultdict[tuple[str, str, str], list[Game]] = defaultdict(list)
    for game in games:
        unit = unit_of(game)
        baseline = baselines[unit.task, unit.first, unit.second]
        candidate = unit.first if baseline == unit.second else unit.second
        # One judge alone keeps its name, which does not matter here.
        grouped[unit.task, candidate, baseline].append(game)
    found = {}
    for key, own in grouped.items():
        scores: defaultdict[str, list[float]] = defaultdict(list)
        for battle in collapse(own, key[1], key[2]):
            if battle.score is not None:
                scores[battle.language].append(battle.score)
        if scores:
            found[key] = {language: fmean(values) for language, values in sorted(scores.items())}
    return found


def _left_out(
    key: tuple[str, str, str], member: str, rates: Mapping[str, float], whole: Mapping[str, float]
) -> LeftOut:
    rate, of_all = fmean(rates.values()), fmean(whole.values())
    return LeftOut(*key, member, rate, rate - of_all, rates)
