"""Refuses judge templates whose labels could not be read, or that ask for others than they declare."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from polyarena.judges.llm.characters import normalize_characters
from polyarena.judges.llm.parse import COMPARISON, DOUBLE, bare, normal, read_verdict
from polyarena.judges.llm.template import TOKEN
from polyarena.judges.records import Label
from polyarena.tasks.errors import DataError

_NOTES = "⟨⟩"
_IN_BRACKETS = re.compile(rf"\[({COMPARISON.pattern})\]")
_QUOTED = re.compile(rf"[\"“'`]({COMPARISON.pattern})[\"”'`]")


def written(word: str, marker: str | None) -> str:
    """Return how a judge writes a verdict."""
    return f"[[{word}]]" if marker is None else f"{marker} {word}"


def refuse_unreadable(words: Mapping[str, str], marker: str | None, where: str) -> None:
    """Refuse labels that the parser cannot tell apart, does not find, or would take for another label.

    Args:
        words: How each verdict is written.
        marker: What the line of a verdict begins with; ``None`` if verdicts stand in brackets.
        where: The file.

    Raises:
        DataError: As said.
    """
    for text in (*words.values(), *([] if marker is None else [marker])):
        if any(sign in normalize_characters(text) for sign in _NOTES):
            raise DataError(
                f"{text!r} of the judge template holds ⟨ or ⟩",
                where=where,
                why="these stand around what was made harmless in the texts that a judge is shown",
                fix="write it without them",
            )
    if marker is not None and not bare(marker):
        raise DataError(
            f"the marker {marker!r} of the judge template has no letter or digit",
            where=where,
            why="punctuation and mark-up do not count, so every line would begin with it",
            fix='write a word, such as marker = "Verdict:"',
        )
    seen: dict[str, str] = {}
    for label, word in words.items():
        key = normal(word)
        if key in seen:
            raise DataError(
                f"the labels {seen[key]!r} and {label!r} of the judge template cannot be told apart",
                where=where,
                why="case, spaces, mark-up and look-alike signs do not count",
            )
        seen[key] = label
    for label, word in words.items():
        if word != label and word in [other.value for other in Label]:
            raise DataError(f"the judge template writes {label!r} as {word!r}, which is another label", where=where)
        if (
            not (bare if marker is not None else normal)(word)
            or read_verdict(written(word, marker), words, marker) != label
        ):
            raise DataError(
                f"the parser would not find the label {label!r} where a judge writes {written(word, marker)!r}",
                where=where,
                fix="write labels as one short word or phrase, without brackets",
            )


def refuse_other_labels(texts: Mapping[str, str], words: Mapping[str, str], marker: str | None, where: str) -> None:
    """Refuse a template that names other labels to the judge than it declares, or not all of them.

    ``plain`` and ``json`` must name every label. A text that names labels in brackets, wherever it stands, must name
    all and no other. Behind a marker, no heading (such as ``Answer A:``) may read like a verdict, for a judge that
    repeats it would give that.

    Args:
        texts: Of the template, by their keys.
        words: How each verdict is written.
        marker: What the line of a verdict begins with; ``None`` if verdicts stand in brackets.
        where: The file.

    Raises:
        DataError: As said.
    """
    for name, text in texts.items():
        plain = normalize_characters(TOKEN.sub(lambda token: token[0][0] if token["name"] is None else " ", text))
        keys = {normal(word): word for word in words.values()}
        asked = [normal(found) for found in DOUBLE.findall(plain)] if marker is None else []
        listed = not keys.keys().isdisjoint(asked)
        others = [word for word in asked if listed and word not in keys]
        others += [found for found in _compared(plain, keys) if found not in keys]
        if others:
            raise DataError(
                f"{name!r} of the judge template names the label {others[0].upper()!r}, which is not in `labels`",
                where=where,
                why="a judge that gives it has given no verdict",
                fix=f"name {_listed(words.values())} and no other, or add it to `labels`",
            )
        missing = [word for word in words.values() if not _names(plain, word)]
        if missing and (listed or name in ("plain", "json")):
            raise DataError(
                f"{name!r} of the judge template does not name the label {missing[0]!r}",
                where=where,
                why="a judge does not give a verdict that it is not told of",
                fix=f"name {_listed(words.values())} in it, or take it out of `labels`",
            )
    if marker is not None and "plain" in texts:
        _refuse_bad_marker(texts, words, marker, where)


def _refuse_bad_marker(texts: Mapping[str, str], words: Mapping[str, str], marker: str, where: str) -> None:
    if bare(marker) not in bare(texts["plain"]):
        raise DataError(
            f"'plain' of the judge template does not name the marker {marker!r}",
            where=where,
            fix=f"say that the last line begins with {marker!r}",
        )
    for name in ("system", "user"):
        for line in texts.get(name, "").splitlines():
            if read_verdict(line, words, marker) is not None:
                raise DataError(
                    f"a line in {name!r} of the judge template would itself be read as a verdict: {line.strip()!r}",
                    where=where,
                    why="a judge that repeats it would give that verdict",
                    fix="choose another marker, or word that line in another way",
                )


def _compared(plain: str, keys: Collection[str]) -> list[str]:
    """Return the comparisons that a text names as labels: in brackets, and, if labels are comparisons, in quotes."""
    if not any(COMPARISON.fullmatch(key) for key in keys):
        return _IN_BRACKETS.findall(plain)
    labels = {label.value.casefold() for label in Label}
    return [*_IN_BRACKETS.findall(plain), *(found for found in _QUOTED.findall(plain) if found in labels)]


def _names(plain: str, word: str) -> bool:
    """Return whether a text names a word, not as a part of another one that is written in Latin letters."""
    signs = r"[\s*_`]*".join(map(re.escape, normal(word)))
    return re.search(rf"(?<![a-z0-9<>=]){signs}(?![a-z0-9<>=])", plain) is not None


def _listed(words: Collection[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}"
