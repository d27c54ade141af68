"""Parts of random networks: layers, readers of a layer, what follows, norms, and oddities."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize
from torch.utils.checkpoint import checkpoint

FEATURES, WIDTH, N_TOKENS = 6, 6, 9


class Lambda(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Tuple(nn.Module):
    """Returns a tensor and something else, which may be read too."""

    def __init__(self, as_dict=False):
        super().__init__()
        self.linear, self.as_dict = nn.Linear(WIDTH, WIDTH), as_dict

    def forward(self, x):
        hidden = torch.tanh(self.linear(x))
        return {"hidden": hidden, "aside": x} if self.as_dict else (hidden, x)


class Recurrent(nn.Module):
    """A cell over six steps of one number."""

    def __init__(self, kind):
        super().__init__()
        self.cell = kind(1, WIDTH, batch_first=True)

    def forward(self, x):
        return self.cell(x[..., None])


class Double(torch.autograd.Function):
    """Its gradient is another than that of what it computes."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Half(nn.Module):
    """A parametrization."""

    def forward(self, weight):
        return weight / 2


class Attention(nn.Module):
    """Attends among the six numbers of a sample as three tokens."""

    def __init__(self, by_hand):
        super().__init__()
        self.whole = nn.MultiheadAttention(2, 1, batch_first=True)
        self.project, self.by_hand = nn.Linear(2, 6), by_hand

    def forward(self, x):
        tokens = x.view(x.shape[0], 3, 2)
        if self.by_hand:
            query, key, value = self.project(tokens).chunk(3, dim=-1)
            tokens = functional.scaled_dot_product_attention(query, key, value)
        else:
            tokens = self.whole(tokens, tokens, tokens)[0]
        return tokens.reshape(x.size(0), -1)


def layer_of(random):
    """Return the module to look into."""
    linear = nn.Linear(WIDTH, WIDTH)
    return random.choice([
        lambda: nn.Sequential(linear, nn.ReLU()),
        lambda: nn.Sequential(linear, nn.ReLU(inplace=True)),
        lambda: nn.Sequential(linear, nn.BatchNorm1d(WIDTH), nn.GELU(), nn.Dropout(0.5)),
        lambda: nn.Sequential(linear, nn.LayerNorm(WIDTH)),
        lambda: linear,
        lambda: nn.Identity(),
        lambda: nn.ReLU(inplace=True),
        lambda: nn.BatchNorm1d(WIDTH),
        lambda: Tuple(),
        lambda: Tuple(as_dict=True),
        lambda: Recurrent(nn.LSTM),
        lambda: Recurrent(nn.GRU),
        lambda: nn.Sequential(nn.Unflatten(1, (1, WIDTH)), nn.Conv1d(1, 2, 3)),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3)),
        lambda: nn.Sequential(linear, nn.Unflatten(1, (3, 2))),
    ])()  # fmt: skip


def features(random):
    """Return what reads vectors: from (b, 6) to (b, 6)."""
    return nn.Sequential(nn.Linear(FEATURES, WIDTH), norm_of(random), nn.Tanh())


def images(random):
    """Return what reads images: from (b, 1, 6, 6) to (b, 6, 4, 4)."""
    norm = random.choice([nn.BatchNorm2d, nn.InstanceNorm2d, lambda n: nn.GroupNorm(3, n)])(WIDTH)
    return nn.Sequential(nn.Conv2d(1, WIDTH, 3), norm, nn.ReLU(inplace=random.random() < 0.5))


def tokens(random):
    """Return what reads numbers of tokens: from (b, 6) to (b, 6)."""
    return nn.Sequential(nn.Embedding(N_TOKENS, WIDTH), Lambda(lambda x: x.mean(dim=1).tanh()))


def maps_of(random):
    """Return the module to look into, of maps (b, 6, 4, 4)."""
    return random.choice([
        lambda: nn.Sequential(nn.Conv2d(WIDTH, 3, 2), nn.BatchNorm2d(3), nn.ReLU()),
        lambda: nn.Sequential(nn.Conv2d(WIDTH, 2, 3, padding=1), nn.MaxPool2d(2)),
        lambda: nn.Conv2d(WIDTH, 2, 2, groups=2),
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()),
        lambda: nn.BatchNorm2d(WIDTH),
    ])()  # fmt: skip


def norm_of(random):
    """Return a norm over the features."""
    return random.choice([
        lambda: nn.BatchNorm1d(WIDTH),
        lambda: nn.LayerNorm(WIDTH),
        lambda: nn.GroupNorm(2, WIDTH),
        lambda: nn.RMSNorm(WIDTH),
        lambda: nn.Sequential(nn.Unflatten(1, (1, WIDTH)), nn.InstanceNorm1d(1), nn.Flatten()),
        lambda: nn.BatchNorm1d(WIDTH, affine=False),
    ])()  # fmt: skip


def follower_of(random):
    """Return a module from features to features."""
    linear = nn.Linear(WIDTH, WIDTH)
    return random.choice([
        lambda: linear,
        lambda: linear,
        lambda: nn.Sequential(linear, nn.BatchNorm1d(WIDTH), nn.ReLU()),
        lambda: norm_of(random),
        lambda: random.choice([nn.ReLU, nn.GELU, nn.Tanh, nn.Softplus, nn.SiLU, nn.ELU])(),
        lambda: nn.ReLU(inplace=True),
        lambda: nn.Dropout(0.3),
        lambda: Attention(by_hand=random.random() < 0.5),
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, WIDTH)), nn.Conv1d(1, 2, 3), nn.AdaptiveAvgPool1d(3), nn.Flatten()
        ),
        lambda: Lambda(lambda x: x.reshape(x.size(0), 2, 3).transpose(1, 2).reshape(len(x), -1)),
        lambda: Lambda(lambda x: x.view(x.shape[0], -1) * x.sigmoid() + 1),
        lambda: Lambda(lambda x: torch.cat([x[:, :3], x[:, 3:].relu()], dim=1)),
        lambda: Lambda(lambda x: x.softmax(dim=-1) - x.mean(dim=1, keepdim=True)),
        lambda: Lambda(lambda x: x + x.cumsum(dim=1).mul_(0.1)),
        lambda: Lambda(Double.apply),
        lambda: Lambda(lambda x: torch.where(x > 0, x, 0.1 * x)),
        lambda: Lambda(lambda x: x * float(len(x) > 0)),
        lambda: Lambda(lambda x: checkpoint(torch.tanh, x, use_reentrant=False)),
        lambda: odd_reader(random, linear),
    ])()  # fmt: skip


def odd_reader(random, linear):
    """Return a Linear that is not what it seems."""
    kind = random.randrange(6)
    if kind == 0:
        return parametrizations.weight_norm(linear)
    if kind == 1:
        return parametrizations.spectral_norm(linear)
    if kind == 2:
        parametrize.register_parametrization(linear, "weight", Half())
    elif kind == 3:
        own = linear.forward
        linear.forward = lambda x: own(x).clamp(min=-0.2)
    elif kind == 4:
        linear.register_forward_pre_hook(lambda _module, inputs: (inputs[0].clamp(max=0.3),))
    else:
        linear.register_forward_hook(lambda _module, _inputs, output: output * 3 + 1)
    return linear


class Join(nn.Module):
    """Reads the layer's output (b, n), and perhaps what went into the layer."""

    def __init__(self, random, n):
        super().__init__()
        self.reader, self.other = nn.Linear(n, WIDTH), nn.Linear(n, WIDTH)
        self.middle = nn.Linear(WIDTH, WIDTH)
        self.weight = nn.Parameter(torch.randn(n, WIDTH) / 3)
        self.small = nn.Parameter(torch.full((WIDTH,), 1e-4))
        self.kind = random.choice([*["plain"] * 6, *KINDS])

    def forward(self, value, before):
        return KINDS[self.kind](self, value, before)


def _experts(join, value, before):
    """Each sample goes to the expert that a router chooses."""
    chosen = (value @ join.weight)[:, :2].argmax(dim=-1)
    output = torch.zeros_like(join.reader(value))
    for number, expert in enumerate((join.reader, join.other)):
        at = chosen == number
        output[at] = expert(value[at])
    return output


KINDS = {
    "plain": lambda join, value, before: join.reader(value),
    "skip": lambda join, value, before: join.reader(value) + before,
    "weak skip": lambda join, value, before: join.reader(value) + 1e-4 * before,
    "weak side": lambda join, value, before: join.reader(value)
    + join.small * (value @ join.weight),
    "two": lambda join, value, before: join.reader(value) * join.other(value),
    "aside": lambda join, value, before: (lambda x: join.middle(x) + x.tanh())(join.reader(value)),
    "functional": lambda join, value, before: value @ join.weight,
    "by weight": lambda join, value, before: functional.linear(value, join.reader.weight),
    "router": lambda join, value, before: join.reader(value)
    * join.middle.weight[(value @ join.weight).argmax(dim=-1)],
    "experts": _experts,
    "shared": lambda join, value, before: join.middle(torch.relu(join.middle(join.reader(value)))),
    "in place": lambda join, value, before: join.reader(value.mul_(2).relu_()),
    "added in place": lambda join, value, before: join.reader(value).add_(before),
    "gate": lambda join, value, before: join.reader(value) * (before.mean(dim=1, keepdim=True) > 0),
    "checkpoint": lambda join, value, before: checkpoint(join.reader, value, use_reentrant=False),
}  # fmt: skip
