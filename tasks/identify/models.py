"""The two identification models: their labels as polyarena's codes, and their recall by language.

**lid.176**, bundled. ``labels.csv`` has one row for each of its labels whose language is in our table, and for ``als``,
by which it means Alemannic and the rest of the world Albanian. ``recall`` is the share of 68 passages of three
sentences (the 204 sentences of SIB-200, from FLORES-200, in their order) that get the label, or one that
:data:`RELATIVES` declares equivalent; it is empty where there was no text to measure.

**GlotLID**, 2,102 languages, optional. Kargaran et al. 2023, *GlotLID: Language Identification for Low-Resource
Languages* (arXiv 2310.16248). Its model is one fastText file of 1.7 GB (``model.bin`` of ``cis-lmu/glotlid`` on the
hub, Apache-2.0). It is never downloaded: the environment variable ``POLYARENA_GLOTLID`` names the file, and it then
replaces the bundled model. It knows languages that lid.176 does not, among them Hausa, Igbo, Zulu, Xhosa and Shona. Its
labels are ``lang_Script`` of individual languages, with a few of its own (:data:`LABELS`). Every language with a label
counts as known; how well it is known was measured by the authors of GlotLID, not by this project.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyarena.tasks.errors import DataError
from polyarena.tasks.identify.scripts import han_variant

_TABLE = Path(__file__).with_name("labels.csv")
KNOWN_FROM = 0.8
"""Measured recall from which on a language counts as identifiable."""

RELATIVES: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "afr_Latn nld_Latn",
        "arb_Arab arz",
        "azj_Latn azb",
        "dan_Latn nob_Latn nn",
        "ind_Latn zsm_Latn",
        "srp_Cyrl srp_Latn hrv_Latn bs sh",
        "urd_Arab pnb",
        "zho_Hans zho_Hant yue_Hant wuu",
    )
)
"""Languages that the identifier confuses even in passages, or that count as one: none is evidence against another."""


@cache
def languages_by_label() -> Mapping[str, str]:
    """Return polyarena's code for each label of the identifier that has one."""
    return MappingProxyType({row["label"]: row["language"] for row in _rows()})


@cache
def identifiable() -> frozenset[str]:
    """Return the codes of the languages that the identifier is known to recognise."""
    measured = {row["language"] for row in _rows() if row["recall"] and float(row["recall"]) >= KNOWN_FROM}
    # The label is the same, and the script tells them apart.
    return frozenset(measured | {"zho_Hant"})


def related(one: str, other: str) -> bool:
    """Return whether the identifier cannot be trusted to tell two languages apart."""
    return one == other or any(one in group and other in group for group in RELATIVES)


def _rows() -> list[dict[str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


VARIABLE = "POLYARENA_GLOTLID"

LABELS: Mapping[str, str] = MappingProxyType(
    {"ekk_Latn": "est_Latn", "fas_Arab": "pes_Arab", "fil_Latn": "tgl_Latn", "yue_Hani": "yue_Hant"}
)
"""polyarena's code for labels that differ from it; Mandarin (``cmn_Hani``) has two, told apart by its characters."""

GLOTLID_RELATIVES: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "arb_Arab acm_Arab acq_Arab aeb_Arab ajp_Arab apc_Arab ars_Arab ary_Arab arz_Arab",
        "azj_Latn azb_Arab",
        "dan_Latn nob_Latn nno_Latn",
        "srp_Cyrl srp_Latn hrv_Latn bos_Latn cnr_Latn",
        "urd_Arab pnb_Arab",
        "zho_Hans zho_Hant yue_Hant wuu_Hani",
    )
)
"""Labels of its own that are no evidence against a language of ours, beside those of the bundled identifier."""

_EDGE = 2**20


@dataclass(frozen=True)
class GlotLid:
    """A loaded model.

    Attributes:
        model: What ``fasttext.load_model`` returns.
    """

    model: Any

    def best(self, text: str) -> tuple[str, float]:
        """Return the most probable language of one line of text, and its probability."""
        labels, probabilities = self.model.predict(text)
        return _code(str(labels[0]), text), min(float(probabilities[0]), 1.0)

    def languages(self) -> frozenset[str]:
        """Return the codes of all languages that it has a label for."""
        # The library for prediction alone has no list of labels; below this threshold it gives all of them.
        labels, _ = self.model.predict("a", k=-1, threshold=-1.0)
        known = {_code(str(label), "") for label in labels}
        return frozenset(known | {"zho_Hant"} if "zho_Hans" in known else known)


def glotlid_path() -> Path | None:
    """Return the path that ``POLYARENA_GLOTLID`` names, ``None`` if it is not set."""
    named = os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else None


@cache
def load_glotlid(path: Path) -> GlotLid:
    """Load a model.

    Raises:
        DataError: The file does not exist, or is not a fastText model.
    """
    if not path.is_file():
        raise DataError(
            "the model of GlotLID does not exist",
            where=path,
            why=f"{VARIABLE} names it",
            fix=f"download model.bin of https://huggingface.co/cis-lmu/glotlid to it, or unset {VARIABLE} to use the "
            "bundled identifier",
        )
    import fasttext  # type: ignore[import-untyped]

    try:
        return GlotLid(fasttext.load_model(str(path)))
    except (ValueError, RuntimeError) as error:
        raise DataError(
            "the model of GlotLID cannot be read", where=path, why=str(error), fix="download it again"
        ) from error


@cache
def glotlid_name(path: Path) -> str:
    """Return ``glotlid:`` and a digest of the model (its size, its first and its last MiB); ``glotlid:missing``."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            digest = hashlib.sha256(f"{size}\n".encode() + file.read(_EDGE))
            file.seek(max(0, size - _EDGE))
            digest.update(file.read())
    except OSError:
        return "glotlid:missing"
    return f"glotlid:{digest.hexdigest()[:12]}"


def related_to(one: str, other: str) -> bool:
    """Return whether GlotLID cannot be trusted to tell two languages apart."""
    return related(one, other) or any(one in group and other in group for group in GLOTLID_RELATIVES)


def _code(label: str, text: str) -> str:
    bare = label.removeprefix("__label__")
    return f"zho_{han_variant(text)}" if bare == "cmn_Hani" else LABELS.get(bare, bare)
