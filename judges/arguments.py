"""Reads a judge's ``args:`` mapping, and refuses what the judge does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import unknown

Arguments = TypeVar("Arguments", bound=BaseModel)


def read_arguments(model: type[Arguments], args: Mapping[str, Any], judge: str) -> Arguments:
    """Check the arguments of a judge.

    Args:
        model: What the judge takes, with defaults.
        args: As in the experiment.
        judge: The judge's name, for messages.

    Raises:
        UnknownNameError: The judge has no such argument; the message has a did-you-mean.
        ExperimentError: A value is of the wrong type or out of range.
    """
    where = f"args of the judge {judge!r}"
    for name in args:
        if name not in model.model_fields:
            raise unknown("argument", str(name), model.model_fields, where=where)
    try:
        return model.model_validate(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
        # Behind the name stand places in a list, and the types that were tried, which say nothing to a user.
        field = ".".join(str(part) for place, part in enumerate(first["loc"]) if not place or isinstance(part, int))
        raise ExperimentError(
            f"{field} cannot be {first['input']!r}",
            where=where,
            why=first["msg"],
            fix=f"leave it out for the default, {model.model_fields[str(first['loc'][0])].default!r}",
        ) from error
