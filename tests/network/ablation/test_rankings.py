"""The comparison by weight, where there are gradients and where there are none."""

import numpy as np
import pytest
import torch
from network.worlds import factors_of, seeded
from torch import nn

from nbinterp.network import ablated, ablation_study

X = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
FACTORS = factors_of([f"layer[{i}]" for i in range(8)], np.random.default_rng(1).random((1, 8)))


class Net(nn.Module):
    """A layer, and a function of what it returns."""

    def __init__(self, read):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(6, 8), nn.Tanh())
        self.output, self.read = nn.Linear(8, 3), read

    def forward(self, x):
        return self.read(self, self.layer(x))


def study(model):
    with torch.no_grad():
        y = model.eval()(torch.tensor(X)).argmax(dim=1).numpy()
    return ablation_study(model, X, FACTORS, layer="layer", y=y, sizes=[2], n_random=2,
                          random_state=0, progress=False)  # fmt: skip


def plainly(model, nodes):
    """Return the mean change of the outputs in plain passes."""
    with torch.no_grad():
        before = model.eval()(torch.tensor(X))
        with ablated(model, "layer", nodes):
            return (model(torch.tensor(X)) - before).mean(dim=0).numpy()


WITHOUT = {
    "no_grad": torch.no_grad()(lambda net, h: net.output(h)),
    "detached": lambda net, h: net.output(h.detach()),
    "sign": lambda net, h: net.output(h.sign()),
}


@pytest.mark.parametrize("read", WITHOUT.values(), ids=WITHOUT)
def test_without_gradients_there_is_no_comparison_by_weight(read):
    model = seeded(lambda: Net(read))
    with pytest.warns(UserWarning, match=r"^ablation_study\(layer='layer'\) has no comparison by"):
        found = study(model)
    assert np.isnan(found.by_weight).all() and np.isfinite(found.by_activation).all()
    top = np.argsort(-FACTORS.mutual_information_[0])[:2].tolist()
    np.testing.assert_allclose(found.change[0, 0, 0, :3], plainly(model, top), atol=1e-5)
    assert np.isnan(found.to_frame()["by_weight"]).all()


def test_in_inference_mode_there_are_gradients():
    model = seeded(lambda: Net(lambda net, h: net.output(h)))
    expected = study(model)
    with torch.inference_mode():
        found = study(model)
    np.testing.assert_allclose(found.by_weight, expected.by_weight)
    assert np.isfinite(found.by_weight).all()
