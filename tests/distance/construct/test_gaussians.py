import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group
from torch import nn

from nbinterp.distance import Abs, gaussian_to_linear, linear_to_gaussian

GENERATOR = np.random.default_rng(0)
D = 6


def gaussian(d=D, seed=0):
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(d, d))
    return generator.normal(size=d), root @ root.T + 0.1 * np.eye(d)


def arrays(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def output(layer, x):
    return layer(torch.as_tensor(x)).detach().numpy()


MEAN, COVARIANCE = gaussian()
ROTATION = ortho_group.rvs(D, random_state=1)
X = GENERATOR.normal(size=(50, D)) * 3


@pytest.mark.parametrize("rotation", [None, ROTATION])
def test_the_norm_of_the_layer_is_the_mahalanobis_distance(rotation):
    layer = gaussian_to_linear(MEAN, COVARIANCE, rotation=rotation)
    weight, bias = arrays(layer)
    expected = cdist(X, MEAN[None], "mahalanobis", VI=np.linalg.inv(COVARIANCE))[:, 0]
    found = np.linalg.norm(output(nn.Sequential(layer, Abs()), X), axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    # Whitened: unit ratio w'Σw = 1 of every node, and all planes go through the mean.
    np.testing.assert_allclose(weight @ COVARIANCE @ weight.T, np.eye(D), atol=1e-12)
    np.testing.assert_allclose(weight @ MEAN + bias, 0, atol=1e-12)


def test_without_rotation_nodes_are_principal_components_and_with_one_they_are_not():
    variances = np.linalg.eigvalsh(COVARIANCE)[::-1]
    plain, _ = arrays(gaussian_to_linear(MEAN, COVARIANCE))
    np.testing.assert_allclose(1 / (plain**2).sum(axis=1), variances)
    turned, _ = arrays(gaussian_to_linear(MEAN, COVARIANCE, rotation=ROTATION))
    implied = 1 / (turned**2).sum(axis=1)
    assert np.abs(np.sort(implied)[::-1] / variances - 1).max() > 0.1
    # What they are: weighted harmonic means of the variances.
    np.testing.assert_allclose(1 / implied, ROTATION**2 @ (1 / variances))


def test_moments_of_the_nodes_over_samples_of_the_gaussian():
    samples = np.random.default_rng(2).multivariate_normal(MEAN, COVARIANCE, size=200_000)
    z = output(gaussian_to_linear(MEAN, COVARIANCE, rotation=ROTATION), samples)
    np.testing.assert_allclose(np.abs(z).mean(axis=0), np.sqrt(2 / np.pi), atol=0.01)
    np.testing.assert_allclose((z > 0).mean(axis=0), 0.5, atol=0.01)
    squares = (z**2).sum(axis=1)
    assert squares.mean() == pytest.approx(D, rel=0.01)
    assert squares.var() == pytest.approx(2 * D, rel=0.03)


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_a_pair_of_relus_is_one_abs(p):
    single = output(gaussian_to_linear(MEAN, COVARIANCE), X)
    layer = gaussian_to_linear(MEAN, COVARIANCE, activation="relu_pair")
    pair = output(nn.Sequential(layer, nn.ReLU()), X).reshape(len(X), 2, D)
    np.testing.assert_allclose(np.linalg.norm(pair, ord=p, axis=1), np.abs(single), atol=1e-12)
    assert (pair.min(axis=1) == 0).all()


@pytest.mark.parametrize("rotation", [None, ROTATION])
@pytest.mark.parametrize("activation", ["abs", "relu_pair"])
def test_there_and_back_up_to_rotation(rotation, activation):
    layer = gaussian_to_linear(MEAN, COVARIANCE, rotation=rotation, activation=activation)
    found = linear_to_gaussian(layer, activation=activation)
    np.testing.assert_allclose(found.mean, MEAN, rtol=1e-10)
    np.testing.assert_allclose(found.covariance, COVARIANCE, rtol=1e-10, atol=1e-12)
    assert found.rank == D and found.residual < 1e-12
    assert "rotation is not part of it" in repr(found)


@pytest.mark.parametrize("nodes", [2, 4, 9])
def test_the_distance_of_any_layer_is_that_of_its_gaussian_and_a_residual(nodes):
    layer = nn.Linear(4, nodes, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(GENERATOR.normal(size=(nodes, 4))))
        layer.bias.copy_(torch.as_tensor(GENERATOR.normal(size=nodes)))
        layer.weight[-1] = layer.weight[0]  # a duplicate node
    found = linear_to_gaussian(layer)
    centred = X[:, :4] - found.mean
    squares = np.einsum("ni,ij,nj->n", centred, found.precision, centred) + found.residual**2
    np.testing.assert_allclose(squares, (output(layer, X[:, :4]) ** 2).sum(axis=1), rtol=1e-9)
    assert found.rank == min(nodes - 1, 4)
    assert ("of which the layer reads" in repr(found)) == (found.rank < 4)
    np.testing.assert_allclose(found.covariance, np.linalg.pinv(found.precision), atol=1e-9)


def test_dead_layers_and_layers_without_bias_have_defined_numbers():
    dead = nn.Linear(3, 2, dtype=torch.float64)
    with torch.no_grad():
        dead.weight.zero_()
        dead.bias.copy_(torch.tensor([3.0, 4.0]))
    found = linear_to_gaussian(dead)
    assert found.rank == 0 and found.residual == 5
    assert not found.mean.any() and not found.covariance.any()
    assert not linear_to_gaussian(nn.Linear(3, 3, bias=False)).mean.any()


def test_one_abs_unit_solves_xor():
    unit = nn.Linear(2, 1)
    with torch.no_grad():
        unit.weight.fill_(0.5)
        unit.bias.zero_()
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=np.float32)
    assert output(nn.Sequential(unit, Abs()), corners).ravel().tolist() == [1, 0, 0, 1]


def test_float32_is_asked_for_and_no_random_numbers_are_drawn():
    before = torch.get_rng_state()
    layer = gaussian_to_linear(MEAN, COVARIANCE, dtype=torch.float32)
    assert layer.weight.dtype == torch.float32
    assert torch.equal(before, torch.get_rng_state())


SINGULAR = np.diag([1.0] * (D - 1) + [0.0])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"covariance": SINGULAR}, "positive definite, but its least variance is 0.*OAS"),
        ({"covariance": np.triu(np.ones((D, D)))}, "must be symmetric"),
        ({"covariance": np.eye(D + 1)}, "must have the shape"),
        ({"covariance": np.full((D, D), np.nan)}, "must be finite"),
        ({"mean": MEAN * np.inf}, "must be finite"),
        ({"mean": [MEAN]}, "must be a vector"),
        ({"rotation": 2 * ROTATION}, "must be an orthogonal matrix"),
        ({"activation": "relu"}, "must be one of 'abs', 'relu_pair'"),
    ],
)
def test_bad_gaussians(change, match):
    asked = {"mean": MEAN, "covariance": COVARIANCE, **change}
    with pytest.raises(ValueError, match=match):
        gaussian_to_linear(asked.pop("mean"), asked.pop("covariance"), **asked)


def test_bad_layers():
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Linear"):
        linear_to_gaussian(nn.ReLU())
    broken = nn.Linear(2, 2)
    with torch.no_grad():
        broken.weight[0, 0] = torch.nan
    with pytest.raises(ValueError, match="must hold finite weights"):
        linear_to_gaussian(broken)
    for nodes in (3, 4):
        with pytest.raises(ValueError, match="must hold a mirror partner"):
            linear_to_gaussian(nn.Linear(2, nodes), activation="relu_pair")
