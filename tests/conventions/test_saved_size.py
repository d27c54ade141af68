"""A notebook with every view, as JupyterLab saves it, takes less than a megabyte."""

import json

import nbformat
import numpy as np
import pytest
import torch
from ipywidgets import Widget
from views.page import displayed

from nbinterp import (
    InteractionHeatmap,
    LinearCorEx,
    LinearDistance,
    LocalCorEx,
    SmoothHess,
    Workbench,
    ablation_study,
    perturb,
    record,
)
from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder
from nbinterp.views.base.frontend import shared_core
from nbinterp.views.base.view import View
from nbinterp.views.explorer.explorer import ClusterExplorer

SAVED = "application/vnd.jupyter.widget-state+json"


def saved(outputs, path):
    """Return the bytes of a notebook with `outputs` and the state of all widgets behind them."""
    widgets, waiting = [shared_core()], [view for view in outputs if isinstance(view, View)]
    while waiting:
        view = waiting.pop()
        widgets.append(view)
        waiting += [each for each in view.trait_values().values() if isinstance(each, View)]
    cells = [nbformat.v4.new_code_cell(outputs=[output(each)]) for each in outputs]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.widgets = {SAVED: Widget.get_manager_state(widgets=widgets)}
    nbformat.write(notebook, path)
    return path.stat().st_size


def output(shown):
    data = json.loads(json.dumps(displayed(shown), default=lambda one: one.decode()))
    return nbformat.v4.new_output("display_data", data=data)


@pytest.fixture(scope="module")
def digits():
    mnist, model = load_mnist(), load_mnist_classifier()
    return mnist, model, mnist.data / 255


@pytest.mark.slow
def test_all_views_of_ten_thousand_digits(digits, tmp_path):
    mnist, model, pixels = digits
    nodes = record(model, pixels, layers=["h1"], progress=False).concat("h1", output=True)
    # Any clusters will do: those of the labels spare the embedding.
    xy = (
        np.random.default_rng(0).normal(size=(len(pixels), 2))
        + 3 * np.c_[mnist.target, -mnist.target]
    )
    local = LocalCorEx(LinearCorEx(n_factors=10), random_state=0)
    local.fit(nodes[:2000], clusters=mnist.target[:2000])
    factors = local.clusters_[9]
    explorer = ClusterExplorer(
        xy, columns={"digit": mnist.target}, images=mnist.data, image_shape=mnist.image_shape
    )
    explorer.selection = np.flatnonzero(mnist.target == 9)
    few = pixels[:2000]
    result = SmoothHess(sigma=0.1, n_samples=3000, random_state=0).explain(
        model, torch.as_tensor(pixels[:1], dtype=torch.float32), target=int(mnist.target[0])
    )
    pairs = InteractionHeatmap(result, image_shape=mnist.image_shape)
    others = [
        explorer,
        factors.view(),
        perturb(model, few, factors, layer="h1", decode=load_mnist_decoder("h1")).view(),
        ablation_study(
            model, few, factors, layer="h1", y=mnist.target[:2000], progress=False
        ).view(),
        LinearDistance().explain(model, few, "h1.linear").view(),
        Workbench(model, few, mnist.target[:2000]),
    ]
    without = saved(others, tmp_path / "without.ipynb")
    whole = saved([*others, pairs], tmp_path / "all.ipynb")
    entries = 784 * 785 // 2
    assert without < 800_000
    # The matrix with its errors is the data, once: less than three bytes each, as base64.
    assert whole - without < 2 * entries * 4 / 3 + 60_000 + entries
    assert whole - entries * 2 * 4 / 3 < 1_000_000


def test_a_first_map_takes_little(tmp_path):
    shared_core().close()  # it may hold the code of other views, from other tests
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 10, 10_000)
    angle = 2 * np.pi * kind / 10
    xy = np.c_[np.cos(angle), np.sin(angle)] * 4 + rng.normal(size=(10_000, 2))
    columns = {"kind": kind, "half": kind % 2}
    first = ClusterExplorer(xy, columns=columns, color_by="kind")
    one = saved([first], tmp_path / "one.ipynb")
    second = ClusterExplorer(xy, columns=columns, color_by="kind")
    two = saved([first, second], tmp_path / "two.ipynb")
    assert one < 240_000
    assert two - one < 105_000


def test_a_first_heatmap_brings_no_map(tmp_path):
    shared_core().close()
    one = saved([InteractionHeatmap(np.eye(20))], tmp_path / "one.ipynb")
    assert one < 70_000
