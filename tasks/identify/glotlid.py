"""GlotLID, the identifier of 2,102 languages, where its model is at hand.

Kargaran et al. 2023, *GlotLID: Language Identification for Low-Resource Languages* (arXiv 2310.16248). Its model is one
fastText file of 1.7 GB (``model.bin`` of ``cis-lmu/glotlid`` on the hub, Apache-2.0), which is never downloaded here:
the environment variable ``POLYARENA_GLOTLID`` names it, and then it goes before the bundled model. It knows languages
that lid.176 does not, Hausa, Igbo, Zulu, Xhosa and Shona among them.

Its labels are ``lang_Script`` of individual languages, with a few of its own (:data:`LABELS`). It counts as knowing the
languages that it has a label for; how well, its authors measured and this project did not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyarena.tasks.errors import DataError
from polyarena.tasks.identify.labels import related
from polyarena.tasks.identify.scripts import han_variant

VARIABLE = "POLYARENA_GLOTLID"

LABELS: Mapping[str, str] = MappingProxyType(
    {"ekk_Latn": "est_Latn", "fas_Arab": "pes_Arab", "fil_Latn": "tgl_Latn", "yue_Hani": "yue_Hant"}
)
"""Our code for labels that are not ours; Mandarin (``cmn_Hani``) has two, told apart by its characters."""

RELATIVES: tuple[frozenset[str], ...] = tuple(
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
        DataError: There is no such file, or it is no fastText model.
    """
    if not path.is_file():
        raise DataError(
            "the model of GlotLID is not there",
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
    return related(one, other) or any(one in group and other in group for group in RELATIVES)


def _code(label: str, text: str) -> str:
    bare = label.removeprefix("__label__")
    return f"zho_{han_variant(text)}" if bare == "cmn_Hani" else LABELS.get(bare, bare)
