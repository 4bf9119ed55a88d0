"""Panels of judges in a run: their games are derived from those of their members."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from polyarena.harness.lock import Lock, Pair, digest, shard_name
from polyarena.harness.models.weights import file_digest
from polyarena.harness.planning import Plan
from polyarena.harness.results import RunRecords
from polyarena.harness.running.lock import panel_signature
from polyarena.harness.store import RunFolder, archive_shard, read_shard, restore_shard, stage_shard, write_shard
from polyarena.judges.panels import PanelRule, panel_games
from polyarena.judges.records import GAME_SCHEMA, Game


def derive_panels(plan: Plan) -> None:
    """Write the games of every panel of the experiment; a pair that a member lacks is left out."""
    pairs = sorted({(g.candidate, g.baseline, g.task, g.language) for g in plan.games})
    for panel in plan.experiment.panels:
        for pair in pairs:
            path = plan.folder.games(panel.name, *pair)
            members = {judge: plan.folder.games(judge, *pair) for judge in panel.judges}
            if not all(member.exists() for member in members.values()):
                archive_shard(path)
                continue
            key = _panel_key(panel.rule, members)
            if not restore_shard(path, key):
                write_shard(path, _panel_games(panel.name, panel.rule, members), GAME_SCHEMA, {"key": key})


def rederive_panels(folder: RunFolder, lock: Lock, member: str) -> Lock:
    """Stage the games of the panels that a judge is a member of, after its games or its signature have changed.

    Args:
        folder: The run folder.
        lock: Its lock, with the judge as it is now.
        member: Name of the judge.

    Returns:
        The lock with the new signatures of these panels and the keys of their shards.
    """
    records = RunRecords(folder, lock)
    for name, panel in lock.judges.items():
        if panel.rule is None or member not in panel.members:
            continue
        shards = {}
        for pair in lock.all_pairs():
            members = {judge: records.games_file(Pair(judge, *pair[1:])) for judge in panel.members}
            if pair.judge == name and all(path.exists() for path in members.values()):
                key = shards[shard_name(pair)] = _panel_key(panel.rule, members)
                stage_shard(folder.games(*pair), _panel_games(name, panel.rule, members), GAME_SCHEMA, {"key": key})
        signature = panel_signature(panel.rule, panel.members, lock.judges)
        lock = lock.with_judges({name: panel.model_copy(update={"signature": signature, "shards": shards})})
    return lock


def _panel_key(rule: PanelRule, members: Mapping[str, Path]) -> str:
    return digest([rule.value, {judge: file_digest(path) for judge, path in members.items()}])


def _panel_games(name: str, rule: PanelRule, members: Mapping[str, Path]) -> list[Game]:
    return panel_games(name, {judge: read_shard(path, Game) for judge, path in members.items()}, rule)
