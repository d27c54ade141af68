import base64

import numpy as np
import pytest
from distance.studies import study
from views.page import displayed

from nbinterp.views import SensitivityChart


def drawn(chart):
    """All rows of all panels."""
    return [row for rows in chart.chart.to_dict()["datasets"].values() for row in rows]


def panels(chart):
    """The names that the legends of each panel have, the band's first."""
    layers = [panel["layer"] for panel in chart.chart.to_dict()["concat"]]
    return [
        [
            encoding[kind]["scale"]["domain"]
            for encoding in (layer["encoding"] for layer in panel)
            for kind in ("fill", "color")
            if kind in encoding
        ]
        for panel in layers
    ]


def test_a_study_shows_itself_as_a_chart_with_its_chance_band():
    data = displayed(study())
    assert any("vegalite" in kind for kind in data)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"].startswith("SensitivityChart(h1, accuracy 0.900: layer shifted by")
    chart = study().view(measure="kl").chart.to_dict()
    assert len(chart["concat"]) == 4


def test_what_is_drawn_begins_where_nothing_is_moved():
    made = study()
    frame = made.view().frame.set_index(["part", "edit", "amount"]).sort_index()["value"]
    np.testing.assert_allclose(frame.loc["h1", "shift"], [*made.layer_shift[:1, 0], 0.9,
                                                          *made.layer_shift[1:, 0]])  # fmt: skip
    np.testing.assert_allclose(frame.loc["h1[4]", "scale"], [made.node_scale[1, 0, 0], 0.9,
                                                             made.node_scale[1, 1, 0]])  # fmt: skip
    rows = drawn(made.view())
    assert {row["part"] for row in rows} == {"h1", "h1[2]", "h1[4]"}


@pytest.mark.parametrize(("measure", "best"), [("accuracy", np.argmin), ("kl", np.argmax)])
def test_nodes_that_cost_most_come_first(measure, best):
    made = study(nodes=(0, 1, 2, 3))
    scores = made.node_shift[..., made.measures.index(measure)]
    extreme = scores.min(axis=1) if measure == "accuracy" else scores.max(axis=1)
    assert made.view(measure=measure).nodes[0] == best(extreme)


def test_a_mask_selects_the_nodes_to_colour():
    made = study(nodes=(0, 1, 2, 3))
    mask = np.isin(np.arange(len(made.node_sd)), [1, 3])
    assert made.view(nodes=mask).nodes == [1, 3]
    assert made.view(nodes=mask.tolist()).nodes == [1, 3]
    with pytest.raises(TypeError, match="whole numbers, names or a boolean mask"):
        made.view(nodes=[1.0])


def test_without_a_control_without_nodes_and_without_a_bias():
    chart = study(n_random=0, nodes=(), layer_scale_folded=None).view()
    assert len(chart.chart.to_dict()["concat"]) == 2
    assert chart.snapshot().startswith(b"\x89PNG")
    assert "chance" not in chart.describe() and "node" not in chart.describe()
    named = [legend for panel in panels(chart) for legend in panel]
    assert named == [["shift"], ["scale"]]


def test_the_legends_name_lines_and_band():
    chance, nodes = ["random directions, 95 %"], study().view().nodes
    named = [f"h1[{node}]" for node in nodes]
    whole = [[chance, ["shift"]], [chance, ["scale", "scale, output bias folded out"]]]
    assert panels(study().view()) == [*whole, [chance, named], [chance, named]]


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"measure": "loss"}, "must be one of"),
        ({"nodes": [3]}, "must be nodes that the study edited singly, but 3 is not"),
        ({"nodes": [2] * 6}, "must be at most 5"),
    ],
)
def test_bad_arguments(wrong, match):
    with pytest.raises(ValueError, match=match):
        SensitivityChart(study(), **wrong)
