"""Parses stored replies again, with another parser or template and without calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from polyarena.harness.lock import Lock, Pair, digest, shard_name
from polyarena.harness.lock.imported_judges import IMPORTED
from polyarena.harness.results import open_run
from polyarena.harness.running.panels import rederive_panels
from polyarena.harness.store import RunFolder, read_shard, shard_metadata, stage_shard
from polyarena.judges.llm.template import JudgeTemplate
from polyarena.judges.llm.template_set import TemplateSet, load_templates
from polyarena.judges.llm.verdicts import parse_again
from polyarena.judges.ratings import games_of_ratings, label_of_bad
from polyarena.judges.records import GAME_SCHEMA, RATING_SCHEMA, Game, Label, Rating
from polyarena.tasks.errors import ExperimentError, PolyarenaError
from polyarena.tasks.suggest import unknown

_TEMPLATES = {"llm": "pairwise", "harm": "harm"}
"""The template of each type of judge whose verdicts are texts, where its arguments name none."""
_UNREADABLE = "no usable label in the stored reply"
_TEXTLESS = {
    "panel": "it is a panel: its verdicts are made of those of its members",
    IMPORTED: "its verdicts were imported: they are what the files say",
    "rules": "a judge of the type 'rules' writes no texts",
    "reward": "a judge of the type 'reward' writes no texts",
}
"""Why a judge cannot be reparsed, by its type."""


@dataclass(frozen=True, slots=True)
class Reparsed:
    """The changes made by reparsing a judge.

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
    """Parse the labels of a judge's games from their stored replies, and write them into the run folder.

    The previous shards are archived; running the experiment restores them. The judge's signature in the
    lock file says that its verdicts were read again, and how. Panels that it is a member of are derived anew. Results
    and report are not rebuilt here. Whatever is refused leaves the folder as it is.

    Args:
        folder: The run folder, held for writing.
        judge: Name of the judge in the experiment.
        template: Name or file of the template that says how verdicts are written; the judge's own if left out.

    Raises:
        UnknownNameError: There is no such judge or template.
        ExperimentError: The judge writes no texts (a panel, imported verdicts, rules), the template is of another kind
            or has other labels than the judge's own, or it would leave no verdict where there are some.
        StoreError: The folder is no run folder, or cannot be read or written.
    """
    records = open_run(folder)
    lock = records.lock
    if judge not in lock.judges:
        raise unknown("judge", judge, sorted(lock.judges), where=str(folder.lock_file))
    templates = _templates(lock, judge, template, folder)
    how = f"{templates.default.name}@{templates.default.version}:{templates.digest}"
    repeats = lock.judges[judge].repeats
    games, textless, changes = 0, 0, Counter[tuple[str, str]]()
    said, says = 0, 0
    read_again: dict[Pair, tuple[list[Game], list[Rating]]] = {}
    for pair in records.pairs():
        path, ratings_path = records.games_file(pair), records.ratings_file(pair)
        if pair.judge != judge or not path.exists():
            continue
        before = read_shard(path, Game)
        ratings = (
            [_rated(templates, each) for each in read_shard(ratings_path, Rating)] if ratings_path.exists() else []
        )
        after = games_of_ratings([_labelled(templates, game) for game in before], ratings, repeats, label_of_bad)
        read_again[pair] = after, ratings
        games += len(before)
        with_text = _with_text(before, ratings, repeats)
        for game, again, text in zip(before, after, with_text, strict=True):
            if not text:
                textless += 1
                continue
            said += game.label != Label.INVALID
            says += again.label != Label.INVALID
            if game.label != again.label:
                changes[game.label, again.label] += 1
    if said and not says:
        raise ExperimentError(
            f"the template {how} reads no verdict in any of the replies of {judge!r}, of which {said:,} have one now",
            where=folder.path,
            why="replies are written as the template says that the judge was asked with",
            fix="name that template, or a version of it, with --template; nothing was changed",
        )
    shards = {}
    for pair, (after, ratings) in read_again.items():
        metadata = shard_metadata(records.games_file(pair))
        # The key of the run itself, under which it finds the rewritten shard.
        metadata.setdefault("unparsed", metadata.get("key", ""))
        metadata["key"] = shards[shard_name(pair)] = digest([metadata["unparsed"], "reparsed", how])
        if ratings:
            stage_shard(folder.ratings(*pair), ratings, RATING_SCHEMA, metadata)
        stage_shard(folder.games(*pair), after, GAME_SCHEMA, metadata)
    entry = lock.judges[judge]
    signature = entry.signature.without("reparsed").with_(reparsed=how)
    lock = lock.with_judges({judge: entry.model_copy(update={"signature": signature, "shards": shards})})
    lock = rederive_panels(folder, lock, judge)
    # From here on every reader sees all of the new verdicts; before, all of the old ones.
    folder.write_lock(lock)
    folder.put_staged_games_in_place(lock)
    return Reparsed(judge, how, games, textless, dict(sorted(changes.items())))


def _labelled(templates: TemplateSet, game: Game) -> Game:
    """Return a game with the label that its own text has; one without a text stays as it is."""
    if not game.raw.strip():
        return game
    label = str(parse_again(templates, game))
    invalid = label == Label.INVALID
    return replace(game, label=label, error=(game.error or _UNREADABLE) if invalid else None)


def _rated(templates: TemplateSet, rating: Rating) -> Rating:
    if not rating.raw.strip():
        return rating
    value = parse_again(templates, rating)
    if not isinstance(value, float):
        return replace(rating, value=None, error=rating.error or _UNREADABLE)
    return replace(rating, value=value, error=None)


def _with_text(games: list[Game], ratings: list[Rating], repeats: int) -> list[bool]:
    """Return for each game whether its label was parsed from a text."""
    written = {
        (each.system, each.item_id, each.sample_index * repeats + each.repeat) for each in ratings if each.raw.strip()
    }
    return [
        bool(game.raw.strip())
        or (game.system_a, game.item_id, game.repeat) in written
        or (game.system_b, game.item_id, game.repeat) in written
        for game in games
    ]


def _templates(lock: Lock, judge: str, named: str | None, folder: RunFolder) -> TemplateSet:
    """Return the templates to read with: those that are named, if they fit the judge, else its own."""
    spec = next((each for each in lock.settings.judges if each.name == judge), None)
    kind = spec.judge if spec else ""
    if judge in lock.imported:
        kind = IMPORTED
    elif lock.judges[judge].members:
        kind = "panel"
    if kind in _TEXTLESS:
        raise ExperimentError(
            f"the verdicts of {judge!r} cannot be read again",
            where=folder.lock_file,
            why=_TEXTLESS[kind],
            fix="name a judge of the type `llm` or `harm`; a panel follows its members",
        )
    if kind not in _TEMPLATES:
        if named is None:
            raise ExperimentError(
                f"the verdicts of {judge!r} cannot be read again without a template",
                where=folder.lock_file,
                why=f"a judge of the type {kind!r} has none" if kind else "the run does not say what it is",
                fix="name the template that it was asked with, by --template",
            )
        return load_templates(named)
    own: str | dict[str, str] = (spec.args if spec else {}).get("template", _TEMPLATES[kind])
    if named is None:
        return load_templates(own)
    templates = load_templates(named)
    _refuse_unlike(templates.default, _loaded(own), judge)
    return templates


def _loaded(own: str | dict[str, str]) -> JudgeTemplate | None:
    """Return the judge's own template; ``None`` if its file no longer exists or is no longer a template."""
    try:
        return load_templates(own).default
    except PolyarenaError:
        return None


def _refuse_unlike(named: JudgeTemplate, own: JudgeTemplate | None, judge: str) -> None:
    if own is None or (named.kind, set(named.words)) == (own.kind, set(own.words)):
        return
    raise ExperimentError(
        f"the template {named.name!r} gives other verdicts than the one that {judge!r} was asked with",
        where="--template",
        why=f"{', '.join(named.words)} there, {', '.join(own.words)} in {own.name!r}",
        fix="name a template with the same verdicts; how they are written may differ",
    )
