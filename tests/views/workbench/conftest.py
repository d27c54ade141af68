"""A workbench on a small network, and the page that shows it."""

import numpy as np
import pytest
import torch
from views.page import Page

from nbinterp import LinearCorEx, LocalCorEx, Workbench, record


@pytest.fixture(scope="module")
def world():
    """Return a small network, its data of three kinds, their classes and a fit."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 40)
    data = (rng.normal(size=(120, 6)) + 2 * np.eye(6)[kind]).astype(np.float32)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    nodes = record(model, data, "1").concat("1", output=True)
    local = LocalCorEx(LinearCorEx(6, random_state=0), random_state=0).fit(nodes, clusters=kind)
    return {"model": model, "data": data, "y": kind, "local": local}


@pytest.fixture
def make_bench(world):
    """Return what makes a workbench of that world."""

    def made(**options):
        given = {"y": world["y"], "layer": "1", "local": world["local"]} | options
        return Workbench(world["model"], world["data"], **given)

    return made


@pytest.fixture
def bench(make_bench):
    return make_bench()


@pytest.fixture
def page(bench):
    """Return the page that shows the workbench `bench`."""
    return Page(bench)
