"""Which options each kind of figure uses; one that it does not use is refused, never passed over in silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from polyarena.tasks.errors import ExperimentError

_CHOICE = frozenset({"task", "judge", "baseline", "systems", "languages"})

OPTIONS: Mapping[str, frozenset[str]] = {
    "win-tie-loss": _CHOICE | {"by"},
    "forest": _CHOICE | {"by", "against", "metric"},
    "scores": frozenset({"task", "metric", "systems", "languages", "by"}),
    "heat-map": _CHOICE | {"by", "metric"},
    "steps": _CHOICE | {"metric"},
    "resource": _CHOICE | {"metric", "resource"},
    "ranks": _CHOICE,
    "matrix": _CHOICE,
    "agreement": frozenset({"task", "judge", "systems", "languages", "by", "people"}),
    "bias": frozenset({"task", "judge", "systems", "languages", "by"}),
    "cost": _CHOICE | {"metric", "cost"},
    "sensitivity": _CHOICE,
    "power": _CHOICE | {"metric", "items"},
}
"""By kind: the options that choose what is drawn of runs; venue, title and caption suit every kind."""

OF_TABLES = frozenset({"task", "judge", "metric", "baseline", "systems", "languages", "by"})
"""Those that choose rows of a table file, or arrange them; the others say how to compute, and a table is computed."""


def check_options(kind: str, given: Collection[str], *, table: bool = False) -> None:
    """Refuse options that a kind of figure does not use.

    Args:
        kind: A key of :data:`OPTIONS`.
        given: Names of the options that differ from their defaults.
        table: Whether the figure is drawn of a table file.

    Raises:
        ExperimentError: Names the option, and the kinds that use it.
    """
    for name in sorted(given):
        if name not in OPTIONS[kind]:
            users = ", ".join(each for each, options in OPTIONS.items() if name in options)
            raise ExperimentError(
                f"a figure of the kind {kind} has no use for --{name}",
                why=f"it is an option of {users}",
                fix=f"leave out --{name}",
            )
        if table and name not in OF_TABLES:
            raise ExperimentError(
                f"--{name} has no meaning for a table file",
                why="the table has the numbers already",
                fix=f"leave out --{name}, or draw the figure of run folders",
            )
    if "metric" in given and kind == "forest" and not table and "against" not in given:
        raise ExperimentError(
            "a forest plot of win rates has no use for --metric",
            why="it is needed for differences of scores only, with --against",
            fix="leave out --metric, or draw the kind 'scores'",
        )
