"""Judges by name, found through the entry-point group ``polyarena.judges``."""

from __future__ import annotations

from typing import cast

from polyarena.judges.protocol import JudgeFactory
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.plugins import Plugins, plugins


def judge_plugins() -> Plugins:
    """Return the entry points of all installed judges."""
    return plugins("polyarena.judges", "judge")


def find_judge(name: str, where: str = "") -> JudgeFactory:
    """Return the factory of the judge of this name.

    Call it with the judge's arguments and an :data:`polyarena.judges.protocol.Ask`.

    Args:
        name: The name of an entry point.
        where: The place of the name in the user's file, for messages.

    Raises:
        UnknownNameError: No such judge; the message has a did-you-mean.
        PolyarenaError: The plugin cannot be imported or is no judge factory.
    """
    found = judge_plugins().load(name, where=where)
    if not callable(found):
        raise PolyarenaError(
            f"the plugin {name!r} is no judge",
            where=where,
            why=f"it is {type(found).__name__}, which cannot be called",
            fix="point the entry point at a function build(args, ask) that returns a polyarena.judges.Judge",
        )
    return cast(JudgeFactory, found)
