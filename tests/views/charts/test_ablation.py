import base64
from dataclasses import replace

import numpy as np
import pytest
from views.page import displayed
from views.png.reading import near, opened, pixels

from nbinterp.network import AblationStudy
from nbinterp.views import AblationChart

BAND = (220, 220, 220)  # about a third of grey, on white


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
    data = displayed(study)
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


def layers(chart):
    """The encodings of the band, if there is one, and of the lines."""
    return [layer["encoding"] for layer in chart.chart.to_dict()["spec"]["layer"]]


def test_lines_and_band_are_drawn_where_their_values_are(study):
    flat = np.zeros_like(study.change)
    fixed = replace(
        study,
        change=flat - 0.4,
        by_activation=flat - 0.2,
        by_weight=flat,
        random=np.linspace(-0.3, -0.1, 40)[:, None, None, None] + np.zeros((40, *flat.shape[1:])),
    )
    chart = fixed.view(groups=["all"])
    image = pixels(chart.snapshot())
    heights = [
        np.flatnonzero(near(image, colour, 6).sum(axis=1) > 90).mean()
        for colour in ((0, 114, 178), (230, 159, 0), (0, 158, 115))
    ]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=2)
    band = np.flatnonzero(near(image, BAND, 8).sum(axis=1) > 90)
    low, high = chart.frame[["chance_lower", "chance_upper"]].iloc[0]
    expected = (high - low) / 0.4 * (heights[0] - heights[2])
    assert band.mean() == pytest.approx(heights[1], abs=3)
    assert len(band) == pytest.approx(expected, abs=4)


def test_the_legend_names_what_is_drawn(study):
    band, lines = layers(study.view())
    assert band["fill"]["scale"]["domain"] == ["95 % of draws of random nodes"]
    assert lines["color"]["scale"]["domain"] == [
        "mutual information",
        "mean activation",
        "weight",
    ]
    legend = pixels(study.view().snapshot())[:, -240:]
    for colour in ((0, 114, 178), (230, 159, 0), (0, 158, 115), BAND):
        assert near(legend, colour, 8).any()
    assert near(legend, (0, 0, 0), 40).any(axis=0).sum() > 60  # its text


def test_accuracy_is_told_in_percent_and_outputs_in_their_own_units(study):
    for quantity, form in (("accuracy", "+%"), ("logit 0", "+~g")):
        band, _ = layers(study.view(quantity=quantity))
        assert band["y"]["axis"]["format"] == form


def test_rings_mark_losses_beyond_chance_for_all_rows_together(study):
    change = 0.01 * study.change
    change[0, 1, 0, -1] = -9.0
    chart = replace(study, change=change, random=0.1 * study.random).view()
    assert (chart.frame["corrected_rank"] <= 0.05).sum() == 1
    *_, ring = layers(chart)
    assert ring["y"]["field"] == "mutual information"
    assert ", beyond it)" in chart.describe()
    assert near(pixels(chart.snapshot()), (0, 114, 178), 8).any()
    assert ", beyond it)" not in replace(study, change=0 * study.change).view().describe()


def test_a_factor_that_is_not_stable_is_marked(study):
    class Found:
        stable_ = np.array([True, False, False, False])

    marked = replace(study, _factors=(Found(), Found()))
    assert marked.stable == (False, True)
    assert "factor 3 (not stable) of cluster 0" in marked.view().describe()
    assert "factor 0 of cluster 1" in marked.view(case=1).describe()
    assert study.stable == (None, None) and "not stable" not in study.view().describe()


def test_without_random_draws_there_is_no_band(study):
    chart = replace(study, random=study.random[:0]).view()
    assert len(layers(chart)) == 1
    grey = [near(pixels(one.snapshot()), BAND, 2).mean() for one in (chart, study.view())]
    assert grey[0] < 0.25 * grey[1]  # the lines of the grid alone


def test_many_groups_take_several_rows(study):
    groups = tuple(f"class {k}" for k in range(6))

    def repeated(values):
        return np.concatenate([values, values], axis=-2)

    wide = replace(
        study,
        groups=groups,
        group_sizes=repeated(study.group_sizes[:, None])[:, 0],
        baseline=repeated(study.baseline),
        **{
            name: repeated(getattr(study, name))
            for name in ("change", "random", "by_activation", "by_weight")
        },
    )
    six, four = (opened(wide.view(groups=list(groups[:n])).snapshot()) for n in (6, 4))
    assert six.height > four.height and six.width == four.width


@pytest.mark.parametrize("wrong", [{"case": 2}, {"quantity": "loss"}, {"groups": ["class 9"]}])
def test_bad_arguments(study, wrong):
    with pytest.raises(ValueError):
        study.view(**wrong)
