"""Kinds of networks, from the most ordinary to those that no function can be right for."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

N = 40


class Kind(NamedTuple):
    """A model, what it reads, and a layer."""

    model: nn.Module
    data: Any
    layer: str
    name: str = ""


def table(*shape):
    return np.random.default_rng(0).normal(size=(N, *shape)).astype(np.float32)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.h1 = nn.Sequential(nn.Linear(8, 12), nn.ReLU())
        self.h2 = nn.Sequential(nn.Linear(12, 10), nn.Tanh())
        self.out = nn.Linear(10, 3)

    def forward(self, x):
        return self.out(self.h2(self.h1(x)))


class Of(nn.Module):
    """A network of given parts and a function of them."""

    def __init__(self, function, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.function = function

    def forward(self, *args, **named):
        return self.function(self, *args, **named)


def hidden():
    return nn.Sequential(nn.Linear(8, 12), nn.ReLU())


def head(n=12):
    return nn.Linear(n, 3)


def head_of_input():
    return nn.Linear(8, 3)


def _scaled(m, x):
    m.scale.copy_(x.std(0))
    return m.out(m.h(x / m.scale))


def _clip(m, image, text):
    return m.h(image) @ m.t(text).T


def _graph(m, x):
    z = m.h(x)
    return m.out(z.index_add(0, m.edges[1], z[m.edges[0]]))


def _sorted(m, x):
    h = m.first(x)
    order = h.argmax(1).argsort(stable=True)
    return m.out(m.h(h[order])[order.argsort()])


def _counter(m, x):
    m.count += 1
    return m.out(m.h(x) * (1 + 0.1 * m.count))


def _running(m, x):
    m.mean.mul_(0.9).add_(0.1 * x.mean(0))
    return m.out(m.h(x - m.mean))


def _dropout(m, x):
    return m.out(nn.functional.dropout(m.h(x), 0.3, training=True))


def _early_noise(m, x):
    return m.out(m.h(x + 0.1 * torch.randn_like(x)))


def _numpy_noise(m, x):
    return m.out(m.h(x) + float(np.random.rand()))  # noqa: NPY002


def _lstm_last_state(m, x):
    return m.out(m.h(x)[1][0][-1])


def _lstm_both(m, x):
    sequence, (last, _) = m.h(x)
    return m.out(sequence.mean(1) + last[-1])


def _time_first(m, x):
    return m.out(m.h(x.transpose(0, 1))[0][-1])


def _fused(m, x):
    return m.out(torch.relu(nn.functional.linear(x, m.h.weight, m.h.bias)))


@torch.no_grad()
def _no_grad(m, x):
    return m.out(m.h(x))


def _complex(m, x):
    return m.out(m.h(x.to(torch.complex64)).abs())


def _two_calls(m, x):
    return m.out(m.h(m.h(x)))


def _fixed_size(m, x):
    return m.out(m.h(x.view(N, 8)))


def _fixed_contrast(m, x):
    z = m.h(x.view(N, 8))
    return m.out(z - z.flip(0))


def attend():
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)


def _scripted():
    return torch.jit.script(MLP().eval())


def _traced():
    return torch.jit.trace(MLP().eval(), torch.zeros(N, 8))


def _exported():
    return torch.export.export(MLP().eval(), (torch.zeros(N, 8),)).module()


def _quantized():
    return torch.ao.quantization.quantize_dynamic(MLP().eval(), {nn.Linear}, dtype=torch.qint8)


def _meta():
    with torch.device("meta"):
        return MLP()


def _normed(**options):
    return Of(
        lambda m, x: m.out(m.h(x)),
        h=nn.Sequential(nn.Linear(8, 12), nn.BatchNorm1d(12, **options), nn.ReLU()),
        out=head(),
    )


def of(function, data=None, layer="h", **parts):
    """Return what makes a kind, whose parts are made by functions."""
    made = {"h": hidden, "out": head} | parts
    return lambda: Kind(
        Of(function, **{name: make() for name, make in made.items()}),
        table(8) if data is None else data,
        layer,
    )


def _buffered(kind, name, value):
    def make():
        found = kind()
        found.model.register_buffer(name, value)
        return found

    return make


def _with_scale(kind):
    def make():
        found = kind()
        found.model.scale = nn.Parameter(torch.ones(8))
        return found

    return make


def _lazy():
    return nn.Sequential(nn.LazyLinear(12), nn.ReLU())


def recurrent(function):
    lstm = {"h": lambda: nn.LSTM(4, 6, batch_first=True), "out": lambda: head(6)}
    return of(function, table(5, 4), **lstm)


def _mean(m, x):
    return m.out(m.h(x).mean(1))


KINDS = {
    "multilayer perceptron": lambda: Kind(MLP(), table(8), "h1"),
    "convolution": lambda: Kind(
        nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)
        ),
        table(1, 6, 6),
        "1",
    ),
    "convolution over time": lambda: Kind(
        nn.Sequential(
            nn.Conv1d(2, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), head(4)
        ),
        table(2, 9),
        "1",
    ),
    "recurrent, its sequence read": recurrent(lambda m, x: m.out(m.h(x)[0][:, -1])),
    "recurrent, its last state read": recurrent(_lstm_last_state),
    "recurrent, both read": recurrent(_lstm_both),
    "recurrent, time first": of(
        _time_first, table(N, 4), h=lambda: nn.GRU(4, 6), out=lambda: head(6)
    ),
    "transformer encoder": of(_mean, table(5, 8), h=attend, out=lambda: head(8)),
    "batch norm in training mode": lambda: Kind(_normed().train(), table(8), "h"),
    "batch norm of the batch": lambda: Kind(_normed(track_running_stats=False), table(8), "h"),
    "returns a tuple": of(lambda m, x: (m.out(m.h(x)), x)),
    "returns a dict": of(lambda m, x: {"logits": m.out(m.h(x)), "x": x}),
    "returns two of one shape": of(lambda m, x: (m.out(m.h(x)), m.other(x)), other=head_of_input),
    "reads a dict": of(lambda m, a, b: m.out(m.h(a) + b), {"a": table(8), "b": table(12)}),
    "one output": of(lambda m, x: m.out(m.h(x))[:, 0]),
    "compares samples (CLIP)": of(
        _clip, {"image": table(8), "text": table(5)}, t=lambda: nn.Linear(5, 12)
    ),
    "graph with its edges inside": _buffered(
        of(_graph), "edges", torch.from_numpy(np.random.default_rng(1).integers(0, 16, (2, 40)))
    ),
    "samples sorted by expert": of(
        _sorted, first=lambda: nn.Linear(8, 12), h=lambda: nn.Linear(12, 12)
    ),
    "dropout that is always on": of(_dropout),
    "noise on the input": of(_early_noise),
    "noise of NumPy": of(_numpy_noise),
    "counts its passes": _buffered(of(_counter), "count", torch.zeros(())),
    "updates statistics in eval mode": _buffered(of(_running), "mean", torch.zeros(8)),
    "changes its parameters": _with_scale(of(_scaled)),
    "one size of a batch": of(_fixed_size),
    "one size of a batch, compared": of(_fixed_contrast),
    "layer called twice": of(
        _two_calls, h=lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU()), out=lambda: head(8)
    ),
    "layer never called": of(lambda m, x: m.out(m.other(x)), other=hidden),
    "forward() called directly": of(lambda m, x: m.out(m.h.forward(x))),
    "weight of the layer used directly": of(_fused, h=lambda: nn.Linear(8, 12)),
    "layer not read": of(lambda m, x: (m.out(m.other(x)), m.h(x)), other=hidden),
    "compiled": lambda: Kind(torch.compile(MLP(), backend="eager"), table(8), "_orig_mod.h1"),
    "scripted (torch.jit)": lambda: Kind(_scripted(), table(8), "h1"),
    "traced (torch.jit)": lambda: Kind(_traced(), table(8), "h1"),
    "exported (torch.export)": lambda: Kind(_exported(), table(8), "h1"),
    "bfloat16": lambda: Kind(MLP().to(torch.bfloat16), table(8), "h1"),
    "float16": lambda: Kind(MLP().to(torch.float16), table(8), "h1"),
    "float64": lambda: Kind(MLP().double(), table(8), "h1"),
    "mixed types": of(
        lambda m, x: m.last(m.h(x).to(torch.bfloat16)),
        out=lambda: head().to(torch.bfloat16),
        last=lambda: head().to(torch.bfloat16),
    ),
    "complex layer": of(_complex, h=lambda: nn.Linear(8, 12, dtype=torch.complex64)),
    "quantized dynamically": lambda: Kind(_quantized(), table(8), "h1"),
    "checkpointed": of(lambda m, x: m.out(checkpoint(m.h, x, use_reentrant=False))),
    "forward without gradients": of(_no_grad),
    "vmap inside": of(lambda m, x: m.out(torch.vmap(m.h)(x))),
    "lazy modules": of(lambda m, x: m.out(m.h(x)), h=_lazy),
    "meta weights": lambda: Kind(_meta(), table(8), "h1"),
}


def kind_of(name):
    """Return a kind of network, the same each time."""
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch.jit, quantization and lazy modules
        torch.manual_seed(0)
        return Kind(*KINDS[name]()[:3], name)
