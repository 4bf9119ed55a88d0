"""The card as Markdown, as a page, and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from polyarena.reports.judge_card.card import ALL, MEASURES, CardRow, JudgeCard
from polyarena.reports.judge_card.rates import Rate
from polyarena.reports.labels import language_label

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.3rem .6rem;border-bottom:1px solid #ccc;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}code{overflow-wrap:anywhere}"
)


def format_rate(found: Rate) -> str:
    """Return a rate in percent with its interval: ``54.3 [52.9, 55.8]``; a dash where nothing was measured."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{100 * found.value:.1f} [–]"
    return f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def measured(card: JudgeCard) -> list[str]:
    """Return the measures that have a value in any row, in the order shown."""
    return [name for name in MEASURES if any(row.rates[name].value is not None for row in card.rows)]


def card_lines(card: JudgeCard) -> tuple[list[str], list[list[str]]]:
    """Return the card as a table of texts: the columns, and one line for each language."""
    names = measured(card)
    columns = ["language", "games", *names, "price per 1,000"]
    return columns, [
        [_language(row), f"{row.games:,}", *(format_rate(row.rates[name]) for name in names), _price(row)]
        for row in card.rows
    ]


def card_markdown(card: JudgeCard) -> str:
    """Return the card as Markdown."""
    columns, lines = card_lines(card)
    text = [f"# The judge {card.judge}", "", card.description, ""]
    text += [f"- {finding}" for finding in card.findings] or ["Nothing stands out."]
    text += ["", f"In percent, with {card.confidence:.0%} intervals over prompts.", ""]
    text += [_markdown_row(line) for line in (columns, ["---"] * len(columns), *lines)]
    text += ["", *(f"- **{name}**: {MEASURES[name]}" for name in measured(card)), "", f"Signature: `{card.signature}`"]
    return "\n".join(text) + "\n"


def card_page(cards: Sequence[JudgeCard]) -> str:
    """Return cards as one HTML page that asks for nothing else and runs no script; all texts are escaped."""
    body = "".join(_section(card) for card in cards)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Judge cards</title><style>{_STYLE}</style></head><body><h1>Judge cards</h1>{body}</body></html>\n"
    )


def card_data(card: JudgeCard) -> dict[str, Any]:
    """Return the card as plain data, ready for JSON."""
    return asdict(card)


def _section(card: JudgeCard) -> str:
    columns, lines = card_lines(card)
    findings = "".join(f"<li>{escape(finding)}</li>" for finding in card.findings) or "<li>Nothing stands out.</li>"
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = "".join(f"<tr>{_cells(line)}</tr>" for line in lines)
    meanings = "".join(f"<dt>{name}</dt><dd>{escape(MEASURES[name])}</dd>" for name in measured(card))
    return (
        f"<h2>{escape(card.judge)}</h2><p>{escape(card.description)}</p><ul>{findings}</ul>"
        f"<p>In percent, with {card.confidence:.0%} intervals over prompts.</p>"
        f"<div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        f"<dl>{meanings}</dl><p>Signature: <code>{escape(card.signature)}</code></p>"
    )


def _cells(line: Iterable[str]) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in line)


def _markdown_row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _language(row: CardRow) -> str:
    return "all languages" if row.language == ALL else language_label(row.language).name


def _price(row: CardRow) -> str:
    return "unknown" if row.price is None else f"{row.price:.2f}"
