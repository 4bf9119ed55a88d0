"""Finds near-duplicates by MinHash (Broder 1997, *On the resemblance and containment of documents*).

A text is its set of character 5-grams, after Unicode normalisation (NFKC), case folding and joining of white space, so
that no language needs word boundaries. The share of equal minima of 64 hash functions estimates the Jaccard similarity
of two sets, with a standard error of at most 0.0625. Candidates share one of 16 bands of four minima
(locality-sensitive hashing; Leskovec et al., *Mining of Massive Datasets*, section 3.4): of pairs with a similarity of
0.8, 0.02% are no candidates, of pairs with 0.5, 36%. The estimate of a candidate then decides. At a threshold of 0.8,
about 20% of pairs with a similarity of 0.75 are removed, half of those with 0.8, and all with 0.9 or more (measured on
1,500 pairs).
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

FUNCTIONS, BANDS = 64, 16
GRAM = 5
_ROWS = FUNCTIONS // BANDS
_DRAWN = np.random.default_rng(1997).integers(1, 2**63, size=(2, FUNCTIONS), dtype=np.uint64)
_FACTORS, _OFFSETS = _DRAWN[0] | np.uint64(1), _DRAWN[1]
_BASE = np.uint64(0x9E3779B97F4A7C15)

Signature = NDArray[np.uint32]


def minhash(text: str) -> Signature:
    """Return the 64 minima of a text.

    Args:
        text: Any; a text of fewer than five characters is one gram.
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    points = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    size = min(GRAM, len(points))
    grams = np.zeros(max(1, len(points) - size + 1), dtype=np.uint64)
    for start in range(size):
        grams = grams * _BASE + points[start : start + len(grams)] + np.uint64(1)
    grams = np.unique(grams ^ (grams >> np.uint64(29)))
    minima = np.full(FUNCTIONS, np.iinfo(np.uint32).max, dtype=np.uint32)
    # In parts, so that a long text does not need 64 times its size.
    for start in range(0, len(grams), 4096):
        part = grams[start : start + 4096, None]
        hashed = ((part * _FACTORS + _OFFSETS) >> np.uint64(32)).astype(np.uint32)
        minima = np.minimum(minima, hashed.min(axis=0))
    return minima


def similarity(one: Signature, other: Signature) -> float:
    """Return the estimated Jaccard similarity of two texts."""
    return float(np.mean(one == other))


class DuplicateIndex:
    """The texts seen so far, by language.

    Attributes:
        threshold: Least similarity of a near-duplicate.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._bands: dict[tuple[str, int, bytes], list[Signature]] = {}

    def add(self, language: str, signature: Signature) -> bool:
        """Add a text unless it resembles one that is there.

        Args:
            language: Only texts of one language are compared.
            signature: Of the text.

        Returns:
            Whether it was added.
        """
        keys = [(language, band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(BANDS)]
        for key in keys:
            for other in self._bands.get(key, ()):
                if similarity(signature, other) >= self.threshold:
                    return False
        for key in keys:
            self._bands.setdefault(key, []).append(signature)
        return True
