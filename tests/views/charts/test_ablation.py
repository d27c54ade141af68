import base64

import numpy as np
import pytest

from nbinterp.network import AblationStudy
from nbinterp.views import AblationChart


@pytest.fixture
def study():
    generator = np.random.default_rng(0)

    def some(*first):
        return generator.normal(size=(*first, 2, 3, 2))

    return AblationStudy(
        layer="h1",
        mode="zero",
        sizes=(5, 10),
        cases=(("cluster 0", 3), ("cluster 1", 0)),
        groups=("all", "cluster 0", "class 4"),
        group_sizes=np.array([9, 5, 4]),
        output_names=("logit 0",),
        baseline=generator.random((3, 2)),
        change=some(2),
        random=some(40),
        by_activation=some(2),
        by_weight=some(2),
    )


def test_a_study_shows_itself_as_a_chart_with_its_chance_band(study):
    data = study._repr_mimebundle_()
    drawn = data["application/vnd.vegalite.v5+json"]  # what JupyterLab draws
    assert drawn["$schema"].endswith("/v5.json")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"].startswith("AblationChart(factor 3 of cluster 0 in h1")
    drawn = study.view(case=1).chart.to_dict()
    rows = next(iter(drawn["datasets"].values()))
    assert len(rows) == 6 and {"chance_lower", "chance_upper"} <= set(rows[0])


def test_what_is_drawn_is_the_case_asked_for(study):
    chart = AblationChart(study, case=1, quantity="logit 0", groups=["class 4"])
    np.testing.assert_allclose(chart.frame["change"], study.change[1, :, 2, 0])


def test_groups_that_lose_most_come_first(study):
    chart = study.view()
    last = study.change[0, -1, 1:, -1]
    assert chart.groups[0] == "all"
    assert chart.groups[1] == study.groups[1 + int(last.argmin())]


@pytest.mark.parametrize("wrong", [{"case": 2}, {"quantity": "loss"}, {"groups": ["class 9"]}])
def test_bad_arguments(study, wrong):
    with pytest.raises(ValueError):
        study.view(**wrong)
