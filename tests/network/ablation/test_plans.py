import threading
from types import MethodType

import numpy as np
import pytest
import torch
from network.worlds import Conv, Skip, normed, plain, seeded
from torch import nn

from nbinterp.network.ablation.plans import Direct, FastPath, shortest, side_ways
from nbinterp.network.subject.forward import EditedForward

X = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32))


class Keeping(nn.Module):
    """Keeps what it works on: two threads in it would take each other's."""

    def __init__(self):
        super().__init__()
        self.layer, self.reader, self.last = nn.Linear(6, 6), nn.Linear(6, 3), nn.Linear(3, 3)

    def forward(self, x):
        self.kept = torch.relu(self.reader(self.layer(x)))
        return self.last(self.kept)


class Twice(nn.Module):
    """Two Linears read the layer."""

    def __init__(self):
        super().__init__()
        self.layer, self.one, self.two = nn.Linear(6, 6), nn.Linear(6, 3), nn.Linear(6, 3)

    def forward(self, x):
        hidden = self.layer(x)
        return self.one(hidden) * self.two(hidden)


class Functional(nn.Module):
    """Besides the Linear, a plain operation reads the layer."""

    def __init__(self):
        super().__init__()
        self.layer, self.reader = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x):
        hidden = self.layer(x)
        return self.reader(hidden) + hidden[:, :3].tanh()


class Aside(nn.Module):
    """Not the BatchNorm alone reads the Linear's output."""

    def __init__(self):
        super().__init__()
        self.layer, self.reader, self.norm = nn.Linear(6, 6), nn.Linear(6, 3), nn.BatchNorm1d(3)

    def forward(self, x):
        hidden = self.reader(self.layer(x))
        return self.norm(hidden) + hidden.tanh()


def way_of(model, layer, x=X):
    rest = EditedForward(model, layer)
    rest.probe(x[:2])
    return shortest(rest, x[:5])


@pytest.mark.parametrize(
    ("kind", "layer", "short", "norm"),
    [
        (plain, "0", True, False),
        (normed, "0", True, True),
        (Keeping, "layer", True, False),
        (Skip, "layer", False, None),
        (Twice, "layer", False, None),
        (Functional, "layer", False, None),
        (Aside, "layer", False, None),
    ],
)
def test_the_short_way_is_taken_where_one_linear_alone_reads_the_layer(kind, layer, short, norm):
    way = way_of(seeded(kind).eval(), layer)
    assert isinstance(way, FastPath if short else Direct)
    if short:
        assert (way.norm is not None) == norm


def test_maps_take_the_plain_way():
    images = X[:, None, :, None].repeat(1, 1, 1, 6)
    assert isinstance(way_of(seeded(Conv).eval(), "conv", images), Direct)


def test_threads_have_modules_of_their_own_and_share_the_parameters():
    model = seeded(Keeping).eval()
    way = way_of(model, "layer")
    ways = side_ways(way, X[:5], 2)
    assert len(ways) == 2
    for each in ways:
        assert each.rest.model is not model and each.linear is not model.reader
        assert each.linear.weight is model.reader.weight
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_that_cannot_be_copied_is_run_by_one_thread():
    bound, locked = seeded(Keeping).eval(), seeded(Keeping).eval()
    # Bound to a function that runs the original, whoever calls it.
    bound.reader.forward = lambda x, original=bound: nn.functional.linear(
        x, original.reader.weight, original.reader.bias
    )
    bound.forward = MethodType(lambda _self, x: Keeping.forward(bound, x), bound)
    locked.lock = threading.Lock()
    for model in (bound, locked):
        way = way_of(model, "layer")
        assert isinstance(way, FastPath) and side_ways(way, X[:5], 2) == [way]
