"""Mutual information of factors and columns, and its correction for chance."""

import numpy as np
import pytest
import torch
from corex import bio_replica
from corex.bio_worlds import mixed_world, start, table_of

from nbinterp import _device
from nbinterp.corex.bio.information import agreement, corrected_information, information


def hard(labels, k=2):
    """Responsibilities ``(1, m, k, n)`` of known states."""
    return torch.stack([torch.as_tensor(labels) == c for c in range(k)], 1)[None].double()


def test_it_is_that_of_the_replica():
    X, discrete = mixed_world()
    columns, table = table_of(X, discrete)
    q, _ = start(table, 2, 3, 3)
    got = information(table, q, False)
    for row in range(2):
        expected = bio_replica.mutual_information(X, discrete, q[row].numpy(), 0.01)
        np.testing.assert_allclose(columns.restore(got[row]), expected, atol=1e-10, rtol=0.0)


def test_a_copy_tells_all_and_noise_nothing():
    rng = np.random.default_rng(0)
    labels = np.arange(1000)[None] % 2
    X = np.stack([labels[0], rng.integers(0, 2, 1000), np.ones(1000)], 1).astype(float)
    X = np.concatenate([X, np.full((1000, 1), np.nan)], 1)
    columns, table = table_of(X, np.ones(4, dtype=bool))
    found = corrected_information(table, hard(labels), False, np.random.RandomState(0))
    copy, noise, constant, missing = columns.restore(found)[0]
    assert copy == pytest.approx(np.log(2), abs=2e-3)
    assert noise < 2e-3
    assert constant == missing == 0.0


def test_chance_is_taken_away():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 300))
    _, table = table_of(X, np.zeros(300, dtype=bool))
    q = hard(rng.integers(0, 2, (1, 60)))
    raw = information(table, q, False)[0]
    corrected = corrected_information(table, q, False, np.random.RandomState(0))
    assert raw.mean() > 0.005
    assert (corrected == 0).double().mean() == pytest.approx(19 / 21, abs=0.06)
    assert corrected.mean() < 0.4 * raw.mean()
    assert (raw - corrected)[corrected > 0].min() > 0.002
    assert (corrected >= 0).all()


def test_permutations_together_are_permutations_alone(monkeypatch):
    X, discrete = mixed_world()
    _, table = table_of(X, discrete)
    q, _ = start(table, 1, 3, 2)
    together = corrected_information(table, q**8, True, np.random.RandomState(0))
    monkeypatch.setattr(_device, "rows_per_block", lambda device, bytes_per_row: 50)
    torch.testing.assert_close(
        corrected_information(table, q**8, True, np.random.RandomState(0)), together
    )
    assert (together > 0).any()


def test_agreement_finds_the_same_states_under_other_names():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (2, 2000))
    others = np.stack([rng.integers(0, 3, 2000), 2 - labels[1], np.zeros(2000, dtype=int)])
    found = agreement(hard(labels, 3)[0], hard(others, 3)[0])
    assert found[0] < 0.01
    assert found[1] == pytest.approx(1.0)
    assert (agreement(hard(others, 3)[0], hard(labels, 3)[0])[2]) == 0.0
