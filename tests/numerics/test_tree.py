"""The tree finds the same neighbours as a comparison of all pairs."""

import numpy as np
import pytest
import torch

from nbinterp._numerics import neighbours, tree
from nbinterp._numerics.neighbours import nearest


def _points(n_features, kind):
    draw = np.random.default_rng(0)
    points = draw.normal(size=(2500, n_features))
    if kind == "copies":  # more of one point than neighbours are asked for
        points[:200] = points[0]
    return torch.as_tensor(points * {"tiny": 1e-150, "far": 1e-5}.get(kind, 1) + (kind == "far"))


@pytest.mark.parametrize("kind", ["plain", "copies", "tiny", "far"])
@pytest.mark.parametrize("n_features", [1, 3])
@pytest.mark.parametrize("own", [True, False])
def test_equals_a_comparison_of_all(n_features, kind, own, monkeypatch):
    base = _points(n_features, kind)
    rows = torch.arange(0, 2500, 7)
    found = nearest(base[rows], base, 6, own=rows if own else None)
    monkeypatch.setattr(neighbours, "suits_a_tree", lambda base: False)
    expected = nearest(base[rows], base, 6, own=rows if own else None)
    torch.testing.assert_close(found.distances, expected.distances, rtol=1e-12, atol=0)
    if own:
        assert not (found.indices == rows[:, None]).any()
    if kind != "copies":
        assert torch.equal(found.indices, expected.indices)


def test_few_points_or_many_dimensions_take_no_tree():
    assert tree.suits_a_tree(torch.zeros(5000, 2))
    assert not tree.suits_a_tree(torch.zeros(50, 2))
    assert not tree.suits_a_tree(torch.zeros(5000, 60))
