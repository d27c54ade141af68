import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from interactions.games import index, members, relu_game

from nbinterp.interactions import moebius
from nbinterp.interactions.moebius import (
    and_interactions,
    and_values,
    or_interactions,
    or_values,
)
from nbinterp.interactions.subsets import relabelled, sizes


def subsets(mask):
    return [t for t in range(mask + 1) if t & mask == t]


def slow_and(v):
    order = sizes(len(v).bit_length() - 1)
    return np.array(
        [sum((-1) ** (order[s] - order[t]) * v[t] for t in subsets(s)) for s in range(len(v))]
    )


def slow_or(v):
    order, last = sizes(len(v).bit_length() - 1), len(v) - 1
    found = np.array(
        [
            -sum((-1) ** (order[s] - order[t]) * v[last ^ t] for t in subsets(s))
            for s in range(len(v))
        ]
    )
    found[0] = v[0]
    return found


@given(st.integers(0, 6), st.integers(0, 1000))
def test_definitions_and_inverses(n, seed):
    v = np.random.default_rng(seed).normal(size=2**n)
    np.testing.assert_allclose(and_interactions(v), slow_and(v), atol=1e-12)
    np.testing.assert_allclose(or_interactions(v), slow_or(v), atol=1e-12)
    np.testing.assert_allclose(and_values(and_interactions(v)), v, atol=1e-12)
    np.testing.assert_allclose(or_values(or_interactions(v)), v, atol=1e-12)


@pytest.mark.parametrize("name", ["and_", "or_", "or_inverse"])
def test_adjoints(name):
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 3, 32, dtype=torch.float64, generator=random)
    forth, back = getattr(moebius, name), getattr(moebius, f"{name.rstrip('_')}_adjoint")
    torch.testing.assert_close((forth(x) * y).sum(-1), (x * back(y)).sum(-1))


@pytest.mark.parametrize("transform", [and_interactions, or_interactions, and_values, or_values])
def test_gradients_are_the_adjoints(transform):
    v = torch.randn(2, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(transform, v)
    assert torch.autograd.gradgradcheck(transform, v)


def test_batches_types_and_the_input_are_kept():
    v = torch.arange(48, dtype=torch.float32).reshape(2, 3, 8)
    before = v.clone()
    together = and_interactions(v)
    assert together.dtype == torch.float64 and torch.equal(v, before)
    one_by_one = [[and_interactions(row) for row in rows] for rows in v]
    torch.testing.assert_close(together, torch.stack([torch.stack(rows) for rows in one_by_one]))
    transposed = torch.randn(8, 5, dtype=torch.float64).T
    torch.testing.assert_close(
        and_interactions(transposed), and_interactions(transposed.contiguous())
    )


def test_or_is_the_signed_superset_sum_of_and():
    v = relu_game(5, 0)
    sums = moebius.superset_sum(torch.as_tensor(and_interactions(v))).numpy()
    signs = np.where(sizes(5) % 2, 1.0, -1.0)
    np.testing.assert_allclose(or_interactions(v)[1:], (signs * sums)[1:], atol=1e-12)


def test_universal_matching_for_any_gamma():
    rng = np.random.default_rng(0)
    v, gamma = rng.normal(size=(2, 32))
    and_, or_ = and_interactions(v / 2 + gamma), or_interactions(v / 2 - gamma)
    sets = range(32)
    for t in sets:
        total = sum(and_[s] for s in sets if s & t == s) + or_[0]
        total += sum(or_[s] for s in sets if s & t)
        assert total == pytest.approx(v[t], abs=1e-12)


def test_noise_grows_with_the_order():
    noise = np.random.default_rng(0).normal(size=(20000, 16))
    for transform in (and_interactions, or_interactions):
        variance = transform(noise).var(axis=0)
        np.testing.assert_allclose(variance[1:], 2.0 ** sizes(4)[1:], rtol=0.05)


def test_known_functions():
    x = members(4)
    additive = x @ [1.0, 2.0, 3.0, 4.0]
    higher = sizes(4) >= 2
    for transform in (and_interactions, or_interactions):
        assert np.abs(transform(additive)[higher]).max() == 0
        assert np.flatnonzero(transform(np.full(16, 3.0))).tolist() == [0]
    # A variable twice, through the maximum, is one OR of both.
    twice = np.maximum(x[:, 0], x[:, 1])
    assert np.flatnonzero(or_interactions(twice)).tolist() == [index(0, 1)]
    # A variable that is never used is in no AND interaction.
    unused = relu_game(3, 0)[np.arange(16) & 7]
    assert np.abs(and_interactions(unused)[8:]).max() < 1e-12


def test_players_may_be_renamed():
    v = relu_game(4, 1)
    for order in itertools.permutations(range(4)):
        moved = relabelled(4, order)
        np.testing.assert_allclose(and_interactions(v[moved]), and_interactions(v)[moved])


def test_first_known_answer():
    x = members(4)
    v = x[:, 0] * x[:, 1] + np.maximum(x[:, 2], x[:, 3])
    and_, or_ = and_interactions(v), or_interactions(v)
    assert {k: and_[k] for k in np.flatnonzero(and_)} == {3: 1, 4: 1, 8: 1, 12: -1}
    assert {k: or_[k] for k in np.flatnonzero(or_)} == {1: 1, 2: 1, 3: -1, 12: 1}


def test_tables_must_have_a_power_of_two():
    for bad in ([1.0, 2.0, 3.0], 1.0, np.zeros((2, 0))):
        with pytest.raises(ValueError, match=r"must have 2\^n entries"):
            and_interactions(bad)
