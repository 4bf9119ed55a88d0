"""Measures a judge of an experiment on preference data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.experiment import Experiment
from polyarena.harness.importing.rows import language_code, lines, require_text
from polyarena.harness.planning.judges import resolve_judges
from polyarena.harness.planning.plan import folder_of
from polyarena.harness.planning.tasks import resolve_tasks
from polyarena.harness.running.connections import Connections
from polyarena.judges.preferences import PreferencePair, preference_matches, preference_scores
from polyarena.reports.judge_card.preferences import accuracies
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    from polyarena.reports.judge_card.preferences import Accuracy

UNKNOWN = "uncategorised"
_CATEGORIES = {
    "Chat": ("alpacaeval-", "mt-bench-easy", "mt-bench-med"),
    "Chat Hard": ("mt-bench-hard", "llmbar-"),
    "Safety": ("refusals-", "xstest-", "donotanswer"),
    "Reasoning": ("math-prm", "hep-"),
}
"""Beginnings of the subsets of RewardBench, by category (Lambert et al. 2024, arXiv 2403.13787, table 1)."""


def read_preferences(path: str | Path, language: str | None = None) -> list[PreferencePair]:
    """Read preference data in the format of M-RewardBench.

    Args:
        path: A JSON Lines file, or a folder of them; each object has ``prompt``, ``chosen`` and ``rejected``, and may
            have ``id``, ``language``, ``category`` or ``subset``. A file without ``language`` may be named after it.
        language: Of files that do not say.

    Raises:
        DataError: A line lacks a field or a language, or appears twice.
        UnknownNameError: There is no such language.
    """
    found: dict[tuple[str, str], PreferencePair] = {}
    for where, row in lines(Path(path), ("prompt", "chosen", "rejected")):
        file = Path(where.rpartition(":")[0])
        spoken = row.get("language") or language or (file.stem if Path(path).is_dir() else None)
        if spoken is None:
            raise DataError("the line names no language", where=where, fix="give --language")
        prompt, chosen, rejected = (require_text(row, name, where) for name in ("prompt", "chosen", "rejected"))
        code = language_code(str(spoken), where)
        named = row.get("id") not in (None, "")
        # Without an identifier, the line is one, which translations share; several files may be of one language.
        key = (code, require_text(row, "id", where) if named else where.rpartition(":")[2])
        if key in found and not named:
            key = (code, where.rpartition("/")[2])
        if key in found:
            raise DataError(
                f"the pair {key[1]!r} appears twice in {code}", where=where, fix="keep one of the two, or number them"
            )
        found[key] = PreferencePair(key[1], code, _category(row), prompt, chosen, rejected)
    return list(found.values())


def measure_preferences(experiment: Experiment, judge: str, preferences: list[PreferencePair]) -> tuple[Accuracy, ...]:
    """Let a judge of an experiment decide preference data, in both orders, through the experiment's call cache.

    Raises:
        UnknownNameError: The experiment has no such judge.
        ModelError: The judge's endpoint did not answer.
    """
    names = [spec.name for spec in experiment.judges]
    if judge not in names:
        raise unknown("judge", judge, names, where=experiment.where("judges"))
    folder = folder_of(experiment)
    folder.check_owner(experiment.name)
    only = experiment.model_copy(update={"judges": tuple(spec for spec in experiment.judges if spec.name == judge)})
    paid = attribute_costs(CostLabel("judges", judge, "preferences", "all"))
    with folder.write_access(), Connections(only, folder) as connections, paid:
        (resolved,) = resolve_judges(only, resolve_tasks(only), connections.open_judge)
        verdicts = resolved.judge.decide(preference_matches(preferences))
        return accuracies(list(preference_scores(preferences, verdicts)))


def _category(row: dict[str, object]) -> str:
    if row.get("category"):
        return str(row["category"])
    subset = str(row.get("subset") or "")
    return next((name for name, heads in _CATEGORIES.items() if subset.startswith(heads)), subset or UNKNOWN)
