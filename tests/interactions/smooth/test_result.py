"""Inputs with different units have radii of their own."""

import numpy as np
import pandas as pd
import pytest
import torch
from interactions.smooth.test_explainer import AT, relus

from nbinterp.interactions import SmoothHess


@pytest.mark.parametrize("sigma", [None, "auto"])
def test_inputs_with_units_of_their_own_change_nothing_but_the_units(sigma):
    units = np.array([1.0, 1e-3, 1.2e4])
    smooth = SmoothHess(sigma=sigma, radius=0.8, n_samples=2000, random_state=0)
    plain = smooth.explain(relus, AT)
    own = torch.from_numpy(units)
    found = smooth.changed(radius=0.8 * units).explain(lambda x: relus(x / own), AT * own)
    np.testing.assert_allclose(found.sigma, plain.sigma * units)
    np.testing.assert_allclose(found.hessian * np.outer(units, units), plain.hessian, rtol=1e-6)
    np.testing.assert_allclose(found.gradient * units, plain.gradient, rtol=1e-6)
    for ball in ("radius", "volume"):
        errors = [
            one.pmse(radius, n_samples=500, ball=ball, random_state=0)
            for one, radius in ((plain, 0.3), (found, 0.3 * units))
        ]
        np.testing.assert_allclose(*errors, rtol=1e-6, atol=1e-12)
    for maximize in (False, True):
        step = found.attack(0.3 * units, maximize=maximize)
        np.testing.assert_allclose(step / units, plain.attack(0.3, maximize=maximize), rtol=1e-6)
    # Listed by what they do over sigma, not by entries of different units.
    known = plain.to_frame()[["first", "second"]]
    pd.testing.assert_frame_equal(found.to_frame()[["first", "second"]], known)


def test_one_sigma_for_columns_that_differ_much_in_spread_is_told():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(9, 3)) * [1.0, 1.0, 1.2e4]
    smooth = SmoothHess(n_samples=64, random_state=0)

    def product(x):
        return x.prod(1)

    with pytest.warns(UserWarning, match=r"differ in spread, from .* radius=0.25 \* X.std"):
        smooth.explain(product, table)
    images = rng.random((9, 30)) * np.linspace(0, 1, 30) ** 2
    smooth.explain(product, images)  # like pixels, of which some hardly vary: no warning
    smooth.changed(radius=table.std(axis=0)).explain(product, table)
    smooth.changed(sigma=0.1).explain(product, table)


@pytest.mark.parametrize(
    ("radius", "words"),
    [
        ([1.0, 2.0], r"radius=.*must have one radius per input, 3"),
        ([1.0, 0.0, 2.0], "must be positive and finite"),
        (0.0, "must be above 0"),
    ],
)
def test_bad_radius(radius, words):
    with pytest.raises(ValueError, match=words):
        SmoothHess(radius=radius, n_samples=64).explain(relus, AT)
    found = SmoothHess(n_samples=64, random_state=0).explain(relus, AT)
    for call in (found.pmse, found.attack):
        with pytest.raises(ValueError, match=words):
            call(radius)
