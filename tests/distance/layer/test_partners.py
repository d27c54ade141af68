import numpy as np

from nbinterp.distance.layer.hyperplanes import Hyperplanes
from nbinterp.distance.layer.partners import partners


def planes(weight, bias):
    d = np.shape(weight)[1]
    return Hyperplanes(np.asarray(weight, float), np.asarray(bias, float), np.zeros(d), np.eye(d))


def test_planes_are_compared_not_biases():
    found = partners(planes([[1, 0], [-3, 0], [2, 0], [0, 1]], [1, -3, 2, 0]))
    assert found.mirror.tolist() == [1, 0, 1, -1]
    assert found.duplicate.tolist() == [2, -1, 0, -1]
    np.testing.assert_allclose(found.most_opposite, [-1, -1, -1, 0], atol=1e-12)


def test_parallel_planes_apart_are_no_partners():
    found = partners(planes([[1, 0], [-1, 0], [1, 0]], [0, 0.3, 0.3]))
    assert found.mirror.tolist() == [-1, -1, -1]
    assert found.duplicate.tolist() == [-1, -1, -1]


def test_nodes_without_weights_have_none():
    found = partners(planes([[0, 0], [0, 0]], [1, 1]))
    assert found.mirror.tolist() == found.duplicate.tolist() == [-1, -1]
