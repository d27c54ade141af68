"""The iteration of Bio CorEx: one update against a slow replica."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from corex import bio_replica
from corex.bio_worlds import mixed_world, start, table_of

from nbinterp import _device
from nbinterp.corex.bio.update import infer, iterate, update

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("m", "k"), [(1, 2), (3, 2), (3, 3), (2, 4)])
@pytest.mark.parametrize("floor", [0.01, None])
def test_an_update_is_that_of_the_replica(m, k, floor):
    X, discrete = mixed_world()
    columns, table = table_of(X, discrete, floor)
    q, jitter = start(table, 1, m, k)
    strength = torch.zeros(1, m, dtype=torch.float64)
    unsorted = np.empty((m, 9))
    for _ in range(4):
        unsorted[:, columns.order] = jitter[0].numpy()
        alpha, expected, log_z = bio_replica.update(
            X, discrete, q[0].numpy(), strength[0].numpy(), unsorted, floor or "clip"
        )
        model, q, later = update(table, q, lambda each=strength: each, jitter, smooth=False)
        log_ratio = later()
        strength = log_ratio.mean(-1)
        np.testing.assert_allclose(columns.restore(model.alpha[0]), alpha, atol=1e-10, rtol=0.0)
        np.testing.assert_allclose(q[0].numpy(), expected, atol=1e-10, rtol=0.0)
        np.testing.assert_allclose(log_ratio[0].numpy(), log_z, atol=1e-10, rtol=0.0)


def run(table, q, jitter, **options):
    options = {"max_iter": 40, "tol": 1e-8, "smooth": False, "progress": False, **options}
    return iterate(table, q, jitter, **options)


@pytest.mark.parametrize("smooth", [False, True])
def test_restarts_together_are_restarts_alone(smooth):
    _, table = table_of(*mixed_world())
    q, jitter = start(table, 4, 3, 2)
    together = run(table, q, jitter, smooth=smooth, tol=1e-3)
    assert len({len(each.history) for each in together}) > 1  # some rest sooner and leave the batch
    for row, each in enumerate(together):
        (alone,) = run(table, q[row, None], jitter[row, None], smooth=smooth, tol=1e-3)
        np.testing.assert_allclose(each.history, alone.history, atol=1e-10, rtol=0.0)
        torch.testing.assert_close(each.q, alone.q, atol=1e-8, rtol=0.0)
        assert each.converged == alone.converged


@pytest.mark.parametrize("smooth", [False, True])
def test_blocks_of_rows_change_nothing(monkeypatch, smooth):
    _, table = table_of(*mixed_world())
    q, jitter = start(table, 2, 3, 2)
    whole = run(table, q, jitter, smooth=smooth)
    monkeypatch.setattr(_device, "rows_per_block", lambda device, bytes_per_row: 7)
    assert len(table.rows(1)) == 29
    for expected, got in zip(whole, run(table, q, jitter, smooth=smooth), strict=True):
        np.testing.assert_allclose(got.history, expected.history, atol=1e-10, rtol=0.0)
        torch.testing.assert_close(got.q, expected.q, atol=1e-9, rtol=0.0)


def test_new_samples_are_answered_by_the_last_update():
    _, table = table_of(*mixed_world())
    (solution,) = run(table, *start(table, 1, 3, 2))
    q, log_z = infer(table, solution.model)
    torch.testing.assert_close(q, solution.q, atol=1e-12, rtol=0.0)
    torch.testing.assert_close(log_z, solution.log_z, atol=1e-12, rtol=0.0)


def test_every_answer_is_a_distribution_and_alpha_a_fraction():
    _, table = table_of(*mixed_world(missing=0.6))
    for solution in run(table, *start(table, 3, 4, 3)):
        torch.testing.assert_close(solution.q.sum(2), torch.ones(1, 4, 200, dtype=torch.float64))
        assert (solution.model.alpha >= 0).all() and (solution.model.alpha <= 1.001).all()
        for each in fields(solution.model):
            value = getattr(solution.model, each.name)
            tensors = value if isinstance(value, tuple) else (value,)
            assert all(tensor.isfinite().all() for tensor in tensors)


def test_factors_come_strongest_first():
    _, table = table_of(*mixed_world())
    for solution in run(table, *start(table, 3, 4, 2)):
        strength = solution.log_z[0].mean(-1)
        assert (strength.diff() <= 0).all()
        assert float(strength.sum()) == pytest.approx(solution.total_correlation, abs=1e-12)


def test_it_says_whether_it_rests():
    _, table = table_of(*mixed_world())
    q, jitter = start(table, 1, 3, 2)
    (short,) = run(table, q, jitter, max_iter=3)
    assert not short.converged and len(short.history) == 3
    (long,) = run(table, q, jitter, max_iter=400, tol=1e-4)
    assert long.converged
    assert abs(long.history[-5:].mean() - long.history[-10:-5].mean()) < 1e-4
