import numpy as np
import pytest
from distance.worlds import gaussian, rotation

from nbinterp.distance.construct.implied import LayerGaussian


@pytest.mark.parametrize("k", [2, 4])
def test_of_few_nodes_only_what_they_span(k):
    _, mean, covariance = gaussian()
    values, vectors = np.linalg.eigh(covariance)
    weight = rotation(k) @ (vectors.T / np.sqrt(values)[:, None])[:k]
    found = LayerGaussian.of(weight, -weight @ mean)
    assert found.basis.shape == (4, k)
    projection = vectors[:, :k] @ vectors[:, :k].T
    np.testing.assert_allclose(found.covariance, projection @ covariance @ projection, atol=1e-9)
    np.testing.assert_allclose(found.mean, projection @ mean, atol=1e-9)
    np.testing.assert_allclose(found.gaps(mean, covariance), 0, atol=1e-9)


def test_planes_that_do_not_meet_leave_a_residual():
    found = LayerGaussian.of(np.array([[1.0, 0], [1.0, 0]]), np.array([1.0, -1.0]))
    assert len(found.variances) == 1
    assert found.residual == pytest.approx(np.sqrt(2))


def test_rounding_of_the_weights_is_no_direction():
    weight = np.array([[1.0, 0.0], [1.0, 1e-8]])
    assert len(LayerGaussian.of(weight, np.zeros(2)).variances) == 2
    assert len(LayerGaussian.of(weight, np.zeros(2), 2.0**-23).variances) == 1
    nothing = LayerGaussian.of(np.zeros((2, 3)), np.ones(2))
    assert nothing.gaps(np.ones(3), np.eye(3)) == (0.0, 0.0)
