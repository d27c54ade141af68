"""An interrupt does not wait for one long operation, and leaves all as it was."""

import copy
from importlib import import_module

import numpy as np
import pytest
import torch
from numerics.interrupting import Held, interrupted_after

from nbinterp import PHATE, AndOr, LinearCorEx, LocalCorEx
from nbinterp.corex import select_n_factors
from nbinterp.distance import LinearDistance, gaussian_to_linear, linear_to_gaussian

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(90, 6)).cumsum(axis=1)
HOLES = np.where(np.random.default_rng(1).random(X.shape) < 0.05, np.nan, X)
Y = np.arange(90) % 3
NET = torch.nn.Sequential(torch.nn.Linear(6, 4))
S = np.cov(X.T)


def product(z):
    return z.prod(1)


# The operation that is held, and the call that takes so long because of it.
LONG = {
    "components": ("numpy.linalg.eigh", lambda: LinearDistance().explain(NET, X, "0")),
    "implied": ("numpy.linalg.svd", lambda: LinearDistance().explain(NET, X, "0")),
    "matching": (
        "nbinterp.distance.layer.components.linear_sum_assignment",
        lambda: LinearDistance().explain(NET, X, "0"),
    ),
    "to a layer": ("numpy.linalg.eigh", lambda: gaussian_to_linear(X.mean(0), S)),
    "from a layer": ("numpy.linalg.svd", lambda: linear_to_gaussian(NET[0])),
    "spectrum": (
        "torch.linalg.eigvalsh",
        lambda: PHATE(random_state=0, progress=False).fit(X),
    ),
    "power": (
        "torch.mm",
        lambda: PHATE(random_state=0, progress=False, n_pca=None, t=2).fit(X),
    ),
    "k-means": (
        "nbinterp._numerics.kmeans.cluster_means",
        lambda: LocalCorEx(embedding=PHATE(progress=False), n_clusters=2, random_state=0).fit(X),
    ),
    "factors": (
        "nbinterp.corex.linear.solver.anneal",
        lambda: LinearCorEx(2, random_state=0).fit(X),
    ),
    "factors of clusters": (
        "nbinterp.corex.linear.solver.anneal",
        lambda: LocalCorEx(LinearCorEx(2), random_state=0).fit(X, clusters=Y),
    ),
    "candidates": (
        "nbinterp.corex.linear.solver.anneal",
        lambda: select_n_factors(X, [1, 2], random_state=0),
    ),
    "ranks": ("numpy.sort", lambda: LinearCorEx(2, gaussianize="empirical").fit(X)),
    "missing entries": ("torch.linalg.eigh", lambda: LinearCorEx(2).fit(HOLES)),
    "covariance": ("numpy.linalg.eigvalsh", lambda: LinearCorEx(2).fit_covariance(S, 90)),
    "linear program": (
        "nbinterp.interactions.andor.solver.lp.linprog",
        lambda: AndOr(solver="lp", progress=False).explain(product, np.ones((1, 3))),
    ),
}


@pytest.fixture
def hold(monkeypatch):
    """Return what holds an operation, by its path; all are let go at the end."""
    held = []
    monkeypatch.setattr("nbinterp._numerics.symmetric._LONG", 0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)

    def hold(path):
        module, name = path.rsplit(".", 1)
        held.append(Held(getattr(import_module(module), name)))
        monkeypatch.setattr(import_module(module), name, held[-1])
        return held[-1]

    yield hold
    for each in held:
        each.goes.set()
    torch.set_num_threads(before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LONG)
def test_an_interrupt_does_not_wait_for_one_long_operation(name, hold):
    path, call = LONG[name]
    operation = hold(path)
    with interrupted_after(operation.began):
        call()
    assert operation.n_ended == 0
    operation.goes.set()
    call()  # nothing is left that disturbs the next one


@pytest.mark.parametrize("kind", [LinearCorEx, LocalCorEx])
def test_what_was_fitted_stays(kind, hold):
    model = kind(LinearCorEx(2), random_state=0) if kind is LocalCorEx else kind(2, random_state=0)
    given = {"clusters": Y} if kind is LocalCorEx else {}
    before = copy.copy(vars(model.fit(X, **given)))
    operation = hold("nbinterp.corex.linear.solver.anneal")
    with interrupted_after(operation.began):
        model.fit(X[:60] * 2, **{name: labels[:60] for name, labels in given.items()})
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
