"""Published mixtures, as weights of sources.

The weights are those of Table 3 of the Aya Model paper (Üstün et al. 2024, arXiv 2402.07827), in percent of a budget of
25 million rows. Each variant raises one kind of data: written by people, translated, or filled into templates; the
translation-heavy one is the mixture of the released model. Within a source the paper draws evenly over rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.mixtures.settings import MixtureSettings, PruningSettings, SourceShare
from polyarena.tasks.suggest import unknown

AYA_101_SOURCES = ("aya_dataset", "aya_templates", "xp3x", "data_provenance", "aya_translations", "sharegpt_command")
"""Written by people; filled into templates (three sources); translated (two sources)."""
_WEIGHTS = {
    "human_heavy": (25, 4, 20, 6, 30, 15),
    "translation_heavy": (10, 1.5, 15, 3.5, 47.5, 22.5),
    "template_heavy": (20, 10, 30, 10, 20, 10),
}
AYA_101: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {name: MappingProxyType(dict(zip(AYA_101_SOURCES, weights, strict=True))) for name, weights in _WEIGHTS.items()}
)
"""Percent of each source, by variant."""
AYA_101_BUDGET = 25_000_000


def aya_101_mixture(
    variant: str, sources: Mapping[str, str] | None = None, budget: int = AYA_101_BUDGET
) -> MixtureSettings:
    """Return the settings of one of the mixtures of Aya-101.

    Args:
        variant: ``human_heavy``, ``translation_heavy`` or ``template_heavy``.
        sources: The name of your source for each of :data:`AYA_101_SOURCES`. If you lack some, the others keep their
            proportions and sum to 100. All six, under their own names, if left out.
        budget: Rows.

    Raises:
        UnknownNameError: There is no such variant or source.
        ExperimentError: No source is given.
    """
    if variant not in AYA_101:
        raise unknown("mixture of Aya-101", variant, AYA_101)
    named = dict(zip(AYA_101_SOURCES, AYA_101_SOURCES, strict=True)) if sources is None else dict(sources)
    for name in named:
        if name not in AYA_101_SOURCES:
            raise unknown("source of Aya-101", name, AYA_101_SOURCES)
    if not named:
        raise ExperimentError(
            "no source stands for one of the published mixture",
            fix=f"give each source its `part`, one of: {', '.join(AYA_101_SOURCES)}",
        )
    weights = AYA_101[variant]
    total = sum(weights[name] for name in named)
    return MixtureSettings(
        sources=tuple(SourceShare(name=own, weight=100 * weights[name] / total) for name, own in named.items()),
        budget=budget,
        pruning=PruningSettings(),
    )
