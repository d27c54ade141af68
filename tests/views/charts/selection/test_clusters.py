import numpy as np
import pytest
from views.page import displayed

from nbinterp.corex import ClusterSelection
from nbinterp.views import ClusterExplorer, ClusterSelectionChart

NULL = np.array([[0.3, 0.4], [0.2, 0.5]])


def selection(found=True, n=40):
    own = np.array([[1.0, 0.5], [0.98, 0.6]])
    loose = np.array([[0.5, 0.4], [0.51, 0.41]])
    labels = np.stack([np.arange(n) % 2, np.arange(n) % 3])
    points = np.random.default_rng(0).normal(size=(n, 2))
    within = (0.1 if found else 1.0) * loose
    return ClusterSelection(
        np.array([2, 3]), own, NULL, within, loose, np.array([4.0, 3.0]), labels, points
    )


def test_it_shows_stability_tightness_and_the_map():
    data = displayed(selection())
    assert "image/png" in data
    assert data["text/plain"].startswith("ClusterSelectionChart(best of 2: 2 clusters agree by")
    chart = selection().view()
    drawn = chart.chart.to_dict()
    assert len(drawn["hconcat"]) == 3
    assert drawn["hconcat"][2]["title"] == "2 clusters"
    rows = chart.frame[
        (chart.frame["panel"] == "stability") & chart.frame["what"].str.match("data")
    ]
    np.testing.assert_array_equal(rows["lower"], NULL.min(0))
    marks = [row for rows in drawn["datasets"].values() for row in rows if "label" in row]
    assert marks[0] == {"x": 2, "label": "best: 2"}


def test_where_nothing_is_stable_it_says_so_and_marks_nothing():
    chart = selection(found=False).view()
    assert chart.describe().startswith("ClusterSelectionChart(none of 2: No number is stable.")
    drawn = chart.chart.to_dict()
    assert not [row for rows in drawn["datasets"].values() for row in rows if "label" in row]
    assert "No number is stable" in drawn["title"]["subtitle"][0]
    assert chart.n_clusters == 2  # the most stable


def test_the_map_has_any_number_of_clusters_and_at_most_2000_samples():
    many = selection(n=3000).view(n_clusters=3)
    assert set(many.points["cluster"]) == {0, 1, 2}
    assert len(many.points) == 2000
    assert (many.points["cluster"] == many.points["sample"] % 3).all()
    assert many.chart.to_dict()["hconcat"][2]["title"] == "3 clusters, 2,000 of 3,000 samples"


def test_an_explorer_shows_all():
    found = selection()
    explorer = ClusterExplorer(found.map, columns=found.columns(), color_by="3 clusters")
    assert list(explorer.columns) == ["2 clusters", "3 clusters"]


def test_refusals():
    with pytest.raises(ValueError, match=r"must be a number that was tried: 2, 3. Choose"):
        selection().view(n_clusters=4)
    with pytest.raises(TypeError, match=r"must be a ClusterSelection. Pass what select_n_clust"):
        ClusterSelectionChart([2, 3])
