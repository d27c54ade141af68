import numpy as np
import pytest
from views.page import displayed

from nbinterp.manifold import ComponentSelection
from nbinterp.views import ComponentSelectionChart


def selection(stress=(0.3, 0.2, 0.05, 0.04)):
    return ComponentSelection(np.array([2, 3, 4, 6]), np.array(stress))


def rows_of(chart):
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_it_shows_the_curve_the_elbow_and_why():
    data = displayed(selection())
    assert "image/png" in data
    assert data["text/plain"].startswith("ComponentSelectionChart(best of 4: 4 components")
    chart = selection().view().chart
    rows = rows_of(chart)
    assert [row["value"] for row in rows if "value" in row] == [0.3, 0.2, 0.05, 0.04]
    assert {"x": 4, "label": "best: 4"} in rows
    assert "A dimension lowers the stress by" in chart.to_dict()["title"]["subtitle"][0]


def test_a_curve_without_an_elbow_says_so():
    assert "without an elbow" in selection((0.3, 0.22, 0.16, 0.0)).view().describe()


def test_something_else_is_refused():
    with pytest.raises(TypeError, match=r"must be a ComponentSelection. Pass what select_n_comp"):
        ComponentSelectionChart([2, 3])
