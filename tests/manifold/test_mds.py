"""Scaling: exact recoveries, and scikit-learn's SMACOF."""

import numpy as np
import pytest
import torch
from sklearn.manifold import smacof as sklearn_smacof

from nbinterp.manifold import mds
from nbinterp.manifold.mds import classical_mds, distances, guttman, smacof, squared_error, stress


def points(n: int, p: int, seed: int = 0) -> torch.Tensor:
    return torch.as_tensor(np.random.RandomState(seed).standard_normal((n, p)))


@pytest.mark.parametrize("dense", [1000, 10])
def test_classical_scaling_recovers_points(monkeypatch, dense):
    monkeypatch.setattr(mds, "_DENSE_EIGH", dense)
    target = distances(points(120, 3))
    found = classical_mds(target, 3, np.random.RandomState(0))
    torch.testing.assert_close(distances(found), target, rtol=1e-6, atol=1e-6)
    assert stress(target, found) < 1e-6
    variances = found.var(0)
    assert (variances.diff() < 0).all()


def test_classical_scaling_has_no_more_axes_than_there_are():
    target = distances(points(30, 2))
    found = classical_mds(target, 5, np.random.RandomState(0))
    assert found[:, 2:].abs().max() < 1e-5


def test_guttman_is_the_gradient_step_of_the_error():
    target, start = distances(points(25, 6)), points(25, 2, 1)
    start = (start - start.mean(0)).requires_grad_()
    apart = torch.cdist(start, start, compute_mode="donot_use_mm_for_euclid_dist")
    ((apart - target) ** 2).sum().div(2).backward()
    # De Leeuw: the Guttman transform is x - grad / 2n of the error over pairs.
    moved = start - start.grad / (2 * 25)
    torch.testing.assert_close(guttman(target, start.detach()), moved.detach())


def test_error_never_rises():
    target, current = distances(points(60, 10)), points(60, 2, 1)
    errors = []
    for step in range(40):
        errors.append(squared_error(target, current))
        image = guttman(target, current)
        current = image if step % 10 == 9 else 2 * image - current
    assert (np.diff(errors) <= 1e-9).all()


@pytest.mark.parametrize("dimensions", [2, 5])
def test_not_worse_than_scikit_learn(dimensions):
    target = distances(points(150, 12))
    start = classical_mds(target, dimensions, np.random.RandomState(0))
    ours = smacof(target, start, 1000, 1e-6)
    theirs, _ = sklearn_smacof(
        target.numpy(), n_components=dimensions, init=start.numpy(), n_init=1, eps=1e-9
    )
    assert ours.converged
    assert squared_error(target, ours.points) <= 1.001 * squared_error(
        target, torch.as_tensor(theirs)
    )


def test_float32_steps_end_where_float64_steps_do(monkeypatch):
    target = distances(points(200, 12))
    start = classical_mds(target, 3, np.random.RandomState(0))
    double = smacof(target, start, 2000, 1e-6)
    monkeypatch.setattr(mds, "MOST_IN_FLOAT64", 10)
    single = smacof(target, start, 2000, 1e-6)
    assert single.points.dtype == torch.float64
    assert stress(target, single.points) == pytest.approx(stress(target, double.points), rel=1e-4)


def test_is_centred_on_principal_axes():
    target = distances(points(50, 6))
    found = smacof(target, points(50, 3, 1), 500, 1e-6).points
    covariance = found.T @ found
    assert found.mean(0).abs().max() < 1e-10
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-8
    assert (covariance.diag().diff() <= 0).all()


def test_coincident_points_stay_finite():
    target = torch.zeros(12, 12, dtype=torch.float64)
    assert (smacof(target, torch.zeros(12, 2).double(), 50, 1e-6).points == 0).all()
    assert stress(target, torch.zeros(12, 2).double()) == 0
    apart = distances(points(12, 3))
    assert smacof(apart, torch.zeros(12, 2).double(), 50, 1e-6).points.isfinite().all()


def test_stress_is_free_of_scale():
    target = distances(points(40, 6))
    flat = points(40, 6)[:, :2]
    assert stress(target, 9 * flat) == pytest.approx(stress(target, flat))
    best = torch.linalg.vector_norm(distances(flat) - target) / torch.linalg.vector_norm(target)
    assert stress(target, flat) <= best


def test_guttman_in_blocks_is_the_whole(monkeypatch):
    points = torch.as_tensor(np.random.RandomState(0).standard_normal((70, 4)))
    target = mds.distances(points)
    whole = mds.guttman(target, points[:, :2])
    monkeypatch.setattr(mds, "_CACHED_BYTES", 9 * 70 * 8)
    torch.testing.assert_close(mds.guttman(target, points[:, :2]), whole)
