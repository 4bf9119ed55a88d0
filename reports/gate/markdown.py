"""A gate's result as Markdown, for a job summary and for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polyarena.reports.gate.result import (
    Example,
    GateResult,
    Outcome,
    language_name,
    name_of,
    note_of,
    signed,
    silence_of,
)
from polyarena.reports.gate.verdict import Verdict

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of a job summary on GitHub."""
COMMENT_LIMIT = 65_536
"""Characters of a comment on GitHub."""
MARKER = "<!-- polyarena gate -->"
"""First line of a comment, by which the next run finds and replaces it."""
MOST_TEXT = 300
"""Characters of a prompt or an answer that an example shows."""
EXAMPLES = 3
"""Examples of each of the worst cells."""

_SIGNS = {
    Outcome.PASSED: "✅",
    Outcome.REGRESSED: "❌",
    Outcome.INCOMPLETE: "⚠️",
    Outcome.INCOMPARABLE: "⚠️",
    Outcome.INCONCLUSIVE: "⚠️",
}


def markdown(result: GateResult, *, limit: int = SUMMARY_LIMIT) -> str:
    """Return the answer as Markdown, at most ``limit`` characters and UTF-8 bytes.

    Failures come first, then warnings, what is inconclusive, examples, and all checks. What does not fit is left out
    from the end, and the text says so.

    Args:
        result: The answer.
        limit: :data:`SUMMARY_LIMIT` or :data:`COMMENT_LIMIT`.
    """
    ending = "\n\n*Shortened: the whole list is in the JSON result.*\n"
    sign = _SIGNS[Outcome.INCONCLUSIVE if result.shows_nothing else result.outcome]
    text = f"{MARKER}\n### {sign} polyarena gate: {escape(result.headline)}\n"
    for block in _blocks(result):
        grown = f"{text}\n{block}\n"
        if len(grown.encode("utf-8")) + len(ending) > limit:
            return text + _rows_that_fit(block, limit - len(text.encode("utf-8")) - len(ending)) + ending
        text = grown
    return text


def comment(result: GateResult) -> str:
    """Return the answer as a comment on a pull request."""
    return markdown(result, limit=COMMENT_LIMIT)


def _blocks(result: GateResult) -> Iterator[str]:
    yield f"Candidate: {escape(result.candidate)}. Baseline: {escape(result.baseline)}."
    if result.failed:
        yield _section("Failed", result.failed)
    if result.allowed:
        rows = [
            f"- {escape(name_of(each.verdict))}: {escape(each.reason)} (until {each.until})" for each in result.allowed
        ]
        yield "**Allowed regressions**\n\n" + "\n".join(rows)
    if result.decision.warnings:
        yield _section("Warnings (these do not fail the gate)", result.decision.warnings)
    lacking = [*(silence_of(*each) for each in result.silent.items()), *result.missing]
    if lacking:
        yield "**Not complete**\n\n" + "\n".join(f"- {escape(each)}" for each in lacking[:20])
    for example in result.examples:
        yield _example(example)
    if result.decision.inconclusive:
        yield _section("Inconclusive", result.decision.inconclusive)
    for note in result.notes:
        yield f"> {escape(note)}"
    if result.informational:
        yield _informational(result)
    settings = result.decision.settings
    words = "chance of any false alarm" if settings.control == "fwer" else "expected share of false alarms"
    calibrated = ""
    if result.false_alarms is not None:
        calibrated = f" Calibrated on runs of the same model: {100 * result.false_alarms:.1f}% red."
    yield (
        f"A drop fails when it is significant ({words}: {100 * settings.alpha:g}%) and at least {settings.floor:g} "
        f"points in a language or {settings.average_floor:g} in an average. *ok* means shown to be smaller than "
        f"{settings.margin:g} points.{calibrated}"
    )
    yield "<details><summary>All checks</summary>\n\n" + _table(result.decision.verdicts) + "\n\n</details>"


def _section(title: str, verdicts: Sequence[Verdict]) -> str:
    return f"**{title}**\n\n{_table(verdicts)}"


def _table(verdicts: Sequence[Verdict]) -> str:
    head = (
        "| check | status | difference | 90% interval | detectable | items | note |\n|---|---|---:|---|---:|---:|---|"
    )
    return "\n".join([head, *map(_row, verdicts)])


def _row(verdict: Verdict) -> str:
    ends = "" if verdict.low is None else f"{signed(verdict.low)} to {signed(verdict.high)}"
    reach = "" if verdict.detectable is None else f"{verdict.detectable:.1f}"
    cells = (
        name_of(verdict),
        verdict.status,
        signed(verdict.difference),
        ends,
        reach,
        str(verdict.n),
        note_of(verdict),
    )
    return "| " + " | ".join(escape(each) for each in cells) + " |"


def _example(example: Example) -> str:
    title = f"{example.task}, {language_name(example.language)}, item {example.item_id}: {example.metric} "
    title += f"{example.before:g} → {example.after:g}"
    parts = [
        f"<b>{name}</b><br>{escape(_short(text))}"
        for name, text in (("prompt", example.prompt), ("baseline", example.old), ("candidate", example.new))
        if text is not None
    ]
    return f"<details><summary>{escape(title)}</summary>\n\n" + "\n\n".join(parts) + "\n\n</details>"


def _informational(result: GateResult) -> str:
    rows = [
        f"| {escape(name)} | {_number(old)} | {_number(new)} |" for name, (old, new) in result.informational.items()
    ]
    return "\n".join(["| informational | baseline | candidate |", "|---|---:|---:|", *rows])


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.4g}"


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def _rows_that_fit(block: str, room: int) -> str:
    """Return the first lines of a block that fit; none of a block in a ``<details>`` element, which must be closed."""
    if block.startswith("<details>"):
        return ""
    found, used = [], 1
    for line in block.split("\n"):
        used += len(line.encode("utf-8")) + 1
        if used > room:
            break
        found.append(line)
    return "\n" + "\n".join(found)


_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{mark: f"&#{ord(mark)};" for mark in "\\`*_{}[]|#~!@"}}
)
"""In one pass: a mark that an entity has of its own is not escaped again."""


def escape(text: str) -> str:
    """Return text without a meaning in Markdown or HTML, on one line."""
    return "".join(each if each.isprintable() else " " for each in text).translate(_ENTITIES)
