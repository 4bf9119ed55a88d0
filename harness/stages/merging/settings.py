"""The settings of a merge."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Weight = Annotated[float, Field(allow_inf_nan=False)]
Density = Annotated[float, Field(gt=0, le=1)]


class MergeMethod(StrEnum):
    """How tensors of one name are merged."""

    LINEAR = "linear"
    """The weighted average (Wortsman et al. 2022, *Model soups*, arXiv 2203.05482)."""
    SLERP = "slerp"
    """Spherical linear interpolation between two tensors (Shoemake 1985)."""
    TIES = "ties"
    """Trim, elect sign and merge differences from a base (Yadav et al. 2023, arXiv 2306.01708)."""
    DARE_TIES = "dare_ties"
    """As TIES, but differences are dropped at random and rescaled (Yu et al. 2023, arXiv 2311.03099)."""


FROM_BASE = frozenset({MergeMethod.TIES, MergeMethod.DARE_TIES})
"""Methods that merge differences from a base checkpoint."""


class MergeSettings(BaseModel):
    """How checkpoints are merged.

    Attributes:
        method: ``linear`` unless set: of these methods Aya Expanse reports it as the most consistent.
        weights: One for each checkpoint, by its name; equal weights if left out. For ``slerp`` the weight of the second
            checkpoint, as a share of both, is the place on the arc.
        density: Share of each difference that ``ties`` keeps (the largest) or ``dare_ties`` draws.
        normalize: Whether merged values are divided by the sum of the weights that took part; by default yes, but for
            ``dare_ties`` no, as in mergekit.
        rescale: Whether ``dare_ties`` scales what it has drawn back to the sum of absolute values before the draw.
        scale: Factor of the merged difference that is added to the base (lambda in the papers).
        seed: Seed of the draws of ``dare_ties``; the seed of the pipeline if left out.
        dtype: Of the merged tensors on disk. Between stages it should stay ``float32``: the small steps of preference
            training vanish when they are rounded to ``bfloat16``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: MergeMethod = MergeMethod.LINEAR
    weights: dict[str, Weight] = {}
    density: Density = 0.5
    normalize: bool | None = None
    rescale: bool = True
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    seed: Annotated[int, Field(ge=0)] | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"

    @model_validator(mode="after")
    def _weights_count(self) -> Self:
        if self.weights and sum(self.weights.values()) == 0:
            raise PydanticCustomError("zero_weights", "the weights of a merge sum to 0", {})
        negative = [name for name, weight in self.weights.items() if weight < 0]
        if negative and self.method is MergeMethod.SLERP:
            raise PydanticCustomError("negative_weight", "slerp needs weights of 0 or more", {})
        return self

    @property
    def normalizes(self) -> bool:
        """``normalize``, or the default of the method."""
        return self.method is not MergeMethod.DARE_TIES if self.normalize is None else self.normalize
