"""A low-rank matrix gives the same answers as the dense matrix it stands for."""

import numpy as np
import pytest
import torch

from nbinterp.interactions.smooth.low_rank import Dense, LowRank


def rows(n, width, dtype=torch.float64):
    random = torch.Generator().manual_seed(n)
    return torch.randn((2, n, width), generator=random).to(dtype)


@pytest.mark.parametrize(("n", "width"), [(3, 10), (40, 10), (1, 1)])
def test_low_rank_against_dense(n, width):
    u, g = rows(n, width)
    matrix = (u.T @ g + g.T @ u) / 2
    low, dense = LowRank(u, g), Dense(matrix, 0 * matrix)
    v = torch.randn((width, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(low.product(v), dense.product(v))
    k = min(2 * n, width, 4)
    (values, vectors), (expected, _) = low.eigenpairs(k), dense.eigenpairs(k)
    torch.testing.assert_close(values, expected)
    torch.testing.assert_close(dense.product(vectors), vectors * values)
    torch.testing.assert_close(vectors.T @ vectors, torch.eye(k, dtype=torch.float64))
    every = torch.arange(width)
    one = low.entries(every, every[:1], n_blocks=1)
    for value, known in zip(one, dense.entries(every, every[:1], n_blocks=1), strict=True):
        torch.testing.assert_close(value, known)
    unit = torch.linspace(0.1, 9.0, width, dtype=torch.float64)
    expected = unit[:, None] * matrix * unit
    for scaled in (low.scaled(unit), dense.scaled(unit)):
        torch.testing.assert_close(scaled.product(torch.eye(width, dtype=torch.float64)), expected)


def test_eigenpairs_are_sorted_by_size_and_keep_their_signs():
    matrix = torch.diag(torch.tensor([1.0, -5.0, 3.0]))
    values, vectors = Dense(matrix, 0 * matrix).eigenpairs(2)
    assert values.tolist() == [-5, 3]
    np.testing.assert_allclose(vectors.abs(), [[0, 0], [1, 0], [0, 1]])


def test_the_mean_of_parts_and_other_types():
    parts = [LowRank(*rows(n, 6, torch.float32)) for n in (4, 4)]
    mean = LowRank.mean(parts)
    v = torch.eye(6, dtype=torch.float64)
    expected = sum(part.product(v) for part in parts) / 2
    torch.testing.assert_close(mean.product(v), expected)
    assert mean.product(v).dtype == torch.float32
