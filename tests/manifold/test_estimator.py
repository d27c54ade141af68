"""PHATE under scikit-learn's own checks, in pipelines, and saved."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nbinterp.manifold import PHATE

AS_NEW = "transform places training samples as new ones, which is not where fit put them"
EXPECTED = {
    "check_transformer_general": AS_NEW,
    "check_transformer_data_not_an_array": AS_NEW,
}


@parametrize_with_checks(
    [PHATE(progress=False), PHATE(n_landmarks=10, progress=False)],
    expected_failed_checks=lambda estimator: EXPECTED,
)
def test_scikit_learn(estimator, check):
    check(estimator)


def test_in_a_pipeline():
    data = np.random.RandomState(0).standard_normal((40, 5)) + np.repeat([[0], [9]], 20, axis=0)
    labels = make_pipeline(
        StandardScaler(), PHATE(random_state=0, progress=False), KMeans(2, random_state=0)
    ).fit_predict(data)
    assert len(set(labels[:20])) == len(set(labels[20:])) == 1


def test_a_clone_has_the_settings_and_none_of_the_results():
    fitted = PHATE(3, t=4, progress=False).fit(np.random.RandomState(0).standard_normal((20, 4)))
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "embedding_")
    assert vars(copy).keys() == vars(PHATE()).keys()


@pytest.mark.parametrize("n_landmarks", [None, 15])
def test_saved_and_loaded(tmp_path, n_landmarks):
    data = np.random.RandomState(0).standard_normal((40, 4))
    fitted = PHATE(n_landmarks=n_landmarks, random_state=0, progress=False).fit(data)
    joblib.dump(fitted, tmp_path / "map.joblib")
    for loaded in (joblib.load(tmp_path / "map.joblib"), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(loaded.embedding_, fitted.embedding_)
        np.testing.assert_array_equal(loaded.transform(data[:3]), fitted.transform(data[:3]))
