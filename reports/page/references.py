"""What a run must cite, as BibTeX: its tasks, and the methods behind its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.reports.tables.tex_text import tex_text

if TYPE_CHECKING:
    from polyarena.reports.page.content import PageContent

_CITED = re.compile(
    r"(?P<who>[^0-9,;]{1,100}?),? (?P<year>(?:19|20)\d\d)(?:, (?P<title>.{1,200}?))?, "
    r"(?P<where>arXiv \d{4}\.\d{4,5}|https?://\S+|[\w.]{1,100}\.(?:org|net)/\S+)"
)
"""``Ponti et al. 2020, XCOPA, arXiv 2005.00333``, as cards of tasks cite."""


@dataclass(frozen=True)
class Reference:
    """One entry.

    Attributes:
        key: Of the entry.
        kind: Of the entry, such as ``misc``.
        fields: In order.
    """

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...]

    def bibtex(self) -> str:
        """Return the entry as BibTeX that every engine sets."""
        body = "".join(f",\n  {name} = {{{value}}}" for name, value in self.fields)
        return f"@{self.kind}{{{self.key}{body}\n}}\n"


def _method(key: str, author: str, title: str, year: int, **where: str) -> Reference:
    kind = "book" if "publisher" in where else "article" if "journal" in where else "misc"
    fields = {"author": author, "title": f"{{{title}}}", "year": str(year), **where}
    return Reference(key, kind, tuple(fields.items()))


POLYARENA = "polyarena"
METHODS = {
    "bootstrap": _method("efron1993bootstrap", "Efron, Bradley and Tibshirani, Robert J.",
                         "An Introduction to the Bootstrap", 1993, publisher="Chapman and Hall"),
    "wilson": _method("wilson1927probable", "Wilson, Edwin B.",
                      "Probable Inference, the Law of Succession, and Statistical Inference", 1927,
                      journal="Journal of the American Statistical Association", volume="22", pages="209--212"),
    "bradley-terry": _method("bradley1952rank", "Bradley, Ralph Allan and Terry, Milton E.",
                             "Rank Analysis of Incomplete Block Designs: {I}. The Method of Paired Comparisons", 1952,
                             journal="Biometrika", volume="39", pages="324--345"),
    "ties": _method("davidson1970extending", "Davidson, Roger R.",
                    "On Extending the {B}radley-{T}erry Model to Accommodate Ties in Paired Comparison Experiments",
                    1970, journal="Journal of the American Statistical Association", volume="65", pages="317--328"),
    "ranks": _method("mogstad2024inference",
                     "Mogstad, Magne and Romano, Joseph P. and Shaikh, Azeem M. and Wilhelm, Daniel",
                     "Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement "
                     "across Countries", 2024, journal="Review of Economic Studies", volume="91", pages="476--518"),
    "sacrebleu": _method("post2018call", "Post, Matt", "A Call for Clarity in Reporting {BLEU} Scores", 2018,
                         howpublished="Proceedings of WMT 2018", url="https://aclanthology.org/W18-6319"),
    "chrf": _method("popovic2017chrf", "Popovi\\'{c}, Maja",
                    "chr{F}++: words helping character n-grams", 2017,
                    howpublished="Proceedings of WMT 2017", url="https://aclanthology.org/W17-4770"),
}  # fmt: skip


def references(content: PageContent) -> str:
    """Return the references of a run as one BibTeX file; entries sorted by key.

    Args:
        content: Of the page.
    """
    title = ("title", "{polyarena: multilingual evaluation of language models}")
    note = ("note", f"Version {tex_text(content.version, unicode=True)}")
    found = [Reference(POLYARENA, "software", (("author", "{The polyarena authors}"), title, note))]
    found += [METHODS[name] for name in _methods(content)]
    for task in content.tasks:
        found += cited(task.card.citation)
    entries = {entry.key: entry for entry in found}
    return "\n".join(entries[key].bibtex() for key in sorted(entries))


def cited(citation: str) -> list[Reference]:
    """Return the works that a task's card names; text in another form becomes one entry with a note.

    Args:
        citation: Such as ``Ponti et al. 2020, XCOPA, arXiv 2005.00333``; several with semicolons between them.
    """
    found = []
    for part in filter(None, (part.strip() for part in citation.split(";"))):
        match = _CITED.fullmatch(part)
        if match is None:
            key = re.sub(r"[^a-z0-9]+", "", part.lower())[:32] or "unnamed"
            found.append(Reference(key, "misc", (("title", f"{{{tex_text(part, unicode=True)}}}"),)))
            continue
        who = match["who"].strip()
        author = re.sub(r" et al\.?$", " and others", who)
        title = match["title"] or ""
        word = re.sub(r"[^a-z0-9]+", "", next(iter(title.lower().split()), ""))
        where = match["where"]
        name, place = ("eprint", where.removeprefix("arXiv ")) if where.startswith("arXiv") else ("url", where)
        family = re.sub(r"[^a-z]+", "", who.split(" et al")[0].split(" and ")[0].lower())
        fields = [("author", f"{tex_text(author, unicode=True)}"), ("year", match["year"])]
        fields[1:1] = [("title", f"{{{tex_text(title, unicode=True)}}}")] if title else []
        fields += [(name, place), *([("archiveprefix", "arXiv")] if name == "eprint" else [])]
        found.append(Reference(f"{family}{match['year']}{word}", "misc", tuple(fields)))
    return found


def _methods(content: PageContent) -> list[str]:
    """Return the names of the methods whose numbers are shown."""
    methods = set(map(str, content.estimates["method"].dropna())) if len(content.estimates) else set()
    metrics = " ".join(map(str, content.estimates["metric"].dropna())) if len(content.estimates) else ""
    found = ["bootstrap"] if methods & {"percentile", "bca", "student"} else []
    found += ["wilson"] if "wilson" in methods else []
    found += ["bradley-terry", "ties", "ranks"] if content.rankings else []
    found += ["sacrebleu"] if "bleu" in metrics or "chrf" in metrics else []
    return found + (["chrf"] if "chrf" in metrics else [])
