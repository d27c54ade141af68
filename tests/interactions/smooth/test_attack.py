"""The exact minimum in a ball: its conditions, brute force, and the hard case."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize as scipy_minimize

from nbinterp.interactions.smooth.attack import minimize, step_within
from nbinterp.interactions.smooth.low_rank import Dense


def value(step, h, g):
    return g @ step + 0.5 * step @ h @ step


def assert_optimal(step, h, g, radius):
    """Check Moré and Sorensen's conditions, which only a global minimum meets."""
    length, size = np.linalg.norm(step), max(np.abs(h).max(), np.abs(g).max(), 1e-12)
    assert length <= radius * (1 + 1e-8)
    slope = h @ step + g
    shift = -(slope @ step) / max(length**2, 1e-300) if length > 1e-12 else 0.0
    np.testing.assert_allclose(slope + shift * step, 0, atol=1e-6 * size * max(radius, 1))
    assert shift >= -1e-6 * size
    assert np.linalg.eigvalsh(h)[0] + shift >= -1e-6 * size
    assert abs(shift) * (radius - length) <= 1e-6 * size * max(radius, 1)


@given(st.integers(1, 6), st.integers(0, 10_000), st.floats(0.01, 10.0), st.floats(0.0, 3.0))
def test_conditions(d, seed, radius, slope):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(d, d))
    h, g = h + h.T, slope * rng.normal(size=d)
    assert_optimal(minimize(*np.linalg.eigh(h), g, radius), h, g, radius)


def test_inside_the_ball_it_is_newtons_step():
    h, g = np.diag([2.0, 4.0]), np.array([1.0, 1.0])
    np.testing.assert_allclose(minimize(*np.linalg.eigh(h), g, 5.0), [-0.5, -0.25])


def test_the_hard_case_goes_on_to_the_sphere():
    h, g = np.diag([-2.0, 1.0, 3.0]), np.array([0.0, 1.0, 1.0])
    step = minimize(*np.linalg.eigh(h), g, 2.0)
    assert np.linalg.norm(step) == pytest.approx(2.0)
    assert_optimal(step, h, g, 2.0)


def test_nothing_to_gain():
    assert minimize(np.zeros(2), np.eye(2), np.zeros(2), 1.0).tolist() == [0, 0]
    np.testing.assert_allclose(
        minimize(np.zeros(2), np.eye(2), np.array([3.0, 4.0]), 1.0), [-0.6, -0.8]
    )


def test_omitted_eigenpairs_count_as_zero():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(8, 3)))
    values, g = np.array([-1.0, 2.0, 0.5]), rng.normal(size=8)
    h = basis * values @ basis.T
    step = minimize(values, basis, g, 1.5)
    assert_optimal(step, h, g, 1.5)
    np.testing.assert_allclose(step, minimize(*np.linalg.eigh(h), g, 1.5), atol=1e-6)


def test_no_random_search_does_better():
    rng = np.random.default_rng(1)
    h = rng.normal(size=(5, 5))
    h, g = h + h.T, rng.normal(size=5)
    best = value(minimize(*np.linalg.eigh(h), g, 1.0), h, g)
    for start in rng.normal(size=(20, 5)):
        found = scipy_minimize(
            value,
            0.5 * start / np.linalg.norm(start),
            (h, g),
            method="SLSQP",
            constraints={"type": "ineq", "fun": lambda step: 1 - step @ step},
        )
        assert found.fun >= best - 1e-6


@given(st.integers(2, 5), st.integers(0, 10_000), st.booleans())
def test_in_an_ellipsoid_it_is_the_step_in_a_ball_of_other_units(d, seed, maximize):
    rng = np.random.default_rng(seed)
    h, radius = rng.normal(size=(d, d)), 10 ** rng.uniform(-3, 3, d)
    h, g = h + h.T, rng.normal(size=d)
    whole = torch.from_numpy(h)
    step = step_within(
        Dense(whole, 0 * whole), torch.from_numpy(g), torch.from_numpy(radius), maximize=maximize
    ).numpy()
    sign = -1 if maximize else 1
    square = np.outer(radius, radius)
    assert_optimal(step / radius, sign * h * square, sign * g * radius, 1.0)
