"""Charts of what sets clusters apart."""

import base64

import numpy as np
import pandas as pd
import pytest
from views.page import displayed

from nbinterp import cluster_profile
from nbinterp.views import ProfileChart

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(90, 4)), columns=["age", "income", "rooms", "rent"])
LABELS = np.repeat([0, 1, 2], 30)
X.loc[LABELS == 1, "rent"] += 4.0
X.loc[:9, "age"] = np.nan
Y = np.where(np.arange(90) % 3 == 0, "owner", "tenant")
IMAGES = RNG.random((90, 5, 5))


@pytest.fixture(scope="module")
def profile():
    return cluster_profile(X, LABELS, y=Y, images=IMAGES)


def rows(drawn, column):
    """All rows of the chart that have `column`."""
    found = drawn["datasets"].values()
    return [row for each in found for row in each if column in row]


def titles(drawn):
    """The titles of all images of a chart."""
    found = []

    def walk(part):
        if isinstance(part, dict):
            mark = part.get("mark")
            if isinstance(mark, dict) and mark.get("type") == "image":
                found.append(part["title"]["text"])
            for each in part.values():
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(drawn)
    return found


def test_all_clusters_show_classes_columns_and_images(profile):
    data = displayed(profile)
    assert any("vegalite" in kind for kind in data)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"].startswith("ProfileChart(90 samples: cluster 0 30, tenant: 67 %")
    chart = profile.view().chart.to_dict()
    drawn = {(row["cluster"], row["column"]): row for row in rows(chart, "clear")}
    assert len(drawn) == 12
    assert drawn["cluster 1 · 30", "rent"]["difference"] > 1
    for row in drawn.values():
        assert row["clear"] == (row["lower"] > 0 or row["upper"] < 0)
    assert {row["class"] for row in rows(chart, "place")} == {"owner", "tenant"}
    assert titles(chart) == ["cluster 0", "cluster 1", "cluster 2"]


def test_one_cluster_in_detail(profile):
    view = profile.view(cluster="cluster 1", n=2)
    assert view.cluster == profile.view(cluster=1).cluster == 1
    assert view.describe().startswith("ProfileChart(cluster 1, 30 of 90 samples")
    assert "rent +" in view.describe()
    chart = view.chart.to_dict()
    shown = [row["column"] for row in rows(chart, "shown")]
    assert shown == profile.to_frame(2)["column"][2:4].tolist()
    assert titles(chart)[:2] == ["mean image", "of all samples"]
    view = profile.view(cluster=0)
    names = [row["shown"] for row in rows(view.chart.to_dict(), "shown")]
    assert "age (n = 20)" in names and "rent" in names
    assert view.snapshot().startswith(b"\x89PNG")


def test_a_selection_alone_is_shown_in_detail():
    view = cluster_profile(X, selection=LABELS == 1).view()
    assert view.cluster == 0 and view.n == 4
    assert view.describe().startswith("ProfileChart(selection of 30, 30 of 90 samples: rent +")


def test_pixels_are_not_listed_as_columns():
    profile = cluster_profile(IMAGES.reshape(90, 25), LABELS, image_shape=(5, 5))
    assert profile.view().n == profile.view(cluster=0).n == 0
    assert profile.view(n=6).n == 6
    assert profile.view().snapshot().startswith(b"\x89PNG")


def test_many_classes_are_joined():
    profile = cluster_profile(X, LABELS, y=np.arange(90) % 20)
    drawn = rows(profile.view(n=0).chart.to_dict(), "place")
    classes = {row["class"] for row in drawn}
    assert len(classes) == 13 and "other classes" in classes
    assert sum(row["n_samples"] for row in drawn) == 90


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"cluster": "cluster 7"}, "must be one of 'cluster 0', 'cluster 1', 'cluster 2'"),
        ({"cluster": 3}, "must be at most the last one, 2"),
        ({"n": -1}, "must be at least 0"),
    ],
)
def test_bad_arguments(profile, options, match):
    with pytest.raises(ValueError, match=match):
        ProfileChart(profile, **options)
    with pytest.raises(TypeError, match="Pass what cluster_profile"):
        ProfileChart(X)
