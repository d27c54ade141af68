import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from nbinterp.distance import mixture_to_layers

GENERATOR = np.random.default_rng(0)
X = np.concatenate(
    [
        GENERATOR.normal(size=(80, 3)) @ GENERATOR.normal(size=(3, 3)) + place
        for place in 4 * GENERATOR.normal(size=(3, 3))
    ]
)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_exact_for_every_covariance_type_of_scikit_learn(kind):
    mixture = GaussianMixture(3, covariance_type=kind, random_state=0).fit(X)
    layers, x = mixture_to_layers(mixture), torch.from_numpy(X)
    with torch.no_grad():
        np.testing.assert_allclose(layers.log_density(x), mixture.score_samples(X), rtol=1e-11)
        np.testing.assert_allclose(layers.responsibilities(x), mixture.predict_proba(X), atol=1e-11)
        assert (layers(x).argmax(dim=1).numpy() == mixture.predict(X)).all()


@pytest.mark.parametrize("tied", [False, True])
def test_exact_for_any_mixture_of_torch(tied):
    k, d = 4, 5
    roots = GENERATOR.normal(size=(1 if tied else k, d, d))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.2 * np.eye(d)
    means, weights = GENERATOR.normal(size=(k, d)), np.array([0.1, 0.2, 0.3, 0.4])
    layers = mixture_to_layers(
        means=torch.as_tensor(means),
        covariances=covariances[0] if tied else covariances,
        weights=weights,
    )
    components = MultivariateNormal(torch.as_tensor(means), torch.as_tensor(covariances))
    mixture = MixtureSameFamily(Categorical(torch.as_tensor(weights)), components)
    x = torch.as_tensor(GENERATOR.normal(size=(60, d)) * 3)
    with torch.no_grad():
        torch.testing.assert_close(layers.log_density(x), mixture.log_prob(x), rtol=1e-12, atol=0)
        joint = components.log_prob(x[:, None]) + torch.as_tensor(weights).log()
        torch.testing.assert_close(layers(x), joint, rtol=1e-12, atol=0)
        square = layers.distances(x).square()
    precision = np.linalg.inv(covariances)
    centred = x.numpy()[:, None] - means
    expected = np.einsum("nki,kij,nkj->nk", centred, np.broadcast_to(precision, (k, d, d)), centred)
    np.testing.assert_allclose(square, expected, rtol=1e-9)


def test_a_single_component_in_one_dimension_and_any_leading_shape():
    layers = mixture_to_layers(means=[[2.0]], covariances=[[[4.0]]])
    x = torch.tensor([[[4.0]], [[2.0]]], dtype=torch.float64)
    assert layers(x).shape == (2, 1, 1)
    assert layers.distances(x).flatten().tolist() == [1, 0]
    assert layers.responsibilities(x).flatten().tolist() == [1, 1]


def test_it_is_a_module_that_learns_saves_and_changes_its_type():
    layers = mixture_to_layers(means=np.zeros((2, 3)), covariances=np.eye(3))
    assert {name for name, _ in layers.named_parameters()} == {"linear.weight", "linear.bias"}
    assert set(layers.state_dict()) == {"linear.weight", "linear.bias", "offset"}
    layers.log_density(torch.ones(2, 3, dtype=torch.float64)).sum().backward()
    assert layers.linear.weight.grad is not None
    assert layers.float()(torch.ones(2, 3)).dtype == torch.float32


EYES = np.stack([np.eye(2)] * 2)


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({}, "either a fitted GaussianMixture, or means and covariances"),
        ({"means": np.zeros((2, 2))}, "either a fitted GaussianMixture, or means"),
        ({"means": np.zeros(2), "covariances": EYES}, "one row for each component"),
        ({"means": np.full((2, 2), np.nan), "covariances": EYES}, "must be finite"),
        ({"means": np.zeros((3, 2)), "covariances": EYES}, r"must have the shape \(3, 2, 2\)"),
        ({"means": np.zeros((2, 2)), "covariances": 0 * EYES}, "positive definite.*least variance"),
        ({"means": np.zeros((2, 2)), "covariances": EYES, "weights": [1, 1]}, "that sum to 1"),
        ({"means": np.zeros((2, 2)), "covariances": EYES, "weights": [1, 0]}, "2 positive numbers"),
    ],
)
def test_bad_arguments(asked, match):
    with pytest.raises(ValueError, match=match):
        mixture_to_layers(**asked)


def test_mixtures_that_are_none_or_not_fitted():
    with pytest.raises(TypeError, match=r"must be a sklearn\.mixture\.GaussianMixture"):
        mixture_to_layers(BayesianGaussianMixture(n_components=2, random_state=0).fit(X))
    with pytest.raises(NotFittedError, match="must be fitted"):
        mixture_to_layers(GaussianMixture(2))
