"""Strengths of interactions: hand-made tables of two models and three players."""

import numpy as np
import pytest

from nbinterp.interactions.andor.strengths import Strengths


def strengths(resolution=0.0):
    and_, or_ = np.zeros((2, 1, 2, 8))
    and_[0, 0, [0, 1, 3]] = 9, 4, 1
    and_[0, 1, [2, 7]] = 2, 1e-12
    or_[0, :, 3] = 0.1, 2
    return Strengths(and_, or_, np.array([resolution]))


def test_the_empty_set_is_not_the_strongest():
    assert strengths().strongest_value.tolist() == [[4, 2]]
    assert [flags[..., 0].any() for flags in strengths().salient(0.0)] == [False, False]


def test_rounding_errors_count_as_zero():
    and_, or_ = strengths().nonzero()
    assert and_[0].sum(-1).tolist() == [3, 1] and or_[0].sum(-1).tolist() == [1, 1]


def test_what_the_gap_does_not_resolve_counts_as_zero():
    and_, or_ = strengths(resolution=1.5).nonzero()
    assert and_[0].sum(-1).tolist() == [2, 1] and or_[0].sum(-1).tolist() == [0, 1]


@pytest.mark.parametrize(("tau", "counts"), [(0.0, (2, 1)), (0.2, (2, 0)), (0.5, (1, 0))])
def test_salient(tau, counts):
    and_, or_ = strengths().salient(tau)
    assert (and_[0, 0].sum(), or_[0, 0].sum()) == counts


def test_the_strongest_of_each_kind():
    and_, or_ = strengths().strongest(1)
    assert np.argwhere(and_).tolist() == [[0, 0, 1], [0, 1, 2]]
    assert np.argwhere(or_).tolist() == [[0, 0, 3], [0, 1, 3]]


def test_the_curve_falls_from_one():
    curve = strengths().curve()[0]
    assert curve[0, :4].tolist() == [1, 0.25, 0.025, 0] and curve.shape == (2, 14)
