"""The merge methods, each on the tensors of one name.

All arithmetic is in float32. Where the papers leave a choice, it is made as mergekit 0.1.5 makes it, so that published
recipes give the same weights: TIES trims each tensor by itself (the paper trims the whole difference), elements of
equal size at the threshold are kept in the order of a descending sort, a sign sum of zero counts as positive, and DARE
scales to the sum of absolute values before the draw (the paper divides by the density, which is its expectation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

COLLINEAR = 0.9995
"""Absolute cosine above which an arc is so flat that SLERP interpolates linearly."""
SMALLEST_NORM = 1e-8
"""Norm below which a tensor has no direction."""
PART = 1 << 22
"""Elements that are merged at once where a method works element by element."""
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
    masks = [_survivors(base, tensor, density) for tensor in tensors]
    merged = torch.empty(base.shape, dtype=torch.float32)
    out, flat = merged.reshape(-1), [tensor.reshape(-1) for tensor in tensors]
    for part in _parts(base):
        start = base.reshape(-1)[part].float()
        differences = [
            survives(part, tensor[part].float() - start) for survives, tensor in zip(masks, flat, strict=True)
        ]
        out[part] = _elect(start, differences, weights, normalize, scale)
    return merged


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
    start = base.float()
    dropped = [_drop(tensor.float() - start, density, generator, rescale) for tensor in tensors]
    return _elect(start, dropped, weights, normalize, scale)


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


def _parts(tensor: Tensor) -> Iterator[slice]:
    """Yield slices of a flattened tensor, so that what is computed of one part is small beside a model."""
    for first in range(0, tensor.numel(), PART):
        yield slice(first, min(first + PART, tensor.numel()))


def _survivors(base: Tensor, tensor: Tensor, density: float) -> Callable[[slice, Tensor], Tensor]:
    """Return what trims the difference in a part of a tensor, once it is known which elements are the largest."""
    elements = base.numel()
    many = max(1, int(density * elements))
    if density >= 1 or elements == 0:
        return lambda part, difference: difference  # noqa: ARG005

    def sizes(part: slice) -> Tensor:
        return (tensor.reshape(-1)[part].float() - base.reshape(-1)[part].float()).abs()

    threshold, larger, equal = _threshold(lambda: map(sizes, _parts(base)), many)
    # Differences of 0 merge to nothing, whether they survive or not.
    if threshold == 0 or larger + equal == many:
        return lambda part, difference: difference * (difference.abs() >= threshold)  # noqa: ARG005
    # Not `stable`, and not `topk`: each keeps other elements of those that are equal at the threshold, and a few steps
    # of AdamW leave many of exactly one size. This is the call that mergekit makes.
    largest = torch.argsort((tensor.float() - base.float()).abs_().reshape(-1), descending=True)[:many]
    mask = torch.zeros(elements, dtype=torch.bool)
    mask[largest] = True
    return lambda part, difference: difference * mask[part]


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
