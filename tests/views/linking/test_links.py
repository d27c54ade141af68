import threading

import numpy as np
import pytest
import torch
from views.page import Page

import nbinterp
from nbinterp import (
    AndOr,
    ClusterExplorer,
    FactorSlider,
    InteractionHeatmap,
    LinearCorEx,
    LinearDistance,
    LocalCorEx,
    Workbench,
    link,
    perturb,
    record,
)
from nbinterp.views import DistanceView, PrimitiveChart
from nbinterp.views.base.page import page_data
from nbinterp.views.charts.node_table import NodeTable
from nbinterp.views.linking.trait_sync import TraitSync

KIND = np.repeat([0, 1, 2], 30)


@pytest.fixture(scope="module")
def world():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    data = np.random.default_rng(0).normal(size=(90, 6)).astype(np.float32)
    data += 2 * np.eye(6, dtype=np.float32)[KIND]
    nodes = record(model, data, "1").concat("1", output=True)
    local = LocalCorEx(LinearCorEx(4, random_state=0), random_state=0).fit(nodes, clusters=KIND)
    return {"model": model, "data": data, "local": local, "factors": local.clusters_[1]}


def sliders(world, factor=(2, 0)):
    turned = perturb(
        world["model"], world["data"], world["factors"], layer="1", factor=list(factor),
        amounts=[0] * len(factor), progress=False,
    )  # fmt: skip
    return FactorSlider(turned)


def linked_to(view):
    """Return the references to other views that a page of `view` is told."""
    return Page(view)["_linked"]


@pytest.fixture
def explorer(world):
    return ClusterExplorer(world["data"][:, :2], columns={"kind": KIND})


def test_a_factor_chosen_anywhere_is_chosen_everywhere(world, explorer):
    explorer.heatmap.show(world["factors"])
    heatmap, slider = InteractionHeatmap(world["factors"]), sliders(world)
    bound = link(explorer, heatmap, slider)
    heatmap.factor = 2
    assert explorer.heatmap.factor == slider.factor == 2
    slider.set_state({"factor": 0})  # as its page does
    assert explorer.heatmap.factor == heatmap.factor == 0
    slider.amounts = [1.5, 0]  # a moved factor is a chosen one
    assert explorer.heatmap.factor == heatmap.factor == 2
    explorer.heatmap.factor = 3
    assert heatmap.factor == 3 and slider.factor == 2  # which has no slider for it
    heatmap.factor = None
    assert explorer.heatmap.factor == 3
    bound.unlink()
    heatmap.factor = 1
    assert explorer.heatmap.factor == 3
    assert repr(bound).endswith("; ended)") and linked_to(heatmap) == linked_to(slider) == []


def test_what_a_callback_of_one_view_raises_keeps_no_view_from_following(world, explorer):
    explorer.heatmap.show(world["factors"])
    heatmap, slider = InteractionHeatmap(world["factors"]), sliders(world)
    heard = []
    explorer.heatmap.on_choose(lambda factor: 1 / 0)
    link(explorer, heatmap, slider)
    heatmap.on_choose(heard.append)
    with pytest.raises(ZeroDivisionError):
        heatmap.factor = 2
    assert explorer.heatmap.factor == slider.factor == 2
    assert heard == [2]


def test_a_lasso_filters_the_samples_of_pairs_and_the_base_of_sliders(world, explorer):
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(90, 5, 5))
    matrices += matrices.transpose(0, 2, 1)
    pairs, slider = InteractionHeatmap(matrices), sliders(world)
    some = InteractionHeatmap(np.ones((2, 5, 5)), samples=[40, 7])
    other = ClusterExplorer(world["data"][:, 2:4])
    bound = link(explorer, pairs, slider, some, other)
    explorer.selection = range(20)
    assert np.array_equal(other.selection, np.arange(20))
    assert pairs.sample is None and "mean of 20 samples" in repr(pairs)
    values = Page(pairs).array("_values", packed=True)
    np.testing.assert_allclose(values, matrices[:20].mean(0)[np.triu_indices(5)], rtol=1 / 2048)
    assert some.sample == 1
    turned = perturb(
        world["model"], world["data"], world["factors"], layer="1", factor=[2, 0],
        amounts=[0, 0], base=np.arange(20), progress=False,
    )  # fmt: skip
    assert slider.base.tolist() == list(range(20))
    page = Page(slider)
    assert page["_base_name"] == turned.base_name == "mean of 20 samples"
    outputs = page.array("_baseline_outputs")
    np.testing.assert_allclose(outputs, np.ravel(turned.baseline_outputs), rtol=1e-5)
    other.selection = range(5, 15)
    assert page["_base_name"] == "mean of 10 samples"
    other.selection = [33]
    assert slider.base == pairs.sample == 33 and explorer.selection.tolist() == [33]
    other.selection = []
    assert slider.base == "mean" and page["_base_name"] == "mean of cluster 1"
    bound.unlink()
    explorer.selection = [1, 2, 3]
    assert slider.base == "mean" and len(other.selection) == 0


def test_tables_of_nodes_distances_and_primitives_follow_the_map(world, explorer):
    report = LinearDistance().explain(world["model"], world["data"], "0", clusters=KIND)
    table, view = NodeTable(report), DistanceView(report)
    explained = AndOr(groups=[0, 0, 1, 1, 2, 2]).explain(
        world["model"], world["data"][[4, 9]], target=0
    )
    chart = PrimitiveChart(explained, samples=[4, 9])
    bound = link(explorer, table, view, chart)
    for one in (table, view.table):
        assert f"anywidget:{explorer.model_id}" in linked_to(one)
    explorer.selection = range(9, 30)
    assert "selection" in table.frame and "selection" in view.table.frame
    assert chart.sample == 1
    explorer.selection = []
    assert "selection" not in table.frame
    bound.unlink()
    explorer.selection = range(30)
    assert "selection" not in table.frame and "selection" not in view.table.frame
    assert linked_to(table) == linked_to(view.table) == []


def test_a_factor_chosen_elsewhere_sorts_tables_and_chooses_the_nodes_it_binds(world):
    report = LinearDistance().explain(world["model"], world["data"], "0", clusters=KIND)
    nodes = record(world["model"], world["data"], "0").concat("0")
    local = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(nodes, clusters=KIND)
    table, view = NodeTable(report), DistanceView(report)
    heatmap = InteractionHeatmap(local.clusters_[1])
    bound = link(heatmap, table, view)
    heatmap.factor = 2
    assert table.factor == view.table.factor == 2
    information = local.clusters_[1].mutual_information_[2]
    assert view.table.chosen == np.argsort(-information)[:2].tolist()
    assert table.chosen == [] and view.chart.numbers == view.table.chosen
    view.table.set_state({"factor": 0})  # as its page does
    assert heatmap.factor == table.factor == 0
    bound.unlink()
    heatmap.factor = 1
    assert table.factor == 0


def test_views_of_different_fits_are_refused_and_a_map_keeps_its_own(world, explorer):
    other = world["local"].clusters_[0]
    with pytest.raises(ValueError, match=r"factor 2 · 0\.\d+ nats>, .* must show the same fit"):
        link(InteractionHeatmap(other), sliders(world))
    with pytest.raises(ValueError, match="must show the same fit"):
        link(InteractionHeatmap(other), InteractionHeatmap(world["factors"]))
    explorer.heatmap.show(other)  # by a lasso
    heatmap, slider = InteractionHeatmap(world["factors"]), sliders(world)
    with link(explorer, heatmap, slider):
        heatmap.factor = 2
        assert slider.factor == 2 and explorer.heatmap.factor is None


def test_factors_of_a_later_fit_are_chosen_only_where_they_are_shown(world, explorer):
    other = world["local"].clusters_[0]
    explorer.heatmap.show(world["factors"])
    heatmap, slider = InteractionHeatmap(world["factors"]), sliders(world)
    link(explorer, heatmap, slider)
    heatmap.factor = 0
    assert explorer.heatmap.factor == slider.factor == 0
    explorer.heatmap.show(other)  # by a lasso
    explorer.heatmap.factor = 2
    assert (heatmap.factor, slider.factor) == (0, 0)
    heatmap.factor = 2
    assert slider.factor == 2
    slider.factor = 0
    assert (heatmap.factor, explorer.heatmap.factor) == (0, 2)
    heatmap.show(other)  # the same once more
    heatmap.factor = 1
    assert (explorer.heatmap.factor, slider.factor) == (1, 0)


def test_the_hovered_sample_is_that_of_all_maps(world, explorer):
    other = ClusterExplorer(world["data"][:, 2:4])
    with link(explorer, other):
        explorer.hovered = 12
        assert other.hovered == 12
        other.hovered = None
        assert explorer.hovered is None


def test_a_workbench_takes_part(world, explorer):
    bench = Workbench(
        world["model"], world["data"], KIND, layer="1", local=world["local"], progress=False
    )
    with link(bench, explorer):
        explorer.selection = range(30, 60)
        assert bench.wait(60)
        assert np.array_equal(bench.factors.indices, np.arange(30, 60))
        heatmap = InteractionHeatmap(bench.factors)
        with link(bench, heatmap):
            first, second = bench.perturbation.factors[:2]
            heatmap.factor = second
            assert bench.factor == bench.explorer.heatmap.factor == bench.slider.factor
            bench.slider.factor = first
            assert heatmap.factor == bench.factor == first


def test_what_is_chosen_already_is_shown_at_once(world, explorer):
    slider, heatmap = sliders(world), InteractionHeatmap(world["factors"])
    explorer.selection, heatmap.factor = [3, 4], 0
    with link(explorer, slider, heatmap):
        assert slider.base.tolist() == [3, 4] and slider.factor == 0


def test_the_page_is_told_of_the_others_and_holds_all_of_them(world, explorer, tmp_path):
    slider, heatmap = sliders(world), InteractionHeatmap(world["factors"])
    bound = link(explorer, heatmap, slider)
    views = page_data([explorer, heatmap, slider])["views"]
    told = views[slider.model_id]["state"]["_linked"]
    assert f"anywidget:{heatmap.model_id}" in told
    # The map too: its selection can change where no kernel lets the base follow.
    assert f"anywidget:{explorer.heatmap.model_id}" in told and len(told) == 3
    assert f"anywidget:{explorer.model_id}" in told
    page = bound.to_html(tmp_path / "page.html").read_text()
    places = [page.index(f'data-nbi-view="{one.model_id}"') for one in bound.views]
    assert places == sorted(places)


def test_threads_that_choose_at_once_agree_in_the_end(world):
    views = [InteractionHeatmap(world["factors"]) for _ in range(3)]
    bond = TraitSync("factor", views)

    def choose(view, seed):
        for factor in np.random.default_rng(seed).integers(4, size=200):
            view.factor = int(factor)

    threads = [threading.Thread(target=choose, args=(view, k)) for k, view in enumerate(views)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({view.factor for view in views}) == 1
    bond.end()


def test_what_cannot_be_linked_is_refused_in_words(world, explorer):
    with pytest.raises(ValueError, match="must have at least two views"):
        link(explorer)
    with pytest.raises(TypeError, match="must be views: maps, heatmaps"):
        link(explorer, "heatmap")
    with pytest.raises(ValueError, match="must be of the same samples"):
        link(explorer, ClusterExplorer(np.zeros((5, 2))))
    with pytest.raises(ValueError, match="must come with the numbers of the 2"):
        link(explorer, InteractionHeatmap(np.ones((2, 4, 4))))
    assert linked_to(explorer) == linked_to(explorer.heatmap) == []
    explorer.selection = [1]  # nothing half bound is left to fail
    assert nbinterp.link is link
