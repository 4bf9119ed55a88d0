"""Divides languages into clusters, each of which a model of its own is trained on before the models are merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import all_languages, find_language

SHARED = ("eng_Latn", "spa_Latn", "fra_Latn")
"""English, Spanish and French, which Aya Expanse has in every cluster."""
TINY_AYA: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "earth": ("europe", "west-asia", "africa"),
        "fire": ("south-asia",),
        "water": ("europe", "west-asia", "asia-pacific"),
    }
)
"""The regions whose data the regional models of Tiny Aya were trained on (arXiv 2603.11510, appendix A)."""


def family_clusters(rows: Mapping[str, int], count: int, shared: Sequence[str] = SHARED) -> dict[str, tuple[str, ...]]:
    """Divide languages into clusters of whole families, of about the same number of rows.

    Aya Expanse merges models that were trained on clusters by language family; it has not published them. Here the
    largest family goes first, always into the cluster with the fewest rows.

    Args:
        rows: Rows of each language, by ``lang_Script``.
        count: Clusters; fewer are returned if there are fewer families.
        shared: Languages that every cluster has, as far as there are rows in them.

    Returns:
        Languages, sorted, by the name of the cluster: its families, the largest first, joined by ``+``.

    Raises:
        ExperimentError: There are no rows, or fewer than one cluster is asked for.
        UnknownNameError: A language does not exist.
    """
    if count < 1 or not rows:
        raise ExperimentError(
            "languages cannot be divided into clusters",
            why="there are no rows" if not rows else f"{count_of(count, 'cluster is', 'clusters are')} asked for",
            fix="give at least one language with rows and one cluster",
        )
    families: dict[str, list[str]] = {}
    for code in rows:
        families.setdefault(find_language(code).family, []).append(code)
    # Shared languages are in every cluster, so they do not weigh on the division.
    sizes = {family: sum(rows[code] for code in codes if code not in shared) for family, codes in families.items()}
    clusters: list[list[str]] = [[] for _ in range(min(count, len(families)))]
    for family in sorted(families, key=lambda name: (-sizes[name], name)):
        min(clusters, key=lambda members: (sum(sizes[name] for name in members), len(members))).append(family)
    common = {code for code in shared if code in rows}
    return {
        "+".join(name.lower() for name in members): tuple(
            sorted({code for name in members for code in families[name]} | common)
        )
        for members in clusters
    }


def region_clusters(rows: Mapping[str, int], shared: Sequence[str] = ("eng_Latn",)) -> dict[str, tuple[str, ...]]:
    """Divide languages as the regional models of Tiny Aya do: earth, fire and water; a language may be in two.

    Args:
        rows: Rows of each language, by ``lang_Script``.
        shared: Languages that every cluster has, as far as there are rows in them.

    Returns:
        Languages, sorted, by the name of the model; models without a language of their own are left out.
    """
    common = {code for code in shared if code in rows}
    regions = {language.code: language.regions[0] for language in all_languages() if language.regions}
    found = {name: {code for code in rows if regions.get(code) in members} for name, members in TINY_AYA.items()}
    return {name: tuple(sorted(codes | common)) for name, codes in found.items() if codes}
