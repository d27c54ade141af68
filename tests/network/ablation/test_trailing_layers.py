"""The plain end of a network, run by pieces, gives what the network gives."""

import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.network.ablation import trailing_layers as tail_module
from nbinterp.network.ablation.masks import AblationMasks
from nbinterp.network.ablation.plans import Direct, FastPath, shortest
from nbinterp.network.subject.forward import EditedForward

X = torch.from_numpy(np.random.default_rng(0).normal(size=(23, 6)).astype(np.float32))


def network(*end):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 40), *end).eval()


class Root(nn.Module):
    """Ends in a function that is no module."""

    def __init__(self):
        super().__init__()
        self.body = network(nn.ReLU(), nn.Linear(40, 5))

    def forward(self, x):
        return self.body(x).abs().sqrt()


def ways(model, layer):
    rest = EditedForward(model, layer)
    rest.probe(X[:2])
    return rest, shortest(rest, X[:4])


def all_of(way, silence):
    with way.runs(silence, X) as run:
        return run(slice(0, 3))


ENDS = {
    "relu": (nn.ReLU(), nn.Linear(40, 5)),
    "in place": (nn.ReLU(inplace=True), nn.Linear(40, 5, bias=False)),
    "wide": (nn.GELU(), nn.Dropout(), nn.Linear(40, 50), nn.LayerNorm(50), nn.Tanh()),
    "norms": (nn.BatchNorm1d(40), nn.SiLU(), nn.Linear(40, 30), nn.ELU(), nn.Linear(30, 2)),
}


@pytest.mark.parametrize("piece", [2**20, 2000, 500, 1])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_pieces_give_what_the_network_gives(monkeypatch, end, piece):
    monkeypatch.setattr(tail_module, "_PIECE_BYTES", piece)
    generator = np.random.default_rng(1)
    orders = np.stack([generator.permutation(8)[:6] for _ in range(3)])
    silence = AblationMasks(orders, (1, 2, 6), [np.array([node]) for node in range(8)], None)
    rest, way = ways(network(*end), "1")
    assert isinstance(way, FastPath) and len(way.parts) >= 1
    torch.testing.assert_close(
        all_of(way, silence), all_of(Direct(rest), silence), rtol=1e-5, atol=1e-5
    )


def test_what_is_not_plain_runs_as_a_whole():
    hooked, pre, patched = (network(nn.ReLU(), nn.Linear(40, 5)) for _ in range(3))
    hooked[3].register_forward_hook(lambda _part, _inputs, output: output * 2)
    pre[4].register_forward_pre_hook(lambda _part, inputs: (inputs[0] * 2,))
    patched[3].forward = torch.tanh
    softmax = network(nn.Softmax(dim=0), nn.Linear(40, 5))
    for model, layer in ((hooked, "1"), (pre, "1"), (patched, "1"), (softmax, "1")):
        _, way = ways(model, layer)
        assert isinstance(way, FastPath) and not way.parts
    _, way = ways(Root().eval(), "body.1")
    assert isinstance(way, FastPath) and not way.parts
