"""Fills the template."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from polyarena.reports.labels import Label, language_label
from polyarena.reports.page.content import PageContent, Tested
from polyarena.reports.page.headlines import headline
from polyarena.reports.rows import Row
from polyarena.reports.tables import Section, format_mark, sections


@dataclass(frozen=True, slots=True)
class _Line:
    kind: str
    title: str
    label: Label | None
    cells: tuple[str, ...]
    n: str
    invalid: str


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    columns: tuple[str, ...]
    compared: bool
    lines: tuple[_Line, ...]
    signatures: tuple[tuple[str, str], ...]
    remarks: tuple[tuple[str, str], ...]


def page(content: PageContent) -> str:
    """Return the page as HTML: one file that asks for nothing else, runs no script and holds no date.

    All texts are escaped, including names, notes and what judges say of themselves; control characters and lone
    surrogates become U+FFFD, so that the page can always be written as UTF-8.

    Args:
        content: What to show.
    """
    parts = list(sections(content.estimates))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["data_uri"] = lambda svg: "data:image/svg+xml;base64," + b64encode(svg).decode("ascii")
    html = environment.from_string(_resource("page.html.j2")).render(
        content=content,
        style=_resource("page.css"),
        headlines=[found for part in parts if (found := headline(part))],
        tables=[_table(part) for part in parts],
        provenance=_provenance,
        label=language_label,
    )
    return "".join(_clean(c) for c in html)


def _resource(name: str) -> str:
    return files("polyarena.reports.page").joinpath(name).read_text(encoding="utf-8")


def _table(section: Section) -> _Table:
    unit = " (%)" if section.scale > 1 else ""
    if section.baseline is None:
        title, columns = f"{section.metric} on {section.task}{unit}", section.systems
    else:
        title = f"{section.systems[0]} against {section.baseline} on {section.task}, judge {section.judge}"
        columns = (f"win rate{unit}",)
    by_signature: dict[str, list[str]] = defaultdict(list)
    remarks: dict[str, list[str]] = defaultdict(list)
    for system, group, signature, note in zip(
        *(section.estimates[name].astype(str) for name in ("system", "group", "signature", "note")), strict=True
    ):
        place = group if len(section.systems) == 1 else f"{system} {group}"
        by_signature[signature].append(place)
        if note:
            remarks[note].append(place)
    return _Table(
        title,
        columns,
        section.baseline is not None,
        tuple(_line(row, section.scale) for row in section.rows),
        tuple((signature, ", ".join(places)) for signature, places in by_signature.items()),
        tuple((note, ", ".join(places)) for note, places in remarks.items()),
    )


def _line(row: Row, scale: float) -> _Line:
    first = next((mark for mark in row.marks if mark), None)
    invalid = ""
    if first and first.n_invalid:
        invalid = str(first.n_invalid)
        if first.worst is not None and first.best is not None:
            invalid += f" ({100 * first.worst:.1f} to {100 * first.best:.1f})"
    cells = tuple(format_mark(mark, scale) for mark in row.marks)
    return _Line(row.kind, row.title, row.label, cells, str(first.n) if first else "", invalid)


def _provenance(tested: Tested) -> str:
    counts = Counter(str(kind) for kind in tested.card.provenance.values())
    return ", ".join(f"{kind}: {n} language{'s' if n != 1 else ''}" for kind, n in sorted(counts.items()))


def _clean(character: str) -> str:
    unwanted = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
    return "\N{REPLACEMENT CHARACTER}" if unwanted else character
