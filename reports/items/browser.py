"""Packs items into a page: the index of all items inside it, the texts inside it or in files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from polyarena.reports.escaping import without_controls
from polyarena.reports.items.content import ItemView
from polyarena.reports.labels import language_label
from polyarena.reports.page.render import csp_hash

MOST_INLINE = 2_000
"""Items whose texts are inside the page; of more, the texts are in files beside it, read when they are needed."""

CHUNK = 250
"""Items of one file beside the page."""

MOST_ITEMS = 50_000
"""Items that the page has; of more, as many are chosen, spread over all of them."""

MOST_CHARACTERS = 100_000
"""Of one text; the rest is in the run folder only."""

FOLDER = "items"
"""Of the files beside the page."""

_SURROGATES = re.compile("[\ud800-\udfff]")

CUT, ORDERS, JUDGES = 1, 2, 4
"""Bits of what can be filtered by."""


@dataclass(frozen=True)
class ItemBrowser:
    """The files of an item browser.

    Attributes:
        page: The page as HTML.
        data: Contents of the files beside it, by name within :data:`FOLDER`; empty if the page has everything.
    """

    page: str
    data: dict[str, bytes]


def item_browser(title: str, version: str, items: Sequence[ItemView]) -> ItemBrowser:
    """Return the page with all items, sorted by task, language, item and systems.

    Browsers run no module and fetch nothing from a disk, so files beside the page are scripts that call one function.
    They are data: JSON texts in which no character can end a script.

    Args:
        title: Of the experiment.
        version: Of polyarena.
        items: To be shown.
    """
    ordered = sorted(items, key=lambda item: (item.task, item.language, item.item_id, item.candidate, item.baseline))
    total = len(ordered)
    if total > MOST_ITEMS:
        ordered = [ordered[i * total // MOST_ITEMS] for i in range(MOST_ITEMS)]
    inline = len(ordered) <= MOST_INLINE
    size = max(len(ordered), 1) if inline else CHUNK
    chunks = [_chunk(ordered[start : start + size]) for start in range(0, len(ordered), size)]
    content: dict[str, Any] = {"index": _index(ordered), "size": size, "chunks": chunks if inline else []}
    style, script = (_resource(name) for name in ("items.css", "items.js"))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    html = environment.from_string(_resource("items.html.j2")).render(
        title=without_controls(title),
        version=without_controls(version),
        style=style,
        script=script,
        policy=_policy(style, script, beside=not inline),
        data=_json(content),
        shown=len(ordered),
        total=total,
    )
    data = {f"data-{i:04d}.js": f"polyarenaItems({i},{_json(chunk)});\n".encode() for i, chunk in enumerate(chunks)}
    return ItemBrowser(html, {} if inline else data)


def _policy(style: str, script: str, *, beside: bool) -> str:
    own = "'self' " if beside else ""
    return (
        f"default-src 'none'; script-src {own}'{csp_hash(script)}'; style-src '{csp_hash(style)}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _resource(name: str) -> str:
    return files("polyarena.reports.items").joinpath(name).read_text(encoding="utf-8")


def _json(content: Any) -> str:
    """Return JSON that can stand in a script: no character in it ends the element, a line or the text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Names:
    """Numbers texts in the order in which they are first seen."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def _index(items: Sequence[ItemView]) -> dict[str, Any]:
    """Return what lists and filters need, one row an item."""
    names = _Names()
    rows = [
        [
            names.number(item.task),
            names.number(item.language),
            item.item_id,
            names.number(item.candidate),
            names.number(item.baseline) if item.baseline else -1,
            names.number(item.outcome),
            CUT * item.cut + ORDERS * item.orders_differ + JUDGES * item.judges_differ,
        ]
        for item in items
    ]
    labels = {code: language_label(code) for code in dict.fromkeys(item.language for item in items)}
    languages = {code: [label.name, label.autonym, label.tag, label.direction] for code, label in labels.items()}
    return {"names": list(names.numbers), "languages": languages, "rows": rows}


def _chunk(items: Sequence[ItemView]) -> dict[str, Any]:
    """Return the texts of some items, each text once."""
    texts = _Names()

    def number(text: str) -> int:
        if len(text) > MOST_CHARACTERS:
            text = f"{text[:MOST_CHARACTERS]}\n[{len(text) - MOST_CHARACTERS:,} more characters are in the run folder]"
        return texts.number(text)

    rows = [
        {
            "prompt": number(item.prompt),
            "answers": [[a.system, number(a.text), number(a.thought), int(a.cut)] for a in item.answers],
            "verdicts": [[v.judge, v.first, v.label, number(v.text), v.error] for v in item.verdicts],
            "withheld": item.withheld,
        }
        for item in items
    ]
    return {"texts": list(texts.numbers), "items": rows}
