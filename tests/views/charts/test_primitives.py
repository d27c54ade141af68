import base64

import ipywidgets
import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from views.page import displayed

from nbinterp import AndOr, ClusterExplorer
from nbinterp.views import PrimitiveChart

HOSTILE = "<img src=x onerror=alert(1)>"


def first(x):
    return 2 * x[:, 0] * x[:, 1] - 3 * x[:, 2:].amax(dim=1)


def second(x):
    return 2 * x[:, 0] * x[:, 1] + x[:, 1] * x[:, 3]


@pytest.fixture(scope="module")
def one():
    return AndOr(noise=0).explain(first, torch.ones(2, 4) * torch.tensor([[1.0], [0.5]]))


@pytest.fixture(scope="module")
def two():
    models = {"first": first, HOSTILE: second}
    return AndOr(noise=0, specific=10.0).explain(models, torch.ones(1, 4))


def drawn(chart, needs):
    """Return the rows of the data set of a chart that has the column `needs`."""
    (rows,) = [
        rows
        for rows in chart.chart.to_dict()["datasets"].values()
        if rows and needs <= set(rows[0])
    ]
    return rows


def states(chart):
    """Return the states of the note and of the output that a linked chart shows."""
    shown = displayed(chart)["application/vnd.jupyter.widget-view+json"]["model_id"]
    widgets = ipywidgets.Widget.get_manager_state()["state"]
    children = widgets[shown]["state"]["children"]
    return [widgets[child.removeprefix("IPY_MODEL_")]["state"] for child in children]


def test_the_chart_shows_the_known_primitives_in_order(one):
    chart = one.view()
    frame = chart.frame
    assert frame[["kind", "players"]].to_numpy().tolist() == [
        ["OR", "{x2, x3}"],
        ["AND", "{x0, x1}"],
    ]
    np.testing.assert_allclose(frame["interaction"], [-3, 2], atol=1e-2)
    bars = drawn(chart, {"sign"})
    assert [bar["sign"] for bar in bars] == ["lowers the output", "raises the output"]
    dots = {(dot["place"], dot["row"]): dot["on"] for dot in drawn(chart, {"on"})}
    assert [dots[0, f"x{k}"] for k in range(4)] == ["off", "off", "OR", "OR"]
    assert [dots[1, f"x{k}"] for k in range(4)] == ["AND", "AND", "off", "off"]
    assert PrimitiveChart(one, sample=1).frame["interaction"].iloc[0] == pytest.approx(-1.5, 1e-2)
    assert len(PrimitiveChart(one, n=1).frame) == 1


def test_what_models_share_is_told_beside_both_controls(two):
    null = two.null_overlap(2, n_repeats=3, random_state=0)
    chart = two.view(null=null)
    shared = chart.frame.set_index(["players", "model"])
    assert shared.loc[("{x0, x1}", "first"), "shared"]
    assert not shared.loc[("{x2, x3}", "first"), "shared"]
    texts = {row["text"] for row in drawn(chart, {"text"}) if "/" in row["text"]}
    assert texts == {"1/2", "2/2"}
    (control,) = [row for row in drawn(chart, {"chance"}) if row["kind"] == "AND"]
    overlap = two.overlap(2)
    assert control["shared"] == overlap.and_[0] and control["chance"] == overlap.chance_and[0]
    assert control["unrelated_low"] == null.and_.min() <= control["unrelated_high"]
    alone = drawn(PrimitiveChart(two), {"chance"})
    assert alone and all(row["unrelated_low"] is None for row in alone)


def test_a_result_shows_itself(two):
    data = displayed(two)
    assert any("vegalite" in kind for kind in data)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"].startswith("PrimitiveChart(sample 0, 3 primitives: OR {x2, x3} -3")


def test_unconverged_is_said_on_its_face(one):
    with pytest.warns(ConvergenceWarning):
        hasty = one.resplit(max_iter=1, tol=1e-9)
    chart = hasty.view()  # shows without a warning of its own, but says it
    assert "NOT CONVERGED" in repr(chart)
    assert "NOT CONVERGED" in chart.chart.to_dict()["title"]["subtitle"][0]
    assert chart.snapshot() != one.view().snapshot()


def test_nothing_to_show():
    flat = AndOr(noise=0).explain(lambda x: 0 * x.sum(1), torch.ones(1, 3))
    chart = flat.view()
    assert chart.frame.empty
    assert "0 primitives" in repr(chart)
    assert chart.snapshot().startswith(b"\x89PNG")
    chart.chart.to_dict()


def test_the_explorer_chooses_the_sample(one):
    explorer = ClusterExplorer(np.random.default_rng(0).normal(size=(9, 2)))
    chart = PrimitiveChart(one, explorer=explorer, samples=[8, 2])
    bundle = displayed(chart)
    assert "application/vnd.jupyter.widget-view+json" in bundle and "image/png" in bundle
    explorer.selection = [2]
    assert chart.sample == 1
    _, output = states(chart)
    assert "sample 2" in output["outputs"][0]["data"]["text/plain"]
    explorer.selection = [2, 8]
    assert chart.sample == 0 and "first of 2" in repr(chart)
    explorer.selection = [0]
    assert "No selected sample is among the 2 explained samples" in repr(chart)


def test_a_linked_chart_has_a_note_for_where_no_kernel_is(one):
    explorer = ClusterExplorer(np.random.default_rng(0).normal(size=(9, 2)))
    chart = one.view()
    assert "application/vnd.jupyter.widget-view+json" not in displayed(chart)
    stop = chart.link(explorer, [8, 2])
    note, output = states(chart)
    assert note["_kind"] == "note" and output["_model_name"] == "OutputModel"
    assert note["_linked"] == [f"anywidget:{explorer.model_id}"]
    stop()
    assert states(chart)[0]["_linked"] == []


@pytest.mark.parametrize(
    ("options", "words", "kind"),
    [
        ({"sample": 2}, "must be at most the last one, 1", ValueError),
        ({"n": 0}, "must be at least 1", ValueError),
        ({"tau": 2.0}, "at most 1", ValueError),
        ({"null": 0.3}, "must be an Overlap", TypeError),
        ({"explorer": 1}, "must be a ClusterExplorer", TypeError),
    ],
)
def test_bad_arguments(one, options, words, kind):
    with pytest.raises(kind, match=words):
        one.view(**options)
