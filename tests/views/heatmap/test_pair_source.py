"""Pairs of inputs with units of their own are shown by what they do over one sigma."""

import numpy as np
import pytest
import torch

from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth import explainer
from nbinterp.views.heatmap.pair_source import read

UNITS = np.array([1.0, 1e-3, 1.2e4, 50.0])


def function(z):
    return z[:, 0] * z[:, 1] - 3 * z[:, 1] * z[:, 2] + z[:, 3]


def source(units, width, monkeypatch):
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", width)
    own = torch.from_numpy(units)
    smooth = SmoothHess(sigma=0.5 * units, n_samples=64, sampling="moment_matched", random_state=0)
    found = smooth.explain(lambda x: function(x / own), np.zeros((2, 4)))
    return read(found, feature_names=None, image_shape=None, unit=None, standard_error=None)


@pytest.mark.parametrize("width", [4, 3])  # stored whole, and as the rows of a product
def test_units_cancel(width, monkeypatch):
    plain, scaled = (source(units, width, monkeypatch) for units in (np.ones(4), UNITS))
    assert (scaled.units is None, scaled.unit) == (False, "output per σ of both inputs")
    every, samples = np.arange(4), np.array([0, 1])
    for one, other in zip(
        plain.entries(samples, every, every), scaled.entries(samples, every, every), strict=True
    ):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(scaled.entries(samples, every, every)[0][1, 2], -0.75, rtol=1e-6)
    assert scaled.strongest(samples, 2).tolist() == plain.strongest(samples, 2).tolist() == [1, 2]
