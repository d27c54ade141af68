"""Families of columns, and values that do not fit them."""

import numpy as np
import pytest
import torch

from nbinterp import _checks
from nbinterp.corex.bio.columns import learn_bio_columns

CPU = torch.device("cpu")


def table(columns, X):
    return columns.table(X, CPU, torch.float64)


def test_gaussian_columns_come_first_and_go_back_where_they_were():
    X = np.array([[0, 10.0, 1, -4.0], [1, 20.0, 0, -8.0], [0, 30.0, 2, -12.0]])
    columns = learn_bio_columns(X, ["discrete", "gaussian", "discrete", "gaussian"], 0.01)
    assert columns.order.tolist() == [1, 3, 0, 2]
    gaussian, discrete = table(columns, X).families
    np.testing.assert_allclose(gaussian.scores[0], np.array([-1, 0, 1]) * np.sqrt(1.5))
    assert discrete.codes.tolist() == [[0, 1, 0], [1, 0, 2]]
    np.testing.assert_array_equal(columns.restore(torch.arange(4.0)[None]), [[2, 0, 3, 1]])


def test_any_few_numbers_are_levels():
    X = np.array([[-3.5], [7.0], [1e9], [7.0]])
    (discrete,) = table(learn_bio_columns(X, "discrete", 0.01), X).families
    assert discrete.codes.tolist() == [[0, 1, 2, 1]]
    assert discrete.marginal.tolist() == [[0.25, 0.5, 0.25]]


def test_what_was_never_seen_is_missing():
    X = np.array([[0.0, 5.0], [2.0, np.nan], [np.nan, 6.0]])
    columns = learn_bio_columns(X, "discrete", 0.01)
    new = np.array([[1.0, 7.0], [np.nan, 6.0], [9.0, -1.0]])
    (discrete,) = table(columns, new).families
    assert discrete.codes.tolist() == [[-1, -1, -1], [-1, 1, -1]]


def test_new_data_are_standardized_as_the_old():
    rng = np.random.default_rng(0)
    X = rng.normal(5.0, 3.0, (50, 2))
    columns = learn_bio_columns(X, "gaussian", 0.01)
    (new,) = table(columns, X[:1]).families
    np.testing.assert_allclose(new.scores[:, 0], (X[0] - X.mean(0)) / X.std(0))


def test_what_does_not_vary_is_told():
    X = np.array([[1.0, 3.0, np.nan, 2.0, 5.0], [1.0, 4.0, np.nan, 2.0, 6.0]])
    columns = learn_bio_columns(X, ["gaussian"] * 3 + ["discrete"] * 2, 0.01)
    assert columns.varying.tolist() == [False, True, False, False, True]
    assert table(columns, X).n_observed.tolist() == [2, 2, 1, 2, 2]


def test_the_clip_is_in_units_of_the_data():
    X = np.random.default_rng(0).normal(size=(100, 2)) * [10.0, 0.1]
    columns = learn_bio_columns(X, "gaussian", None)
    np.testing.assert_allclose(columns.floor, 0.25 / X.var(0))


def test_a_column_with_too_many_levels_is_named():
    X = np.arange(80.0).reshape(40, 2)
    with pytest.raises(ValueError, match=r"column 1 must have at most 32 .* not 40\. Call it 'gau"):
        learn_bio_columns(X, ["gaussian", "discrete"], 0.01)


@pytest.mark.parametrize(
    ("marginals", "message"),
    [
        ("poisson", r"T\(marginals='poisson'\) must be one of 'gaussian', 'discrete'"),
        (["gaussian"], r"or a list of 2, one per column"),
        (["gaussian", 3], r"T\(marginals=3\) must be one of"),
        (7, r"T\(marginals=7\) must be one of .* or a list of 2"),
    ],
)
def test_families_that_are_none(marginals, message):
    with _checks.call("T"), pytest.raises(ValueError, match=message):
        learn_bio_columns(np.ones((3, 2)), marginals, 0.01)
