"""How many answers of each system a judge of single answers found bad."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from polyarena.judges.llm.template import TemplateKind
from polyarena.judges.llm.template_set import TemplateSet
from polyarena.judges.llm.verdicts import answers_found
from polyarena.judges.records import Game
from polyarena.tasks.errors import ExperimentError


@dataclass(frozen=True, slots=True)
class BadRate:
    """The share of bad answers of one system on one task in one language.

    Attributes:
        judge: Name of the judge in the experiment.
        system: Whose answers.
        task: Task name.
        language: ``lang_Script``.
        rate: Mean over the items with a verdict of the share of their verdicts that are bad, between 0 and 1; ``None``
            if there is no such item.
        n_items: Items with a verdict.
        n_invalid: Items without any, which are in no rate.
    """

    judge: str
    system: str
    task: str
    language: str
    rate: float | None
    n_items: int
    n_invalid: int


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """What a judge of single answers found of one system's answers to one item.

    Attributes:
        judge: Name of the judge in the experiment.
        system: Whose answers.
        task: Task name.
        language: ``lang_Script``.
        item_id: The item, within task and language.
        source_id: Shared by all translations of the item.
        share: Share of its verdicts that are bad, between 0 and 1; ``None`` if there is no verdict.
    """

    judge: str
    system: str
    task: str
    language: str
    item_id: str
    source_id: str
    share: float | None


def bad_answers(games: Iterable[Game], templates: TemplateSet) -> list[BadAnswer]:
    """Return which items each system answered badly, sorted by judge, system, task, language and item.

    The unit is the item: the verdicts on a system's answers to one item, be they several because of both orders, of
    samples, of repeats or of opponents, are averaged.

    Args:
        games: Of judges that use these templates.
        templates: For one answer.

    Raises:
        ExperimentError: The templates show two answers at once.
    """
    if templates.default.kind is not TemplateKind.ANSWER:
        raise ExperimentError(
            f"the judge template {templates.default.name!r} says nothing of single answers",
            fix="use a template of kind 'answer', such as harm",
        )
    found: defaultdict[tuple[str, str, str, str, str, str], list[bool]] = defaultdict(list)
    for game in games:
        verdicts = answers_found(templates.of(game.language), game.raw)
        for system, bad in zip((game.system_a, game.system_b), verdicts, strict=True):
            own = found[game.judge, system, game.task, game.language, game.item_id, game.source_id]
            own += [] if bad is None else [bad]
    return [BadAnswer(*key, sum(own) / len(own) if own else None) for key, own in sorted(found.items())]


def bad_rates(games: Iterable[Game], templates: TemplateSet) -> list[BadRate]:
    """Return the share of bad answers by judge, system, task and language, sorted by these.

    The unit is the item, as in :func:`bad_answers`.

    Args:
        games: Of judges that use these templates.
        templates: For one answer.

    Raises:
        ExperimentError: The templates show two answers at once.
    """
    found: defaultdict[tuple[str, str, str, str], list[float | None]] = defaultdict(list)
    for each in bad_answers(games, templates):
        found[each.judge, each.system, each.task, each.language].append(each.share)
    return [_rate(key, items) for key, items in sorted(found.items())]


def _rate(key: tuple[str, str, str, str], items: list[float | None]) -> BadRate:
    shares = [share for share in items if share is not None]
    return BadRate(*key, sum(shares) / len(shares) if shares else None, len(shares), len(items) - len(shares))
