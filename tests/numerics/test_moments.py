"""Streams of samples."""

import numpy as np
import pytest
from corex.known_covariances import MODULAR, exact_samples

from nbinterp._numerics.moments import RunningMoments
from nbinterp.corex import LinearCorEx


def test_merged_moments_are_those_of_all_samples():
    x = np.random.default_rng(0).normal(size=(100, 4)) + 1e6
    merged = (
        RunningMoments.of(x[:7]).merge(RunningMoments.of(x[7:60])).merge(RunningMoments.of(x[60:]))
    )
    np.testing.assert_allclose(merged.mean, x.mean(0))
    np.testing.assert_allclose(merged.covariance, np.cov(x.T, bias=True), rtol=1e-8, atol=1e-9)


def test_partial_fit_is_fit_of_all():
    x = np.random.default_rng(1).permutation(exact_samples(MODULAR, 300, np.random.default_rng(0)))
    stream = LinearCorEx(5, tol=1e-9, random_state=0)
    for part in np.array_split(x, 4):
        stream.partial_fit(part)
    whole = LinearCorEx(5, tol=1e-9, random_state=0).fit(x)
    np.testing.assert_allclose(stream.mutual_information_, whole.mutual_information_, atol=1e-4)
    np.testing.assert_allclose(stream.transform(x), whole.transform(x), atol=1e-4)


def test_fit_starts_a_new_stream():
    x = exact_samples(MODULAR, 60, np.random.default_rng(0))
    model = LinearCorEx(2, random_state=0).partial_fit(x + 5).fit(x)
    np.testing.assert_allclose(model.partial_fit(x[:30]).mean_, x[:30].mean(0))


def test_refusals():
    x = np.random.default_rng(0).normal(size=(30, 4))
    with pytest.raises(ValueError, match="gaussianize='standard'"):
        LinearCorEx(1, gaussianize="empirical").partial_fit(x)
    with pytest.raises(ValueError, match="minimum of 3 samples"):
        LinearCorEx(1).partial_fit(x[:1])
    with pytest.raises(ValueError, match="same columns"):
        LinearCorEx(1).partial_fit(x).partial_fit(x[:, :3])
