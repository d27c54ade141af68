"""Train many small classifiers together, as one batch of networks."""

import copy
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap


class Standardize(nn.Module):
    """Shift and scale inputs by means and deviations that are buffers of the network.

    They are one number for all inputs, or one for each.
    """

    def __init__(self, mean: float | Tensor, deviation: float | Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("deviation", torch.as_tensor(deviation, dtype=torch.float32))

    def forward(self, values: Tensor) -> Tensor:
        """Return standardized values."""
        return (values - self.mean) / self.deviation  # type: ignore[operator]


class Dropout(nn.Module):
    """Dropout whose rate is a buffer, so that networks of one batch may differ in it."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.register_buffer("rate", torch.tensor(rate, dtype=torch.float32))

    def forward(self, values: Tensor) -> Tensor:
        """Return values; in training, random ones become 0 and the others keep the mean."""
        if not self.training:
            return values
        kept = (torch.rand_like(values) >= self.rate).to(values.dtype)  # type: ignore[operator]
        return values * (kept / (1.0 - self.rate))  # type: ignore[operator]


def classifier(
    n_inputs: int,
    hidden: Sequence[int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    mean: float | Tensor = 0.0,
    deviation: float | Tensor = 1.0,
) -> nn.Module:
    """Return an untrained classifier with hidden layers ``h1``, ``h2`` … and ``output``.

    A hidden layer is ``Linear → BatchNorm1d → ReLU → Dropout``, as in
    `nbinterp.datasets.MNISTClassifier`. Weights are float32, whatever is the default: other types
    draw other numbers for a seed.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(standard=Standardize(mean, deviation))
    widths = [n_inputs, *hidden]
    for number, (inputs, nodes) in enumerate(zip(widths, hidden, strict=False), start=1):
        layers[f"h{number}"] = nn.Sequential(
            OrderedDict(
                linear=nn.Linear(inputs, nodes, dtype=torch.float32),
                norm=nn.BatchNorm1d(nodes, dtype=torch.float32),
                relu=nn.ReLU(),
                dropout=Dropout(dropout),
            )
        )
    layers["output"] = nn.Linear(widths[-1], n_classes, dtype=torch.float32)
    return nn.Sequential(layers)


def with_dropout(network: nn.Module, rate: float) -> nn.Module:
    """Return a copy of `network`, initial weights and all, with dropout at `rate`."""
    twin = copy.deepcopy(network)
    for module in twin.modules():
        if isinstance(module, Dropout):
            module.rate.fill_(rate)  # type: ignore[operator]
    return twin


def shuffled_batches(
    n_samples: int, batch_size: int, epochs: int, n_orders: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield rows ``(n_orders, batch_size)`` of `n_samples`, each order shuffled independently.

    Samples after the last full batch of an epoch are dropped: batch normalization cannot work
    with a single sample.
    """
    for _ in range(epochs):
        order = torch.stack(
            [torch.randperm(n_samples, generator=generator) for _ in range(n_orders)]
        )
        for start in range(0, n_samples - batch_size + 1, batch_size):
            yield order[:, start : start + batch_size]


@torch.enable_grad()
def train_together(
    networks: Sequence[nn.Module],
    data: Tensor,
    y: Tensor,
    batches: Iterable[Tensor],
    *,
    learning_rate: float,
) -> None:
    """Train networks of one architecture as a batch, as Adam would train each alone.

    Parameters
    ----------
    networks : sequence of torch.nn.Module
        Equal except for their parameters and buffers. They end in eval mode with the trained
        parameters; an interrupt leaves them unchanged.
    data, y : Tensor of shape (n_samples, n_inputs) and (n_samples,)
        On one device; classes are numbered from 0.
    batches : iterable of Tensor of shape (n_networks, batch_size)
        The rows of `data` that each network sees, step by step.
    learning_rate : float
        The learning rate of Adam.

    Notes
    -----
    Parameters, running statistics of batch normalization and rates of dropout are stacked
    (``torch.func.stack_module_state``), so every network has its own. Dropout draws from torch's
    global generator.
    """
    parameters, buffers = stack_module_state(list(networks))
    parameters = {key: value.to(data.device).detach() for key, value in parameters.items()}
    buffers = {key: value.to(data.device) for key, value in buffers.items()}
    for value in parameters.values():
        value.requires_grad_()
    skeleton = copy.deepcopy(networks[0]).to("meta").train()

    def forward(own: dict[str, Tensor], kept: dict[str, Tensor], inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(skeleton, (own, kept), (inputs,))
        return outputs

    together = vmap(forward, randomness="different")
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate, fused=True)
    for rows in batches:
        rows = rows.to(data.device)
        optimizer.zero_grad()
        logits = together(parameters, buffers, data[rows])
        # The sum over networks of their mean losses: the gradient of each is its own.
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y[rows].flatten(), reduction="sum")
        (loss / rows.shape[1]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for number, network in enumerate(networks):
        own = {key: value[number].detach() for key, value in (parameters | buffers).items()}
        network.to(data.device).load_state_dict(own)
        network.eval()
