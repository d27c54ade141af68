"""Rows about α and ε, on games of few players."""

import numpy as np

from nbinterp.interactions import AndOr
from reproduction.primitives.settings import alpha_rows, noise_rows, strength


def test_strengths_leave_out_the_empty_set() -> None:
    outputs = np.random.default_rng(0).normal(size=(1, 2, 8)) + 100
    found = AndOr(noise=0, solver="lp", progress=False).split(outputs)
    every = np.abs(found.and_[0, :, 1:]), np.abs(found.or_[0, :, 1:])
    np.testing.assert_allclose(strength(found, False), sum(part.sum() for part in every))
    np.testing.assert_allclose(strength(found, True), sum(part.max(axis=0).sum() for part in every))


def test_epsilon_stays_in_its_bounds_and_pays() -> None:
    outputs = np.random.default_rng(1).normal(size=(4, 2, 16))
    rows = noise_rows(AndOr(solver="lp", progress=False).split(outputs))
    assert [row.what for row in rows if not row.agrees] == []


def test_overlap_that_rises_with_alpha_fails() -> None:
    outputs = np.random.default_rng(2).normal(size=(4, 2, 16))
    joint = AndOr(solver="lp", progress=False).split(outputs)
    by_alpha = {alpha: joint.resplit(alpha=alpha) for alpha in (0.0, 1.0)}
    forward = alpha_rows(by_alpha, joint)[0]
    backward = alpha_rows({0.0: by_alpha[1.0], 1.0: by_alpha[0.0]}, joint)[0]
    np.testing.assert_allclose(forward.ours, -np.array(backward.ours))
