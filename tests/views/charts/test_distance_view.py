import ipywidgets
import numpy as np
import pytest
import traitlets
from views.layers import explained_layer
from views.page import Page, displayed

from nbinterp import ClusterExplorer
from nbinterp.views.base.note import Note
from nbinterp.views.charts.distance_view import DistanceView


@pytest.fixture(scope="module")
def world():
    return explained_layer()


def drawn(view):
    """Return what is drawn below the table: a chart, or a line of text."""
    _, note, drawing = view.children
    return note.text, [output["data"] for output in drawing.outputs]


def test_a_report_shows_itself(world):
    report = world[-1]
    bundle = displayed(report)
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    view = report.view()
    assert isinstance(view, DistanceView)
    live = report.nodes[report.nodes["state"] != "constant"]
    nearest = live["prototype_offset"].abs().idxmin()
    assert [report.nodes.index[i] for i in view.table.chosen] == [nearest]


def test_choosing_draws_and_colours_the_map(world):
    data, labels, report = world
    explorer = ClusterExplorer(data[:, :2], columns={"label": labels})
    view = report.view(explorer=explorer, nodes=1)
    assert explorer.color_by == "distance to 0[1]"
    Page(view.table).set(chosen=[2])
    assert explorer.color_by == "distance to 0[2]"
    assert list(explorer.columns) == ["label", "distance to 0[2]"]
    names = [header["name"] for header in Page(explorer).state["_columns"]]
    assert names == ["label", "distance to 0[2]"]
    np.testing.assert_allclose(
        explorer.columns["distance to 0[2]"],
        report.columns(2)["distance to 0[2]"].astype(np.float32),
    )
    view.table.chosen = [2, 3]
    assert view.chart.numbers == [2, 3]
    text, (chart,) = drawn(view)
    assert any("vegalite" in kind for kind in chart)
    assert text == ""
    view.table.chosen = []
    assert view.chart is None
    text, charts = drawn(view)
    assert "Choose a node" in text and charts == []


def test_a_selection_goes_to_the_table_and_to_the_chart(world):
    data, labels, report = world
    explorer = ClusterExplorer(data[:, :2], columns={"label": labels})
    explorer.selection = labels == 1
    view = report.view(explorer=explorer, nodes=0)
    assert "selection" in view.table.frame
    assert view.chart.projection.names[-1] == "selection"
    explorer.color_by = "label"
    explorer.selection = []
    assert "selection" not in view.table.frame
    assert view.chart.projection.names[-1] != "selection"
    assert explorer.color_by == "label"  # only choosing a node colours
    view.close()
    explorer.selection = [1, 2]
    assert "selection" not in view.table.frame


def test_the_note_under_the_table_knows_it_for_where_no_kernel_is(world):
    view = world[-1].view()
    table, note, drawing = view.children
    assert table is view.table
    assert isinstance(note, Note) and isinstance(drawing, ipywidgets.Output)
    assert note.get_state("_linked") == {"_linked": [f"anywidget:{table.model_id}"]}


def test_no_node_chosen_at_first_says_what_to_do(world):
    view = world[-1].view(nodes=[])
    assert view.chart is None
    text, charts = drawn(view)
    assert "Choose a node" in text and charts == []


def test_a_mask_selects_nodes(world):
    report = world[-1]
    mask = np.isin(np.arange(len(report.nodes)), [1, 2])
    assert report.view(nodes=mask).table.chosen == [1, 2]
    assert report.view(nodes=mask.tolist()).table.chosen == [1, 2]
    with pytest.raises(TypeError, match=r"DistanceView\(nodes="):
        report.view(nodes=[1.9])
    with pytest.raises(traitlets.TraitError, match="numbers of nodes"):
        report.view(nodes=0).table.chosen = [False, True]


def test_a_node_that_does_not_vary_is_told_of(world):
    view = world[-1].view(nodes=5)
    assert view.chart is None
    text, charts = drawn(view)
    assert "0[5] does not vary" in text and charts == []
    assert "no node chosen" in repr(view)


@pytest.mark.parametrize("explorer", [3, ClusterExplorer([[0, 0], [1, 1]])])
def test_a_map_of_other_samples_is_refused(world, explorer):
    with pytest.raises(ValueError, match="must be a ClusterExplorer of the samples of this report"):
        world[-1].view(explorer=explorer)
