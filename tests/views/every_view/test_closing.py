"""A closed view frees its model, its data and its parts, and disturbs nothing that goes on."""

import gc
import re
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest
import torch
from views.layers import explained_layer

import nbinterp
from nbinterp import (
    ClusterExplorer,
    FactorSlider,
    InteractionHeatmap,
    LinearCorEx,
    LocalCorEx,
    SmoothHess,
    Workbench,
    perturb,
    record,
)
from nbinterp.views.base.view import View

pytestmark = pytest.mark.slow


def _world():
    """Return a network, its data of three kinds, their classes and a fit; nothing else has them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 40)
    data = (rng.normal(size=(120, 6)) + 2 * np.eye(6)[kind]).astype(np.float32)
    nodes = record(model, data, "1").concat("1", output=True)
    local = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(nodes, clusters=kind)
    return model, data, kind, local


def _explorer():
    model, data, _, local = _world()
    view = ClusterExplorer(local, images=np.zeros((120, 2, 3), np.uint8))
    view.selection = range(40)
    view.fit_selection()
    return view, [model, data, local]


def _slider():
    model, data, _, local = _world()
    moved = perturb(model, data, local.clusters_[1], layer="1")
    return FactorSlider(moved), [model, data, moved]


def _pairs():
    model, data, _, _ = _world()
    explain = SmoothHess(sigma=0.5, n_samples=32, progress=False, random_state=0).explain
    explained = explain(model, data[:7], target=0)
    return InteractionHeatmap(explained), [model, explained]


def _factors():
    local = _world()[-1]
    return InteractionHeatmap(local.clusters_[0]), [local.clusters_[0]]


def _distance():
    _, _, report = explained_layer()
    return report.view(nodes=[]), [report]


def _bench():
    model, data, kind, local = _world()
    bench = Workbench(model, data, kind, layer="1", local=local)
    bench.select(range(40))
    bench.sample = 3
    bench.wait()
    return bench, [model, data, local, bench.perturbation, bench.interactions]


MAKERS = {
    "explorer": _explorer,
    "slider": _slider,
    "pairs": _pairs,
    "factors": _factors,
    "distance": _distance,
    "workbench": _bench,
}


def _parts(view):
    """Return the views within a view."""
    found = [view]
    for part in found:
        found += [each for each in part.trait_values().values() if isinstance(each, View)]
        found += getattr(part, "children", ())
    return found


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_nothing_of_a_closed_view_stays(make):
    view, held = make()
    parts = _parts(view)
    dead = [weakref.ref(each) for each in (*held, *parts)]
    assert all(ref() is not None for ref in dead)
    view.close()
    assert all(part.comm is None for part in parts)
    view.close()  # again
    del view, held, parts
    gc.collect()
    assert [ref() for ref in dead if ref() is not None] == []


def test_a_closed_view_leaves_its_links_and_the_others_go_on():
    maps = [ClusterExplorer(np.eye(5)[:, :2]) for _ in range(3)]
    nbinterp.link(*maps)
    gone = weakref.ref(maps.pop(1))
    gone().close()
    gc.collect()
    assert gone() is None
    maps[0].selection = [1, 3]
    maps[1].hovered = 4
    assert maps[1].selection.tolist() == [1, 3] and maps[0].hovered == 4


@pytest.mark.parametrize("first", ["map", "slider"])
def test_a_view_that_follows_a_map_can_close_before_or_after_it(first):
    model, data, _, local = _world()
    explorer = ClusterExplorer(local)
    slider = FactorSlider(perturb(model, data, local.clusters_[1], layer="1"))
    link = nbinterp.link(explorer, slider)
    explorer.selection = [5]
    assert slider.base == 5
    views = [explorer, slider] if first == "map" else [slider, explorer]
    dead = weakref.ref(views[0])
    views[0].close()
    del link, explorer, slider
    del views[0]
    gc.collect()
    assert dead() is None
    if first == "slider":
        views[0].selection = [7]
    else:
        views[0].base = 7
    views[0].close()


def test_a_workbench_can_close_while_it_fits(monkeypatch):
    model, data, kind, local = _world()
    bench = Workbench(model, data, kind, layer="1", local=local)
    failed = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    began, go_on = threading.Event(), threading.Event()
    original = LocalCorEx.fit_selection

    def slow(self, *args, **kwargs):
        began.set()
        assert go_on.wait(10)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(LocalCorEx, "fit_selection", slow)
    bench.explorer.selection = range(40)
    assert began.wait(10)
    bench.close()
    go_on.set()
    assert bench.wait(10)
    assert failed == [] and bench.ablation is None
    dead = [weakref.ref(bench), weakref.ref(model), weakref.ref(local)]
    del bench, model, local, data
    gc.collect()
    assert [ref() for ref in dead if ref() is not None] == []


def test_a_slider_that_moves_while_the_study_runs_disturbs_neither():
    model, data, kind, local = _world()
    bench = Workbench(model, data, kind, layer="1", local=local)
    bench.select(range(40))
    expected = bench.ablation.to_frame()
    right = {step: bench.perturbation.at([step, 0, 0]).outputs for step in (0.0, -1.0, 2.0)}
    wrong, stop = [], threading.Event()

    def drag():
        while not stop.is_set():
            for step in right:
                bench.slider.amounts = [step, 0, 0]
                shown = bench.slider.perturbation  # a fit may have put the sliders back
                if not np.allclose(shown.outputs, right[shown.amounts[0, 0]], atol=1e-6):
                    wrong.append(step)

    thread = threading.Thread(target=drag)
    thread.start()
    try:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            bench.explorer.fit_selection()
            assert bench.unavailable == {}
            np.testing.assert_array_equal(bench.ablation.to_frame(), expected)
    finally:
        stop.set()
        thread.join()
        bench.close()
    assert wrong == []


SCRIPT = """
import warnings

warnings.simplefilter("ignore")
import numpy as np
import torch

import nbinterp
from nbinterp import (
    AndOr, ClusterExplorer, FactorSlider, InteractionHeatmap, LinearCorEx, LocalCorEx, SmoothHess,
    Workbench, perturb, record,
)
from nbinterp.distance import LinearDistance, sensitivity_study
from nbinterp.network import ablation_study
from nbinterp.views.charts.node_table import NodeTable

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
kind = np.repeat([0, 1, 2], 40)
data = np.random.default_rng(0).normal(size=(120, 6)) + 2 * np.eye(6)[kind]
data = data.astype(np.float32)
nodes = record(model, data, "1").concat("1", output=True)
local = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(nodes, clusters=kind)
hidden = record(model, data, "0").concat("0")
of_nodes = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(hidden, clusters=kind)
factors = local.clusters_[1]

explorer = ClusterExplorer(local, images=np.zeros((120, 2, 3), np.uint8))
explorer.selection = range(40)
explorer.fit_selection()
slider = FactorSlider(perturb(model, data, factors, layer="1"))
link = nbinterp.link(explorer, slider)
smooth = SmoothHess(sigma=0.5, n_samples=32, progress=False).explain(model, data[:3], target=0)
report = LinearDistance().explain(model, data, "0", clusters=kind)
results = [
    factors,
    smooth,
    report,
    ablation_study(model, data, factors, layer="1", y=kind, sizes=[2], n_random=4),
    sensitivity_study(model, data, layer="0", y=kind),
    AndOr(progress=False).explain(lambda z: z.prod(1), data[:1]),
]
kept = [result.view() for result in results]
kept.append(NodeTable(report, factors=of_nodes))  # compares its factors while Python ends
FactorSlider(perturb(model, data, factors, layer="1"))  # not kept
for wrong in (ClusterExplorer, FactorSlider, InteractionHeatmap, NodeTable):
    try:
        wrong("wrong")
    except (TypeError, ValueError):
        pass
    else:
        raise AssertionError(wrong)
bench = Workbench(model, data, kind, layer="1", local=local)
bench.explorer.selection = range(50)  # its steps run while Python ends
print("made all")
"""


def test_a_script_that_makes_every_view_ends_in_silence():
    command = [sys.executable, "-c", SCRIPT]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (ended.returncode, ended.stdout) == (0, "made all\n"), ended.stderr
    # On a busy machine there may be progress bars, and nothing else.
    assert not re.search("Exception|Error|Traceback|Fatal|terminate", ended.stderr), ended.stderr
