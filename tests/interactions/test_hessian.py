"""The Hessian against torch, and the warning where it is zero."""

import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.interactions import hessian


def net(activation, *more):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Linear(4, 6), nn.BatchNorm1d(6), activation, nn.Linear(6, 3), *more]
        return nn.Sequential(*layers).double()


X = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(2, 4)


# The softmax of a ReLU network has a Hessian, though its logits have none.
@pytest.mark.parametrize(
    "layers", [(nn.Softplus(),), (nn.GELU(),), (nn.ReLU(), nn.Softmax(1))], ids=str
)
@pytest.mark.parametrize("chunk_size", [None, 1, 3])
def test_against_torch(layers, chunk_size):
    model = net(*layers).train()
    found = hessian(model, X, target=[1, 2], chunk_size=chunk_size)
    assert model.training
    model.eval()
    for row, target, matrix in zip(X, (1, 2), found, strict=True):
        expected = torch.autograd.functional.hessian(lambda x, k=target: model(x[None])[0, k], row)
        np.testing.assert_allclose(matrix, expected, atol=1e-12)


def test_networks_of_linear_pieces_give_a_warning():
    with pytest.warns(UserWarning, match=r"exactly zero at 2 of 2.*activations are ReLU") as said:
        assert not hessian(net(nn.ReLU()), X, target=0).any()
    assert "Use SmoothHess" in str(said[0].message)
    with pytest.warns(UserWarning, match="at 1 of 2 samples"):
        hessian(lambda x: torch.where(x[:, 0] > 0, x[:, 0] ** 2, x[:, 0]), X)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="must have finite second derivatives"):
        hessian(lambda x: x.clamp(min=0).pow(1.5).sum(1), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="must be at least 1"):
        hessian(lambda x: x.sum(1), X, chunk_size=0)
