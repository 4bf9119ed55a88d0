"""The card of a mixture: what went in, what was removed and why, in Markdown and JSON."""

from __future__ import annotations

from typing import Any

from polyarena.tasks.languages import all_languages
from polyarena.tasks.mixtures.licences import licence_warning
from polyarena.tasks.mixtures.mix import Mixture
from polyarena.tasks.mixtures.pruning import Rule


def mixture_card(mixture: Mixture, name: str) -> dict[str, Any]:
    """Return the facts of a mixture as JSON.

    Args:
        mixture: The mixture.
        name: Its name.

    Returns:
        ``name``, ``seed``, ``rows``, ``settings``, ``sources`` (rows read, removed by rule, remaining, wanted and
        taken), ``languages`` (the same by language), ``licences`` and ``warnings``.
    """
    languages = sorted({language for scan in mixture.scans for language in scan.read})
    licences: dict[str, list[str]] = {}
    for scan in mixture.scans:
        for licence in scan.licences:
            licences.setdefault(licence, []).append(scan.source)
    return {
        "name": name,
        "seed": mixture.seed,
        "rows": len(mixture),
        "settings": mixture.settings.model_dump(mode="json"),
        "sources": [_source_facts(mixture, place) for place in range(len(mixture.scans))],
        "languages": [_language_facts(mixture, language) for language in languages],
        "licences": dict(sorted(licences.items())),
        "warnings": mixture_warnings(mixture),
    }


def mixture_warnings(mixture: Mixture) -> list[str]:
    """Return what a reader of the mixture must know: licences that forbid training, shares that were not reached."""
    warnings = [
        warning
        for scan in mixture.scans
        for licence in sorted(scan.licences)
        if (warning := licence_warning(licence, [scan.source]))
    ]
    for scan in mixture.scans:
        wanted, taken = mixture.allocation.wanted[scan.source], mixture.allocation.of_source(scan.source)
        if taken < wanted:
            warnings.append(
                f"{scan.source} gives {taken} of the {wanted} rows of its share: a cap, or `max_repeats`, stops it."
            )
    for facts in (_language_facts(mixture, each) for each in sorted({c for s in mixture.scans for c in s.read})):
        if facts["read"] and not facts["taken"]:
            warnings.append(f"All {facts['read']} rows in {facts['language']} were removed or left out.")
        elif facts["remaining"] and facts["taken"] > facts["remaining"]:
            repeats = facts["taken"] / facts["remaining"]
            warnings.append(f"Rows in {facts['language']} occur {repeats:.1f} times on average.")
    return warnings


def render_card(card: dict[str, Any]) -> str:
    """Return a card as Markdown.

    Args:
        card: Of :func:`mixture_card`.
    """
    rules = [rule for rule in Rule if any(source["removed"].get(rule.value) for source in card["sources"])]
    settings = card["settings"]
    lines = [f"# Mixture {card['name']}", "", f"{card['rows']:,} rows, seed {card['seed']}.", ""]
    if card["warnings"]:
        lines += ["## Warnings", "", *(f"- {warning}" for warning in card["warnings"]), ""]
    lines += ["## Sources", "", *_table("source", card["sources"], rules), ""]
    lines += ["## Languages", "", *_table("language", card["languages"], rules), ""]
    lines += ["## Licences", "", "| licence | sources |", "| --- | --- |"]
    lines += [f"| {_cell(licence)} | {_cell(', '.join(names))} |" for licence, names in card["licences"].items()]
    lines += ["", "## Settings", "", f"- budget: {settings['budget'] or 'all rows'}"]
    lines += [f"- {key}: {_setting(settings[key])}" for key in ("temperature", "max_rows_per_language", "max_repeats")]
    lines += [f"- pruning, {key}: {_setting(value)}" for key, value in settings["pruning"].items()]
    return "\n".join(lines) + "\n"


def _table(key: str, facts: list[dict[str, Any]], rules: list[Rule]) -> list[str]:
    head = [
        key,
        *(["weight"] if key == "source" else ["name"]),
        "read",
        *(rule.value for rule in rules),
        "remaining",
        "taken",
    ]
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * 2 + ["---:"] * (len(head) - 2)) + " |"]
    for each in facts:
        weight = each.get("weight")
        second = ("" if weight is None else f"{weight:.4g}%") if key == "source" else each["name"]
        counts = [
            each["read"],
            *(each["removed"].get(rule.value, 0) for rule in rules),
            each["remaining"],
            each["taken"],
        ]
        cells = [_cell(each[key]), _cell(second), *(f"{count:,}" for count in counts)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _setting(value: float | bool | None) -> str:
    if value is None:
        return "none"
    return ("on" if value else "off") if isinstance(value, bool) else f"{value:g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _source_facts(mixture: Mixture, place: int) -> dict[str, Any]:
    scan, share = mixture.scans[place], mixture.settings.sources[place]
    removed: dict[str, int] = {}
    for (rule, _), count in scan.removed.items():
        removed[rule.value] = removed.get(rule.value, 0) + count
    return {
        "source": scan.source,
        "weight": share.weight,
        "read": sum(scan.read.values()),
        "removed": removed,
        "remaining": len(scan.places),
        "wanted": mixture.allocation.wanted[scan.source],
        "taken": mixture.allocation.of_source(scan.source),
    }


def _language_facts(mixture: Mixture, language: str) -> dict[str, Any]:
    names = {known.code: known.name for known in all_languages()}
    removed: dict[str, int] = {}
    for scan in mixture.scans:
        for (rule, code), count in scan.removed.items():
            if code == language:
                removed[rule.value] = removed.get(rule.value, 0) + count
    return {
        "language": language,
        "name": names.get(language, ""),
        "read": sum(scan.read.get(language, 0) for scan in mixture.scans),
        "removed": removed,
        "remaining": sum(scan.remaining().get(language, 0) for scan in mixture.scans),
        "taken": sum(quota.rows for quota in mixture.allocation.quotas if quota.language == language),
    }
