"""A small network with factors to move, a decoder that can be made to fail, a view of each kind."""

import numpy as np
import pytest
import torch
from views.layers import explained_layer

from nbinterp import ClusterExplorer, InteractionHeatmap, SmoothHess, Workbench
from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.network import perturb, record
from nbinterp.views.base.note import Note

PICTURE = np.random.default_rng(1).normal(size=(6, 5 * 4))


class LatentError(Exception):
    """Of a user's decoder."""


class Decode:
    """From six activations to images of 5 × 4 pixels, unless it is told to fail."""

    def __init__(self):
        self.calls = []
        self.fails = False

    def __call__(self, hidden):
        self.calls.append(len(hidden))
        if self.fails:
            raise LatentError("<b>no such latent</b>")
        return 1 / (1 + np.exp(-hidden @ PICTURE)).reshape(-1, 5, 4)


@pytest.fixture(scope="module")
def make():
    """Return what makes perturbations of a small network."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
    data = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
    table = record(model, data, "1").concat("1")
    local = LocalCorEx(LinearCorEx(3, random_state=0)).fit(table, clusters=np.repeat([0, 1], 45))

    def made(**options):
        options = {"decode": Decode(), "factor": [0, 2]} | options
        return perturb(model, data, local.clusters_[1], layer="1", **options)

    return made


@pytest.fixture
def decode():
    return Decode()


@pytest.fixture(scope="module")
def views():
    """Return one view of each kind that a page may talk to."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 40)
    data = (rng.normal(size=(120, 6)) + 2 * np.eye(6)[kind]).astype(np.float32)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    nodes = record(model, data, "1").concat("1", output=True)
    local = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(nodes, clusters=kind)
    bench = Workbench(model, data, kind, layer="1", local=local)
    bench.select(range(40))
    assert bench.slider is not None
    explorer = ClusterExplorer(
        local, columns={"loss": rng.random(120)}, images=data.reshape(-1, 2, 3)
    )
    explorer.selection = range(40)
    explorer.fit_selection()
    explained = SmoothHess(sigma=0.5, n_samples=32, progress=False, random_state=0)
    return {
        "explorer": explorer,
        "heatmap": explorer.heatmap,
        "pairs": InteractionHeatmap(explained.explain(model, data[:7], target=0)),
        "slider": bench.slider,
        "node_table": explained_layer()[-1].view().table,
        "workbench": bench,
        "note": Note(text="Choose a node."),
    }
