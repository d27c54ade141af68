"""A small network with factors to move, and a decoder that can be made to fail."""

import numpy as np
import pytest
import torch

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.network import perturb, record

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
