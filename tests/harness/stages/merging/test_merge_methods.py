"""Each method on tensors whose merge is known by hand, and its properties on any."""

import math

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
methods = pytest.importorskip("polyarena.harness.stages.merging.methods")


def tensor(*values):
    return torch.tensor(values, dtype=torch.float32)


def close(found, *values):
    torch.testing.assert_close(found, tensor(*values), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "normalize", "expected"),
    [((1, 1), True, (2, 3)), ((3, 1), True, (1.5, 2.5)), ((3, 1), False, (6, 10)), ((2, -1), True, (-1, 0))],
)
def test_linear_is_the_weighted_average_or_sum(weights, normalize, expected):
    close(methods.linear([tensor(1, 2), tensor(3, 4)], weights, normalize=normalize), *expected)


def test_linear_works_in_float32_whatever_it_is_given():
    small = [torch.full((4,), value, dtype=torch.bfloat16) for value in (1.0, 1.0078125)]
    assert methods.linear(small, [1, 1]).dtype == torch.float32
    close(methods.linear(small, [1, 1]), *[1.00390625] * 4)


@every_case("share", (0.0, 0.25, 0.5, 1.0))
def test_slerp_walks_the_arc_between_perpendicular_tensors_at_an_even_pace(share):
    angle = share * math.pi / 2
    close(methods.slerp(tensor(1, 0), tensor(0, 1), share), math.cos(angle), math.sin(angle))


def test_slerp_keeps_the_length_that_an_average_loses():
    a, b = tensor(3, 0, 0), tensor(0, 3, 0)
    assert float(methods.slerp(a, b, 0.5).norm()) == pytest.approx(3)
    assert float(methods.linear([a, b], [1, 1]).norm()) == pytest.approx(3 / math.sqrt(2))


@pytest.mark.parametrize(
    ("second", "expected"),
    [((2, 0), (1.5, 0)), ((-1, 0), (0, 0)), ((0, 0), (math.sqrt(0.5), 0))],
    ids=["same", "opposite", "zero"],
)
def test_slerp_where_there_is_no_arc(second, expected):
    close(methods.slerp(tensor(1, 0), tensor(*second), 0.5), *expected)


def test_slerp_sees_a_matrix_as_one_vector():
    a, b = torch.eye(3), torch.ones(3, 3)
    whole = methods.slerp(a.reshape(-1), b.reshape(-1), 0.3).reshape(3, 3)
    torch.testing.assert_close(methods.slerp(a, b, 0.3), whole)


def test_ties_trims_elects_and_averages_what_agrees():
    # Differences (4, -1, 3, 0.5) and (2, 5, -4, 0.1); half of each is kept: (4, ., 3, .) and (., 5, -4, .).
    base = tensor(1, 1, 1, 1)
    found = methods.ties(base, [tensor(5, 0, 4, 1.5), tensor(3, 6, -3, 1.1)], [1, 1], density=0.5)
    # Signs: +, +, - (3 - 4 < 0), none. Averages over those that agree: 4, 5, -4, 0.
    close(found, 5, 6, -3, 1)


def test_ties_divides_by_the_weights_that_agree():
    base = tensor(0, 0)
    found = methods.ties(base, [tensor(1, 2), tensor(3, -1)], [0.75, 0.25], density=1)
    close(found, (0.75 * 1 + 0.25 * 3) / 1, 2)
    unnormalised = methods.ties(base, [tensor(1, 2), tensor(3, -1)], [0.75, 0.25], density=1, normalize=False)
    close(unnormalised, 1.5, 1.5)


@every_case("count", (4, 200))
def test_elements_of_one_size_at_the_threshold_are_kept_in_the_order_of_a_descending_sort(count):
    difference = torch.ones(count)
    found = methods.ties(torch.zeros(count), [difference], [1], density=0.5)
    first = torch.argsort(difference, descending=True)[: count // 2]
    assert torch.equal(found.nonzero().flatten(), first.sort().values)


def test_ties_keeps_one_element_of_the_smallest_tensor():
    close(methods.ties(tensor(0, 0, 0), [tensor(1, 3, 2)], [1], density=0.1), 0, 3, 0)


def test_the_scale_lengthens_the_merged_difference():
    close(methods.ties(tensor(1, 1), [tensor(2, 3)], [1], density=1, scale=2), 3, 5)


def test_a_sign_sum_of_zero_counts_as_positive():
    close(methods.ties(tensor(0), [tensor(1), tensor(-1)], [1, 1], density=1), 1)


def dare(base, tensors, weights, seed=0, **settings):
    generator = torch.Generator().manual_seed(seed)
    return methods.dare_ties(base, tensors, weights, generator=generator, **settings)


def test_dare_keeps_a_share_and_the_sum_of_absolute_values():
    difference = torch.randn(100_000, generator=torch.Generator().manual_seed(1))
    found = dare(torch.zeros(100_000), [difference], [1.0], density=0.3)
    assert float((found != 0).float().mean()) == pytest.approx(0.3, abs=0.005)
    assert float(found.abs().sum()) == pytest.approx(float(difference.abs().sum()), rel=1e-4)


def test_dare_without_rescaling_leaves_what_it_keeps_as_it_was():
    difference = torch.arange(1.0, 101.0)
    found = dare(torch.zeros(100), [difference], [1.0], density=0.5, rescale=False)
    assert 0 < int((found == 0).sum()) < 100
    assert torch.equal(found[found != 0], difference[found != 0])


def test_dare_draws_once_for_each_checkpoint_in_their_order():
    a, b = torch.ones(1000), torch.ones(1000) * 2
    both = dare(torch.zeros(1000), [a, b], [1.0, 1.0], density=0.5, rescale=False)
    generator = torch.Generator().manual_seed(0)
    masks = [torch.bernoulli(torch.full((1000,), 0.5), generator=generator) for _ in range(2)]
    assert torch.equal(both, a * masks[0] + b * masks[1])


def test_dare_at_full_density_draws_nothing():
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    found = methods.dare_ties(tensor(0, 0), [tensor(1, 2)], [0.5], density=1.0, generator=generator)
    close(found, 0.5, 1)
    assert torch.equal(generator.get_state(), before)


def test_a_difference_of_zero_stays_zero():
    close(dare(tensor(1, 2), [tensor(1, 2)], [1.0], density=0.5), 1, 2)


VALUES = st.lists(st.floats(-10, 10, width=32), min_size=4, max_size=4)


@given(VALUES, st.floats(0.01, 1), st.floats(0.1, 5))
def test_merging_a_tensor_with_itself_changes_nothing(values, density, weight):
    same = tensor(*values)
    close(methods.linear([same, same], [weight, 1]), *values)
    close(methods.slerp(same, same, 0.3), *values)
    close(methods.ties(same, [same, same], [weight, 1], density=density), *values)
    close(dare(same, [same, same], [weight, 1], density=density), *values)


@given(VALUES, VALUES, VALUES)
def test_no_method_changes_what_it_is_given(base, one, two):
    given_tensors = [tensor(*base), tensor(*one), tensor(*two)]
    copies = [each.clone() for each in given_tensors]
    origin, a, b = given_tensors
    methods.linear([a, b], [1, 2])
    methods.slerp(a, b, 0.4)
    methods.ties(origin, [a, b], [1, 2], density=1)
    dare(origin, [a, b], [1, 2], density=1)
    assert all(torch.equal(each, copy) for each, copy in zip(given_tensors, copies, strict=True))


@given(VALUES, VALUES)
def test_the_order_of_checkpoints_does_not_matter_to_ties(one, two):
    base = tensor(0, 0, 0, 0)
    there = methods.ties(base, [tensor(*one), tensor(*two)], [1, 2], density=0.5)
    back = methods.ties(base, [tensor(*two), tensor(*one)], [2, 1], density=0.5)
    torch.testing.assert_close(there, back, rtol=1e-5, atol=1e-5)


def ties_in_one_piece(base, tensors, weights, density):
    """TIES as it is defined, with a sort of each whole difference."""
    total, divisor, kept = torch.zeros_like(base), torch.zeros_like(base), []
    for each, weight in zip(tensors, weights, strict=True):
        difference = each - base
        largest = torch.argsort(difference.abs().reshape(-1), descending=True)
        mask = torch.zeros(difference.numel())
        mask[largest[: max(1, int(density * difference.numel()))]] = 1
        kept.append(difference * mask.reshape_as(difference) * weight)
    positive = sum(kept) >= 0
    for difference, weight in zip(kept, weights, strict=True):
        agrees = torch.where(positive, difference > 0, difference < 0)
        total += difference * agrees
        divisor += agrees * weight
    return base + total / torch.where(divisor == 0, 1.0, divisor)


@every_case("levels", (0, 1, 3, 1000))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("density", [0.05, 0.5, 0.9])
def test_ties_in_parts_is_ties_in_one_piece(levels, density, dtype, monkeypatch):
    monkeypatch.setattr(methods, "PART", 37)
    generator = torch.Generator().manual_seed(levels)
    base = torch.randn(17, 23, generator=generator).to(dtype)
    # With few levels most differences are equal in size, many of them at the threshold.
    steps = [torch.randint(-levels, levels + 1, base.shape, generator=generator) / 8 for _ in range(3)]
    tensors, weights = [(base + step).to(dtype) for step in steps], [0.5, 0.3, 0.2]
    torch.testing.assert_close(
        methods.ties(base, tensors, weights, density=density),
        ties_in_one_piece(base.float(), [each.float() for each in tensors], weights, density),
        rtol=0,
        atol=1e-6,
    )


@pytest.mark.parametrize("part", [1, 37, 391])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "merge",
    [
        lambda base, one, two: methods.linear([base, one, two], [0.5, 0.3, 0.2]),
        lambda base, one, two: methods.slerp(one, two, 0.3),
        lambda base, one, two: methods.ties(base, [one, two], [0.7, 0.3], density=0.4),
        lambda base, one, two: dare(base, [one, two], [0.7, 0.3], density=0.4),
    ],
    ids=["linear", "slerp", "ties", "dare_ties"],
)
def test_the_size_of_parts_does_not_matter(merge, dtype, part, monkeypatch):
    generator = torch.Generator().manual_seed(3)
    tensors = [torch.randn(17, 23, generator=generator).to(dtype) for _ in range(3)]
    whole = merge(*tensors)
    monkeypatch.setattr(methods, "PART", part)
    found = merge(*tensors)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, whole, rtol=1e-6, atol=1e-6)
    assert merge(*(each[:0] for each in tensors)).shape == (0, 23)


@given(
    st.lists(st.floats(0, 2.0**100, width=32), min_size=1, max_size=60),
    st.floats(0.01, 1),
)
def test_the_threshold_is_the_size_of_the_last_element_that_stays(sizes, share):
    many = max(1, int(share * len(sizes)))
    values = torch.tensor(sizes, dtype=torch.float32)
    ordered = values.sort(descending=True).values
    found, larger, equal = methods._threshold(lambda: iter(values.split(7)), many)
    assert found == ordered[many - 1].item()
    assert larger == int((values > found).sum())
    assert equal == int((values == found).sum())


def test_ties_needs_no_sort_where_nothing_is_equal_at_the_threshold(monkeypatch):
    monkeypatch.setattr(torch, "argsort", lambda *_, **__: pytest.fail("a whole tensor was sorted"))
    base = torch.zeros(6)
    close(methods.ties(base, [tensor(1, -2, 3, 4, -5, 6)], [1], density=0.5), 0, 0, 0, 4, -5, 6)
    close(methods.ties(base, [tensor(0, 0, 0, 0, 0, 6)], [1], density=0.5), 0, 0, 0, 0, 0, 6)
