"""Which systems of an experiment share a family with one of its judges, by the names of their models."""

from __future__ import annotations

from collections.abc import Sequence

from polyarena.harness.experiment import Experiment
from polyarena.judges.families import self_preference_risk


def kin_of_judges(experiment: Experiment) -> dict[str, dict[str, list[str]]]:
    """Return the makers that a judge or panel shares with a system, by judge and system; judges without kin are absent.

    A panel has the kin of all its members.

    Args:
        experiment: The experiment.
    """
    models = {
        system.name: str(system.args.get("model") or system.args.get("pretrained") or system.name)
        for system in experiment.systems
    }
    found: dict[str, dict[str, list[str]]] = {}
    for judge in experiment.judges:
        model = judge.endpoint.model if judge.endpoint else str(judge.args.get("model") or judge.name)
        found[judge.name] = {name: list(makers) for name, makers in self_preference_risk(model, models).items()}
    for panel in experiment.panels:
        of_panel: dict[str, set[str]] = {}
        for member in panel.judges:
            for name, makers in found[member].items():
                of_panel.setdefault(name, set()).update(makers)
        found[panel.name] = {name: sorted(makers) for name, makers in sorted(of_panel.items())}
    return {name: shared for name, shared in found.items() if shared}


def kin_sentence(judge: str, system: str, makers: Sequence[str]) -> str:
    """Return the warning that a judge and a system are relatives.

    Args:
        judge: Name of the judge or panel.
        system: Name of the system.
        makers: What they share.
    """
    return (
        f"The judge {judge} and the system {system} are of one family ({', '.join(makers)}), by the names of their "
        "models."
    )
