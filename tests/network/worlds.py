"""Networks and factors with known answers, for tests of edits."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn


def seeded(make, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def factors_of(names, information, correlation=None, indices=range(20), name="cluster 0"):
    information = np.atleast_2d(np.asarray(information, dtype=float))
    return SimpleNamespace(
        name=name,
        indices=np.array(indices),
        feature_names=list(names),
        mutual_information_=information,
        correlation_=np.ones_like(information)
        if correlation is None
        else np.atleast_2d(correlation),
        total_correlations_=information.sum(axis=1),
    )


class Skip(nn.Module):
    """Reads its input both through the layer and past it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
        self.output = nn.Linear(6, 3)

    def forward(self, x):
        return self.output(self.layer(x) + x)


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.output = nn.Linear(16, 3)

    def forward(self, x):
        return self.output(torch.relu_(self.pool(self.conv(x))).flatten(1))


def plain():
    return nn.Sequential(
        nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU()),
        nn.Linear(8, 5),
        nn.ReLU(inplace=True),
        nn.Linear(5, 3),
    )


def normed():
    """A BatchNorm, which has seen data, stands between the layer's reader and the outputs."""
    model = nn.Sequential(
        nn.Sequential(nn.Linear(6, 8), nn.ReLU()),
        nn.Linear(8, 5),
        nn.BatchNorm1d(5),
        nn.ReLU(),
        nn.Linear(5, 3),
    )
    with torch.no_grad():
        for values in (model[2].weight, model[2].bias, model[2].running_mean):
            values.normal_()
        model[2].running_var.uniform_(0.5, 2)
    return model


def worn(model, x):
    """A model in training mode but for one part, with gradients and a hook of its user."""
    model.train()
    parts = [part for part in model.modules() if part is not model]
    parts[-1].eval()
    next(model.parameters()).requires_grad_(False)
    parts[0].register_forward_hook(lambda module, inputs, output: None)
    model(x).sum().backward()
    return model


def hooks(model):
    """Return how many forward hooks and forward pre-hooks each module has."""

    def count(register):
        handle = register(lambda module, inputs, *output: None)
        found = len(handle.hooks_dict_ref()) - 1  # the handle's own
        handle.remove()
        return found

    return [
        (count(module.register_forward_hook), count(module.register_forward_pre_hook))
        for module in model.modules()
    ]


def state(model):
    return (
        [module.training for module in model.modules()],
        {key: value.clone() for key, value in model.state_dict().items()},
        [(p.requires_grad, None if p.grad is None else p.grad.clone()) for p in model.parameters()],
        hooks(model),
    )


def assert_same(before, after):
    torch.testing.assert_close(after, before, rtol=0, atol=0)
