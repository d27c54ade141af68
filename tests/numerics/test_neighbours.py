"""Exact neighbours, against scikit-learn and against the naive search."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from nbinterp import _device
from nbinterp._numerics.neighbours import nearest, smallest


def points(n: int, p: int, seed: int = 0) -> torch.Tensor:
    return torch.as_tensor(np.random.RandomState(seed).standard_normal((n, p)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_equals_scikit_learn(dtype, offset):
    base, queries = (points(700, 20) + offset).to(dtype), (points(90, 20, 1) + offset).to(dtype)
    found = nearest(queries, base, 7)
    exact = NearestNeighbors(n_neighbors=7, algorithm="kd_tree").fit(base.double().numpy())
    distances, indices = exact.kneighbors(queries.double().numpy())
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(
        found.distances, distances, rtol=1e-12 if dtype == torch.float64 else 1e-5
    )


def test_a_row_is_not_its_own_neighbour_but_its_duplicate_is():
    base = points(30, 4)
    base[7] = base[3]
    found = nearest(base, base, 2, own=torch.arange(30))
    assert not (found.indices == torch.arange(30)[:, None]).any()
    assert found.indices[3, 0] == 7
    assert found.indices[7, 0] == 3
    assert found.distances[3, 0] == 0


def test_neighbours_closer_than_float32_rounding_are_told_apart():
    # Distances of 1e-6 among points of length 1e3: invisible to float32 products.
    cluster = points(60, 3) * 1e-6
    base = torch.cat([cluster + 1e3, cluster - 1e3])
    found = nearest(base, base, 4, own=torch.arange(len(base)))
    true = torch.cdist(base, base, compute_mode="donot_use_mm_for_euclid_dist")
    true.fill_diagonal_(torch.inf)
    np.testing.assert_array_equal(found.indices, true.topk(4, largest=False).indices)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_changes_no_neighbour(scale):
    base = points(50, 5)
    expected = nearest(base, base, 3)
    found = nearest(base * scale, base * scale, 3)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.distances / scale, expected.distances)


def test_blocks_change_nothing(monkeypatch):
    base = points(200, 6)
    whole = nearest(base, base, 5, own=torch.arange(200))
    monkeypatch.setattr(_device, "CPU_BLOCK_BYTES", 10_000)
    blocks = nearest(base, base, 5, own=torch.arange(200))
    assert torch.equal(whole.indices, blocks.indices)
    assert torch.equal(whole.distances, blocks.distances)


def test_identical_rows_are_at_distance_zero():
    base = torch.ones(20, 3)
    found = nearest(base, base, 19, own=torch.arange(20))
    assert (found.distances == 0).all()
    assert (found.indices.sort(1).values.diff(dim=1) > 0).all()


@pytest.mark.parametrize(("m", "k"), [(7, 7), (50, 1), (1000, 24), (1003, 3), (5000, 40)])
def test_smallest_of_folded_rows_are_the_smallest(m, k):
    scores = torch.randn(20, m, generator=torch.Generator().manual_seed(m))
    scores[3] = scores[3].round()  # many ties
    scores[4, 1:] = torch.inf
    values, columns = smallest(scores, k)
    assert torch.equal(values, scores.sort(dim=1).values[:, :k])
    assert torch.equal(scores.gather(1, columns), values)
    assert all(len(row.unique()) == k for row in columns)
