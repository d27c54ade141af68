"""Random networks, some with oddities, and data for them."""

import random as stdlib_random
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from network.differential.parts import (
    FEATURES,
    N_TOKENS,
    WIDTH,
    Join,
    features,
    follower_of,
    images,
    layer_of,
    maps_of,
    tokens,
)
from torch import nn

N, OUTPUTS = 24, 3
# Where to look, apart from the layer in the middle.
PLACES = ["stem", "stem.0", "layer.0", "join", "join.middle", "tail", "head"]


@dataclass
class World:
    """A network, data, the layer to look into, and what may be wrong with them.

    `refusable` says why functions may refuse the network; it is empty for ordinary ones.
    """

    model: nn.Module
    data: object
    layer: str
    told: str
    refusable: str
    tolerance: float
    compiled: bool = False


class Network(nn.Module):
    """A stem, a layer, what reads the layer, what follows, and a head."""

    def __init__(self, random):
        super().__init__()
        self.reads = random.choice(["features"] * 6 + ["images", "tokens"])
        self.stem = {"features": features, "images": images, "tokens": tokens}[self.reads](random)
        self.layer = maps_of(random) if self.reads == "images" else layer_of(random)
        with torch.no_grad():
            n = _first(self.eval().layer(self.stem(self.data(2))))[0].numel()
        self.join = Join(random, n)
        self.tail = nn.Sequential(*(follower_of(random) for _ in range(random.randrange(4))))
        self.head = nn.Linear(WIDTH, OUTPUTS)
        self.returns = random.choice(["tensor"] * 5 + ["tuple", "dict", "log_softmax"])
        self.reads_aside = random.random() < 0.3
        self.disturbed = lambda x: x
        self.shares = False  # whether layer and skip connection read the very same tensor

    def data(self, n, seed=0):
        """Return samples that the network reads."""
        generator = torch.Generator().manual_seed(seed)
        if self.reads == "tokens":
            return torch.randint(0, N_TOKENS, (n, FEATURES), generator=generator)
        shape = (1, FEATURES, FEATURES) if self.reads == "images" else (FEATURES,)
        return torch.randn(n, *shape, generator=generator)

    def forward(self, x):
        before = self.stem(x)
        kept = before.mean(dim=(2, 3)) if self.reads == "images" else before
        if not self.shares:
            kept = kept.clone()
        whole = self.layer(before)
        value = self.disturbed(_first(whole).flatten(1))
        if self.reads_aside and isinstance(whole, dict) and value.shape == kept.shape:
            value = value + whole["aside"].tanh()
        logits = self.head(self.tail(self.join(value, kept)))
        if self.returns == "log_softmax":
            return logits.log_softmax(dim=-1)
        return {"tensor": logits, "tuple": (logits, value), "dict": {"logits": logits}}[
            self.returns
        ]


class Counting:
    """Keeps something from one pass to the next."""

    def __init__(self):
        self.n = 0

    def __call__(self, x):
        self.n += 1
        return x * self.n


class Named(nn.Module):
    """Takes the input in two named halves."""

    def __init__(self, network):
        super().__init__()
        self.inner = network

    def forward(self, left, right):
        return self.inner(torch.cat([left, right], dim=1))


class WithoutGradients(nn.Module):
    """Its forward cannot be differentiated."""

    def __init__(self, network):
        super().__init__()
        self.inner = network

    @torch.no_grad()
    def forward(self, x):
        return self.inner(x)


def _first(output):
    if isinstance(output, dict):
        return next(iter(output.values()))
    return output[0] if isinstance(output, tuple) else output


# What breaks "one row a sample, the same in each pass": our functions may refuse these.
DISTURBED = {
    "reads its batch": lambda x: x - x.mean(dim=0),
    "sorts its batch": lambda x: x.sort(dim=0).values,
    "draws random numbers": lambda x: x + torch.rand_like(x),
    "counts its passes": None,
}


def _hook(random, network):
    """Let a user's hook stand before, on or after the layer."""
    module = random.choice([network.stem, network.layer, network.layer, network.join, network.head])
    change = torch.randn(())
    reads_numbers = module is network.stem and network.reads == "tokens"
    if random.random() < 0.3 and not reads_numbers:
        module.register_forward_pre_hook(lambda _m, given: (given[0] + change, *given[1:]))
        return

    def steer(_module, _inputs, output):
        if isinstance(output, tuple):
            return (output[0] + change, *output[1:])
        if isinstance(output, dict):
            return {**output, "hidden": output["hidden"] + change}
        return output + change

    module.register_forward_hook(steer)


def world(seed, compiled=False):
    """Return the world of a seed."""
    random = stdlib_random.Random(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _world(seed, random, compiled)


def _world(seed, random, compiled):
    network = Network(random)
    network.shares = seed % 3 == 0
    told, refusable = [network.join.kind, type(network.layer).__name__], ""
    for module in network.modules():  # norms that have seen data
        if getattr(module, "running_mean", None) is not None:
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 2)
    if random.random() < 0.08:
        refusable = random.choice(list(DISTURBED))
        network.disturbed = DISTURBED[refusable] or Counting()
    if random.random() < 0.2:
        _hook(random, network)
        told.append("hooked")
    network.train(random.random() < 0.5)
    double = random.random() < 0.15
    if double:
        network.double()
    data = network.data(N, seed).numpy()
    model, layer = network, random.choice(["layer"] * 7 + PLACES)
    if layer == "join.middle" and network.join.kind == "shared":
        refusable = "runs twice"
    elif layer == "join.middle" and network.join.kind != "aside":
        layer = "join.reader" if network.join.kind in ("plain", "skip") else "join"
    elif layer == "layer.0" and not isinstance(network.layer, nn.Sequential):
        layer = "layer"
    elif layer == "tail" and not len(network.tail):
        layer = "join"
    wrapped = random.random()
    if wrapped < 0.08 and network.reads == "features":
        model, layer = Named(network), f"inner.{layer}"
        data = {"left": data[:, :2], "right": data[:, 2:]}
    elif wrapped < 0.14:
        model, layer = WithoutGradients(network), f"inner.{layer}"
    elif compiled:
        model, layer = torch.compile(network, backend="eager"), f"_orig_mod.{layer}"
    model.train(network.training)
    told += [type(model).__name__, network.reads, layer, network.returns, refusable]
    told += [type(module).__name__ for module in network.tail]
    return World(
        model, data, layer, f"seed {seed}: {told}", refusable, 1e-6 if double else 3e-5, compiled
    )


def factors(world, activations, n=2):
    """Return factors of the nodes of the layer, as a fit would give them."""
    generator = np.random.default_rng(0)
    names = [f"{world.layer}[{','.join(map(str, at))}]" for at in np.ndindex(activations.shape[1:])]
    information = generator.random((n, len(names)))
    return SimpleNamespace(
        name="cluster 0",
        indices=np.arange(10),
        feature_names=names,
        mutual_information_=information,
        correlation_=generator.normal(size=information.shape),
        total_correlations_=information.sum(axis=1),
    )
