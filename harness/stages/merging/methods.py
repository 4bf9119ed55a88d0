"""The merge methods, each on the tensors of one name.

All arithmetic is in float32. Where the papers leave a choice, it is made as mergekit 0.1.5 makes it, so that published
recipes give the same weights: TIES trims each tensor by itself (the paper trims the whole difference), elements of
equal size at the threshold are kept in the order of a descending sort, a sign sum of zero counts as positive, and DARE
scales to the sum of absolute values before the draw (the paper divides by the density, which is its expectation).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

COLLINEAR = 0.9995
"""Absolute cosine above which an arc is so flat that SLERP interpolates linearly."""
SMALLEST_NORM = 1e-8
"""Norm below which a tensor has no direction."""
SMALLEST_SUM = 1e-7
"""Sum of absolute values below which a difference is not rescaled."""


def linear(tensors: Sequence[Tensor], weights: Sequence[float], *, normalize: bool = True) -> Tensor:
    """Return the weighted average, or without ``normalize`` the weighted sum.

    Args:
        tensors: Of one shape.
        weights: One for each tensor.
        normalize: Divide by the sum of the weights.
    """
    total = torch.zeros_like(tensors[0], dtype=torch.float32)
    for tensor, weight in zip(tensors, weights, strict=True):
        total.add_(tensor.float(), alpha=weight)
    return total.div_(sum(weights)) if normalize else total


def slerp(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Return the point on the arc between two tensors, each seen as one vector (Shoemake 1985, section 3.3).

    ``sin((1 - t) a) / sin(a) * first + sin(t a) / sin(a) * second`` with the angle ``a`` between them. Tensors that
    point the same or the opposite way (:data:`COLLINEAR`) are interpolated linearly; a tensor of zeros counts as
    perpendicular to any other.

    Args:
        first: At ``share`` 0.
        second: At ``share`` 1, of the same shape.
        share: ``t``, between 0 and 1.
    """
    a, b = first.float(), second.float()
    norms = [torch.linalg.vector_norm(each, dtype=torch.float64).item() for each in (a, b)]
    norm_a, norm_b = (norm if norm > SMALLEST_NORM else 1.0 for norm in norms)
    cosine = torch.sum(a * b, dtype=torch.float64).item() / (norm_a * norm_b)
    if abs(cosine) > COLLINEAR:
        return (1 - share) * a + share * b
    angle = torch.acos(torch.tensor(cosine, dtype=torch.float64))
    sine = torch.sin(angle)
    return (torch.sin((1 - share) * angle) / sine).item() * a + (torch.sin(share * angle) / sine).item() * b


def ties(
    base: Tensor,
    tensors: Sequence[Tensor],
    weights: Sequence[float],
    *,
    density: float,
    normalize: bool = True,
    scale: float = 1.0,
) -> Tensor:
    """Merge differences from a base by TIES: trim, elect the sign, merge (Yadav et al. 2023, section 3).

    Args:
        base: The tensor of the common base.
        tensors: Of the checkpoints, of the same shape.
        weights: One for each checkpoint.
        density: Share of the elements of each difference that are kept: those of largest size, at least one.
        normalize: Divide each element by the sum of the weights of the checkpoints that agree on its sign.
        scale: Factor of the merged difference.
    """
    return _elect(base, tensors, weights, lambda difference: _trim(difference, density), normalize, scale)


def dare_ties(
    base: Tensor,
    tensors: Sequence[Tensor],
    weights: Sequence[float],
    *,
    density: float,
    generator: torch.Generator,
    normalize: bool = False,
    rescale: bool = True,
    scale: float = 1.0,
) -> Tensor:
    """Merge differences from a base by DARE (Yu et al. 2023, section 3.1) and the sign election of TIES.

    Args:
        base: The tensor of the common base.
        tensors: Of the checkpoints, of the same shape.
        weights: One for each checkpoint.
        density: Probability that an element of a difference is kept; with 1 nothing is drawn.
        generator: Draws once for each checkpoint, in their order. Tensors must come in the order of their names for the
            draws to be those of mergekit with the same seed.
        normalize: As in :func:`ties`.
        rescale: Scale what is left of a difference to its sum of absolute values before the draw.
        scale: Factor of the merged difference.
    """
    return _elect(
        base, tensors, weights, lambda difference: _drop(difference, density, generator, rescale), normalize, scale
    )


def _elect(
    base: Tensor,
    tensors: Sequence[Tensor],
    weights: Sequence[float],
    sparsify: Callable[[Tensor], Tensor],
    normalize: bool,
    scale: float,
) -> Tensor:
    start = base.float()
    weighted = [sparsify(tensor.float() - start).mul_(weight) for tensor, weight in zip(tensors, weights, strict=True)]
    positive = sum(weighted[1:], weighted[0].clone()) >= 0
    merged, divisor = torch.zeros_like(start), torch.zeros_like(start)
    for difference, weight in zip(weighted, weights, strict=True):
        agrees = torch.where(positive, difference > 0, difference < 0)
        merged.add_(difference.mul_(agrees))
        divisor.add_(agrees, alpha=weight)
    if normalize:
        merged.div_(torch.where(divisor == 0, 1.0, divisor))
    return merged.mul_(scale).add_(start)


def _trim(difference: Tensor, density: float) -> Tensor:
    if density >= 1 or difference.numel() == 0:
        return difference
    # Not `stable`, and not `topk`: each keeps other elements of those that are equal at the threshold, and a few steps
    # of AdamW leave many of exactly one size. This is the call that mergekit makes.
    largest = torch.argsort(difference.abs().reshape(-1), descending=True)
    mask = torch.zeros(difference.numel())
    mask[largest[: max(1, int(density * difference.numel()))]] = 1
    return difference * mask.reshape_as(difference)


def _drop(difference: Tensor, density: float, generator: torch.Generator, rescale: bool) -> Tensor:
    if density >= 1:
        return difference
    kept = difference * torch.bernoulli(torch.full_like(difference, density), generator=generator)
    before, after = difference.abs().sum(), kept.abs().sum()
    if not rescale or before < SMALLEST_SUM or after < SMALLEST_SUM:
        return kept
    return kept * (before / after)
