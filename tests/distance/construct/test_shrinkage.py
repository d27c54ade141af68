import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf, oas

from nbinterp.distance.construct.shrinkage import check, shrunk


@pytest.mark.parametrize("shape", [(200, 5), (8, 30), (1000, 2)])
def test_as_scikit_learn(shape):
    data = np.random.default_rng(0).normal(size=shape) * np.arange(1, shape[1] + 1)
    centred = data - data.mean(0)
    sample = centred.T @ centred / len(data)
    fourth = float(((centred**2).sum(1) ** 2).sum())
    for name, reference in (("oas", oas), ("ledoit_wolf", ledoit_wolf)):
        expected, share = reference(data)
        found, ours = shrunk(sample, len(data), name, fourth=fourth)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert ours == pytest.approx(share)


def test_a_ridge_is_relative_to_the_trace():
    sample = np.diag([1.0, 3.0])
    for scale in (1.0, 1e-8, 1e8):
        found, _ = shrunk(scale * sample, 10, 0.0, ridge=0.5)
        np.testing.assert_allclose(found / scale, np.diag([2.0, 4.0]))


@pytest.mark.parametrize("name", ["oas", "ledoit_wolf"])
def test_what_does_not_vary_is_left_alone(name):
    found, share = shrunk(np.zeros((3, 3)), 5, name)
    assert (found == 0).all()
    assert share == 0
    assert shrunk(np.array([[4.0]]), 5, name)[1] == 0


def test_bad_shrinkage():
    for wrong, kind in (("none", ValueError), (-0.1, ValueError), (None, TypeError)):
        with pytest.raises(kind, match="must be"):
            check(wrong)
