import numpy as np
import pytest
from views.page import displayed

from nbinterp.corex import FactorSelection
from nbinterp.views import FactorSelectionChart

NULL = np.array([[0.1, 0.2, 0.4], [0.3, 0.2, 0.2]])
HELD_OUT = np.array([[0.9, 1.8, 1.7], [0.7, 1.9, 1.8]])


def selection():
    return FactorSelection(np.array([1, 2, 4]), np.array([1.0, 2.0, 2.1]), NULL, HELD_OUT)


def test_it_shows_data_null_and_held_out_samples_with_the_best():
    data = displayed(selection())
    assert "image/png" in data
    assert data["text/plain"].startswith("FactorSelectionChart(best of 3: 2 factors: 1.85 ± 0.05")
    chart = selection().view()
    by_name = dict(list(chart.frame.groupby("what")))
    null = by_name["shuffled columns, lowest to highest"]
    np.testing.assert_array_equal(null["lower"], NULL.min(0))
    np.testing.assert_array_equal(null["upper"], NULL.max(0))
    held_out = by_name["samples not fitted to, ± standard error"]
    np.testing.assert_allclose(held_out["value"], HELD_OUT.mean(0))
    np.testing.assert_allclose(held_out["upper"] - held_out["value"], [0.1, 0.05, 0.05])
    drawn = chart.chart.to_dict()
    assert len(drawn["hconcat"]) == 2
    marks = [row for rows in drawn["datasets"].values() for row in rows if "label" in row]
    assert {"x": 2, "label": "best: 2"} in marks


def test_something_else_is_refused():
    with pytest.raises(TypeError, match=r"must be a FactorSelection. Pass what select_n_factors"):
        FactorSelectionChart([2, 3])
