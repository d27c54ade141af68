"""Walks, their entropy and potentials: known answers and the package phate."""

import numpy as np
import phate
import pytest
import torch
from phate import vne

from nbinterp.manifold.diffusion import (
    DiffusionOperator,
    diffusion_operator,
    knee_point,
    potential,
    power,
    spectrum,
    von_neumann_entropy,
)


@pytest.fixture(scope="module")
def data():
    return np.random.RandomState(0).standard_normal((150, 8))


@pytest.fixture(scope="module")
def operator(data, kernel_of):
    return diffusion_operator(kernel_of(torch.as_tensor(data), 5, 40))


def test_is_a_reversible_walk(operator):
    torch.testing.assert_close(operator.matrix.sum(1), torch.ones(150, dtype=torch.float64))
    flow = operator.mass[:, None] * operator.matrix
    torch.testing.assert_close(flow, flow.T)


def test_spectrum_is_that_of_the_walk(operator):
    exact = np.sort(np.abs(np.linalg.eigvals(operator.matrix.numpy())))
    np.testing.assert_allclose(np.sort(spectrum(operator)), exact, atol=1e-10)
    assert spectrum(operator).max() == pytest.approx(1)


def test_entropy_of_known_spectra():
    equal = von_neumann_entropy(torch.ones(7))
    np.testing.assert_allclose(equal, np.log(7))
    assert von_neumann_entropy(torch.tensor([1.0, 0.0, 0.0])).max() == 0
    two = von_neumann_entropy(torch.tensor([1.0, 0.5]), 2)
    for t, entropy in enumerate(two, start=1):
        share = np.array([1, 0.5**t]) / (1 + 0.5**t)
        assert entropy == pytest.approx(-(share * np.log(share)).sum())


def test_entropy_of_a_symmetric_walk_is_that_of_phate():
    values = np.random.RandomState(1).uniform(0, 1, 40)
    theirs = vne.compute_von_neumann_entropy(np.diag(values))
    np.testing.assert_allclose(von_neumann_entropy(torch.as_tensor(values)), theirs, atol=1e-10)


def test_knee_known_answers():
    assert knee_point(np.exp(-np.arange(20) / 10)) == 8
    matrix = np.eye(10)
    matrix[0, 0], matrix[3, 2] = 5, 4
    assert knee_point(vne.compute_von_neumann_entropy(matrix)) == 23


def test_knee_is_near_that_of_phate():
    for base in np.linspace(1.02, 1.4, 12):
        curve = base ** -np.arange(100.0)
        assert abs(knee_point(curve) - vne.find_knee_point(curve)) <= 1


def test_knee_of_two_lines_is_where_they_meet():
    x = np.arange(30.0)
    assert knee_point(np.maximum(10 - x, 4 - x / 5)) in (7, 8)


@pytest.mark.parametrize("t", [1, 2, 7, 28])
def test_power_is_the_product(t):
    matrix = torch.as_tensor(np.random.RandomState(0).uniform(size=(6, 6)) / 6)
    matrix = matrix + matrix.T
    torch.testing.assert_close(power(matrix, t), torch.linalg.matrix_power(matrix, t))


@pytest.mark.parametrize("gamma", [1, 0.3, 0, -1])
def test_potential_is_that_of_phate(data, operator, gamma):
    theirs = phate.PHATE(t=6, gamma=gamma, n_pca=None, verbose=0).fit(data).diff_potential
    np.testing.assert_allclose(potential(operator, 6, gamma), theirs, rtol=1e-8, atol=1e-10)


def test_potential_between_parts_that_do_not_meet_is_finite():
    walk = DiffusionOperator(torch.eye(3, dtype=torch.float64), torch.ones(3))
    assert potential(walk, 10, 1).isfinite().all()
