import threading
from functools import partial

import numpy as np
import pytest
import torch
from network.worlds import Conv, Skip, factors_of, normed, plain, seeded
from torch import nn

from nbinterp.network import ablated, ablation_study
from nbinterp.network.ablation import fast_path
from nbinterp.network.ablation.fast_path import FastPath, fastest_plan
from nbinterp.network.ablation.masks import AblationMasks, Direct
from nbinterp.network.ablation.sweep import measure
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


def plan_of(model, layer, x=X):
    edited = EditedForward(model, layer)
    edited.probe(x[:2])
    return fastest_plan(edited)


@pytest.mark.parametrize(
    ("kind", "layer", "fast", "norm"),
    [
        (plain, "0", True, False),
        (normed, "0", True, True),
        (Keeping, "layer", False, None),
        (Skip, "layer", False, None),
        (Twice, "layer", False, None),
        (Functional, "layer", False, None),
        (Aside, "layer", True, False),
    ],
)
def test_the_fast_path_is_taken_where_one_linear_alone_reads_the_layer(kind, layer, fast, norm):
    plan = plan_of(seeded(kind).eval(), layer)
    assert isinstance(plan, FastPath if fast else Direct)
    if fast:
        assert len(plan.head.steps) == 1 + norm


def test_maps_take_the_direct_plan():
    images = X[:, None, :, None].repeat(1, 1, 1, 6)
    assert isinstance(plan_of(seeded(Conv).eval(), "conv", images), Direct)


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


def plans(model, layer):
    edited = EditedForward(model, layer)
    edited.probe(X[:2])
    return edited, fastest_plan(edited)


def all_of(plan, masks):
    with plan.runs(masks, X) as run:
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
    monkeypatch.setattr(fast_path, "_PIECE_BYTES", piece)
    generator = np.random.default_rng(1)
    orders = np.stack([generator.permutation(8)[:6] for _ in range(3)])
    masks = AblationMasks(orders, (1, 2, 6), [np.array([node]) for node in range(8)], None)
    edited, plan = plans(network(*end), "1")
    assert isinstance(plan, FastPath) and len(plan.rest.steps) >= 1
    torch.testing.assert_close(
        all_of(plan, masks), all_of(Direct(edited), masks), rtol=1e-5, atol=1e-5
    )


def test_a_network_with_an_end_that_is_not_known_runs_as_a_whole():
    hooked, pre, batch = (network(nn.ReLU(), nn.Linear(40, 5)) for _ in range(3))
    hooked[3].register_forward_hook(lambda _part, _inputs, output: output * 2)
    pre[4].register_forward_pre_hook(lambda _part, inputs: (inputs[0] * 2,))
    batch[3].forward = lambda x: x.softmax(dim=0)
    for model in (hooked, pre, batch):
        assert isinstance(plans(model, "1")[1], Direct)
    # A forward of its own is only another known function.
    patched = network(nn.ReLU(), nn.Linear(40, 5))
    patched[3].forward = torch.tanh
    assert isinstance(plans(patched, "1")[1], FastPath)
    assert isinstance(plans(Root().eval(), "body.1")[1], FastPath)


def test_a_model_that_changes_after_the_proof_runs_as_a_whole():
    edited, plan = plans(network(nn.ReLU(), nn.Linear(40, 5)), "1")
    masks = AblationMasks(np.array([[0, 1]]), (2,), [np.array([node]) for node in range(8)], None)
    edited.subject.model[3].register_forward_hook(lambda _part, _inputs, output: output + 1)
    torch.testing.assert_close(all_of(plan, masks), all_of(Direct(edited), masks))


@pytest.mark.parametrize("kind", [Skip, Twice, Functional, Aside, Keeping, normed, plain])
def test_many_threads_share_a_plan(kind):
    """With a functional tail there is nothing that one thread could change under another."""
    layer = "0" if kind in (normed, plain) else "layer"
    model = seeded(kind).eval()
    edited = EditedForward(model, layer)
    edited.probe(X[:2])
    n = edited.activation(X).shape[1]
    orders = np.stack([np.random.default_rng(i).permutation(n)[:4] for i in range(7)])
    masks = AblationMasks(orders, (1, 4), [np.array([node]) for node in range(n)], None)
    batch = (X, torch.zeros(len(X), dtype=torch.long), torch.ones(1, len(X)))

    def sums(plan, n_threads):
        return measure(plan, n_threads, masks, [batch], 8, np.arange(3), lambda n: None)

    plan = fastest_plan(edited)
    np.testing.assert_allclose(sums(plan, 3), sums(Direct(edited), 1), atol=1e-4)


class Router(nn.Module):
    """A function of a Parameter reads the layer beside the Linear."""

    def __init__(self):
        super().__init__()
        self.layer, self.reader = nn.Sequential(nn.Linear(6, 12), nn.ReLU()), nn.Linear(12, 3)
        self.route, self.scale = nn.Parameter(torch.randn(12, 3)), nn.Parameter(torch.randn(3, 3))

    def forward(self, x):
        hidden = self.layer(x)
        return self.reader(hidden) * self.scale[(hidden @ self.route).argmax(-1)]


class Weak(nn.Module):
    """A side path that hardly matters reads the layer, too."""

    def __init__(self):
        super().__init__()
        self.layer, self.reader = nn.Sequential(nn.Linear(6, 6), nn.GELU()), nn.Linear(6, 6)
        self.small, self.output = nn.Parameter(1e-4 * torch.ones(6)), nn.Linear(6, 3)

    def forward(self, x):
        hidden = self.layer(x)
        return self.output(self.reader(hidden) + self.small * hidden)


class Steered(nn.Module):
    """The user's hooks stand on the layer, on its reader, and after that."""

    def __init__(self, *places):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.middle, self.output = nn.Sequential(nn.Linear(8, 8), nn.ReLU()), nn.Linear(8, 3)
        change = torch.randn(8)
        if "layer" in places:
            self.layer.register_forward_hook(lambda _m, _i, output: output + change)
        if "reader" in places:
            self.middle[0].register_forward_hook(lambda _m, _i, output: output * 3 + 1)
        if "after" in places:
            self.output.register_forward_pre_hook(lambda _m, inputs: (inputs[0].clamp(max=0.3),))

    def forward(self, x):
        return self.output(self.middle(self.layer(x)))


ODD = {
    "router": Router,
    "weak side path": Weak,
    "hook on the layer": partial(Steered, "layer"),
    "hook on the reader": partial(Steered, "reader", "after"),
    "hook after it": partial(Steered, "after"),
}


def studied(model, n_samples=60):
    """Return the mean changes of the outputs by ablation_study, and by plain passes."""
    x = torch.randn(n_samples, 6)
    with torch.no_grad():
        before = model.eval()(x)
        width = model.layer(x).shape[1]
    order = np.random.default_rng(0).permutation(width)
    factors = factors_of([f"layer[{i}]" for i in range(width)], np.argsort(-order) + 1.0)
    top = np.argsort(-factors.mutual_information_[0]).tolist()
    y = before.argmax(dim=1).numpy()
    study = ablation_study(model, x, factors, layer="layer", y=y, sizes=(1, 4), n_random=2,
                           progress=False)  # fmt: skip
    expected = []
    for size in (1, 4):
        with torch.no_grad(), ablated(model, "layer", top[:size]):
            expected.append((model(x) - before).mean(dim=0).numpy())
    return study.change[0, :, 0, :3], np.stack(expected)


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_what_a_trial_on_two_samples_took_for_safe_is_right(make):
    for seed in range(6):
        torch.manual_seed(seed)
        found, expected = studied(make())
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_study_beside_a_thread_that_predicts():
    torch.manual_seed(0)
    model, stop = Steered().eval(), threading.Event()

    def predict():
        with torch.no_grad():
            while not stop.is_set():
                model(torch.zeros(3, 6))

    thread = threading.Thread(target=predict)
    thread.start()
    try:
        for _ in range(15):
            np.testing.assert_allclose(*studied(model), atol=1e-4)
    finally:
        stop.set()
        thread.join()


def test_a_node_far_larger_than_the_others_takes_no_digits_from_them():
    torch.manual_seed(0)
    model = Steered().eval()
    with torch.no_grad():
        model.layer[0].bias[3] = 3e8
    x = torch.randn(60, 6)
    edited = EditedForward(model, "layer")
    edited.probe(x)
    masks = AblationMasks(np.array([[3, 1]]), (1, 2), [np.array([node]) for node in range(8)], None)
    plan = fastest_plan(edited)
    assert isinstance(plan, FastPath)
    with torch.no_grad():
        hidden = model.layer(x)
        for size, nodes in enumerate(([3], [3, 1])):
            hidden[:, nodes] = 0
            expected = model.output(model.middle(hidden))
            with plan.runs(masks, x) as run:
                found = run(slice(0, 1)).view(2, 60, 3)[size]
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
