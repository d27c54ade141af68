"""The result of one group of samples."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from views.page import Page

from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx
from nbinterp.views import InteractionHeatmap

COLUMNS = ["factor", "node", "mutual_information", "correlation", "weight", "stable"]


@pytest.fixture(scope="module")
def setosa():
    x, y = load_iris(as_frame=True, return_X_y=True)
    return LocalCorEx(LinearCorEx(2), random_state=0).fit(x, clusters=y).clusters_[0]


def test_frame_has_a_row_a_factor_and_node(setosa):
    frame = setosa.to_frame()
    assert list(frame) == COLUMNS
    assert len(frame) == 8
    np.testing.assert_array_equal(frame.stable, np.repeat(setosa.stable_, 4))
    row = frame[(frame.factor == 1) & (frame.node == setosa.feature_names[2])].iloc[0]
    assert row.mutual_information == setosa.mutual_information_[1, 2]
    assert row.correlation == setosa.correlation_[1, 2]
    assert row.weight == setosa.weights_[1, 2]


def test_top_nodes_by_mutual_information(setosa):
    order = np.argsort(-setosa.mutual_information_[1])
    assert setosa.top_nodes(1, 3) == [setosa.feature_names[i] for i in order[:3]]
    assert len(setosa.top_nodes(0, 99)) == 4
    with pytest.raises(ValueError, match="at most the last factor, 1"):
        setosa.top_nodes(2)


def test_transform_accepts_tables_and_missing_entries(setosa):
    x = load_iris(as_frame=True).data
    holes = x.copy()
    holes.iloc[0, 0] = np.nan
    assert isinstance(x, pd.DataFrame)
    np.testing.assert_allclose(setosa.transform(holes)[1:], setosa.transform(x)[1:])
    assert np.isfinite(setosa.transform(holes)).all()
    with pytest.raises(ValueError, match="must have 4 columns"):
        setosa.transform(np.zeros((2, 3)))


def test_repr_and_frozenness(setosa):
    assert repr(setosa).startswith("ClusterFactors('cluster 0', n_samples=50, n_factors=2, total_")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setosa.name = "other"


def test_factors_of_another_method_have_the_same_form():
    x, y = load_iris(as_frame=True, return_X_y=True)
    bio = LocalCorEx(BioCorEx(2), random_state=0).fit(x, clusters=y).clusters_[0]
    frame = bio.to_frame()
    assert list(frame) == COLUMNS
    assert frame["weight"].isna().all() and frame["correlation"].notna().all()
    assert frame["correlation"].abs().max() <= 1
    heatmap = InteractionHeatmap(bio, quantity="correlation")
    np.testing.assert_allclose(
        np.sort(Page(heatmap).array("_correlation")), np.sort(bio.correlation_.ravel()), rtol=1e-6
    )
    assert "2 factors × 4 nodes of cluster 0" in repr(heatmap)
    with pytest.raises(ValueError, match="must have 4 columns"):
        bio.transform(np.zeros((2, 3)))
