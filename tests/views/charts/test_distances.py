import numpy as np
import pytest
from views.layers import explained_layer

from nbinterp import ClusterExplorer
from nbinterp.views.charts.distances import DistanceView


@pytest.fixture(scope="module")
def world():
    return explained_layer()


def drawn(view):
    (output,) = view._drawing.outputs
    return output["data"]


def test_a_report_shows_itself(world):
    report = world[-1]
    bundle = report._repr_mimebundle_()
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
    view.table.set_state({"chosen": [2]})  # as the page does
    assert explorer.color_by == "distance to 0[2]"
    names = [header["name"] for header in explorer._columns]
    assert names == ["label", "distance to 0[2]"]
    column = explorer._table[-1]
    np.testing.assert_allclose(
        column.entries, report.columns(2)["distance to 0[2]"].astype(np.float32)
    )
    view.table.chosen = [2, 3]
    assert view.chart.numbers == [2, 3]
    assert any("vegalite" in kind for kind in drawn(view))
    assert view._note.text == ""
    view.table.chosen = []
    assert view.chart is None
    assert "Choose a node" in view._note.text
    assert view._drawing.outputs == ()


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
    assert view.children == (view.table, view._note, view._drawing)
    assert view._note._linked == [f"anywidget:{view.table.model_id}"]


def test_no_node_chosen_at_first_says_what_to_do(world):
    view = world[-1].view(nodes=[])
    assert view.chart is None
    assert "Choose a node" in view._note.text
    assert view._drawing.outputs == ()


def test_a_node_that_does_not_vary_is_told_of(world):
    view = world[-1].view(nodes=5)
    assert view.chart is None
    assert "0[5] does not vary" in view._note.text
    assert view._drawing.outputs == ()
    assert "no node chosen" in repr(view)


@pytest.mark.parametrize("explorer", [3, ClusterExplorer([[0, 0], [1, 1]])])
def test_a_map_of_other_samples_is_refused(world, explorer):
    with pytest.raises(ValueError, match="must be a ClusterExplorer of the samples of this report"):
        world[-1].view(explorer=explorer)
