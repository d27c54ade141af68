"""The chart of a fitted Bio CorEx."""

import base64

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from views.page import displayed

from nbinterp.corex import BioCorEx
from nbinterp.views import BioChart

RNG = np.random.default_rng(0)
GROUPS = RNG.integers(0, 2, size=(300, 2))
X = pd.DataFrame(
    3.0 * np.repeat(GROUPS, 4, axis=1) + RNG.normal(size=(300, 8)),
    columns=[f"gene {i}" for i in range(8)],
)


@pytest.fixture(scope="module")
def corex():
    return BioCorEx(2, random_state=0, progress=False).fit(X)


@pytest.fixture(scope="module")
def null(corex):
    return clone(corex).fit(np.random.default_rng(0).permuted(X.to_numpy(), axis=0))


def test_a_fit_shows_itself_and_what_is_not_fitted_does_not(corex):
    data = displayed(corex)
    assert any("vegalite" in kind for kind in data)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"].startswith("BioChart(2 factors × 8 columns, ")
    assert "text/html" not in data  # a page would show that, scikit-learn's diagram, instead
    assert {"text/html", "text/plain"} == set(displayed(BioCorEx()))


def test_columns_stand_with_the_factor_that_they_share_most_with(corex):
    shown = corex.view().columns
    best = shown.loc[shown.groupby("column")["mutual_information"].idxmax()]
    order = shown["column"].drop_duplicates().tolist()
    homes = best.set_index("column").loc[order, "factor"].tolist()
    assert homes == sorted(homes) and len(set(homes)) == 2
    names = {frozenset(order[:4]), frozenset(order[4:])}
    assert names == {frozenset(X.columns[:4]), frozenset(X.columns[4:])}
    assert shown["mutual_information"].max() == pytest.approx(corex.mutual_information_.max())
    assert corex.view(top=3).columns["column"].nunique() == 3
    subtitle = corex.view(top=3).chart.to_dict()["title"]["subtitle"][0]
    assert subtitle.endswith("5 columns that share less are not drawn")


def test_states_count_the_samples(corex):
    states = corex.view().states
    labels, posterior = corex.labels_, corex.posterior_
    for row in states.itertuples():
        j = int(row.factor.split()[1])
        assert row.n_samples == (labels[:, j] == row.state).sum()
        assert row.sure == pytest.approx((posterior[j, :, row.state] >= 0.95).mean())
        assert row.sure <= row.share
    assert states.groupby("factor")["share"].sum().tolist() == pytest.approx([1, 1])


def test_the_null_stands_beside_the_bars(corex, null):
    view = corex.view(null=null)
    table = view.factors
    np.testing.assert_allclose(table["null_total_correlation"], null.total_correlations_)
    assert (table["total_correlation"] > 3 * table["null_total_correlation"]).all()
    assert f"(shuffled: {null.total_correlation_:.2f})" in view.describe()
    assert view.snapshot().startswith(b"\x89PNG")
    assert corex.view().factors["null_total_correlation"].isna().all()


def test_bad_arguments(corex):
    other = BioCorEx(3, random_state=0, progress=False).fit(X)
    with pytest.raises(ValueError, match="must have factors, columns, samples and states as the"):
        BioChart(corex, null=other)
    with pytest.raises(TypeError, match="must be a BioCorEx, fitted to shuffled columns"):
        BioChart(corex, null=0.3)
    with pytest.raises(TypeError, match="Pass BioCorEx"):
        BioChart(X)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        BioChart(BioCorEx())
    with pytest.raises(ValueError, match="must be at least 1"):
        BioChart(corex, top=0)
