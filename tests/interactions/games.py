"""Functions of coalitions with known interactions, and networks trained on them."""

import numpy as np
import torch
from torch import nn

from nbinterp.interactions.andor.solver.problem import Problem


def members(n):
    """Return which players are in which coalition, (2^n, n)."""
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)


def relu_game(n, seed, hidden=16):
    """Return the outputs of a random network of one hidden layer for all coalitions."""
    rng = np.random.default_rng(seed)
    w, b, u = rng.normal(size=(n, hidden)), rng.normal(size=hidden), rng.normal(size=hidden)
    return np.maximum(members(n) @ w + b, 0) @ u


def relu_games(n, seeds):
    """Return outputs minus that of the empty coalition, with largest size 1, (models, 2^n)."""
    values = np.stack([relu_game(n, seed) for seed in seeds])
    values -= values[:, :1]
    return values / np.abs(values).max()


def problem(values, alpha=0.0, noise=0.0, specific=0.5):
    """Return the problem of one sample whose outputs are `values` (models, 2^n)."""
    table = torch.as_tensor(np.asarray(values, dtype=float))[None]
    reach = table[..., -1].abs()
    return Problem(table, alpha, noise * reach, specific * reach)


def boolean_paper(n=5):
    """Return x0 x1 x2 + x1 x2 + x2 x3 + (x3 or x4), the example of the paper."""
    x = members(n)
    either = np.maximum(x[:, 3], x[:, 4])
    return x[:, 0] * x[:, 1] * x[:, 2] + x[:, 1] * x[:, 2] + x[:, 2] * x[:, 3] + either


def index(*players):
    """Return the number of a set of players."""
    return sum(1 << player for player in players)


def trained_net(seed, function, n, steps=300):
    """Return a small net trained on all coalitions of a function (2^n,)."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(n, 24), nn.Tanh(), nn.Linear(24, 1))
    x = torch.as_tensor(members(n), dtype=torch.float32)
    y = torch.as_tensor(function, dtype=torch.float32)[:, None]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
    return net
