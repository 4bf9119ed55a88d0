"""Reading stored verdicts again: another parser or template version, the same replies, no call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polyarena.harness.planning.digest import digest
from polyarena.harness.results import open_run
from polyarena.harness.running.panels import derive_again
from polyarena.harness.store import RunFolder, read_shard, set_aside, shard_facts, write_shard
from polyarena.judges.llm.template_set import TemplateSet, load_templates
from polyarena.judges.llm.verdicts import parse_again
from polyarena.judges.records import GAME_SCHEMA, Game, Label
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import unknown

_TEMPLATES = {"llm": "pairwise", "harm": "harm"}
"""The template of each type of judge whose verdicts are texts, where its arguments name none."""


@dataclass(frozen=True, slots=True)
class Reparsed:
    """What reading the verdicts of a judge again has changed.

    Attributes:
        judge: Its name.
        template: The template that says how verdicts are written.
        games: Games in all.
        textless: Of these, games without a text (decided without asking, or never answered), which stay as they are.
        changes: How many games went from one label to another, by both.
    """

    judge: str
    template: str
    games: int
    textless: int
    changes: Mapping[tuple[str, str], int]


def reparse(folder: RunFolder, judge: str, template: str | None = None) -> Reparsed:
    """Read the labels of a judge's games in a run folder out of their stored texts, and put them in place.

    The shards as they were are set aside; running the experiment puts them back in place. The judge's signature in the
    lock file says that its verdicts were read again, and how. Panels that it is a member of are derived anew. Results
    and report are not made again here.

    Args:
        folder: The run folder, held for writing.
        judge: Name of the judge in the experiment.
        template: Name or file of the template that says how verdicts are written; the judge's own if left out.

    Raises:
        UnknownNameError: There is no such judge or template.
        ExperimentError: The judge is of a type that writes no texts.
        StoreError: The folder is no run folder, or cannot be read or written.
    """
    records = open_run(folder)
    lock = records.lock
    if judge not in lock["judges"]:
        raise unknown("judge", judge, sorted(lock["judges"]), where=str(folder.lock))
    templates = load_templates(template or _own_template(lock, judge, folder))
    how = f"{templates.default.name}@{templates.default.version}:{templates.digest}"
    games, textless, changes = 0, 0, Counter[tuple[str, str]]()
    for pair in records.pairs():
        path = folder.games(*pair)
        if pair[0] != judge or not path.exists():
            continue
        before = read_shard(path, Game)
        after = [_read_again(templates, game) for game in before]
        games += len(before)
        textless += sum(not game.raw.strip() for game in before)
        changes.update((old.label, new.label) for old, new in zip(before, after, strict=True) if old.label != new.label)
        _put(path, after, how)
    entry = lock["judges"][judge]
    entry["signature"] = f"{entry['signature'].partition('|reparsed:')[0]}|reparsed:{how}"
    derive_again(folder, lock, judge)
    folder.write_lock(lock)
    return Reparsed(judge, how, games, textless, dict(sorted(changes.items())))


def _read_again(templates: TemplateSet, game: Game) -> Game:
    if not game.raw.strip():
        return game
    label = parse_again(templates, game.language, game.raw)
    error = (game.error or "no usable label in the stored reply") if label is Label.INVALID else None
    return replace(game, label=label.value, error=error)


def _put(path: Path, games: list[Game], how: str) -> None:
    facts = shard_facts(path)
    # Another key than the run's: a run takes the shard that it made back into place.
    facts["key"] = digest([facts.get("unparsed", facts.get("key", "")), "reparsed", how])
    facts.setdefault("unparsed", shard_facts(path).get("key", ""))
    set_aside(path)
    write_shard(path, games, GAME_SCHEMA, facts)


def _own_template(lock: Mapping[str, Any], judge: str, folder: RunFolder) -> str | dict[str, str]:
    specs = lock["experiment"].get("resolved", {}).get("judges", [])
    spec: Mapping[str, Any] = next((each for each in specs if each["name"] == judge), {})
    kind = spec.get("judge", "")
    if kind not in _TEMPLATES:
        raise ExperimentError(
            f"the verdicts of {judge!r} cannot be read again without a template",
            where=folder.lock,
            why=f"a judge of the type {kind!r} has none" if kind else "the run does not say what it is",
            fix="name one with --template, if its verdicts are texts",
        )
    own: str | dict[str, str] = spec.get("args", {}).get("template", _TEMPLATES[kind])
    return own
