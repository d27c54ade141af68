import numpy as np
import pytest
from views.page import displayed

from nbinterp.corex import Scree
from nbinterp.views import ScreeChart

INFORMATION = np.array([[0.5, 0.4, 0.02, 0.0], [0.0, 0.0, 0.03, 0.6]])


def scree(**changes):
    made = {
        "name": "cluster 0",
        "feature_names": list("abcd"),
        "mutual_information": INFORMATION,
        "total_correlations": np.array([0.3, 0.7]),
        "knee": np.array([0.02, 0.03]),
        "chance": 0.05,
        "stable": np.array([True, False]),
    }
    return Scree(**made | changes)


def test_each_factor_is_a_panel_with_its_members_and_threshold():
    data = displayed(scree())
    assert "image/png" in data
    assert data["text/plain"] == (
        "ScreeChart(cluster 0: factor 1 (0.7 nats): d; factor 0 (0.3 nats): a, b)"
    )
    chart = scree().view()
    drawn = chart.chart.to_dict()
    assert drawn["title"]["subtitle"] == "chance: 0.05 nats"
    assert [panel["title"] for panel in drawn["concat"]] == [
        "factor 1 (not stable): 1 of 4",
        "factor 0: 2 of 4",
    ]
    assert chart.frame["threshold"].unique().tolist() == [0.05]
    first = chart.frame[chart.frame["factor"] == 0]
    assert first["node"].tolist() == list("abcd")
    assert first["belongs"].tolist() == [True, True, False, False]


def test_factors_and_variables_are_chosen():
    chart = scree().view(factors=[0], n=2)
    assert chart.frame["node"].tolist() == ["a", "b"]
    assert len(chart.chart.to_dict()["concat"]) == 1


def test_what_is_not_known_is_said():
    unknown = scree(chance=np.nan, stable=None).view()
    assert unknown.chart.to_dict()["title"]["subtitle"] == "chance is not known"
    assert "factor 1: 1 of 4" in str(unknown.chart.to_dict())
    nothing = scree(chance=9.0).view()
    assert "factor 1 (0.7 nats): none" in nothing.describe()


def test_refusals():
    with pytest.raises(ValueError, match=r"factors=2\) must be at most the last factor, 1"):
        scree().view(factors=[2])
    with pytest.raises(TypeError, match=r"must be a Scree. Pass what scree"):
        ScreeChart(INFORMATION)
