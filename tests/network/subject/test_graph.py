"""What lies behind a layer is proven, or nothing is said of it."""

import threading
from functools import partial

import pytest
import torch
from network.worlds import Conv, Skip, assert_same, normed, plain, seeded, state
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from nbinterp.datasets import MNISTClassifier
from nbinterp.network.subject.graph import tail_behind
from nbinterp.network.subject.subject import Subject

X = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """Reads the layer by a function of itself, the layer's output and the input."""

    def __init__(self, read):
        super().__init__()
        self.layer, self.reader = nn.Linear(6, 6), nn.Linear(6, 3)
        self.norm, self.weight = nn.LayerNorm(6), nn.Parameter(torch.randn(6, 3))
        self.places = nn.Parameter(torch.randn(1, 3, 2))
        self.plain, self.count, self.read = torch.randn(6), 0, read

    def forward(self, x):
        return self.read(self, self.layer(x), x)


def tail_of(model, layer="layer", x=X, gradients=False):
    subject = Subject(model)
    module = None if layer is None else subject.layer(layer)
    with subject.ready(), torch.set_grad_enabled(gradients):
        return tail_behind(subject, module, x[:2])


def assert_proven(model, layer="layer", x=X):
    tail = tail_of(model, layer, x)
    assert tail is not None
    found = []
    module = model.get_submodule(layer)
    handle = module.register_forward_hook(lambda _m, _i, output: found.append(output.clone()))
    with torch.no_grad():
        expected = model.eval()(x)
    handle.remove()
    with Subject(model).ready():
        assert tail.fits(found[0])
        assert_same(expected, tail.run(found[0]))
    return tail


KNOWN = {
    "linear": lambda net, h, x: net.reader(torch.relu(h)),
    "by weight": lambda net, h, x: functional.linear(h, net.reader.weight) + h @ net.weight,
    "two": lambda net, h, x: net.reader(h) * net.reader(h.tanh()),
    "rows": lambda net, h, x: net.reader(h.view(h.shape[0], -1)),
    "sizes": lambda net, h, x: net.reader(h.reshape(x.size(0), 3, 2).flatten(1)),
    "left": lambda net, h, x: net.reader(h.view(-1, 2, 3).transpose(1, 2).reshape(-1, 6)),
    "places": lambda net, h, x: net.reader((h.view(h.size(0), 3, 2) + net.places).flatten(1)),
    "parts": lambda net, h, x: net.reader(torch.cat([h[:, :2], *h[:, 2:].chunk(2, dim=1)], dim=1)),
    "in place": lambda net, h, x: net.reader(h.mul_(2).relu_()),
    "soft": lambda net, h, x: net.reader(h.softmax(dim=-1) - h.mean(dim=1, keepdim=True)),
    "type": lambda net, h, x: net.reader(h) if h.dtype == torch.float32 else h,
    "dropout": lambda net, h, x: net.reader(functional.dropout(h, 0.5, net.training)),
}


@pytest.mark.parametrize("read", KNOWN.values(), ids=KNOWN)
def test_known_functions_of_the_layer_are_proven(read):
    assert_proven(seeded(partial(Net, read)))


def _by_expert(net, h, x):
    output = torch.zeros(len(h.T.T), 3)
    at = h[:, 0] > 0
    output[at] = net.reader(h[at])
    return output


def _counting(net, h, x):
    net.count += 1
    return net.reader(h) * net.count


UNKNOWN = {
    "kept": lambda net, h, x: (setattr(net, "plain", h.detach()), net.reader(h))[1],
    "skip": lambda net, h, x: net.reader(h + x),
    "mask": lambda net, h, x: net.reader(h) * (x[:, :1] > 0),
    "weak": lambda net, h, x: net.reader(h) + 1e-9 * x[:, :3],
    "value": lambda net, h, x: net.reader(h) if h.sum() > 1e9 else net.reader(h) * 2,
    "input's value": lambda net, h, x: net.reader(h) if x.max() > 1e9 else net.reader(h) * 2,
    "number": lambda net, h, x: net.reader(h) * x.abs().max().item(),
    "array": lambda net, h, x: net.reader(h) * float(x.numpy().max()),
    "few rows": lambda net, h, x: net.reader(h) if h.shape[0] < 100 else h[:, :3],
    "few inputs": lambda net, h, x: net.reader(h) if len(x) < 100 else h[:, :3],
    "by rows": lambda net, h, x: net.reader(h) / h.shape[0],
    "their mean": lambda net, h, x: net.reader(h - h.mean(0)),
    "whole mean": lambda net, h, x: net.reader(h - h.mean()),
    "over rows": lambda net, h, x: net.reader(h).softmax(dim=0),
    "order": lambda net, h, x: net.reader(h.flip(0)),
    "regrouped": lambda net, h, x: net.reader(h.view(-1, 2, 6).transpose(0, 1).reshape(-1, 6)),
    "together": lambda net, h, x: net.reader(h) + (h @ h.T @ h)[:, :3],
    "attribute": lambda net, h, x: net.reader(h * net.plain),
    "router": lambda net, h, x: net.reader(h) * net.weight[(h @ net.weight).argmax(-1)],
    "expert": _by_expert,
    "autocast": lambda net, h, x: torch.autocast("cpu", torch.bfloat16)(net.reader)(h),
    "vmap": lambda net, h, x: torch.vmap(net.reader)(h),
    "its shape": lambda net, h, x: net.reader(h).view(-1, h.numel() // 2),
    "random": lambda net, h, x: net.reader(h + torch.rand_like(h)),
    "noise": lambda net, h, x: net.reader(h) + torch.rand(3),
    "training": lambda net, h, x: net.reader(functional.dropout(h, 0.5, True)),
    "count": _counting,
    "into a parameter": lambda net, h, x: (net.weight.mul_(1), net.reader(h))[1],
    "written by NumPy": lambda net, h, x: (h.numpy().fill(1), net.reader(h))[1],
    "through a list": lambda net, h, x: net.reader(torch.tensor(h.tolist())),
    "not used": lambda net, h, x: net.reader(x),
    "the input, too": lambda net, h, x: (net.reader(h), x)[1],
}


@pytest.mark.parametrize("read", UNKNOWN.values(), ids=UNKNOWN)
def test_nothing_is_said_of_what_is_not_known(read):
    assert tail_of(seeded(partial(Net, read))) is None


def test_a_layer_whose_output_is_also_its_input():
    model = nn.Sequential(nn.Identity(), nn.Linear(6, 3))
    assert_proven(model, "0")
    skip = Net(lambda net, h, x: net.reader(h + x))
    skip.layer = nn.Identity()  # the very same tensor
    assert tail_of(skip) is None


def test_networks():
    for make, layer in ((plain, "0"), (normed, "0"), (normed, "0.0")):
        assert_proven(seeded(make), layer)
    assert_proven(seeded(Conv), "conv", torch.randn(5, 1, 6, 6))
    assert tail_of(seeded(Skip)) is None
    # Its forward looks at the type of its input.
    tail = assert_proven(MNISTClassifier([20, 20]), "h1", torch.rand(5, 784))
    assert [step.function.__name__ for step in tail.steps] == [
        "linear", "batch_norm", "relu", "linear"
    ]  # fmt: skip
    # Batch statistics, a recurrent cell, and a layer that runs twice.
    assert (
        tail_of(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6, track_running_stats=False)), "0")
        is None
    )
    assert tail_of(nn.Sequential(nn.Linear(6, 6), nn.RNN(6, 3)), "0") is None
    twice = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
    assert tail_of(nn.Sequential(*twice, *twice), "0") is None


def _hooked(register, hook):
    def change(model):
        getattr(model[1], register)(hook)

    return change


class Scaled(torch.Tensor):
    """A kind of tensor whose functions may do something else."""


def _of_a_kind_of_its_own(model):
    model[1].weight = nn.Parameter(torch.randn(3, 6).as_subclass(Scaled))


ODD = {
    "weight of its own kind": _of_a_kind_of_its_own,
    "hook": _hooked("register_forward_hook", lambda _m, _i, output: output + 1),
    "silent hook": _hooked("register_forward_hook", lambda _m, _i, output: None),
    "pre-hook": _hooked("register_forward_pre_hook", lambda _m, inputs: None),
    "backward hook": _hooked("register_full_backward_hook", lambda _m, _i, _o: None),
    "weight norm": lambda model: parametrizations.weight_norm(model[1]),
    "spectral norm": lambda model: parametrizations.spectral_norm(model[1]),
    "compiled": lambda model: model[1].compile(backend="eager"),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_hooks_parametrizations_and_compiled_modules_end_the_proof(change):
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3))
    assert tail_of(model, "0") is not None
    change(model)
    assert tail_of(model, "0") is None


def test_a_global_hook_ends_the_proof():
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3))
    handle = nn.modules.module.register_module_forward_hook(lambda _m, _i, _o: None)
    try:
        assert tail_of(model, "0") is None
    finally:
        handle.remove()


class Negative(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.relu()

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Through(torch.autograd.Function):
    """Returns what it is given, with another gradient."""

    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


@pytest.mark.parametrize(
    "change",
    [
        Negative.apply,
        Through.apply,
        lambda x: x.register_hook(lambda gradient: -gradient) and x,
        lambda x: checkpoint(Negative.apply, x, use_reentrant=True),
        torch.no_grad()(torch.relu),
        lambda x: checkpoint(torch.relu, x, use_reentrant=False),
    ],
    ids=["function", "identity", "tensor hook", "checkpoint", "no_grad", "recomputed"],
)
def test_gradients_of_their_own_end_a_proof_of_gradients(change):
    model = Net(lambda net, h, x: net.reader(change(h)))
    assert tail_of(model, gradients=True) is None
    assert tail_of(Net(lambda net, h, x: net.reader(h.relu())), gradients=True) is not None


def test_from_the_input_on():
    tail = tail_of(seeded(plain), None)
    with torch.no_grad():
        assert_same(seeded(plain).eval()(X), tail.run(X.clone()))


def test_the_proof_ends_with_the_model_it_was_made_of():
    def changed(change):
        model = Net(KNOWN["linear"])
        tail = tail_of(model)
        with Subject(model).ready():
            assert tail.fits(X)
        change(model)
        with Subject(model).ready():
            return tail.fits(X)

    assert changed(lambda model: model.train())
    assert changed(lambda model: model.weight.data.mul_(2))
    assert not changed(lambda model: model.norm.register_forward_hook(lambda *_: None))
    assert not changed(lambda model: setattr(model, "reader", nn.Linear(6, 3)))
    assert not changed(
        lambda model: setattr(model.reader, "weight", nn.Parameter(torch.ones(3, 6)))
    )
    assert not changed(lambda model: setattr(model, "count", 1))
    assert not changed(lambda model: model.double())
    assert not changed(lambda model: setattr(model.reader, "forward", torch.tanh))
    tail = tail_of(Net(KNOWN["linear"]))
    assert not tail.fits(X[:, :5]) and not tail.fits(X.double())


def test_the_model_is_left_as_it_was_and_other_threads_see_nothing():
    model, found = seeded(plain), []
    expected = model.eval()(X).detach()
    before = state(model)
    inside = threading.Event()

    def wait(_self, h, x):
        inside.set()
        thread.join(10)
        return model(h[:, :6])

    thread = threading.Thread(target=lambda: inside.wait(10) and found.append(model(X).detach()))
    outer = Net(wait)
    outer.inner = model
    thread.start()
    assert tail_of(outer) is not None
    assert_same(found[0], expected)
    assert_same(before, state(model))


def test_two_steps_that_read_the_layer_do_not_split():
    one = tail_of(Net(KNOWN["linear"]))
    head, rest = one.split(1)
    with torch.no_grad():
        assert_same(one.run(X.clone()), rest.run(head.run(X.clone())))
    assert tail_of(Net(KNOWN["two"])).split(1) is None
