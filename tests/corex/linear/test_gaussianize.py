"""Columns to scores and back, for training data and new data."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from nbinterp.corex import LinearCorEx
from nbinterp.corex.linear.gaussianize import learn_columns

METHODS = ["standard", "outliers", "empirical"]


def heavy(n=200, p=4, seed=0):
    return np.random.default_rng(seed).standard_t(2, size=(n, p)) * [1, 10, 0.1, 5] + [0, 3, -2, 1]


@pytest.mark.parametrize("method", METHODS)
def test_scores_have_mean_zero_and_variance_one(method):
    scores = learn_columns(heavy(), method).apply(heavy())
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(scores.std(0), 1, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_affine_maps_of_columns_change_nothing(method):
    x = heavy()
    moved = x * [2, 30, 0.5, 1000] - 7
    np.testing.assert_allclose(
        learn_columns(moved, method).apply(moved), learn_columns(x, method).apply(x), atol=1e-9
    )


def test_standard_is_the_standard_score():
    x = heavy()
    np.testing.assert_allclose(
        learn_columns(x, "standard").apply(x), (x - x.mean(0)) / x.std(0), atol=1e-12
    )


def test_outliers_squash_beyond_four_deviations():
    x = np.append(np.random.default_rng(0).normal(size=999), 1e6).reshape(-1, 1)
    columns = learn_columns(x, "outliers")
    raw = columns.apply(x) * columns.score_scale + columns.score_mean
    z = (x - x.mean()) / x.std()
    np.testing.assert_allclose(raw[:-1], z[:-1], atol=1e-9)
    assert raw[-1] == pytest.approx(5.0)


def test_empirical_ranks_new_data_among_the_old():
    x = np.round(heavy(), 1)  # with ties
    columns = learn_columns(x, "empirical")
    expected = norm.ppf((rankdata(x, axis=0) - 0.5) / len(x))
    raw = columns.apply(x) * columns.score_scale + columns.score_mean
    np.testing.assert_allclose(raw, expected, atol=1e-12)
    # A row scores the same alone as among the others; ranking it by itself would give zeros.
    np.testing.assert_allclose(columns.apply(x[7:8]), columns.apply(x)[7:8], atol=0)
    far = columns.apply(np.full((1, 4), 1e9))
    np.testing.assert_allclose(far, columns.apply(np.full((1, 4), 1e12)))
    assert np.isfinite(far).all()


@pytest.mark.parametrize("method", METHODS)
def test_invert_undoes_apply(method):
    x = np.random.default_rng(1).normal(size=(50, 3)) * [1, 5, 0.2] + 4
    columns = learn_columns(x, method)
    np.testing.assert_allclose(columns.invert(columns.apply(x)), x, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_constants_score_zero_also_out_of_sample(method):
    x = heavy()
    x[:, 1] = 0.1  # whose standard deviation rounds to above zero
    columns = learn_columns(x, method)
    assert columns.scale[1] == 0
    assert (columns.apply(heavy(seed=3))[:, 1] == 0).all()
    np.testing.assert_allclose(columns.invert(columns.apply(x))[:, 1], 0.1)


@pytest.mark.parametrize("method", METHODS)
def test_missing_entries_stay_missing_and_bias_nothing(method):
    x = heavy()
    holes = np.random.default_rng(2).random(x.shape) < 0.3
    x[holes] = np.nan
    scores = learn_columns(x, method).apply(x)
    np.testing.assert_array_equal(np.isnan(scores), holes)
    np.testing.assert_allclose(np.nanmean(scores, 0), 0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(scores, 0), 1, rtol=1e-12)


def test_none_leaves_the_data():
    x = heavy()
    x = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(learn_columns(x, "none").apply(x), x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("factor", "shift", "says"),
    [
        (2.0, 0.0, "variance 4"),
        (0.5, 0.0, "variance 0.25"),
        (1.0, 1.0, "mean 1"),
    ],
)
def test_none_refuses_what_is_not_standardized(factor, shift, says):
    x = np.random.default_rng(0).normal(size=(400, 3))
    x = (x - x.mean(0)) / x.std(0)
    x[:, 1] = x[:, 1] * factor + shift
    with pytest.raises(ValueError, match=f"but column 1 has .*{says}"):
        learn_columns(x, "none")


def test_none_takes_parts_of_standardized_data():
    x = np.random.default_rng(0).normal(size=(4000, 30))
    x = (x - x.mean(0)) / x.std(0)
    for n in (5, 20, 400):
        scores = learn_columns(x[:n], "none").apply(x[:n])
        np.testing.assert_allclose(scores.std(0), 1)


def test_the_data_are_not_written_to():
    x = heavy().astype(np.float32)
    x = (x - x.mean(0)) / x.std(0)
    x[3, 2] = np.nan
    before = x.copy()
    for method in [*METHODS, "none"]:
        learn_columns(x, method).apply(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.filterwarnings("ignore:.*copies:UserWarning")
def test_trusted_columns_whose_variance_is_nearly_one():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(400, 3)), 4, axis=1) + 0.7 * rng.normal(size=(400, 12))
    x = (x - x.mean(0)) / x.std(0)
    x[:, 1] = x[:, 0]
    expected = LinearCorEx(3, noise_floor=0.1, random_state=0).fit(x)
    x *= 1.01
    fit = LinearCorEx(3, noise_floor=0.1, gaussianize="none", random_state=0).fit(x)
    np.testing.assert_allclose(fit.mutual_information_, expected.mutual_information_, rtol=1e-3)
    assert fit.score(x) == pytest.approx(expected.score(x / 1.01), rel=1e-3)
    with pytest.raises(ValueError, match="must be given columns of mean 0 and variance 1"):
        fit.fit(2 * x)
