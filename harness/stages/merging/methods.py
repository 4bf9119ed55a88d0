"""The merge methods, each on the tensors of one name.

All arithmetic is in float32. Where the papers leave a choice, it is made as mergekit 0.1.5 makes it, so that published
recipes give the same weights: TIES trims each tensor by itself (the paper trims the whole difference), elements of
equal size at the threshold are kept in the order of a descending sort, a sign sum of zero counts as positive, and DARE
scales to the sum of absolute values before the draw (the paper divides by the density, which is its expectation).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

COLLINEAR = 0.9995
"""Absolute cosine above which an arc is so flat that SLERP interpolates linearly."""
SMALLEST_NORM = 1e-8
"""Norm below which a tensor has no direction."""
PART = 1 << 20
"""Elements that are merged at once: what is computed of them stays in the processor's cache."""
SMALLEST_SUM = 1e-7
"""Sum of absolute values below which a difference is not rescaled."""


def linear(tensors: Sequence[Tensor], weights: Sequence[float], *, normalize: bool = True) -> Tensor:
    """Return the weighted average, or without ``normalize`` the weighted sum.

    Args:
        tensors: Of one shape.
        weights: One for each tensor.
        normalize: Divide by the sum of the weights.
    """
    divisor = sum(weights) if normalize else 1.0

    def merge(*parts: Tensor) -> Tensor:
        total = torch.zeros_like(parts[0], dtype=torch.float32)
        for part, weight in zip(parts, weights, strict=True):
            total.add_(part.float(), alpha=weight)
        return total.div_(divisor)

    return _by_parts(merge, tensors)


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
    squares_a, squares_b, product = 0.0, 0.0, 0.0
    for a, b in _parts(first, second):
        wide_a, wide_b = a.double(), b.double()
        squares_a += torch.dot(wide_a, wide_a).item()
        squares_b += torch.dot(wide_b, wide_b).item()
        product += torch.dot(wide_a, wide_b).item()
    norm_a, norm_b = (norm if norm > SMALLEST_NORM else 1.0 for norm in (squares_a**0.5, squares_b**0.5))
    cosine = product / (norm_a * norm_b)
    shares = 1 - share, share
    if abs(cosine) <= COLLINEAR:
        angle = math.acos(cosine)
        shares = math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
    return _by_parts(lambda a, b: shares[0] * a.float() + shares[1] * b.float(), [first, second])


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
    masks = [_survivors(base, tensor, density) for tensor in tensors]

    def merge(start: Tensor, *parts: Tensor) -> Tensor:
        start = start.float()
        differences = [
            (part.float() - start).mul_(mask)
            for part, mask in zip(parts[: len(tensors)], parts[len(tensors) :], strict=True)
        ]
        return _elect(start, differences, weights, normalize, scale)

    return _by_parts(merge, [base, *tensors, *masks])


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
    dropped = [_drop(tensor.float() - base.float(), density, generator, rescale) for tensor in tensors]
    return _by_parts(
        lambda start, *differences: _elect(start.float(), differences, weights, normalize, scale), [base, *dropped]
    )


def _elect(
    start: Tensor, differences: Sequence[Tensor], weights: Sequence[float], normalize: bool, scale: float
) -> Tensor:
    """Merge sparse differences; they are overwritten."""
    weighted = [difference.mul_(weight) for difference, weight in zip(differences, weights, strict=True)]
    positive = sum(weighted[1:], weighted[0].clone()) >= 0
    merged, divisor = torch.zeros_like(start), torch.zeros_like(start)
    for difference, weight in zip(weighted, weights, strict=True):
        agrees = torch.where(positive, difference > 0, difference < 0)
        merged.add_(difference.mul_(agrees))
        divisor.add_(agrees, alpha=weight)
    if normalize:
        merged.div_(torch.where(divisor == 0, 1.0, divisor))
    return merged.mul_(scale).add_(start)


def _by_parts(merge: Callable[..., Tensor], tensors: Sequence[Tensor]) -> Tensor:
    """Return, in float32, what a function that works element by element makes of tensors of one shape."""
    merged = torch.empty(tensors[0].shape, dtype=torch.float32)
    for out, *parts in _parts(merged, *tensors):
        out.copy_(merge(*parts))
    return merged


def _parts(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield views of the same few elements of each tensor, so that what is computed of them is small beside a model."""
    yield from zip(*(tensor.reshape(-1).split(PART) for tensor in tensors), strict=True)


def _survivors(base: Tensor, tensor: Tensor, density: float) -> Tensor:
    """Return which elements of a difference are among the largest."""
    elements = base.numel()
    many = max(1, int(density * elements))
    if density >= 1 or elements == 0:
        return torch.ones(base.shape, dtype=torch.bool)

    def sizes() -> Iterator[Tensor]:
        return ((part.float() - start.float()).abs_() for start, part in _parts(base, tensor))

    threshold, larger, equal = _threshold(sizes, many)
    # Differences of 0 merge to nothing, whether they survive or not.
    if threshold == 0 or larger + equal == many:
        return torch.cat([part >= threshold for part in sizes()]).reshape(base.shape)
    # Not `stable`, and not `topk`: each keeps other elements of those that are equal at the threshold, and a few steps
    # of AdamW leave many of exactly one size. This is the call that mergekit makes.
    largest = torch.argsort((tensor.float() - base.float()).abs_().reshape(-1), descending=True)[:many]
    return torch.zeros(elements, dtype=torch.bool).index_fill_(0, largest, True).reshape(base.shape)


def _threshold(parts: Callable[[], Iterable[Tensor]], many: int) -> tuple[float, int, int]:
    """Return the size of the ``many``-th largest element, how many are larger, and how many are equal.

    The bits of non-negative floats are in the order of their values, so two counts of their halves find it, without
    sorting anything.

    Args:
        parts: Returns the sizes, part by part; called twice.
        many: From 1 to the number of elements.
    """
    half, larger = 1 << 16, 0
    upper = torch.zeros(half, dtype=torch.int64)
    for part in parts():
        upper += torch.bincount(part.view(torch.int32) >> 16, minlength=half)
    high, larger = _place(upper, many)
    lower = torch.zeros(half, dtype=torch.int64)
    for part in parts():
        bits = part.view(torch.int32)
        lower += torch.bincount(bits[(bits >> 16) == high] & (half - 1), minlength=half)
    low, within = _place(lower, many - larger)
    value = torch.tensor([high << 16 | low], dtype=torch.int32).view(torch.float32).item()
    return value, larger + within, int(lower[low])


def _place(counts: Tensor, many: int) -> tuple[int, int]:
    """Return the bin of the ``many``-th element from above, and how many elements are in the bins above it."""
    from_above = counts.flip(0).cumsum(0)
    place = int(torch.searchsorted(from_above, many))
    return len(counts) - 1 - place, int(from_above[place - 1]) if place else 0


def _drop(difference: Tensor, density: float, generator: torch.Generator, rescale: bool) -> Tensor:
    if density >= 1:
        return difference
    kept = difference * torch.bernoulli(torch.full_like(difference, density), generator=generator)
    before, after = difference.abs().sum(), kept.abs().sum()
    if not rescale or before < SMALLEST_SUM or after < SMALLEST_SUM:
        return kept
    return kept * (before / after)
