import numpy as np
from distance.worlds import gaussian
from scipy.optimize import minimize

from nbinterp.distance.layer.hyperplanes import Hyperplanes, partners


def test_implied_means_are_the_likeliest_points_of_the_planes():
    _, mean, covariance = gaussian(3)
    rng = np.random.default_rng(2)
    weight, bias = rng.normal(size=(4, 3)), rng.normal(size=4)
    planes = Hyperplanes(weight, bias, mean, covariance)
    np.testing.assert_allclose(
        np.einsum("ij,ij->i", planes.implied_means, weight) + bias, 0, atol=1e-10
    )
    inverse = np.linalg.inv(covariance)
    for node in range(4):
        on_plane = {"type": "eq", "fun": lambda x, i=node: weight[i] @ x + bias[i]}
        found = minimize(
            lambda x: (x - mean) @ inverse @ (x - mean), mean, constraints=on_plane, tol=1e-12
        )
        np.testing.assert_allclose(planes.implied_means[node], found.x, atol=1e-4)
        # Its Mahalanobis distance is the offset: what the node says in deviations.
        np.testing.assert_allclose(np.sqrt(found.fun), abs(planes.offset[node]), rtol=1e-6)


def test_scaling_the_inputs_changes_no_offset():
    _, mean, covariance = gaussian(3)
    rng = np.random.default_rng(2)
    weight, bias, scale = rng.normal(size=(4, 3)), rng.normal(size=4), np.array([1e-3, 1, 1e3])
    plain = Hyperplanes(weight, bias, mean, covariance)
    scaled = Hyperplanes(weight / scale, bias, mean * scale, covariance * np.outer(scale, scale))
    np.testing.assert_allclose(scaled.offset, plain.offset, rtol=1e-8)
    np.testing.assert_allclose(scaled.unit_ratio, plain.unit_ratio, rtol=1e-8)


def test_a_node_without_weights_has_no_plane():
    planes = Hyperplanes(np.zeros((1, 2)), np.ones(1), np.ones(2), np.eye(2))
    assert planes.offset.tolist() == [np.inf]
    np.testing.assert_array_equal(planes.implied_means, np.ones((1, 2)))


def centred(weight, bias):
    d = np.shape(weight)[1]
    return Hyperplanes(np.asarray(weight, float), np.asarray(bias, float), np.zeros(d), np.eye(d))


def test_planes_are_compared_not_biases():
    found = partners(centred([[1, 0], [-3, 0], [2, 0], [0, 1]], [1, -3, 2, 0]))
    assert found.mirror.tolist() == [1, 0, 1, -1]
    assert found.duplicate.tolist() == [2, -1, 0, -1]
    np.testing.assert_allclose(found.most_opposite, [-1, -1, -1, 0], atol=1e-12)


def test_parallel_planes_apart_are_no_partners():
    found = partners(centred([[1, 0], [-1, 0], [1, 0]], [0, 0.3, 0.3]))
    assert found.mirror.tolist() == [-1, -1, -1]
    assert found.duplicate.tolist() == [-1, -1, -1]


def test_nodes_without_weights_have_none():
    found = partners(centred([[0, 0], [0, 0]], [1, 1]))
    assert found.mirror.tolist() == found.duplicate.tolist() == [-1, -1]
