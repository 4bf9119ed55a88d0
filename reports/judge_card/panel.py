"""Agreement of the members of a panel, and win rates without each of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np

from polyarena.judges import Game, collapse
from polyarena.judges.panels import PanelRule, panel_games
from polyarena.reports.judge_card.agreement import ALL
from polyarena.reports.judge_card.rates import RateSettings
from polyarena.reports.judge_card.units import CATEGORIES, ItemPair, decided, item_pair
from polyarena.reports.stats.agreement import Coefficient, estimate_agreement, fleiss
from polyarena.tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class MemberAgreement:
    """How the members agree in one language.

    Attributes:
        language: ``lang_Script``, or ``all``.
        n: Items that all members decided, those in ``silent`` left aside.
        fleiss: Fleiss' kappa of all members on these items; ``None`` where undefined.
        pairs: Cohen's kappa of each two members that are not silent, on the items that both decided.
        silent: Members that decided nothing here.
    """

    language: str
    n: int
    fleiss: float | None
    pairs: Mapping[tuple[str, str], Coefficient]
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
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
        DataError: There is no item that two members decided.
    """
    chosen = settings or RateSettings()
    verdicts = {name: decided(games) for name, games in members.items()}
    several = Counter(unit for found in verdicts.values() for unit in found)
    languages = sorted({unit.language for unit, count in several.items() if count > 1})
    if not languages:
        raise DataError("the judges have no item in common that two of them decided", why=", ".join(members))
    return tuple(_agreement(language, verdicts, chosen) for language in (ALL, *languages))


def leave_one_out(
    members: Mapping[str, Sequence[Game]], rule: PanelRule, baselines: Mapping[tuple[str, str, str], str]
) -> tuple[LeaveOneOut, ...]:
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
    language: str, verdicts: Mapping[str, Mapping[ItemPair, int]], settings: RateSettings
) -> MemberAgreement:
    here = {
        name: {unit: verdict for unit, verdict in found.items() if language in (ALL, unit.language)}
        for name, found in verdicts.items()
    }
    speaking = [name for name, found in here.items() if found]
    units = _shared(*(here[name] for name in speaking))
    counts = np.zeros((len(units), CATEGORIES))
    for name in speaking:
        counts[np.arange(len(units)), [here[name][unit] for unit in units]] += 1
    pairs = {(one, other): _cohen(here[one], here[other], settings) for one, other in combinations(speaking, 2)}
    silent = tuple(name for name in here if name not in speaking)
    return MemberAgreement(language, len(units), fleiss(counts) if units else None, pairs, silent)


def _shared(first: Mapping[ItemPair, int], *others: Mapping[ItemPair, int]) -> list[ItemPair]:
    return [unit for unit in first if all(unit in other for other in others)]


def _cohen(one: Mapping[ItemPair, int], other: Mapping[ItemPair, int], settings: RateSettings) -> Coefficient:
    units = _shared(one, other)
    if not units:
        return Coefficient(None, None, None)
    tables = np.zeros((len(units), CATEGORIES, CATEGORIES))
    tables[np.arange(len(units)), [one[unit] for unit in units], [other[unit] for unit in units]] = 1
    sources = [f"{unit.task}\0{unit.source_id}" for unit in units]
    found = estimate_agreement(
        tables, sources, confidence=settings.confidence, rounds=settings.rounds, seed=settings.seed
    )
    return found["cohen"]


def _win_rates(
    members: Mapping[str, Sequence[Game]], rule: PanelRule, baselines: Mapping[tuple[str, str, str], str]
) -> dict[tuple[str, str, str], dict[str, float]]:
    """Return the win rate of each language by task, candidate and baseline."""
    games = panel_games("panel", members, rule) if len(members) > 1 else [g for part in members.values() for g in part]
    grouped: defaultdict[tuple[str, str, str], list[Game]] = defaultdict(list)
    for game in games:
        unit = item_pair(game)
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
) -> LeaveOneOut:
    rate, of_all = fmean(rates.values()), fmean(whole.values())
    return LeaveOneOut(*key, member, rate, rate - of_all, rates)
