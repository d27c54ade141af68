"""Layers whose edits change no output, since nothing reads them or something is shut."""

import warnings

import numpy as np
import pytest
import torch
from network.kinds import Of, head, hidden, table
from network.worlds import factors_of

from nbinterp.network import perturb

GIVEN = factors_of([f"h[{node}]" for node in range(12)], np.arange(1.0, 13.0))


def moved(model, data=None):
    data = table(8) if data is None else data
    return perturb(model, data, GIVEN, layer="h", base=3, amounts=[[2], [-2]], progress=False)


def network(function, **parts):
    return Of(function, h=hidden(), out=head(), **parts)


def test_a_gate_that_is_shut_for_the_first_samples_tried():
    data = np.tile(table(8)[:1], (40, 1))
    data[:, 0] = -1
    data[3, 0] = 1  # not one of the few that are tried first
    model = network(lambda m, x: m.out(m.h(x)) * (x[:, :1] > 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = moved(model, data)
    assert np.abs(found.outputs[0] - found.outputs[1]).max() > 0.1


def test_a_relu_that_only_large_edits_open():
    def forward(m, x):
        return m.out(torch.relu(m.h(x).mean(dim=1, keepdim=True) - 40).expand(-1, 12))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = moved(network(forward))
    np.testing.assert_array_equal(found.outputs[0], found.outputs[1])


def _written(m, x):
    whole = torch.zeros(len(x), 14)
    whole[:, 2:] = m.h(x)
    return m.out(whole[:, 2:]) * 0


SHUT = {
    "product": lambda m, x: m.out(m.h(x)) * (x[:, :1] > 1e9),
    "written": _written,
    "truth value": lambda m, x: (
        m.out(x[:, :1] * torch.ones(12)) * (2 if m.h(x).min() < -1e30 else 1)
    ),
    "tuple": lambda m, x: m.out(m.h(x).chunk(2, dim=1)[1].repeat(1, 2) * 0),
}


@pytest.mark.parametrize("kind", SHUT)
def test_what_is_read_and_never_seen_is_warned_of(kind):
    text = r"perturb\(layer='h'\) changes no output in the samples"
    with pytest.warns(UserWarning, match=text) as caught:
        found = moved(network(SHUT[kind]))
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(found.outputs[0], found.outputs[1])


UNREAD = {
    "aside": lambda m, x: (m.out(x[:, :1].expand(-1, 12)), m.h(x).relu().sum(dim=1))[0],
    "its size": lambda m, x: m.out(x[:, :1].expand(-1, m.h(x).shape[1])) + m.h.training,
}


@pytest.mark.parametrize("kind", UNREAD)
def test_what_is_not_read_is_refused(kind):
    model = network(UNREAD[kind])
    with pytest.raises(ValueError, match=r"perturb\(layer='h'\) must change the output when"):
        moved(model)
