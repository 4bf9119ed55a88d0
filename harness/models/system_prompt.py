"""System prompts: a text for each language, of systems in experiments and of teachers in pipelines."""

from __future__ import annotations

import re

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import find_language
from polyarena.tasks.suggest import closest

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
PLACEHOLDERS = ("language", "autonym", "code")


def system_text(template: str | None, language: str, *, where: str = "") -> str | None:
    """Fill a system prompt for one language, in a single pass.

    Args:
        template: Text with ``{language}`` (its name in English), ``{autonym}`` (its name in itself), ``{code}``.
        language: ``lang_Script``.
        where: The place of the template in the user's file, for messages.

    Raises:
        ExperimentError: The template has another placeholder.
    """
    if template is None:
        return None
    record = find_language(language)
    values = {"language": record.name, "autonym": record.autonym, "code": record.code}

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            near = closest(name, PLACEHOLDERS)
            raise ExperimentError(
                f"unknown placeholder {{{name}}} in the system prompt",
                where=where,
                fix=f"did you mean {{{near[0]}}}?" if near else "use one of {language}, {autonym}, {code}",
            )
        return values[name]

    return _PLACEHOLDER.sub(fill, template)
