"""A judge's templates: one for all languages, and others for languages that have their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from polyarena.judges.llm.template import JudgeTemplate
from polyarena.judges.llm.template_file import load_template, template_path
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import find_language

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The templates of one judge.

    Attributes:
        default: For every language without one of its own.
        by_language: By ``lang_Script`` of the request.
    """

    default: JudgeTemplate
    by_language: Mapping[str, JudgeTemplate] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, language: str) -> JudgeTemplate:
        """Return the template for requests in this language."""
        return self.by_language.get(language, self.default)

    @property
    def digest(self) -> str:
        """The default's digest, or one over all files where there are several."""
        if not self.by_language:
            return self.default.digest
        parts = [self.default.digest, *(f"{code}:{each.digest}" for code, each in sorted(self.by_language.items()))]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def load_templates(template: str | Mapping[str, str]) -> TemplateSet:
    """Read the templates of a judge.

    Args:
        template: A name or a path, as :func:`polyarena.judges.llm.template_file.load_template` takes it; files beside
            it named ``<name>.<language>.toml`` are for these languages. Or a mapping from languages to names or paths,
            with ``default`` for all others.

    Raises:
        UnknownNameError: A template or a language does not exist.
        DataError: A template cannot be used, or those for several languages do not fit each other.
    """
    if isinstance(template, str):
        path = template_path(template)
        beside = {
            each.name.removeprefix(f"{path.stem}.").removesuffix(".toml"): str(each)
            for each in sorted(path.parent.glob("*.*.toml"))
            if each.name.startswith(f"{path.stem}.")
        }
        return _fitting(load_template(template), beside, str(path))
    if DEFAULT not in template:
        raise DataError(
            "`template` by language has no default",
            where="args of the judge 'llm'",
            fix=f"add `{DEFAULT}: pairwise`, for languages that are not named",
        )
    others = {language: name for language, name in template.items() if language != DEFAULT}
    return _fitting(load_template(template[DEFAULT]), others, "args of the judge 'llm'")


def _fitting(default: JudgeTemplate, others: Mapping[str, str], where: str) -> TemplateSet:
    by_language: dict[str, JudgeTemplate] = {}
    taken: dict[str, str] = {}
    for language, name in others.items():
        code = find_language(language, where=where).code
        if code in taken:
            raise DataError(
                f"two judge templates for {code}",
                where=where,
                why=f"{taken[code]!r} and {language!r} name the same language",
                fix="keep one of them, or name them one by one: `template: {default: ..., " + code + ": ...}`",
            )
        taken[code] = language
        template = load_template(name, one_language=True)
        if (template.kind, template.words.keys()) != (default.kind, default.words.keys()):
            raise DataError(
                f"the judge template for {code} gives other verdicts than the one for all languages",
                where=name,
                why=f"{', '.join(template.words)} here, {', '.join(default.words)} there",
                fix="give both the same kind and labels; how they are written may differ",
            )
        by_language[code] = template
    return TemplateSet(default, MappingProxyType(by_language))
