"""Linear CorEx: known answers, invariances and difficult data."""

import numpy as np
import pandas as pd
import pytest
import torch
from corex.known_covariances import (
    DISJOINT,
    MODULAR,
    OVERLAPPING,
    exact_samples,
    gaussian_total_correlation,
    one_factor,
    random_correlation,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbinterp.corex import LinearCorEx


def exact(m, **options):
    """A fit to its end, without the floor under duplicates."""
    options = {"noise_floor": 0.0, "tol": 1e-11, "random_state": 0, **options}
    return LinearCorEx(m, **options)


def mixture(n=400, seed=0):
    rng = np.random.default_rng(seed)
    parents = rng.standard_normal((n, 3))
    return np.repeat(parents, 4, axis=1) + rng.standard_normal((n, 12)) * 0.7


class TestKnownAnswers:
    def test_one_factor(self):
        a = np.array([0.9, -0.8, 0.7, 0.6, 0.5, 0.4])
        fit = exact(1, tol=1e-13).fit_covariance(one_factor(a), 100)
        snr = (a**2 / (1 - a**2)).sum()
        assert fit.total_correlation_ == pytest.approx(1.0285457304, abs=1e-9)
        assert fit.total_correlations_[0] == pytest.approx(fit.total_correlation_, abs=1e-12)
        sign = np.sign(fit.correlation_[0, 0])
        np.testing.assert_allclose(sign * fit.correlation_[0], a, atol=1e-5)
        np.testing.assert_allclose(sign * fit.weights_[0], a / (1 - a**2) / (1 + snr), atol=1e-5)
        np.testing.assert_allclose(fit.mutual_information_[0], -0.5 * np.log(1 - a**2), atol=1e-5)
        assert fit.weights_[0] @ fit.correlation_[0] == pytest.approx(snr / (1 + snr), abs=1e-6)

    def test_equicorrelated(self):
        fit = exact(1).fit_covariance(one_factor(np.full(8, np.sqrt(0.5))), 100)
        assert fit.total_correlation_ == pytest.approx(1.6739764336, abs=1e-9)
        np.testing.assert_allclose(fit.mutual_information_, 0.3465735903, atol=1e-5)
        u = fit.weights_[0] @ fit.correlation_[0]
        assert u == pytest.approx(0.8888888889, abs=1e-7)

    def test_modular(self):
        fit = exact(5).fit_covariance(MODULAR, 100)
        assert fit.total_correlation_ == pytest.approx(6.7309612112, abs=1e-8)
        expected = [2.8246471447, 1.8305625785, 1.6479184330, 0.3281195427, 0.0997135123]
        np.testing.assert_allclose(fit.total_correlations_, expected, atol=2e-6)
        information = fit.mutual_information_
        np.testing.assert_allclose(information[0, 15:20], 0.8047189562, atol=2e-5)
        assert information[0, 20] == pytest.approx(0.3465735903, abs=2e-5)
        np.testing.assert_allclose(information[1, :5], 0.6263814842, atol=2e-5)
        np.testing.assert_allclose(information[2, 5:10], 0.5493061443, atol=2e-5)
        assert information[2, 12] == pytest.approx(0.1115717757, abs=2e-5)
        np.testing.assert_allclose(information[3, 21:], 0.2350018146, atol=2e-5)
        np.testing.assert_allclose(information[4, [10, 11, 13, 14]], 0.1115717757, atol=2e-5)
        assert information[0, :15].max() < 1e-9
        u = (fit.weights_ * fit.correlation_).sum(1)
        np.testing.assert_allclose(u, [0.954545, 0.925926, 0.911111, 0.705882, 0.5], atol=2e-5)
        np.testing.assert_allclose(fit.get_covariance(), MODULAR, atol=2e-4)
        # Where no variable has two parents, all ways to count agree.
        assert fit.total_correlation_direct_ == pytest.approx(fit.total_correlation_, abs=1e-5)
        assert fit.total_correlation_no_overlap_ == pytest.approx(fit.total_correlation_, abs=1e-5)
        assert fit.additivity_ == pytest.approx(0.0, abs=1e-5)

    @pytest.mark.parametrize(("m", "expected"), [(3, 6.303128), (4, 6.631248), (7, 6.730961)])
    def test_modular_with_another_number_of_factors(self, m, expected):
        fit = exact(m, tol=1e-9).fit_covariance(MODULAR, 100)
        assert fit.total_correlation_ == pytest.approx(expected, abs=1e-5)

    @pytest.mark.parametrize("seed", range(8))
    def test_annealing_finds_the_optimum_from_any_start(self, seed):
        fit = exact(5, tol=1e-6, random_state=seed).fit_covariance(MODULAR, 100)
        assert fit.total_correlation_ == pytest.approx(6.730961, abs=1e-4)

    def test_disjoint(self):
        fit = exact(5).fit_covariance(DISJOINT, 100)
        assert fit.total_correlation_ == pytest.approx(4.1175906412, abs=1e-8)
        expected = [1.8636534156, 1.0845268502, 0.6042235424, 0.2825934165, 0.2825934165]
        np.testing.assert_allclose(fit.total_correlations_, expected, atol=2e-6)

    @pytest.mark.parametrize(("m", "expected"), [(5, 6.84093584), (4, 6.741222), (3, 6.1435)])
    def test_overlapping_groups_leave_the_bound_strict(self, m, expected):
        fit = exact(m, tol=1e-9).fit_covariance(OVERLAPPING, 100)
        assert fit.total_correlation_ == pytest.approx(expected, abs=1e-5)
        assert fit.total_correlation_ < 6.9850389088
        if m == 5:
            assert fit.total_correlations_[0] == pytest.approx(3.48293, abs=1e-4)
            assert fit.total_correlations_.sum() == pytest.approx(7.485, abs=1e-3)

    def test_variables_of_which_no_two_share_anything(self):
        """Also where three share log 2 nats: synergy is not seen, as the docstring says."""
        rows = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]] * 50, dtype=float)
        assert abs(LinearCorEx(2, random_state=0).fit(rows).total_correlation_) < 1e-3
        fit = LinearCorEx(3, random_state=0).fit_covariance(np.eye(10), 100)
        assert abs(fit.total_correlation_) < 1e-4
        assert fit.mutual_information_.max() < 0.01

    def test_null_bias_falls_with_the_number_of_samples(self):
        means = []
        for n in (100, 1000):
            draws = [
                LinearCorEx(5, random_state=seed)
                .fit(np.random.default_rng(seed).standard_normal((n, 25)))
                .total_correlation_
                for seed in range(5)
            ]
            means.append(np.mean(draws))
        np.testing.assert_allclose(means, [0.774, 0.0744], rtol=0.25)


class TestEquivalences:
    def test_samples_and_their_covariance_give_the_same_model(self):
        x = exact_samples(MODULAR, 200, np.random.default_rng(0))
        by_data = exact(5).fit(x)
        by_matrix = exact(5).fit_covariance(MODULAR, 200)
        np.testing.assert_allclose(by_data.weights_, by_matrix.weights_, atol=1e-5)
        assert by_data.total_correlation_ == pytest.approx(by_matrix.total_correlation_, abs=1e-9)

    def test_rows_may_be_shuffled_or_repeated(self):
        x = mixture()
        fit = LinearCorEx(3, random_state=0).fit(x)
        shuffled = np.random.default_rng(1).permutation(x)
        for same in (shuffled, np.concatenate([x, x])):
            other = clone(fit).fit(same)
            np.testing.assert_allclose(
                other.mutual_information_, fit.mutual_information_, atol=1e-6
            )

    @pytest.mark.parametrize("way", ["standard", "outliers", "empirical"])
    def test_affine_maps_of_columns_change_nothing(self, way):
        x = mixture()
        fit = LinearCorEx(3, gaussianize=way, random_state=0).fit(x)
        moved = clone(fit).fit(x * np.logspace(-3, 3, 12) + np.arange(12))
        np.testing.assert_allclose(moved.mutual_information_, fit.mutual_information_, atol=1e-6)

    def test_signs_of_columns_do_not_matter(self):
        x, signs = mixture(), np.where(np.arange(12) % 2, 1.0, -1.0)
        fit = LinearCorEx(3, tol=1e-8, random_state=0).fit(x)
        flipped = clone(fit).fit(x * signs)
        np.testing.assert_allclose(flipped.mutual_information_, fit.mutual_information_, atol=1e-3)

    def test_columns_may_be_permuted(self):
        x, order = mixture(), np.random.default_rng(2).permutation(12)
        fit = LinearCorEx(3, tol=1e-8, random_state=0).fit(x)
        permuted = clone(fit).fit(x[:, order])
        np.testing.assert_allclose(
            permuted.mutual_information_, fit.mutual_information_[:, order], atol=1e-3
        )

    def test_one_factor_has_all_the_total_correlation(self):
        fit = LinearCorEx(1, random_state=0).fit(mixture())
        assert fit.total_correlations_[0] == pytest.approx(fit.total_correlation_, abs=1e-12)

    def test_variance_of_the_factors(self):
        x = mixture()
        fit = LinearCorEx(3, noise_floor=0.0, random_state=0).fit(x)
        u = (fit.weights_ * fit.correlation_).sum(1)
        np.testing.assert_allclose(fit.transform(x).var(0), u, atol=1e-12)

    def test_constant_columns_share_nothing_and_change_nothing(self):
        x = mixture()
        wide = np.insert(x, [0, 5, 12], 3.0, axis=1)
        fit = exact(3, random_state=0).fit(x)
        padded = exact(3, random_state=1).fit(wide)
        kept = np.ptp(wide, axis=0) > 0
        assert (padded.mutual_information_[:, ~kept] == 0).all()
        np.testing.assert_allclose(
            padded.mutual_information_[:, kept], fit.mutual_information_, atol=1e-4
        )

    @pytest.mark.parametrize("seed", range(3))
    def test_bounds(self, seed):
        s = random_correlation(12, np.random.default_rng(seed))
        fit = LinearCorEx(4, tol=1e-3, noise_floor=0.0, random_state=0).fit_covariance(s, 100)
        assert fit.total_correlation_ <= gaussian_total_correlation(s)
        assert fit.total_correlation_no_overlap_ <= fit.total_correlation_ + 1e-12
        assert np.abs(fit.correlation_).max() < 1

    def test_restarts_keep_the_best(self):
        one = [LinearCorEx(3, random_state=0, anneal=False).fit_covariance(MODULAR, 100)]
        best = LinearCorEx(3, random_state=0, anneal=False, n_restarts=6)
        best.fit_covariance(MODULAR, 100)
        assert best.total_correlation_ >= one[0].total_correlation_ - 1e-9
        assert best.total_correlation_ == pytest.approx(6.303128, abs=3e-3)


class TestDegenerateData:
    def test_duplicates_are_finite_and_said(self):
        x = mixture()
        x = np.column_stack([x, x[:, 0], -2 * x[:, 1] + 3])
        with pytest.warns(UserWarning, match="4 columns are copies of others up to noise_floor"):
            fit = LinearCorEx(3, random_state=0).fit(x)
        assert np.isfinite(fit.total_correlation_)
        assert np.isfinite(fit.mutual_information_).all()

    def test_near_duplicates_grow_up_to_the_floor(self):
        rng = np.random.default_rng(0)
        found = []
        for noise in (1e-1, 1e-2):
            x = rng.standard_normal((1000, 1)) + rng.standard_normal((1000, 5))
            x = np.column_stack([x, x[:, 0] + noise * rng.standard_normal(1000)])
            found.append(LinearCorEx(2, noise_floor=1e-3, random_state=0).fit(x))
        gain = found[1].total_correlation_ - found[0].total_correlation_
        assert gain == pytest.approx(np.log(10), abs=0.3)

    @pytest.mark.filterwarnings("ignore:.*copies:UserWarning")
    @given(st.integers(3, 12), st.integers(1, 8), st.integers(1, 8), st.integers(0, 10**6))
    @settings(max_examples=25)
    def test_any_shape_gives_finite_numbers(self, n, p, m, seed):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 3, size=(n, p)).astype(float)
        x[0, 0], x[1, 0] = -1.0, 1.0
        fit = LinearCorEx(min(m, p), tol=1e-3, random_state=0).fit(x)
        for value in (fit.weights_, fit.correlation_, fit.mutual_information_, fit.transform(x)):
            assert np.isfinite(value).all()
        assert np.isfinite(fit.total_correlation_)
        assert np.isfinite(fit.score(x))

    def test_missing_entries_do_not_weaken_factors(self):
        x = mixture(5000)
        full = LinearCorEx(3, random_state=0).fit(x)
        holes = np.random.default_rng(3).random(x.shape) < 0.3
        sparse = LinearCorEx(3, random_state=0).fit(np.where(holes, np.nan, x))
        for group in range(3):  # equally strong, so the order of the factors is chance
            members = slice(4 * group, 4 * group + 4)
            np.testing.assert_allclose(
                sparse.mutual_information_[:, members].max(0),
                full.mutual_information_[:, members].max(0),
                atol=0.12,
            )
        assert sparse.total_correlation_ == pytest.approx(full.total_correlation_, rel=0.05)
        assert np.isfinite(sparse.transform(np.where(holes, np.nan, x))).all()

    @pytest.mark.parametrize("floor", [0.01, 0.001])
    def test_a_stage_has_one_history_in_either_precision(self, floor):
        fit = LinearCorEx(3, noise_floor=floor, random_state=0).fit(mixture())
        assert len(fit.history_) == 4
        assert fit.n_iter_ == sum(map(len, fit.history_))
        assert (np.diff(fit.history_[-1]) > -1e-4).all()
        assert fit.history_[-1][-1] == pytest.approx(fit.total_correlation_, abs=1e-9)

    def test_an_unconverged_fit_says_so(self):
        with pytest.warns(ConvergenceWarning, match="max_iter=5"):
            fit = LinearCorEx(3, max_iter=5, tol=1e-12, random_state=0).fit(mixture())
        assert not fit.converged_


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"n_factors": 40}, "at most the number of variables, 12. Use fewer factors"),
            ({"n_factors": 0}, "must be at least 1"),
            ({"n_factors": 2.5}, "must be a whole number"),
            ({"tol": 0.0}, "must be above 0"),
            ({"noise_floor": 2.0}, "must be at least 0 and at most 0.5"),
            ({"gaussianize": "magic"}, "must be one of 'standard', 'outliers'"),
            ({"missing": "mean"}, "must be one of 'pairwise', 'error'"),
            ({"device": "toaster"}, "device that torch knows"),
            ({"n_restarts": 0}, "must be at least 1"),
        ],
    )
    def test_settings(self, options, message):
        with pytest.raises((ValueError, TypeError), match=message):
            LinearCorEx(**{"n_factors": 2, **options}).fit(mixture())

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (np.zeros((1, 4)), "minimum of 3"),
            (np.ones((10, 4)), "must have a column that varies"),
            (np.full((10, 4), np.inf), "infinity"),
            (np.full((10, 4), "a"), "Leave out texts, or code them as numbers"),
            (np.zeros(4), "shape"),
            (np.zeros((0, 4)), "minimum of 3"),
        ],
    )
    def test_data(self, data, message):
        with pytest.raises((ValueError, TypeError), match=message):
            LinearCorEx(1).fit(data)

    def test_missing_entries_when_not_allowed(self):
        x = mixture()
        x[0, 0] = np.nan
        with pytest.raises(ValueError, match="Drop or impute the missing entries"):
            LinearCorEx(2, missing="error").fit(x)

    @pytest.mark.parametrize(
        ("matrix", "message"),
        [
            (np.ones((3, 4)), "square and symmetric"),
            (np.array([[1.0, 2.0], [0.0, 1.0]]), "square and symmetric"),
            (np.array([[1.0, 2.0], [2.0, 1.0]]), "no negative eigenvalue"),
            (np.zeros((2, 2)), "positive variance"),
        ],
    )
    def test_covariance(self, matrix, message):
        with pytest.raises(ValueError, match=message):
            LinearCorEx(1).fit_covariance(matrix, 10)

    def test_use_before_fit_and_other_widths(self):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            LinearCorEx().transform(mixture())
        fit = LinearCorEx(2, random_state=0).fit(mixture())
        with pytest.raises(ValueError, match="same columns as in fit"):
            fit.transform(mixture()[:, :5])
        with pytest.raises(ValueError, match="one column per factor, 2"):
            fit.inverse_transform(np.zeros((3, 5)))


class TestEstimator:
    def test_random_state_is_exact_and_the_global_seed_untouched(self):
        np.random.seed(0)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        first, second = (LinearCorEx(3, random_state=7).fit(mixture()) for _ in range(2))
        np.testing.assert_array_equal(first.weights_, second.weights_)
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002

    def test_kinds_of_input(self):
        x = mixture().astype(np.float32)
        fit = LinearCorEx(3, random_state=0).fit(x)
        frame = pd.DataFrame(x, columns=[f"gene {i}" for i in range(12)])
        for same in (torch.tensor(x), torch.tensor(x, requires_grad=True), x.tolist(), frame):
            other = clone(fit).fit(same)
            np.testing.assert_allclose(other.weights_, fit.weights_, atol=1e-4)
        assert list(other.feature_names_in_) == list(frame.columns)
        assert list(other.get_feature_names_out()) == [f"linearcorex{i}" for i in range(3)]

    def test_inverse_transform_is_the_best_linear_prediction(self):
        x = mixture()
        fit = LinearCorEx(3, random_state=0).fit(x)
        z = fit.transform(x)
        slope, *_ = np.linalg.lstsq(z - z.mean(0), x - x.mean(0), rcond=None)
        np.testing.assert_allclose(fit.inverse_transform(z), z @ slope + x.mean(0), atol=1e-8)

    def test_score_is_the_gaussian_total_correlation_of_a_right_model(self):
        x = exact_samples(MODULAR, 500, np.random.default_rng(1))
        fit = exact(5).fit(x)
        assert fit.score(x) == pytest.approx(6.7309612112, abs=1e-3)

    def test_score_is_the_likelihood_under_get_covariance(self):
        x = mixture()
        fit = LinearCorEx(3, random_state=0).fit(x[:200])
        scores = (x[200:] - fit.mean_) / fit.scale_
        c = fit.get_covariance() / fit.scale_ / fit.scale_[:, None]
        gaussian = (
            -0.5 * (scores @ np.linalg.inv(c) * scores).sum(1) - 0.5 * np.linalg.slogdet(c)[1]
        )
        assert fit.score(x[200:]) == pytest.approx((gaussian + 0.5 * (scores**2).sum(1)).mean())

    def test_held_out_score_chooses_the_number_of_factors(self):
        search = GridSearchCV(LinearCorEx(random_state=0), {"n_factors": [1, 2, 3, 6]}, cv=3).fit(
            mixture()
        )
        one, two, three, six = search.cv_results_["mean_test_score"]
        assert one + 0.5 < two < three - 0.5
        assert six == pytest.approx(three, abs=0.02)  # superfluous factors stay empty

    def test_pipeline_and_set_output(self):
        pipeline = make_pipeline(StandardScaler(), LinearCorEx(3, random_state=0))
        frame = pipeline.set_output(transform="pandas").fit_transform(mixture())
        assert list(frame.columns) == ["linearcorex0", "linearcorex1", "linearcorex2"]


def test_few_samples_are_fitted_by_their_scores(monkeypatch):
    x = np.random.default_rng(0).standard_normal((40, 3)) @ np.random.default_rng(1).normal(
        size=(3, 90)
    ) + np.random.default_rng(2).normal(size=(40, 90))
    by_scores = LinearCorEx(3, tol=1e-8, random_state=0).fit(x)
    monkeypatch.setattr("nbinterp.corex.linear.correlation._FEW_SAMPLES", 1000)
    by_matrix = LinearCorEx(3, tol=1e-8, random_state=0).fit(x)
    assert by_scores.total_correlation_ == pytest.approx(by_matrix.total_correlation_, rel=1e-4)
