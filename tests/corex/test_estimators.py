"""The conventions of scikit-learn, and saving."""

import joblib
import numpy as np
import pandas as pd
import pytest
from corex.known_covariances import MODULAR, exact_samples
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx
from nbinterp.manifold import PHATE

# Tables of two or three columns, often copies of one another, are what these checks fit.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*columns are copies:UserWarning",
    "ignore:.*did not converge:sklearn.exceptions.ConvergenceWarning",
)


@parametrize_with_checks(
    [
        LinearCorEx(1, tol=1e-3, random_state=0),
        LocalCorEx(LinearCorEx(1, tol=1e-3), embedding=PCA(1), n_clusters=2, random_state=0),
    ]
)
def test_conventions(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearCorEx(2, random_state=0),
        BioCorEx(2, random_state=0, progress=False),
        PHATE(2, n_neighbors=3, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_set_output_makes_data_frames(estimator):
    x = load_iris(as_frame=True).data.iloc[::3]
    made = estimator.set_output(transform="pandas").fit_transform(x)
    assert list(made.columns) == list(estimator.get_feature_names_out())
    assert list(made.index) == list(x.index)
    moved = estimator.transform(x)
    assert list(moved.columns) == list(made.columns) and list(moved.index) == list(x.index)
    plain = estimator.set_output(transform="default").transform(x)
    np.testing.assert_array_equal(plain, moved)


class TestNumberOfFactors:
    """None is at most 10 and at most the number of columns."""

    @pytest.mark.parametrize(("p", "expected"), [(4, 4), (12, 10)])
    def test_none_is_what_the_columns_allow(self, p, expected):
        x = np.random.default_rng(0).normal(size=(80, p))
        fit = LinearCorEx(random_state=0, tol=1e-3).fit(x)
        assert fit.n_factors is None and clone(fit).n_factors is None
        assert fit.weights_.shape == (expected, p)
        assert LinearCorEx(random_state=0, tol=1e-3).partial_fit(x).weights_.shape[0] == expected
        covariance = np.cov(x.T)
        fit = LinearCorEx(random_state=0, tol=1e-3).fit_covariance(covariance, 80)
        assert fit.weights_.shape[0] == expected

    def test_local_corex_fits_a_narrow_table_with_its_defaults(self):
        x = load_iris().data
        fit = LocalCorEx(random_state=0).fit(x)
        assert {cluster.weights_.shape for cluster in fit.clusters_} == {(4, 4)}
        assert len(fit.clusters_) == 20
        assert fit.fit_selection(range(40)).weights_.shape == (4, 4)

    def test_more_than_the_columns_are_refused(self):
        with pytest.raises(ValueError, match="at most the number of variables, 4"):
            LinearCorEx(5).fit(load_iris().data)

    def test_bio_corex_takes_a_single_column(self):
        x = np.random.default_rng(0).normal(size=(30, 1))
        assert BioCorEx(random_state=0).fit(x).mutual_information_.shape == (2, 1)


def test_saved_and_loaded(tmp_path):
    x = exact_samples(MODULAR, 200, np.random.default_rng(0))
    model = LinearCorEx(3, random_state=0).fit(x)
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.transform(x), model.transform(x))


@pytest.mark.parametrize("part", [LinearCorEx(3), BioCorEx(2)])
def test_local_saved_and_loaded(tmp_path, part):
    x = exact_samples(MODULAR, 200, np.random.default_rng(0))
    model = LocalCorEx(part, PCA(2), 2, random_state=0).fit(x)
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.labels_, model.labels_)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    np.testing.assert_array_equal(again.map_, model.map_)
    pairs = zip(
        [*again.clusters_, again.fit_selection(range(50))],
        [*model.clusters_, model.fit_selection(range(50))],
        strict=True,
    )
    for one, other in pairs:
        assert repr(one) == repr(other)
        assert one.to_frame().equals(other.to_frame())
        np.testing.assert_array_equal(one.transform(x), other.transform(x))


def test_grid_search_over_the_number_of_factors():
    rng = np.random.default_rng(0)
    parents = rng.normal(size=(400, 3))
    x = np.repeat(parents, 4, axis=1) + 0.5 * rng.normal(size=(400, 12))
    pipeline = make_pipeline(StandardScaler(), LinearCorEx(random_state=0))
    search = GridSearchCV(pipeline, {"linearcorex__n_factors": [1, 2, 3]}, cv=3).fit(x)
    assert search.best_params_ == {"linearcorex__n_factors": 3}
    assert search.best_estimator_.transform(x).shape == (400, 3)


def test_local_ends_a_pipeline():
    # Clusters have no score to search by; a pipeline needs fit and predict, and passes parameters.
    x = exact_samples(MODULAR, 200, np.random.default_rng(0))
    local = LocalCorEx(LinearCorEx(2), PCA(2), 2, random_state=0)
    pipeline = make_pipeline(StandardScaler(), local).set_params(localcorex__corex__n_factors=3)
    pipeline.fit(x)
    np.testing.assert_array_equal(pipeline.predict(x), pipeline[-1].labels_)
    assert pipeline[-1].clusters_[0].weights_.shape == (3, 25)
    again = make_pipeline(StandardScaler(), local).fit_predict(x)
    np.testing.assert_array_equal(again, pipeline[-1].labels_)


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


def test_what_partial_fit_refuses():
    x = np.random.default_rng(0).normal(size=(30, 4))
    with pytest.raises(ValueError, match="gaussianize='standard'"):
        LinearCorEx(1, gaussianize="empirical").partial_fit(x)
    with pytest.raises(ValueError, match="minimum of 3 samples"):
        LinearCorEx(1).partial_fit(x[:1])
    with pytest.raises(ValueError, match="same columns"):
        LinearCorEx(1).partial_fit(x).partial_fit(x[:, :3])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        LinearCorEx(4, max_iter=20, random_state=0),
        BioCorEx(4, max_iter=5, random_state=0),
        LocalCorEx(LinearCorEx(4, max_iter=20, random_state=0), n_clusters=2, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_refit_that_fails_leaves_the_estimator_as_it_was(estimator):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(40, 4)), columns=list("abcd"))
    use = getattr(estimator.fit(table), "transform", None) or estimator.predict
    wanted = use(table)
    other = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("xyz"))
    infinite, few = other.replace(other.iloc[0, 0], np.inf), other.iloc[:1]
    for bad in (infinite, few, other.assign(z="text")):
        with pytest.raises(ValueError, match=r"\.fit\(X="):
            estimator.fit(bad)
    if not isinstance(estimator, BioCorEx):
        with pytest.raises(ValueError, match="must be at most"):
            estimator.fit(other)
    assert estimator.feature_names_in_.tolist() == list("abcd") and estimator.n_features_in_ == 4
    np.testing.assert_array_equal(use(table), wanted)
