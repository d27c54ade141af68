"""The number of dimensions of a map: the curve is that of single fits."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from nbinterp.manifold import PHATE, ComponentSelection, phate, select_n_components

CANDIDATES = [2, 3, 4, 5, 6, 7, 9]


def corners(k, n=20, seed=0):
    """Return `k` groups of samples, all as far from one another: the corners of a simplex."""
    rng = np.random.default_rng(seed)
    return np.repeat(50 * np.eye(k), n, axis=0) + rng.normal(size=(k * n, k))


@pytest.mark.parametrize("k", [4, 6])
def test_a_simplex_of_k_corners_needs_k_less_one(k):
    found = select_n_components(corners(k), CANDIDATES, random_state=0)
    assert found.best == k - 1
    stress = dict(zip(found.n_components, found.stress, strict=True))
    assert stress[k - 2] > 0.05 > 0.02 > stress[k - 1]
    assert found.reason.startswith("A dimension lowers the stress by")


def test_the_curve_is_that_of_single_fits():
    x = corners(4)
    found = select_n_components(x, [3, 2, 5, 3], random_state=0)
    assert found.n_components.tolist() == [2, 3, 5]
    alone = [PHATE(k, random_state=0).fit(x).stress_ for k in (2, 3, 5)]
    np.testing.assert_allclose(found.stress, alone, rtol=1e-12)
    frame = found.to_frame()
    assert frame["best"].sum() == 1
    np.testing.assert_allclose(frame["fall"][2], (alone[1] - alone[2]) / 2)


def test_the_graph_is_built_once(monkeypatch):
    calls = []
    build = phate.graph_of_features
    monkeypatch.setattr(
        phate, "graph_of_features", lambda *a, **k: calls.append(0) or build(*a, **k)
    )
    x = corners(3)
    mapper = PHATE(2, n_neighbors=7, random_state=3).fit(x)
    before = mapper.embedding_.copy()
    found = select_n_components(x, [2, 4, 6], phate=mapper)
    assert len(calls) == 1
    assert found.stress[0] == mapper.stress_
    assert mapper.n_components == 2
    np.testing.assert_array_equal(mapper.embedding_, before)
    select_n_components(x, [2, 4, 6], random_state=0)
    assert len(calls) == 2


def test_distances_may_be_mapped():
    x = corners(4)
    given = PHATE(metric="precomputed", random_state=0)
    found = select_n_components(pairwise_distances(x), [2, 3, 4], phate=given)
    np.testing.assert_allclose(
        found.stress, select_n_components(x, [2, 3, 4], random_state=0).stress, atol=1e-3
    )


@pytest.mark.parametrize(
    ("stress", "best", "reason"),
    [
        ([0.3, 0.2, 0.1, 0.09], 4, "A dimension lowers the stress by 0.1 up to 4, and by 0.005"),
        ([0.3, 0.22, 0.16, 0.0], 6, "falls about evenly up to 6 dimensions, without an elbow: try"),
        ([0.012, 0.003, 0.003, 0.003], 2, "More than 2 dimensions lower the stress by less than"),
    ],
)
def test_the_reason_says_what_the_curve_shows(stress, best, reason):
    found = ComponentSelection(np.array([2, 3, 4, 6]), np.array(stress))
    assert found.best == best
    assert reason in found.reason


def test_refusals():
    x = corners(2, 6)
    assert select_n_components(x, [2, 3, 400], random_state=0).n_components.tolist() == [2, 3]
    with pytest.raises(ValueError, match=r"number up to what the samples span, 11. Try fewer"):
        select_n_components(x, [12])
    with pytest.raises(ValueError, match=r"select_n_components\(candidates=0\) must be at least 1"):
        select_n_components(x, [0, 2])
    with pytest.raises(TypeError, match=r"must be a PHATE. Pass PHATE"):
        select_n_components(x, phate="phate")
    with pytest.raises(ValueError, match="the package phate tells no stress"):
        select_n_components(x, phate=PHATE(engine="phate"))
