"""Find the bias that a network adds to its outputs."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from nbinterp.network.subject.hooks import observe, replace_output
from nbinterp.network.subject.model import eval_mode, forward


def output_bias(model: nn.Module, batch: Any, after: nn.Module) -> Tensor | None:
    """Return the bias (n_outputs,) that `model` adds to its outputs, or None if none is found.

    The candidate is the last module after `after` with one value for each output. A test vector is
    added to what it returns. If the outputs change by that vector, up to a constant per sample
    (which log-softmax removes), the module's bias is the bias of the network: 0 if it has none.
    """
    ran: list[nn.Module] = []

    def see(module: nn.Module, _inputs: Any, _output: Any) -> None:
        ran.append(module)

    counted = [part for part in model.modules() if part is after or _width(part) is not None]
    with eval_mode(model):
        with observe(counted, see):
            plain = forward(model, batch)
        n_outputs = plain.shape[-1]
        fitting = [m for m in ran[ran.index(after) + 1 :] if _width(m) == n_outputs]
        if not fitting or ran.count(fitting[-1]) != 1:
            return None
        last = fitting[-1]
        size = plain.abs().amax().clamp(min=1.0)
        added = torch.linspace(-1, 1, n_outputs, device=plain.device, dtype=plain.dtype).square()

        def add(output: Any, _inputs: Any) -> Any:
            places = (n_outputs, *[1] * (output.ndim - 2)) if isinstance(last, _ConvNd) else (-1,)
            return output + size * added.reshape(places)

        with replace_output(last, add):
            change = forward(model, batch) - plain
    expected = size * added
    error = (change - change.mean(dim=-1, keepdim=True)) - (expected - expected.mean())
    if float(error.abs().amax()) > 1e-3 * float(size):
        return None
    bias = _own_bias(last)
    return torch.zeros_like(added) if bias is None else bias.detach().to(plain)


def _own_bias(module: nn.Module) -> Tensor | None:
    bias = getattr(module, "bias", None)
    return bias if isinstance(bias, Tensor) and bias.ndim == 1 else None


def _width(module: nn.Module) -> int | None:
    """Return how many features or channels the output of a module has, if that is known."""
    if isinstance(module, nn.Linear):
        return module.out_features
    if isinstance(module, _ConvNd):
        return module.out_channels
    bias = _own_bias(module)
    return None if bias is None else len(bias)
