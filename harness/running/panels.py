"""Panels of judges in a run: derived from the games of their members, and what the lock file says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyarena.harness.lock.digest import digest
from polyarena.harness.models.weights import file_digest
from polyarena.harness.planning import Plan
from polyarena.harness.planning.judges import systems_of_same_family
from polyarena.harness.store import RunFolder, archive_shard, read_shard, restore_shard, write_shard
from polyarena.judges.panels import PanelRule, panel_games
from polyarena.judges.records import GAME_SCHEMA, Game


def derive_panels(plan: Plan) -> None:
    """Write the games of every panel of the experiment; a pair that a member lacks is left out."""
    pairs = sorted({(g.candidate, g.baseline, g.task, g.language) for g in plan.games})
    for panel in plan.experiment.panels:
        for pair in pairs:
            _derive(plan.folder, panel.name, panel.judges, panel.rule, pair)


def derive_again(folder: RunFolder, lock: dict[str, Any], member: str) -> None:
    """Derive the panels of a run anew that a judge is a member of, after its games or its signature have changed.

    Args:
        folder: The run folder.
        lock: Its lock file, in which the signatures of these panels are changed.
        member: Name of the judge.
    """
    for name, entry in lock["judges"].items():
        members = entry.get("members", [])
        if member not in members:
            continue
        rule = PanelRule(entry["rule"])
        entry["signature"] = _signature(rule, members, [lock["judges"][each]["signature"] for each in members])
        for panel, candidate, baseline, task, languages in lock["games"]:
            for language in languages if panel == name else ():
                _derive(folder, name, members, rule, (candidate, baseline, task, language))


def _derive(
    folder: RunFolder, panel: str, judges: Sequence[str], rule: PanelRule, pair: tuple[str, str, str, str]
) -> None:
    path = folder.games(panel, *pair)
    members = {judge: folder.games(judge, *pair) for judge in judges}
    if not all(member.exists() for member in members.values()):
        archive_shard(path)
        return
    key = digest([rule.value, {judge: file_digest(member) for judge, member in members.items()}])
    if not restore_shard(path, key):
        played = {judge: read_shard(member, Game) for judge, member in members.items()}
        write_shard(path, panel_games(panel, played, rule), GAME_SCHEMA, {"key": key})


def _signature(rule: PanelRule, members: Sequence[str], signatures: Sequence[str]) -> str:
    digested = digest(list(signatures))[:12]
    return f"judge:panel@1|rule:{rule.value}|members:{'+'.join(members)}|digest:{digested}"


def add_panels(content: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Enter the panels into a lock file, as judges with members; the content is changed and returned."""
    signatures = {judge.spec.name: judge.signature for judge in plan.judges}
    repeats = {judge.name: judge.repeats for judge in plan.experiment.judges}
    for panel in plan.experiment.panels:
        members = list(panel.judges)
        content["judges"][panel.name] = {
            "signature": _signature(panel.rule, members, [signatures[name] for name in members]),
            "description": f"panel: the {panel.rule.value} of {', '.join(members)}; derived from their games",
            "members": members,
            "rule": panel.rule.value,
            "repeats": repeats[members[0]],
        }
        content["games"] += [[panel.name, *pair[1:]] for pair in content["games"] if pair[0] == members[0]]
    content["games"].sort()
    return content


def add_self_preference_risk(content: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Enter which systems share a family with a judge, by the names of their models; the content is changed."""
    for name, shared in systems_of_same_family(plan.experiment).items():
        content["judges"][name]["relatives"] = shared
    return content
