"""The elbow of a curve."""

import numpy as np
import pytest

from nbinterp._numerics.elbow import elbow


@pytest.mark.parametrize("corner", [1, 3, 8])
@pytest.mark.parametrize("ends", [10, 40])
def test_of_a_step_it_is_the_first_point_below(corner, ends):
    assert elbow(np.arange(ends), np.where(np.arange(ends) < corner, 0.8, 0.01)) == corner


def test_of_two_lines_it_is_where_they_meet():
    x = np.array([1, 2, 4, 6, 7, 11, 20])
    assert x[elbow(x, np.maximum(10 - x, 3.5 - x / 14))] == 7
    # The places of the points matter, and neither unit does.
    assert x[elbow(30 * x + 4, 1e-3 * np.maximum(10 - x, 3.5 - x / 14) + 9)] == 7


@pytest.mark.parametrize(
    "curve",
    [[3, 2, 1, 0], [1, 1, 1, 1], [0, 1, 2, 3], [9, 8, 6, 3], [2, 1], [3, 1.95, 0.95, 0]],
    ids=["even", "flat", "rising", "ever steeper", "two points", "nearly even"],
)
def test_a_curve_may_have_none(curve):
    assert elbow(np.arange(len(curve)), curve) is None
