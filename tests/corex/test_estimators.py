"""The conventions of scikit-learn, and saving."""

import joblib
import numpy as np
import pytest
from corex.known_covariances import MODULAR, exact_samples
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import parametrize_with_checks

from nbinterp.corex import LinearCorEx, LocalCorEx

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


def test_saved_and_loaded(tmp_path):
    x = exact_samples(MODULAR, 200, np.random.default_rng(0))
    for model in (
        LinearCorEx(3, random_state=0).fit(x),
        LocalCorEx(LinearCorEx(3), PCA(2), 2, random_state=0).fit(x),
    ):
        joblib.dump(model, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
        if isinstance(model, LinearCorEx):
            np.testing.assert_array_equal(again.transform(x), model.transform(x))
        else:
            np.testing.assert_array_equal(again.predict(x), model.predict(x))
            np.testing.assert_array_equal(
                again.fit_selection(range(50)).weights_, model.fit_selection(range(50)).weights_
            )
