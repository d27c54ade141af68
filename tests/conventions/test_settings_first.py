"""A wrong setting is refused before anything slow: a pass over the data, a map, a fit, training."""

import numpy as np
import pytest
import torch

from nbinterp import (
    PHATE,
    AndOr,
    BioCorEx,
    ClusterExplorer,
    LinearCorEx,
    LinearDistance,
    LocalCorEx,
    SmoothHess,
    Workbench,
    ablation_study,
    dropout_study,
    fit_decoder,
    perturb,
    record,
    sensitivity_study,
)
from nbinterp.corex.linear import solver
from nbinterp.manifold import phate

N = 300
A_FEW = 90  # rows that may run to learn what a model is


class Counting(torch.nn.Module):
    """A network that counts the rows that ran through it."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.hidden = torch.nn.Linear(6, 8)
            self.last = torch.nn.Linear(8, 3)
        self.rows = 0

    def forward(self, x):
        self.rows += len(x)
        return self.last(torch.relu(self.hidden(x)))


X = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32)
Y = np.arange(N) % 3


@pytest.fixture(scope="module")
def local():
    nodes = record(Counting(), X, "hidden", progress=False).concat("hidden")
    return LocalCorEx(LinearCorEx(2, random_state=0)).fit(nodes, clusters=Y)


ANY = {"device": "tpu?", "progress": "yes"}
# Of each call: what is right, and settings of which each alone is wrong.
OF_A_MODEL = {
    "record": (
        lambda model, _local, **set_: record(
            model, X, **{"layers": "hidden", "batch_size": 50} | set_
        ),
        {
            **ANY,
            "layers": "nowhere",
            "output_names": ["a"],
            "batch_size": 0,
            "dtype": "int8",
        },
    ),
    "perturb": (
        lambda model, local, **set_: perturb(
            model, X, local.clusters_[0], **{"layer": "hidden"} | set_
        ),
        {
            **ANY,
            "layer": "nowhere",
            "factor": 9,
            "amounts": [[1.0, 2.0, 3.0]],
            "base": N,
            "direction": "up",
            "decode": 7,
            "image_shape": (5, 5),
            "feature_names": ["a"],
        },
    ),
    "ablation_study": (
        lambda model, local, **set_: ablation_study(
            model, X, local.clusters_[0], **{"layer": "hidden", "y": Y} | set_
        ),
        {
            **ANY,
            "layer": "nowhere",
            "y": Y[:5],
            "clusters": Y[:5],
            "factor": 9,
            "sizes": [0],
            "mode": "gone",
            "n_random": -1,
            "random_state": "seed",
        },
    ),
    "fit_decoder": (
        lambda model, _local, **set_: fit_decoder(model, X, **{"layer": "hidden"} | set_),
        {
            **ANY,
            "layer": "nowhere",
            "inputs": X[:5],
            "image_shape": (5, 5),
            "hidden": [0],
            "max_epochs": 0,
            "patience": 0,
            "batch_size": 0,
            "learning_rate": -1.0,
            "validation_fraction": 1.5,
            "random_state": "seed",
        },
    ),
    "sensitivity_study": (
        lambda model, _local, **set_: sensitivity_study(
            model, X, **{"layer": "hidden", "y": Y} | set_
        ),
        {
            **ANY,
            "layer": "nowhere",
            "y": Y[:5],
            "nodes": [99],
            "shifts": ["far"],
            "scales": [np.nan],
            "n_random": -1,
            "random_state": "seed",
        },
    ),
    "SmoothHess": (
        lambda model, _local, **set_: SmoothHess(**{"sigma": 0.3, "radius": None} | set_).explain(
            model, X, target=0
        ),
        {
            **ANY,
            "sigma": -1.0,
            "n_samples": 0,
            "sampling": "all",
            "tolerance": -1.0,
            "batch_size": 0,
            "random_state": "seed",
        },
    ),
    "AndOr": (
        lambda model, _local, **set_: AndOr(**set_).explain(model, X[:50], target=0),
        {
            **ANY,
            "baseline": "none",
            "output": "truth",
            "alpha": -1.0,
            "noise": -1.0,
            "specific": -1.0,
            "solver": "guess",
            "tol": 0.0,
            "max_iter": 0,
            "batch_size": 0,
        },
    ),
    "LinearDistance": (
        lambda model, _local, **set_: LinearDistance(
            **{key: value for key, value in set_.items() if key not in {"layer", "clusters"}}
        ).explain(model, X, set_.get("layer", "hidden"), clusters=set_.get("clusters")),
        {
            "layer": "nowhere",
            "clusters": Y[:5],
            "shrinkage": "much",
            "ridge": -1.0,
            "conv": "none",
            "n_random": -1,
            "batch_size": 0,
            "random_state": "seed",
            "progress": "yes",
        },
    ),
    "Workbench": (
        lambda model, _local, **set_: Workbench(model, X, **{"y": Y, "layer": "hidden"} | set_),
        {
            "y": Y[:5],
            "layer": "nowhere",
            "local": 7,
            "decode": 7,
            "image_shape": (5, 5),
            "columns": {"a": [1, 2]},
            "n_clusters": 0,
            "height": 3,
            "names": {"nobody": "x"},
            "progress": "yes",
        },
    ),
}
CASES = [(call, name) for call, (_, wrong) in OF_A_MODEL.items() for name in wrong]


@pytest.mark.parametrize(("call", "name"), CASES)
def test_before_a_pass_over_the_data(local, call, name):
    model = Counting()
    run, wrong = OF_A_MODEL[call]
    with pytest.raises((ValueError, TypeError), match=r"\. [A-Z]"):
        run(model, local, **{name: wrong[name]})
    assert model.rows <= A_FEW


def _slow(*_args, **_kwargs):
    raise AssertionError("something slow ran first")


ESTIMATORS = {
    "PHATE": (PHATE, {"n_neighbors": 0, "decay": -1, "t": 0, "mds": "x", "max_iter": 0, **ANY}),
    "LinearCorEx": (
        LinearCorEx,
        {"n_factors": 0, "max_iter": 0, "tol": -1, "gaussianize": "x", "device": "tpu?"},
    ),
    "BioCorEx": (BioCorEx, {"n_factors": 0, "max_iter": 0, "tol": -1, **ANY}),
    "LocalCorEx": (
        LocalCorEx,
        {
            "corex": LinearCorEx(0),
            "embedding": PHATE(decay=-1),
            "n_clusters": 0,
            "n_splits": -1,
            "device": "tpu?",
            "random_state": "seed",
        },
    ),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, (_, wrong) in ESTIMATORS.items() for name in wrong]
)
def test_before_a_map_or_a_fit(kind, name, monkeypatch):
    for module, function in ((phate, "graph_of_features"), (solver, "parallel_map")):
        monkeypatch.setattr(module, function, _slow)
    made, wrong = ESTIMATORS[kind]
    with pytest.raises((ValueError, TypeError), match=r"\. [A-Z]"):
        made(**{name: wrong[name]}).fit(X)


DROPOUT = {
    **ANY,
    "samples": [N],
    "hidden": [[0]],
    "dropout": 1.5,
    "n_pairs": 0,
    "corex": 7,
    "epochs": 0,
    "batch_size": 0,
    "learning_rate": -1.0,
    "random_state": "seed",
}


@pytest.mark.parametrize("name", DROPOUT)
def test_before_training(name, monkeypatch):
    monkeypatch.setattr(torch.optim.Adam, "step", _slow)
    with pytest.raises((ValueError, TypeError), match=r"\. [A-Z]"):
        dropout_study(X, Y, X[:60], Y[:60], **{name: DROPOUT[name]})


def test_before_a_view_is_made():
    for wrong in ({"columns": {"a": [1]}}, {"color_by": "none"}, {"height": 1}, {"images": X[:3]}):
        with pytest.raises((ValueError, TypeError), match=r"\. [A-Z]"):
            ClusterExplorer(X[:, :2], **wrong)
